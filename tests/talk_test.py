#!/usr/bin/python3
"""Announcements by text, heard by real callers: to all, to one, and in a flow; what was heard is understood by the speech server."""

import audioop

from tests.harness import junit, speech
from tests.harness.listener import Listener
from tests.harness.meeting import MeetingTest
from tests.harness.udp_caller import RATE, UdpCaller
from tests.harness.waiting import until

TEXT = "the meeting begins at seven in the morning"
LONG_TEXT = " and ".join([TEXT] * 6)
# Of flite's speech through G.711, a recogniser made for 16 kHz.
ERROR_RATE_MAX = 0.5
# Loudness of 100 ms; no speech is the comfort of G.711.
SPEECH_DBFS = -45
TICKS = 5
# It says so much in less than this.
TEXT_SECONDS_MAX = 5


class Ear:
    """What a caller hears from now on, in windows of 100 ms."""

    def __init__(self, caller):
        self.caller = caller
        self.first = len(caller.packets)

    def samples(self):
        return audioop.ulaw2lin(b"".join(packet.payload for packet in self.caller.packets[self.first:]), 2)

    def loud(self):
        """For each window, whether something is heard in it."""
        samples = self.samples()
        size = 2 * TICKS * RATE // 50
        limit = 10 ** (SPEECH_DBFS / 20) * 32767
        return [audioop.rms(samples[at:at + size], 2) > limit for at in range(0, len(samples) - size + 1, size)]

    def wait_spoken(self, seconds=TEXT_SECONDS_MAX + 10):
        """Until speech has come, and half a second without any."""
        until(lambda: any(self.loud()) and not any(self.loud()[-10:]), seconds, "something is said to its end")


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
        heard = speech.words_of(speech.recognise(self.stack.grpc["speech"], ear.samples(), RATE))
        rate = speech.error_rate(speech.words_of(TEXT), heard)
        print(f'WER {rate:.0%}: heard "{" ".join(heard)}"')
        return rate

    def test_to_all_and_to_one(self):
        self.open_room()
        a, b = self.silent("a"), self.silent("b")
        until(lambda: min(len(a.caller.packets), len(b.caller.packets)) > 50, 10, "packets")
        ears = [Ear(a.caller), Ear(b.caller)]
        self.assertEqual(self.talk(f"/v1/conferences/{self.room}", text=TEXT, language="en-US")["id"], self.room)
        for ear in ears:
            ear.wait_spoken()
            self.assertLess(self.understood(ear), ERROR_RATE_MAX)

        ears = [Ear(a.caller), Ear(b.caller)]
        self.assertEqual(self.talk(a.path, text=TEXT)["id"], a.participant_id)
        ears[0].wait_spoken()
        self.assertLess(self.understood(ears[0]), ERROR_RATE_MAX)
        self.assertFalse(any(ears[1].loud()), "the other one hears it, too")
        before = self.stack.metric("control", "tutti_control_syntheses_total")
        ears = [Ear(a.caller), Ear(b.caller)]
        self.talk(f"/v1/conferences/{self.room}", text=TEXT)
        for ear in ears:
            ear.wait_spoken()
        self.assertEqual(self.stack.metric("control", "tutti_control_syntheses_total"), before, "it was kept")

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

    def run_flow(self, **option):
        caller = UdpCaller(self.stack, 0)
        self.addCleanup(caller.end)
        tell = {"type": "webhook_send", "option": {"uri": f"{self.listener.uri}/{caller.port}", "data": "${result.say} ${digits}"}}
        caller.run([
            {"type": "variable_set", "option": {"key": "time", "value": "seven"}},
            {"id": "say", "type": "talk", "option": option},
            {"type": "digits_receive", "option": {"duration": 300, "length": 1}},
            tell,
            {"type": "sleep", "option": {"duration": 60000}}])
        return caller

    def told(self, caller, seconds=20):
        return self.listener.wait(f"/{caller.port}", seconds)

    def test_in_a_flow(self):
        caller = self.run_flow(text=TEXT.replace("seven", "${time}"))
        ear = Ear(caller)
        ear.first = 0
        ear.wait_spoken()
        self.assertLess(self.understood(ear), ERROR_RATE_MAX)
        self.assertEqual(self.told(caller), "ok ")

    def test_a_digit_ends_it_and_is_kept(self):
        caller = self.run_flow(text=LONG_TEXT, stop_on_dtmf=True)
        ear = Ear(caller)
        ear.first = 0
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
