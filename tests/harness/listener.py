"""An HTTP server of the test's own: keeps what it gets, answers when it is told to."""

import http.server
import threading

from tests.harness.waiting import until


class Listener:
    """Keeps (path, webhook-id, body) of each request, in the order of arrival. While `holds` is set it answers nothing."""

    def __init__(self):
        self.got = []
        self.holds = threading.Event()
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                listener.got.append((self.path, self.headers["webhook-id"], body))
                while listener.holds.is_set() and not listener.closed.wait(0.05):
                    pass
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """Its client was killed."""

        self.closed = threading.Event()
        self._server = Server(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def bodies(self, path):
        return [body for at, _, body in list(self.got) if at == path]

    def wait(self, path, seconds=15):
        """The first body at the path."""
        until(lambda: self.bodies(path), seconds, f"a request at {path}")
        return self.bodies(path)[0]

    def close(self):
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()
