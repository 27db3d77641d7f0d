#!/usr/bin/python3
"""Every process serves gRPC health and reflection."""

import unittest

import grpc

from tests.harness import junit
from tests.harness.stack import Stack

# Messages by hand: health's status SERVING is field 1 = 1; list_services is field 7, an empty string.
SERVING = b"\x08\x01"
LIST_SERVICES = b"\x3a\x00"

SERVICES = {
    "control": ["tutti.control.v1.CallService", "tutti.control.v1.ConferenceService",
                "tutti.control.v1.ConferencecallService", "tutti.control.v1.EventService"],
    "mediaplane": ["tutti.media.v1.MediaPlane"],
    "speech": ["tutti.speech.v1.SpeechService"],
    "gateway": [],
}


class GrpcTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(speech=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def channels(self):
        for name in SERVICES:
            with self.subTest(name), grpc.insecure_channel(self.stack.grpc[name]) as channel:
                yield name, channel

    def test_health(self):
        for _, channel in self.channels():
            check = channel.unary_unary("/grpc.health.v1.Health/Check")
            self.assertEqual(check(b"", timeout=5), SERVING)

    def test_reflection(self):
        for name, channel in self.channels():
            info = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
            answer = next(info(iter([LIST_SERVICES]), timeout=5))
            for service in ["grpc.health.v1.Health", *SERVICES[name]]:
                self.assertIn(service.encode(), answer)


if __name__ == "__main__":
    junit.main()
