#!/usr/bin/python3
"""kill -9 of each process in the middle of a conference: the table "Who may die" of ARCHITECTURE.md holds."""

import time
import unittest

from tests.harness import junit
from tests.harness.stack import Stack
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

TONES = (503, 811)
TICKS_PER_SECOND = 50
TRUTH_SECONDS_MAX = 5


class KillTest(unittest.TestCase):
    def setUp(self):
        self.stack = Stack().start()
        self.addCleanup(self.stack.stop)
        self.room = self.stack.create_conference(name="kill")
        self.callers = [UdpCaller(self.stack, tone) for tone in TONES]
        for caller in self.callers:
            self.addCleanup(caller.end)
            caller.join(self.room["id"])
        self.stack.wait_joined(self.room["id"], 2)
        self.wait_packets(TICKS_PER_SECOND)

    def wait_packets(self, count):
        """Until each caller has received so many more."""
        wanted = [len(caller.packets) + count for caller in self.callers]
        until(lambda: all(len(caller.packets) >= want for caller, want in zip(self.callers, wanted)),
              15 + count / TICKS_PER_SECOND, f"{count} packets more")

    def assert_audio_whole(self, marks):
        for caller, mark in zip(self.callers, marks):
            self.assertEqual(caller.gaps(mark), 0, f"{caller.frequency} Hz: packets missing")
            self.assertEqual(caller.quiet_packets(mark), 0, f"{caller.frequency} Hz: holes in the tone")

    def marks(self):
        return [len(caller.packets) for caller in self.callers]

    def room_now(self):
        answer = self.stack.get(f'/v1/conferences/{self.room["id"]}')
        return answer.body if answer.status == 200 else {}

    def test_control_audio_goes_on_and_the_truth_is_back(self):
        marks = self.marks()
        self.stack.kill("control")
        self.wait_packets(TICKS_PER_SECOND)
        refused = self.stack.get(f'/v1/conferences/{self.room["id"]}')
        self.assertEqual(refused.status, 503)
        self.stack.start_one("control")
        restarted = time.monotonic()
        until(lambda: self.room_now().get("participant_count") == 2, TRUTH_SECONDS_MAX, "the room is known again")
        self.assertLess(time.monotonic() - restarted, TRUTH_SECONDS_MAX)
        self.assertEqual(self.room_now()["status"], "progressing")
        self.wait_packets(TICKS_PER_SECOND)
        self.assert_audio_whole(marks)
        # And it is in charge again: a kick is heard by the media plane.
        gone, stays = self.stack.participants(self.room["id"])
        self.assertEqual(self.stack.delete(f'/v1/conferencecalls/{gone["id"]}').status, 200)
        until(lambda: self.stack.get(f'/v1/conferencecalls/{gone["id"]}').body["status"] == "leaved", 5, "kicked")
        self.assertEqual([one["id"] for one in self.stack.participants(self.room["id"])], [stays["id"]])

    def test_control_restarted_hangs_up_what_it_had_answered_before(self):
        self.stack.kill("control")
        self.stack.start_one("control")
        until(lambda: self.room_now().get("participant_count") == 2, TRUTH_SECONDS_MAX, "the room is known again")
        call_id = self.callers[0].call["id"]
        self.assertEqual(self.stack.post(f"/v1/calls/{call_id}/hangup").status, 200)
        until(lambda: self.stack.get(f"/v1/calls/{call_id}").body["status"] == "hangup", 5, "hung up")
        self.assertEqual(self.room_now()["participant_count"], 1)

    def assert_calls_lost(self, seconds):
        for caller in self.callers:
            path = f'/v1/calls/{caller.call["id"]}'
            until(lambda: self.stack.get(path).body["status"] == "hangup", seconds, "the call is hung up")
            self.assertEqual(self.stack.get(path).body["hangup_reason"], "media_node_lost")
        for one in self.stack.get(f'/v1/conferencecalls?conference_id={self.room["id"]}').body["result"]:
            self.assertEqual((one["status"], one["leave_reason"]), ("leaved", "media_node_lost"))
        self.assertEqual(self.room_now()["status"], "progressing")
        self.assertEqual(self.room_now()["participant_count"], 0)

    def test_mediaplane_restarted_its_calls_are_lost_and_new_ones_work(self):
        self.stack.kill("mediaplane")
        self.stack.start_one("mediaplane")
        self.assert_calls_lost(10)
        again = [UdpCaller(self.stack, tone) for tone in TONES]
        for caller in again:
            self.addCleanup(caller.end)
            caller.join(self.room["id"])
        self.stack.wait_joined(self.room["id"], 2)
        until(lambda: all(len(caller.packets) > TICKS_PER_SECOND for caller in again), 10, "audio again")
        again[0].wait_level(TONES[1], -12, 25)

    def test_mediaplane_out_of_reach_is_lost_after_15_seconds(self):
        self.stack.kill("mediaplane")
        killed = time.monotonic()
        self.assertEqual(self.stack.get(f'/v1/calls/{self.callers[0].call["id"]}').body["status"], "progressing")
        self.assert_calls_lost(25)
        self.assertGreater(time.monotonic() - killed, 12, "given up too early")

    def test_gateway_only_its_connections(self):
        marks = self.marks()
        self.stack.kill("gateway")
        self.wait_packets(TICKS_PER_SECOND)
        self.stack.start_one("gateway")
        until(lambda: self.room_now().get("participant_count") == 2, TRUTH_SECONDS_MAX, "REST answers again")
        self.assert_audio_whole(marks)


if __name__ == "__main__":
    junit.main()
