"""Receivers of webhooks: real HTTP servers of the test's own, and Standard Webhooks' check of what they get."""

import base64
import hashlib
import hmac
import http.server
import json
import threading


def signature(secret, an_id, timestamp, body):
    """As Standard Webhooks says, from the secret that the API gave."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{an_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Got:
    """One request."""

    def __init__(self, path, headers, body):
        self.path = path
        self.headers = headers
        self.body = body
        self.event = json.loads(body)
        self.id = headers["webhook-id"]
        self.stream = self.event["stream"]
        self.sequence = self.event["sequence"]

    def is_signed(self, secret):
        return hmac.compare_digest(
            self.headers["webhook-signature"], signature(secret, self.id, self.headers["webhook-timestamp"], self.body))


class Receiver:
    """Answers each POST with the status that `answer(got)` gives; keeps what came, in order of arrival."""

    def __init__(self, answer=lambda got: 200, headers=()):
        self.got = []
        self.answer = answer
        self._lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer is written in several pieces.
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got = Got(self.path, self.headers, body)
                with receiver._lock:
                    receiver.got.append(got)
                status = receiver.answer(got)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                """Its clients are killed."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.uri = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def all(self):
        with self._lock:
            return list(self.got)

    def by_stream(self):
        streams = {}
        for got in self.all():
            streams.setdefault(got.stream, []).append(got)
        return streams

    def close(self):
        self._server.shutdown()
        self._server.server_close()
