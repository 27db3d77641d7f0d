#!/usr/bin/python3
"""Re-offers of a call in a room, as they are heard: hold and resume, another address, another codec."""

import audioop
import unittest

from tests.harness import junit, sdp
from tests.harness.stack import Stack
from tests.harness.udp_caller import UdpCaller, rtp_socket
from tests.harness.waiting import until

TONES = (503, 811)
LEVEL_DBFS = -12.0
WINDOW = 25


class ReofferTest(unittest.TestCase):
    def setUp(self):
        self.stack = Stack().start()
        self.addCleanup(self.stack.stop)
        self.room = self.stack.create_conference()
        self.one, self.other = (UdpCaller(self.stack, tone, LEVEL_DBFS) for tone in TONES)
        for caller in (self.one, self.other):
            self.addCleanup(caller.end)
            caller.join(self.room["id"], media_timeout=1)
        self.stack.wait_joined(self.room["id"], 2)
        self.wait_heard(self.one, self.other)
        self.wait_heard(self.other, self.one)

    def reoffer(self, offer, status=200):
        answer = self.stack.post(f'/v1/calls/{self.one.call["id"]}/reoffer', {"sdp_offer": offer})
        self.assertEqual(answer.status, status, answer.text)
        return answer

    def wait_packets(self, caller, count):
        wanted = len(caller.packets) + count
        until(lambda: len(caller.packets) >= wanted, 10, f"{count} packets more")

    def wait_heard(self, listener, speaker):
        self.wait_packets(listener, WINDOW)
        until(lambda: abs(listener.level(speaker.frequency, WINDOW) - LEVEL_DBFS) < 1, 10,
              f"{listener.frequency} Hz hears {speaker.frequency} Hz")

    def wait_silent(self, listener, speaker):
        self.wait_packets(listener, WINDOW)
        until(lambda: listener.level(speaker.frequency, WINDOW) < -60, 10,
              f"{listener.frequency} Hz no longer hears {speaker.frequency} Hz")

    def test_hold_and_resume_both_ways(self):
        held = self.reoffer(sdp.offer("PCMU", self.one.port, direction="sendonly")).body
        self.assertIn("a=recvonly", held["sdp_answer"])
        # Nothing comes any more, but what the holder sends (its music) is heard.
        received = len(self.one.packets)
        self.wait_heard(self.other, self.one)
        self.assertLessEqual(len(self.one.packets) - received, 2)

        held = self.reoffer(sdp.offer("PCMU", self.one.port, direction="inactive")).body
        self.assertIn("a=inactive", held["sdp_answer"])
        self.wait_silent(self.other, self.one)
        # A silence longer than the call's media timeout ends nothing on hold.
        sink = rtp_socket()
        self.addCleanup(sink.close)
        remote, self.one.remote = self.one.remote, sink.getsockname()
        self.wait_packets(self.other, 100)
        self.assertEqual(self.stack.get(f'/v1/calls/{self.one.call["id"]}').body["status"], "progressing")
        self.one.remote = remote

        resumed = self.reoffer(sdp.offer("PCMU", self.one.port)).body
        self.assertIn("a=sendrecv", resumed["sdp_answer"])
        self.assertEqual(sdp.media_of(resumed["sdp_answer"]), remote, "the leg keeps its address")
        self.wait_heard(self.one, self.other)
        self.wait_heard(self.other, self.one)
        self.assertEqual(len(self.stack.participants(self.room["id"])), 2)

    def test_another_address(self):
        moved = UdpCaller(self.stack, 1103, LEVEL_DBFS)
        self.addCleanup(moved.end)
        moved.take(self.reoffer(sdp.offer("PCMU", moved.port)).body)
        self.wait_heard(moved, self.other)
        self.wait_heard(self.other, moved)
        # The old address still sends: it is no source of this call any more.
        self.wait_silent(self.other, self.one)

    def test_another_codec(self):
        answer = self.reoffer(sdp.offer("PCMA", self.one.port)).body["sdp_answer"]
        self.assertIn("RTP/AVP 8", answer)
        until(lambda: self.one.packets[-1].payload_type == 8, 5, "PCMA")
        mark = len(self.one.packets)
        self.wait_packets(self.one, WINDOW)
        for packet in self.one.packets[mark:]:
            self.assertEqual(packet.payload_type, 8)
            self.assertGreater(audioop.rms(audioop.alaw2lin(packet.payload, 2), 2), 1000)

    def test_a_refused_one_changes_nothing(self):
        marks = [len(caller.packets) for caller in (self.one, self.other)]
        g729 = sdp.offer("PCMU", self.one.port).replace("RTP/AVP 0 101", "RTP/AVP 18").replace("0 PCMU", "18 G729")
        self.assertEqual(self.reoffer(g729, 400).reason, "MEDIA_NOT_SUPPORTED")
        self.assertEqual(self.reoffer("no SDP", 400).reason, "INVALID_SDP")
        self.assertEqual(self.reoffer("", 400).reason, "MISSING_REQUEST_PARAMETER")
        self.wait_packets(self.one, WINDOW)
        for caller, mark in zip((self.one, self.other), marks):
            self.assertEqual(caller.gaps(mark), 0)
            self.assertEqual(caller.quiet_packets(mark), 0)
        self.assertEqual(self.stack.delete(f'/v1/calls/{self.one.call["id"]}').status, 200)
        self.assertEqual(self.reoffer(sdp.offer("PCMU", self.one.port), 409).reason, "STATE_INVALID")


if __name__ == "__main__":
    junit.main()
