#!/usr/bin/python3
"""Bad input gets a clear error or a counted drop, and the calls beside it sound on."""

import audioop
import math
import random
import socket
import struct
import unittest

from tests.harness import junit, sdp
from tests.harness.stack import Stack
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

NOBODY = "0190163d-8694-739b-aea5-966c26f8ad91"
TONES = (503, 811)
INTRUDER_TONE = 2003


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().start()
        cls.room = cls.stack.create_conference(name="besides")
        cls.callers = [UdpCaller(cls.stack, tone).join(cls.room["id"]) for tone in TONES]
        cls.stack.wait_joined(cls.room["id"], 2)
        until(lambda: all(len(caller.packets) > 50 for caller in cls.callers), 10, "audio")

    @classmethod
    def tearDownClass(cls):
        for caller in cls.callers:
            caller.end()
        cls.stack.stop()

    def setUp(self):
        self.marks = [len(caller.packets) for caller in self.callers]

    def tearDown(self):
        """Whatever came: both still hear each other without a hole."""
        wanted = [len(caller.packets) + 50 for caller in self.callers]
        until(lambda: all(len(caller.packets) >= want for caller, want in zip(self.callers, wanted)), 10, "audio after")
        for caller, mark in zip(self.callers, self.marks):
            self.assertEqual(caller.gaps(mark), 0)
            self.assertEqual(caller.quiet_packets(mark), 0)
        self.callers[0].wait_level(TONES[1], -12, 40)
        for process in self.stack.processes.values():
            self.assertIsNone(process.poll())

    def assert_refused(self, answer, status, reason):
        self.assertEqual((answer.status, answer.reason), (status, reason), answer.text)
        error = answer.body["error"]
        self.assertTrue(error["message"])
        self.assertEqual(error["request_id"], answer.headers["X-Request-Id"])

    def test_json(self):
        for body, reason in (
            (b"{", "INVALID_JSON_BODY"), (b"", "INVALID_JSON_BODY"), (b"[]", "INVALID_JSON_BODY"),
            (b'{"name":"a","name":"b"}', "INVALID_JSON_BODY"), (b'{"name":"\xff"}', "INVALID_JSON_BODY"),
            (b"[" * 100_000, "INVALID_JSON_BODY"), (b'{"data":' + b'{"a":' * 2000 + b"1" + b"}" * 2000 + b"}", "INVALID_JSON_BODY"),
        ):
            with self.subTest(body[:40]):
                self.assert_refused(self.stack.request("POST", "/v1/conferences", body), 400, reason)
        for body in ({"no_such": 1}, {"type": "party"}, {"timeout": -1}, {"timeout": "soon"}, {"timeout": 1.5},
                     {"timeout": 10**12}, {"name": "x" * 300}, {"id": NOBODY.upper()}, {"max_participants": -2}):
            with self.subTest(body):
                answer = self.stack.post("/v1/conferences", body)
                self.assertEqual(answer.status, 400, answer.text)
                self.assertIn(answer.reason, ("INVALID_REQUEST_PARAMETER", "INVALID_JSON_BODY", "INVALID_ID"))

    def test_http(self):
        self.assert_refused(self.stack.get("/v1/nothing"), 404, "PATH_NOT_FOUND")
        self.assertEqual(self.stack.request("PUT", "/v1/conferences", {}).status, 405)
        self.assertEqual(self.stack.request("POST", "/v1/conferences", b"{}", {"Content-Type": "text/plain"}).status, 415)
        self.assertEqual(self.stack.request("POST", "/v1/conferences", b" " * 2_000_000).status, 413)
        self.assert_refused(self.stack.get("/v1/conferences?page_size=0x"), 400, "INVALID_REQUEST_PARAMETER")
        self.assert_refused(self.stack.get("/v1/conferences?page_size=101"), 400, "INVALID_REQUEST_PARAMETER")
        self.assert_refused(self.stack.get("/v1/conferences?page_token=nonsense"), 400, "INVALID_REQUEST_PARAMETER")
        self.assert_refused(self.stack.get("/v1/conferences?no_such=1"), 400, "INVALID_REQUEST_PARAMETER")
        host, port = self.stack.http.split(":")
        for garbage in (b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"A" * 70_000, b"\0" * 100):
            with self.subTest(garbage[:20]), socket.create_connection((host, int(port)), timeout=10) as connection:
                try:
                    connection.sendall(garbage)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                except ConnectionError:
                    pass  # It may hang up on garbage.

    def test_unknown_ids(self):
        self.assert_refused(self.stack.get(f"/v1/conferences/{NOBODY}"), 404, "CONFERENCE_NOT_FOUND")
        self.assert_refused(self.stack.delete(f"/v1/conferencecalls/{NOBODY}"), 404, "CONFERENCECALL_NOT_FOUND")
        self.assert_refused(self.stack.post(f"/v1/calls/{NOBODY}/hangup"), 404, "CALL_NOT_FOUND")
        for path in ("/v1/conferences/1", "/v1/calls/%00", "/v1/conferencecalls/../../etc"):
            with self.subTest(path):
                self.assertIn(self.stack.get(path).status, (400, 404))
        self.assert_refused(self.stack.get("/v1/conferences/1"), 400, "INVALID_ID")

    def test_wrong_states(self):
        room = self.stack.create_conference()
        self.assertEqual(self.stack.delete(f'/v1/conferences/{room["id"]}').body["status"], "terminated")
        self.assertEqual(self.stack.delete(f'/v1/conferences/{room["id"]}').body["status"], "terminated")
        self.assert_refused(self.stack.request("PATCH", f'/v1/conferences/{room["id"]}', {"name": "x"}), 409, "STATE_INVALID")
        self.assert_refused(self.stack.create_call(sdp.offer("PCMU", 20000), room["id"]), 409, "STATE_INVALID")
        self.assert_refused(self.stack.create_call(sdp.offer("PCMU", 20000), NOBODY), 404, "CONFERENCE_NOT_FOUND")

    def test_full_connect_room(self):
        room = self.stack.create_conference(type="connect")
        pair = [UdpCaller(self.stack, 503).join(room["id"]) for _ in range(2)]
        for caller in pair:
            self.addCleanup(caller.end)
        self.assert_refused(self.stack.create_call(sdp.offer("PCMU", 20000), room["id"]), 409, "CONFERENCE_FULL")
        self.stack.wait_joined(room["id"], 2)
        self.assertEqual(self.stack.post(f'/v1/calls/{pair[0].call["id"]}/hangup').status, 200)
        path = f'/v1/conferences/{room["id"]}'
        until(lambda: self.stack.get(path).body["status"] == "terminated", 10, "the other is ejected, the room terminates")

    def test_sdp(self):
        def call(offer, **fields):
            return self.stack.create_call(offer, self.room["id"], **fields)
        good = sdp.offer("PCMU", 20000)
        for offer in ("", "x", "v=0\r\n", good.replace("v=0", "v=1"), good.replace("m=audio 20000", "m=audio 99999"),
                      good.replace("127.0.0.1", "localhost"), good.replace("m=audio", "m=audio\xc4"), "v=0\r\n" * 5000,
                      good.replace("RTP/AVP 0 101", "RTP/AVP " + " ".join(map(str, range(128))))):
            with self.subTest(offer[:60]):
                answer = call(offer)
                self.assertEqual(answer.status, 400, answer.text[:500])
                self.assertIn(answer.reason, ("INVALID_SDP", "MISSING_REQUEST_PARAMETER", "INVALID_REQUEST_PARAMETER",
                                              "MEDIA_NOT_SUPPORTED"))
        self.assert_refused(call(good.replace(" 0 101", " 18").replace("a=rtpmap:0 PCMU", "a=rtpmap:18 G729")), 400,
                            "MEDIA_NOT_SUPPORTED")
        self.assert_refused(call(good.replace("127.0.0.1", "192.0.2.1")), 400, "MEDIA_NOT_SUPPORTED")
        seed = random.Random(1)
        for _ in range(200):
            mutated = bytearray(good.encode())
            for _ in range(seed.randrange(1, 8)):
                mutated[seed.randrange(len(mutated))] = seed.randrange(1, 128)
            answer = call(mutated.decode("ascii"))
            self.assertIn(answer.status, (200, 400), answer.text)
            if answer.status == 200:
                self.stack.post(f'/v1/calls/{answer.body["id"]}/hangup')
        until(lambda: len(self.stack.participants(self.room["id"])) == 2, 10, "the mutants are gone")

    def test_actions(self):
        for actions in ([], [{"type": "dance"}], [{"type": "sleep"}], [{"type": "sleep", "option": {"duration": -1}}],
                        [{"type": "conference_join", "option": {"conference_id": "x"}}],
                        [{"type": "conference_join", "option": {"conference_id": NOBODY, "pinn": 1}}],
                        [{"type": "hangup"}] * 101):
            with self.subTest(str(actions)[:60]):
                answer = self.stack.post("/v1/calls", {"type": "rtp", "sdp_offer": sdp.offer("PCMU", 20000), "actions": actions})
                self.assertEqual(answer.status, 400, answer.text)

    def test_rtp_garbage(self):
        before = self.stack.metric("mediaplane", "tutti_mediaplane_packets_dropped_total")
        seed = random.Random(2)
        address, port = self.callers[0].remote
        for _ in range(300):
            garbage = seed.randbytes(seed.randrange(0, 1400))
            # From the caller's own socket, so that it gets past the source rule, to the RTP and the RTCP port.
            self.callers[0].socket.sendto(garbage, (address, port))
            self.callers[0].socket.sendto(garbage, (address, port + 1))
        until(lambda: self.stack.metric("mediaplane", "tutti_mediaplane_packets_dropped_total") > before, 5, "drops are counted")

    def test_a_wrong_source_is_never_heard(self):
        before = self.stack.metric("mediaplane", "tutti_mediaplane_packets_dropped_total")
        for address in ("127.0.0.2", "127.0.0.1"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as intruder:
                intruder.bind((address, 0))
                for count in range(100):
                    samples = struct.pack("<160h", *(
                        int(30000 * math.sin(2 * math.pi * INTRUDER_TONE / 8000 * (count * 160 + i))) for i in range(160)))
                    packet = struct.pack("!BBHII", 0x80, 0, count, count * 160, 0x6666) + audioop.lin2ulaw(samples, 2)
                    intruder.sendto(packet, self.callers[0].remote)
                    mark = len(self.callers[1].packets)
                    until(lambda: len(self.callers[1].packets) > mark, 5, "a tick")
            self.assertLess(self.callers[1].level(INTRUDER_TONE, 90), -50, f"heard from {address}")
        self.assertGreaterEqual(self.stack.metric("mediaplane", "tutti_mediaplane_packets_dropped_total"), before + 190)


if __name__ == "__main__":
    junit.main()
