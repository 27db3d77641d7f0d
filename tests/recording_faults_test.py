#!/usr/bin/python3
"""What becomes of a recording when a process dies, or the disk fills: kill -9 of mediaplane, speech and control, a small tmpfs."""

import os
import time
import unittest

from tests.harness import junit, recordings
from tests.harness.event_socket import EventSocket
from tests.harness.stack import Stack
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

TONE = 503
SENT_DBFS = -12
TICKS_PER_SECOND = 50
LENGTH_SECONDS_MAX_OFF = 0.02
# The last second may be missing in what a killed process leaves; and the kill takes its time.
LOST_SECONDS_MAX = 1.2


class Recorded(unittest.TestCase):
    """A room with a caller who keeps a tone."""

    def begin(self, stack):
        self.stack = stack
        self.addCleanup(stack.stop)
        self.room = stack.create_conference(name="faults")["id"]
        self.socket = EventSocket(stack, f"conference:{self.room}")
        self.addCleanup(self.socket.close)
        self.caller = UdpCaller(stack, TONE)
        self.addCleanup(self.caller.end)
        self.caller.join(self.room)
        self.partner = UdpCaller(stack, 811)
        self.addCleanup(self.partner.end)
        self.partner.join(self.room)
        stack.wait_joined(self.room, 2)

    def record(self):
        self.recording_id = recordings.start(self.stack, self.room)
        recordings.wait_status(self.stack, self.recording_id, "recording")

    def wait_seconds(self, seconds):
        wanted = len(self.caller.packets) + seconds * TICKS_PER_SECOND
        until(lambda: len(self.caller.packets) >= wanted, 15 + seconds, f"{seconds} s of sound")

    def wait_over(self, seconds=30):
        def over():
            answer = self.stack.get(f"/v1/recordings/{self.recording_id}")
            return answer.status == 200 and answer.body["status"] in recordings.OVER and answer.body["files"] and answer.body
        return until(over, seconds, "the recording is over and its files are known")

    def assert_tone(self, recording, seconds_min):
        path = recordings.fetch_mixed(self.stack, recording)
        seconds = recordings.probe(path)[3]
        self.assertGreater(seconds, seconds_min)
        self.assertAlmostEqual(seconds, recording["duration"], delta=LENGTH_SECONDS_MAX_OFF)
        samples = recordings.samples_of(path)
        self.assertAlmostEqual(recordings.level(samples, TONE, 0.2, seconds - 0.2), SENT_DBFS, delta=1)
        return samples


class KilledTest(Recorded):
    def setUp(self):
        self.begin(Stack(speech=True).start())

    def test_mediaplane(self):
        self.record()
        self.wait_seconds(3)
        self.stack.kill("mediaplane")
        # Whatever program reads it now finds all but the last second.
        folder = os.path.join(self.stack.folder, "recordings", self.recording_id)
        left = next(os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".wav"))
        self.assertGreater(recordings.probe(left)[3], 3 - LOST_SECONDS_MAX)
        self.stack.start_one("mediaplane")
        failed = self.wait_over()
        self.assertEqual((failed["status"], failed["failure_reason"]), ("failed", "media_node_lost"))
        self.assert_tone(failed, 3 - LOST_SECONDS_MAX)
        until(lambda: "recording_failed" in self.socket.types(), 5, "told")
        self.assertEqual(self.socket.types().count("recording_failed"), 1)
        # The room is there, and free to be recorded again.
        room = self.stack.get(f"/v1/conferences/{self.room}").body
        self.assertEqual((room["status"], room["recording_id"]), ("progressing", None))
        self.assertEqual(room["recording_ids"], [self.recording_id])
        again = UdpCaller(self.stack, TONE)
        self.addCleanup(again.end)
        again.join(self.room)
        self.stack.wait_joined(self.room, 1)
        self.caller = again
        self.record()
        self.wait_seconds(1)
        recordings.stop(self.stack, self.room)
        ended = recordings.wait_status(self.stack, self.recording_id, recordings.OVER)
        self.assertEqual(ended["status"], "ended")
        self.assert_tone(ended, 0.9)

    def test_control(self):
        self.record()
        self.wait_seconds(1)
        killed = time.monotonic()
        self.stack.kill("control")
        self.wait_seconds(1)
        self.stack.start_one("control")
        until(lambda: self.stack.get(f"/v1/conferences/{self.room}").status == 200, 10, "control is back")
        self.assertEqual(recordings.get(self.stack, self.recording_id)["status"], "recording")
        away = time.monotonic() - killed
        self.wait_seconds(1)
        recordings.stop(self.stack, self.room)
        ended = recordings.wait_status(self.stack, self.recording_id, recordings.OVER)
        self.assertEqual(ended["status"], "ended")
        # Nothing of the time in which nobody was in charge is missing.
        samples = self.assert_tone(ended, away + 1)
        quietest = min(recordings.level(samples, TONE, at / 10, at / 10 + 0.1) for at in range(2, len(samples) // 1600 - 3))
        self.assertGreater(quietest, SENT_DBFS - 3, "a hole")

    def test_control_that_is_dead_when_the_recording_ends(self):
        recording_id = recordings.start(self.stack, self.room, duration=2)
        self.recording_id = recording_id
        recordings.wait_status(self.stack, recording_id, "recording")
        self.stack.kill("control")
        self.wait_seconds(3)
        self.stack.start_one("control")
        ended = self.wait_over()
        self.assertEqual(ended["status"], "ended")
        self.assertAlmostEqual(ended["duration"], 2, delta=LENGTH_SECONDS_MAX_OFF)
        self.assertIsNone(self.stack.get(f"/v1/conferences/{self.room}").body["recording_id"])

    def test_speech(self):
        self.record()
        answer = self.stack.post(f"/v1/conferences/{self.room}/transcribe_start", {"language": "en-US"})
        self.assertEqual(answer.status, 200, answer.text)
        mark = len(self.caller.packets)
        self.wait_seconds(1)
        self.stack.kill("speech")
        self.wait_seconds(1)
        self.stack.start_one("speech")
        self.wait_seconds(1)
        # Neither the room nor its recording has noticed.
        self.assertEqual(self.caller.gaps(mark), 0)
        self.assertEqual(self.caller.quiet_packets(mark), 0)
        recordings.stop(self.stack, self.room)
        ended = recordings.wait_status(self.stack, self.recording_id, recordings.OVER)
        self.assertEqual(ended["status"], "ended")
        self.assert_tone(ended, 2.9)
        stopped = self.stack.post(f"/v1/conferences/{self.room}/transcribe_stop")
        self.assertEqual(stopped.status, 200, stopped.text)
        transcribe = answer.body["transcribe_id"]
        until(lambda: self.stack.get(f"/v1/transcribes/{transcribe}").body["status"] == "done", 40, "it ends")


class OneTooManyTest(unittest.TestCase):
    """A media node that takes one recording at a time."""

    def test_it_ends_at_once_with_its_reason(self):
        with Stack(flags=["--mediaplane.recordings_max=1"]) as stack:
            rooms = [stack.create_conference()["id"] for _ in range(2)]
            first = recordings.start(stack, rooms[0])
            recordings.wait_status(stack, first, "recording")
            began = time.monotonic()
            second = recordings.start(stack, rooms[1])
            failed = recordings.wait_status(stack, second, recordings.OVER)
            # Without being asked three times it would be 30 s.
            self.assertLess(time.monotonic() - began, 15)
            self.assertEqual((failed["status"], failed["failure_reason"], failed["files"]), ("failed", "media_node_busy", []))
            self.assertIsNone(stack.get(f"/v1/conferences/{rooms[1]}").body["recording_id"])
            self.assertEqual(recordings.get(stack, first)["status"], "recording")
            # Once there is a place it can be tried again.
            recordings.stop(stack, rooms[0])
            recordings.wait_status(stack, first, "ended")
            recordings.wait_status(stack, recordings.start(stack, rooms[1]), "recording")


class FullDiskTest(Recorded):
    """The recordings' folder is a tmpfs that holds some seconds."""

    BYTES = 200_000

    def setUp(self):
        stack = Stack()
        folder = os.path.join(stack.folder, "small")
        os.makedirs(folder)
        stack.more_flags["mediaplane"] = [f"--mediaplane.recordings_dir={folder}"]
        stack.prefix["mediaplane"] = [
            "unshare", "--map-root-user", "--mount", "sh", "-c",
            f'mount -t tmpfs -o size={self.BYTES} tmpfs "$0" && exec "$@"', folder]
        self.begin(stack.start())

    def test_the_room_does_not_hear_it(self):
        mark = len(self.caller.packets)
        self.record()
        failed = self.wait_over(40)
        self.assertEqual((failed["status"], failed["failure_reason"]), ("failed", "disk_full"))
        # What was saved is kept.
        self.assert_tone(failed, 3)
        until(lambda: "recording_failed" in self.socket.types(), 5, "told")
        self.assertIsNone(self.stack.get(f"/v1/conferences/{self.room}").body["recording_id"])
        self.wait_seconds(1)
        self.assertEqual(self.caller.gaps(mark), 0)
        self.assertEqual(self.caller.quiet_packets(mark), 0)
        # With room again it works again.
        self.assertEqual(self.stack.delete(f"/v1/recordings/{self.recording_id}").status, 200)
        def freed():
            answer = self.stack.post(f"/v1/conferences/{self.room}/recording_start", {"duration": 1})
            if answer.status != 200:
                return None
            ended = recordings.wait_status(self.stack, answer.body["recording_id"], recordings.OVER)
            return ended["status"] == "ended"
        until(freed, 30, "a recording that fits")


if __name__ == "__main__":
    junit.main()
