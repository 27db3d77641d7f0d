#!/usr/bin/python3
"""Announcements by text, heard by real callers: to all, to one, and in a flow; what was heard is understood by the speech server."""

import audioop
import os

from tests.harness import junit, speech
from tests.harness.callers import Ffmpeg
from tests.harness.listener import Listener
from tests.harness.meeting import MeetingTest
from tests.harness.udp_caller import RATE, UdpCaller
from tests.harness.waiting import until

TEXT = "the meeting begins at seven in the morning"
LONG_TEXT = " and ".join([TEXT] * 6)
# Of flite's speech through G.722; of G.711's the recogniser understands little.
ERROR_RATE_MAX = 0.5
# Loudness of 100 ms; no speech is the comfort of G.711.
SPEECH_DBFS = -45
TICKS = 5
# It says so much in less than this.
TEXT_SECONDS_MAX = 5


class Ear:
    """What a caller hears from now on, or from its first packet on, in windows of 100 ms."""

    rate = RATE

    def __init__(self, caller, from_first=False):
        self.caller = caller
        self.first = 0 if from_first else len(caller.packets)

    def samples(self):
        return audioop.ulaw2lin(b"".join(packet.payload for packet in self.caller.packets[self.first:]), 2)

    def loud(self):
        """For each window, whether something is heard in it."""
        samples = self.samples()
        size = 2 * TICKS * self.rate // 50
        limit = 10 ** (SPEECH_DBFS / 20) * 32767
        return [audioop.rms(samples[at:at + size], 2) > limit for at in range(0, len(samples) - size + 1, size)]

    def wait_spoken(self, seconds=TEXT_SECONDS_MAX + 10):
        """Until speech has come, and half a second without any."""
        until(lambda: any(self.loud()) and not any(self.loud()[-10:]), seconds, "something is said to its end")


class FileEar(Ear):
    """Of a caller of G.722, a program of others that writes what it hears to a file."""

    rate = 16000
    header_bytes = 44

    def __init__(self, caller, from_first=False):
        self.caller = caller
        self.first = self.header_bytes if from_first else self.size()

    def size(self):
        return os.path.getsize(self.caller.wav) // 2 * 2 if os.path.exists(self.caller.wav) else self.header_bytes

    def samples(self):
        size = self.size()
        if size <= self.first:
            return b""
        with open(self.caller.wav, "rb") as file:
            file.seek(self.first)
            return file.read(size - self.first)


class TalkTest(MeetingTest):
    flags = ("--control.http_allow_private=127.0.0.0/8",)
    speech = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.listener = Listener()

    @classmethod
    def tearDownClass(cls):
        cls.listener.close()
        super().tearDownClass()

    def wide(self, conference_id, **fields):
        """A caller of G.722 that says nothing."""
        caller = Ffmpeg(self.stack, "G722", 0)
        self.addCleanup(caller.end)
        caller.join(conference_id, **fields)
        return caller

    def silent(self, name):
        """A member that says nothing, so that nothing but the text is in the room."""
        member = self.enter(name)
        member.patch(muted=True)
        return member

    def talk(self, path, **body):
        answer = self.stack.post(f"{path}/talk", body)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.body

    def understood(self, ear):
        heard = speech.words_of(speech.recognise(self.stack.grpc["speech"], ear.samples(), ear.rate))
        rate = speech.error_rate(speech.words_of(TEXT), heard)
        print(f'WER {rate:.0%}: heard "{" ".join(heard)}"')
        return rate

    def test_to_all_and_to_one(self):
        self.open_room()
        narrow = self.silent("a")
        wide = self.wide(self.room)
        joined = {one["reference_id"]: one["id"] for one in self.stack.wait_joined(self.room, 2)}
        wide_id = joined[wide.call["id"]]
        wide.wait_heard(1)
        until(lambda: len(narrow.caller.packets) > 50, 10, "packets")

        def ears():
            return FileEar(wide), Ear(narrow.caller)
        at_wide, at_narrow = ears()
        self.assertEqual(self.talk(f"/v1/conferences/{self.room}", text=TEXT, language="en-US")["id"], self.room)
        at_wide.wait_spoken()
        at_narrow.wait_spoken()
        self.assertLess(self.understood(at_wide), ERROR_RATE_MAX)
        # Both hear it for as long.
        self.assertAlmostEqual(sum(at_wide.loud()), sum(at_narrow.loud()), delta=5)

        at_wide, at_narrow = ears()
        self.assertEqual(self.talk(f"/v1/conferencecalls/{wide_id}", text=TEXT)["id"], wide_id)
        at_wide.wait_spoken()
        self.assertLess(self.understood(at_wide), ERROR_RATE_MAX)
        self.assertFalse(any(at_narrow.loud()), "the other one hears it, too")

        spoken = self.stack.metric("control", "tutti_control_syntheses_total")
        at_wide, at_narrow = ears()
        self.talk(f"/v1/conferences/{self.room}", text=TEXT, volume_db=-10)
        at_narrow.wait_spoken()
        self.assertEqual(self.stack.metric("control", "tutti_control_syntheses_total"), spoken, "it was kept")

    def test_refusals(self):
        self.open_room()
        member = self.silent("a")
        for path in (f"/v1/conferences/{self.room}", member.path):
            for body, reason in (({"text": ""}, "MISSING_REQUEST_PARAMETER"),
                                 ({"text": "a" * 4097}, "INVALID_REQUEST_PARAMETER"),
                                 ({"text": "hello", "language": "xx-XX"}, "LANGUAGE_NOT_SUPPORTED"),
                                 ({"text": "hello", "voice": "nobody"}, "VOICE_NOT_FOUND")):
                answer = self.stack.post(f"{path}/talk", body)
                self.assertEqual((answer.status, answer.reason), (400, reason), answer.text)
        answer = self.stack.post(f"/v1/conferences/{self.room}/talk", {"text": "hello", "language": "xx-XX"})
        self.assertIn("en-US", answer.body["error"]["details"]["supported"])

    def flow(self, name, **option):
        uri = f"{self.listener.uri}/{name}"
        return [
            {"type": "variable_set", "option": {"key": "time", "value": "seven"}},
            {"id": "say", "type": "talk", "option": option},
            {"type": "digits_receive", "option": {"duration": 300, "length": 1}},
            {"type": "webhook_send", "option": {"uri": uri, "data": "${result.say} ${digits}"}},
            {"type": "sleep", "option": {"duration": 60000}}]

    def run_flow(self, **option):
        caller = UdpCaller(self.stack, 0)
        self.addCleanup(caller.end)
        return caller.run(self.flow(caller.port, **option))

    def told(self, caller, seconds=20):
        return self.listener.wait(f"/{caller.port}", seconds)

    def test_in_a_flow(self):
        caller = self.wide(None, actions=self.flow("wide", text=TEXT.replace("seven", "${time}")))
        ear = FileEar(caller, from_first=True)
        ear.wait_spoken()
        self.assertLess(self.understood(ear), ERROR_RATE_MAX)
        self.assertEqual(self.listener.wait("/wide", 20), "ok ")

    def test_a_digit_ends_it_and_is_kept(self):
        caller = self.run_flow(text=LONG_TEXT, stop_on_dtmf=True)
        ear = Ear(caller, from_first=True)
        until(lambda: sum(ear.loud()) > 10, 20, "it is being said")
        caller.press("7")
        self.assertEqual(self.told(caller), "ok 7")
        ear.wait_spoken()
        self.assertLess(len(ear.loud()) / 10, 15, "it would go on for more than 15 s")

    def test_what_nobody_can_say_ends_the_action_only(self):
        caller = self.run_flow(text="hello", language="xx-XX")
        self.assertEqual(self.told(caller), "LANGUAGE_NOT_SUPPORTED ")

    def test_without_a_speech_server(self):
        self.open_room()
        member = self.silent("a")
        self.talk(member.path, text="It was said before.")
        self.stack.kill("speech")
        try:
            answer = self.stack.post(f"{member.path}/talk", {"text": "It was never said."})
            self.assertEqual((answer.status, answer.reason), (503, "SPEECH_UNAVAILABLE"), answer.text)
            self.talk(member.path, text="It was said before.")
            caller = self.run_flow(text="It was never said.")
            self.assertEqual(self.told(caller), "SPEECH_UNAVAILABLE ")
        finally:
            self.stack.start_one("speech")
            self.stack.wait_ready()
        until(lambda: self.stack.post(f"{member.path}/talk", {"text": "It is said now."}).status == 200, 10, "it is back")


if __name__ == "__main__":
    junit.main()
