#!/usr/bin/python3
"""The whole stack over TLS, with a private authority made by the recipe of docs/operations.md."""

import asyncio
import audioop
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import grpc
import websockets

from tests.harness import junit, sdp
from tests.harness.callers import even_port
from tests.harness.speech import Speaker
from tests.harness.stack import Answer, Stack
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

KEY = "key-of-the-customer-0123456789"
CUSTOMER = "0198f2d0-0000-7000-8000-00000000000a"
CHECK = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"
# Of 20 ms; silence has less.
SPEECH_RMS = 200


def openssl(*arguments, **options):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, **options)


class Authority:
    """A private certificate authority in a folder of its own."""

    def __init__(self, folder, name):
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                "-subj", "/CN=Tutti authority", "-keyout", self.path("ca.key"), "-out", self.path("ca.pem"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, names):
        """A certificate for `names`, of servers and clients: files NAME.pem and NAME.key."""
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=tutti",
                "-keyout", self.path(f"{name}.key"), "-out", self.path(f"{name}.csr"))
        with open(self.path(f"{name}.ext"), "w", encoding="ascii") as file:
            file.write(f"subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path("ca.pem"),
                "-CAkey", self.path("ca.key"), "-CAcreateserial", "-days", "825",
                "-extfile", self.path(f"{name}.ext"), "-out", self.path(f"{name}.pem"))

    def credentials(self, name=None):
        """gRPC's: trusts this authority; with a name it shows that certificate."""
        def read(file):
            with open(self.path(file), "rb") as opened:
                return opened.read()
        pair = (read(f"{name}.key"), read(f"{name}.pem")) if name else (None, None)
        return grpc.ssl_channel_credentials(read("ca.pem"), *pair)


class TlsStack(Stack):
    """A stack that speaks TLS alone."""

    def __init__(self, authority, more=()):
        super().__init__(flags=more, speech=True)
        self.client = ssl.create_default_context(cafile=authority.path("ca.pem"))
        config = os.path.join(self.folder, "tutti.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(f'tls {{ certificate: "{authority.path("tutti.pem")}" key: "{authority.path("tutti.key")}" '
                       f'ca: "{authority.path("ca.pem")}" }}\n'
                       f'api_key {{ key: "{KEY}" customer_id: "{CUSTOMER}" }}\n')
        self.flags.append(f"--config={config}")

    def request(self, method, path, body=None, headers=(), seconds=10):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {KEY}", **dict(headers)}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"https://{self.http}{path}", data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=seconds, context=self.client) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())
        except OSError as error:
            return Answer(0, {}, json.dumps({"error": {"reason": str(error)}}))


class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tls", dir=os.environ.get("TEST_TMPDIR"))
        cls.authority = Authority(cls.folder, "ours")
        cls.authority.issue("tutti", "IP:127.0.0.1,DNS:localhost")
        cls.stranger = Authority(cls.folder, "strange")
        cls.stranger.issue("tutti", "IP:127.0.0.1,DNS:localhost")
        cls.stack = TlsStack(cls.authority).start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def curl(self, *arguments):
        done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "10", *arguments], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def check(self, name, credentials):
        """What health says; the code where it says nothing."""
        address = self.stack.grpc[name]
        channel = grpc.secure_channel(address, credentials) if credentials else grpc.insecure_channel(address)
        with channel:
            try:
                return channel.unary_unary(CHECK)(b"", timeout=10)
            except grpc.RpcError as error:
                return error.code()

    def test_a_call_joins(self):
        room = self.stack.create_conference(name="private")
        self.assertEqual(room["customer_id"], CUSTOMER)
        call = self.stack.create_call(sdp.offer("PCMU", even_port()), room["id"])
        self.assertEqual(call.status, 200, call.text)
        self.assertEqual(self.stack.wait_joined(room["id"], 1)[0]["reference_id"], call.body["id"])
        self.assertEqual(self.stack.request("GET", "/v1/calls", headers={"Authorization": ""}).status, 401)

    def test_events_by_websocket(self):
        room = self.stack.create_conference()["id"]

        async def follow():
            async with websockets.connect(f"wss://{self.stack.http}/v1/ws", ssl=self.stack.client,
                                          extra_headers={"Authorization": f"Bearer {KEY}"}) as ws:
                await ws.send(json.dumps({"type": "subscribe",
                                          "topics": [{"topic": f"conference:{room}", "after_sequence": 0}]}))
                return [json.loads(await asyncio.wait_for(ws.recv(), 10))["type"] for _ in range(2)]

        self.assertEqual(asyncio.run(follow()), ["subscribed", "conference_created"])

    def test_a_media_stream(self):
        """By TLS to the gateway, and from there to the media node, which wants a certificate."""
        room = self.stack.create_conference()["id"]

        async def listen():
            async with websockets.connect(f"wss://{self.stack.http}/v1/conferences/{room}/media_stream",
                                          ssl=self.stack.client,
                                          extra_headers={"Authorization": f"Bearer {KEY}"}) as ws:
                return {len(await asyncio.wait_for(ws.recv(), 10)) for _ in range(5)}

        self.assertEqual(asyncio.run(listen()), {640})

    def test_curl_verifies_the_gateway(self):
        url = f"https://{self.stack.http}/readyz"
        code, answer, error = self.curl("--cacert", self.authority.path("ca.pem"), url)
        self.assertEqual((code, json.loads(answer or "{}")), (0, {"status": "ready"}), error)
        code, _, error = self.curl("--cacert", self.stranger.path("ca.pem"), url)
        self.assertEqual(code, 60, error)  # CURLE_PEER_FAILED_VERIFICATION
        code, _, error = self.curl("--cacert", self.authority.path("ca.pem"), "--tls-max", "1.1", "--ciphers",
                                   "DEFAULT@SECLEVEL=0", url)
        self.assertEqual(code, 35, error)  # CURLE_SSL_CONNECT_ERROR

    def test_plain_text_is_refused(self):
        code, answer, _ = self.curl(f"http://{self.stack.http}/healthz")
        self.assertNotEqual(code, 0)
        self.assertEqual(answer, "")
        for name in self.stack.grpc:
            self.assertEqual(self.check(name, None), grpc.StatusCode.UNAVAILABLE, name)
        # Bytes that are neither.
        host, port = self.stack.http.split(":")
        with socket.create_connection((host, int(port)), timeout=10) as raw:
            raw.sendall(b"\x00" * 100)
            raw.settimeout(10)
            while raw.recv(1000):
                pass
        self.assertGreaterEqual(self.stack.metric("gateway", "tutti_gateway_tls_handshakes_failed_total"), 2)

    def test_grpc_is_verified(self):
        for name in ("control", "gateway"):
            self.assertEqual(self.check(name, self.authority.credentials()), SERVING)
            self.assertEqual(self.check(name, self.stranger.credentials()), grpc.StatusCode.UNAVAILABLE)

    def test_a_media_node_and_a_speech_server_want_a_certificate_of_ours(self):
        # A stranger that trusts us: its certificate is of its own authority.
        for file in ("tutti.key", "tutti.pem"):
            shutil.copy(self.stranger.path(file), self.authority.path("forged" + file[5:]))
        for name in ("mediaplane", "speech"):
            with self.subTest(name):
                self.assertEqual(self.check(name, self.authority.credentials("tutti")), SERVING)
                self.assertEqual(self.check(name, self.authority.credentials()), grpc.StatusCode.UNAVAILABLE)
                self.assertEqual(self.check(name, self.stranger.credentials("tutti")), grpc.StatusCode.UNAVAILABLE)
                self.assertEqual(self.check(name, self.authority.credentials("forged")), grpc.StatusCode.UNAVAILABLE)

    def test_an_announcement_is_spoken(self):
        room = self.stack.create_conference()["id"]
        caller = UdpCaller(self.stack, 0)
        self.addCleanup(caller.end)
        caller.join(room)
        self.stack.wait_joined(room, 1)
        mark = len(caller.packets)
        answer = self.stack.post(f"/v1/conferences/{room}/talk", {"text": "the meeting begins at seven in the morning"})
        self.assertEqual(answer.status, 200, answer.text)
        until(lambda: any(audioop.rms(audioop.ulaw2lin(packet.payload, 2), 2) > SPEECH_RMS for packet in caller.packets[mark:]),
              10, "it is heard")

    def start_speech(self, authority):
        """The speech server anew, with the certificate of an authority, whose certificates alone it trusts."""
        self.stack.kill("speech")
        self.stack.more_flags["speech"] = [f"--tls.{key}={authority.path(file)}" for key, file in
                                           (("certificate", "tutti.pem"), ("key", "tutti.key"), ("ca", "ca.pem"))]
        self.stack.start_one("speech")
        until(lambda: self.stack.scrape("speech"), 20, "it is up")

    def test_speech_becomes_text_and_a_strange_server_hears_nothing(self):
        room = self.stack.create_conference()["id"]
        answer = self.stack.post(f"/v1/conferences/{room}/transcribe_start", {"language": "en-US"})
        self.assertEqual(answer.status, 200, answer.text)
        transcribe = answer.body["transcribe_id"]

        def texts():
            return self.stack.get(f"/v1/transcripts?transcribe_id={transcribe}").body["result"]

        def speak():
            speaker = Speaker(self.stack, "G722", "awb", "please send the report to the main office today")
            self.addCleanup(speaker.end)
            speaker.join(room)
            return speaker

        speak()
        until(texts, 60, "a text")
        self.addCleanup(self.start_speech, self.authority)
        self.start_speech(self.stranger)
        until(lambda: self.stack.get(f"/v1/transcribes/{transcribe}").body["degraded"], 30, "it is degraded")
        known = len(texts())
        speak().wait_heard(6)
        self.assertEqual(len(texts()), known)
        self.assertEqual(self.stack.metric("speech", "tutti_speech_audio_seconds_total"), 0)
        other = self.stack.create_conference()["id"]
        answer = self.stack.post(f"/v1/conferences/{other}/transcribe_start", {"language": "en-US"})
        self.assertEqual((answer.status, answer.reason), (503, "SPEECH_UNAVAILABLE"), answer.text)
        # Nothing is lost.
        self.start_speech(self.authority)
        until(lambda: len(texts()) > known, 60, "its text comes late")

    def test_what_does_not_fit_is_one_sentence(self):
        good = {name: self.authority.path(file) for name, file in
                (("certificate", "tutti.pem"), ("key", "tutti.key"), ("ca", "ca.pem"))}
        for setting, path, sentence in (
                ("key", self.stranger.path("tutti.key"), "tutti.key is not the key of "),
                ("certificate", "/no/such.pem", "tls.certificate: /no/such.pem can't be read or is empty"),
                ("ca", self.authority.path("tutti.key"), "has no certificates in PEM")):
            for name in ("control", "mediaplane", "gateway", "speech"):
                with self.subTest(name, setting=setting):
                    flags = [f"--tls.{key}={value}" for key, value in {**good, setting: path}.items()]
                    done = subprocess.run([os.path.join(name, name), *Stack().flags, *flags], timeout=30,
                                          capture_output=True, text=True, check=False)
                    self.assertEqual(done.returncode, 1)
                    lines = [line for line in done.stderr.splitlines() if line.startswith(f"{name}: ")]
                    self.assertEqual(len(lines), 1, done.stderr)
                    self.assertIn(sentence, lines[0])

    def test_listening_to_the_world(self):
        """With TLS and keys no further word is needed, but for /metrics."""
        stack = TlsStack(self.authority)
        def open_to_all(address):
            return "0.0.0.0:" + address.split(":")[1]
        stack.flags += [f"--gateway.http_listen={open_to_all(stack.http)}",
                        f'--gateway.control_address={stack.grpc["control"]}',
                        *(f"--{name}.grpc_listen={open_to_all(stack.grpc[name])}" for name in ("control", "gateway"))]
        with stack:
            self.assertEqual(stack.create_conference(name="open")["customer_id"], CUSTOMER)
            metrics = f'--gateway.metrics_listen={open_to_all(stack.metrics["gateway"])}'
            for missing, flags in (("metrics have no TLS", [metrics]), ("that needs tls", ["--config=/dev/null"])):
                done = subprocess.run([os.path.join("gateway", "gateway"), *stack.flags, *flags], timeout=30,
                                      capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(missing, done.stderr)


if __name__ == "__main__":
    junit.main()
