#!/usr/bin/python3
"""Callers that are not ours meet in a room: each hears the others at their level, and never itself."""

import unittest

from tests.harness import junit
from tests.harness.callers import SEND_LEVEL_DBFS, Ffmpeg, GStreamer
from tests.harness.stack import Stack
from tests.harness.waiting import until

# Without common sums among the tones and their lower intermodulations.
TONES = (503, 811, 1103)
HEARD_SECONDS = 4


class CallersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def meet(self, callers):
        """All join one room, talk, and leave; then the room ends."""
        room = self.stack.create_conference(name="callers")
        try:
            for caller in callers:
                caller.join(room["id"])
            self.stack.wait_joined(room["id"], len(callers))
            for caller in callers:
                caller.wait_heard(HEARD_SECONDS + 3)
            for caller in callers:
                for other in callers:
                    level = caller.level(other.frequency, seconds=2)
                    case = f"{caller.program} {caller.codec} at {caller.frequency} Hz, tone of {other.frequency} Hz"
                    if other is caller:
                        self.assertLess(level, SEND_LEVEL_DBFS - 40, f"{case}: heard itself")
                    else:
                        self.assertAlmostEqual(level, SEND_LEVEL_DBFS, delta=1.0, msg=f"{case}: level")
            for caller in callers:
                caller.hang_up()
        finally:
            for caller in callers:
                caller.end()
        until(lambda: not self.stack.participants(room["id"]), 5, "all left")
        ended = self.stack.delete(f'/v1/conferences/{room["id"]}')
        self.assertEqual(ended.status, 200)
        self.assertEqual(ended.body["status"], "terminated")

    def test_default_packet_sizes(self):
        self.meet([Ffmpeg(self.stack, "PCMU", TONES[0]), GStreamer(self.stack, "PCMA", TONES[1]),
                   GStreamer(self.stack, "G722", TONES[2])])

    def test_packets_of_20_ms(self):
        self.meet([GStreamer(self.stack, "PCMU", TONES[0], ptime_ms=20), Ffmpeg(self.stack, "PCMA", TONES[1], ptime_ms=20),
                   Ffmpeg(self.stack, "G722", TONES[2], ptime_ms=20)])

    def test_linear_audio_of_both_rates(self):
        self.meet([Ffmpeg(self.stack, "L16/16000", TONES[0], ptime_ms=20), GStreamer(self.stack, "L16/8000", TONES[1]),
                   GStreamer(self.stack, "PCMU", TONES[2], ptime_ms=20)])


if __name__ == "__main__":
    junit.main()
