#!/usr/bin/python3
"""Live transcription of real callers: each text under its speaker, in order, with the time of its speech; also when the speech
process is killed meanwhile."""

import datetime
import os
import re
import subprocess
import unittest

from tests.harness import junit
from tests.harness.event_socket import EventSocket
from tests.harness.speech import Speaker, error_rate, words_of
from tests.harness.stack import Stack
from tests.harness.waiting import until

SPEAKERS = (
    ("PCMU", "slt", "the meeting begins at seven in the morning"),
    ("G722", "awb", "please send the report to the main office today"),
    ("G722", "rms", "we have twenty five customers in the city"),
)
# The recogniser knows wideband speech; of G.711's it understands little, and only that it is speech is asked. The exact figures are
# printed.
ERROR_RATE_MAX = {"G722": 0.5}
# Between the sender's first packet and what the room says of when it spoke.
OFFSET_SECONDS_MAX_OFF = 2


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class TranscriptionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(speech=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def start(self):
        self.room = self.stack.create_conference()["id"]
        self.addCleanup(self.stack.delete, f"/v1/conferences/{self.room}")
        self.socket = EventSocket(self.stack, f"conference:{self.room}", live=True)
        self.addCleanup(self.socket.close)
        answer = self.stack.post(f"/v1/conferences/{self.room}/transcribe_start", {"language": "en-US"})
        self.assertEqual(answer.status, 200, answer.text)
        self.transcribe = answer.body["transcribe_id"]
        return self.transcribe

    def join(self, codec, voice, text, wait_ms=500):
        speaker = Speaker(self.stack, codec, voice, text, wait_ms)
        self.addCleanup(speaker.end)
        speaker.join(self.room)
        call = speaker.call["id"]
        found = until(lambda: [one for one in self.stack.participants(self.room) if one["reference_id"] == call], 10, "joined")
        speaker.participant = found[0]
        return speaker

    def now(self):
        return self.stack.get(f"/v1/transcribes/{self.transcribe}").body

    def degradations(self):
        return [event["data"]["degraded"] for event in self.socket.events if event["type"] == "transcribe_updated"]

    def texts(self, speaker=None):
        said = self.stack.get(f"/v1/transcripts?transcribe_id={self.transcribe}").body["result"]
        return [one for one in said if speaker is None or one["conferencecall_id"] == speaker.participant["id"]]

    def wait_done(self, seconds=60):
        answer = self.stack.post(f"/v1/conferences/{self.room}/transcribe_stop")
        self.assertEqual(answer.status, 200, answer.text)
        until(lambda: self.now()["status"] == "done", seconds, "the transcription is done")
        return self.now()

    def assert_said(self, speaker):
        heard = words_of(" ".join(one["message"] for one in self.texts(speaker)))
        rate = error_rate(words_of(speaker.text), heard)
        print(f'{speaker.codec}: WER {rate:.0%}: "{speaker.text}" heard as "{" ".join(heard)}"')
        if speaker.codec not in ERROR_RATE_MAX:
            self.assertTrue(heard)
            return
        self.assertLess(rate, ERROR_RATE_MAX[speaker.codec])
        for _, _, other in SPEAKERS:
            if other != speaker.text:
                self.assertGreater(error_rate(words_of(other), heard), rate, "it is more like what another one said")

    def exported(self, form):
        answer = self.stack.get(f"/v1/transcribes/{self.transcribe}/text?format={form}")
        self.assertEqual(answer.status, 200, answer.text)
        return answer.text

    def assert_exported(self, said):
        """Files of it: ffmpeg finds every text when it was said."""
        for form in ("vtt", "srt"):
            path = os.path.join(self.stack.folder, f"texts.{form}")
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.exported(form))
            read = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "srt", "-"], check=True,
                                  capture_output=True, text=True).stdout
            begins = [((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(ms) for hours, minutes, seconds, ms
                      in re.findall(r"^(\d+):(\d\d):(\d\d),(\d{3}) -->", read, re.MULTILINE)]
            self.assertEqual(begins, [one["tm_transcript"] for one in said], form)
            for one in said:
                self.assertIn(one["message"], read)
        lines = self.exported("txt").splitlines()
        self.assertEqual([line.split(" ", 1)[1] for line in lines],
                         [f'{one["conferencecall_id"]}: {one["message"]}' for one in said])

    def test_each_text_is_under_its_speaker(self):
        transcribe = self.start()
        speakers = [self.join(*one, wait_ms=500 + 1500 * i) for i, one in enumerate(SPEAKERS)]
        until(lambda: all(self.texts(speaker) for speaker in speakers), 60, "a text of each")
        done = self.wait_done()
        self.assertFalse(done["degraded"], done)
        said = self.texts()
        for speaker in speakers:
            self.assert_said(speaker)
            own = self.texts(speaker)
            began = (time_of(speaker.participant["tm_joined"]) - time_of(done["tm_create"])).total_seconds()
            self.assertAlmostEqual(own[0]["tm_transcript"] / 1000, began + speaker.wait_ms / 1000,
                                   delta=OFFSET_SECONDS_MAX_OFF)
            self.assertGreater(own[0]["duration"], 500)
        self.assertEqual([one["tm_transcript"] for one in said], sorted(one["tm_transcript"] for one in said))
        self.assert_exported(said)
        # The same by events; what is told for the time being is told of the same speech.
        created = [event["data"] for event in self.socket.events if event["type"] == "transcript_created"]
        self.assertEqual({one["id"] for one in created}, {one["id"] for one in said})
        for speaker in speakers:
            own = [one["tm_transcript"] for one in created if one["conferencecall_id"] == speaker.participant["id"]]
            self.assertEqual(own, sorted(own), "the order of its speech")
        interim = [event for event in self.socket.events if event["type"] == "transcript_interim"]
        self.assertTrue(interim)
        ends = {(one["conferencecall_id"], one["tm_transcript"]) for one in said}
        self.assertTrue(ends & {(event["data"]["conferencecall_id"], event["data"]["tm_transcript"]) for event in interim})
        for event in interim:
            self.assertIn(event["sequence"], (None, 0))
            self.assertEqual(event["data"]["transcribe_id"], transcribe)

    def test_it_outlives_the_speech_process(self):
        self.start()
        before = self.join(*SPEAKERS[0])
        until(lambda: self.texts(before), 60, "a text before")
        self.stack.kill("speech")
        until(lambda: self.now()["degraded"], 20, "it is degraded")
        until(lambda: self.degradations() == [True], 5, "told")
        self.assertEqual(self.now()["status"], "progressing")
        # It speaks while nobody listens.
        during = self.join(*SPEAKERS[1])
        until(lambda: during.wav and len(self.stack.participants(self.room)) == 2, 10, "joined")
        during.wait_heard(6)
        self.assertEqual(self.texts(during), [])
        self.stack.start_one("speech")
        until(lambda: self.texts(during), 60, "its text comes late")
        self.assert_said(during)
        done = self.wait_done()
        self.assertFalse(done["degraded"], "nothing was lost")
        until(lambda: "transcribe_done" in self.socket.types(), 5, "told")
        self.assertEqual(self.degradations(), [True, False])
        self.assertEqual(self.stack.metric("mediaplane", "tutti_mediaplane_transcription_utterances_lost_total"), 0)

    def test_a_language_that_nobody_knows(self):
        room = self.stack.create_conference()["id"]
        path = f"/v1/conferences/{room}/transcribe_start"
        answer = self.stack.post(path, {"language": "xx-XX"})
        self.assertEqual((answer.status, answer.reason), (400, "LANGUAGE_NOT_SUPPORTED"), answer.text)
        self.assertIn("en-US", answer.body["error"]["details"]["supported"])
        answer = self.stack.post(path, {"language": "en-GB"})
        self.assertEqual((answer.status, answer.reason), (400, "LANGUAGE_NOT_SUPPORTED"), answer.text)
        answer = self.stack.post(path, {"language": "en-US", "provider": "nobody"})
        self.assertEqual((answer.status, answer.reason), (400, "PROVIDER_NOT_FOUND"), answer.text)


    def test_a_language_without_a_region(self):
        room = self.stack.create_conference()["id"]
        answer = self.stack.post(f"/v1/conferences/{room}/transcribe_start", {"language": "EN"})
        self.assertEqual(answer.status, 200, answer.text)
        transcribe = answer.body["transcribe_id"]
        self.assertEqual(self.stack.get(f"/v1/transcribes/{transcribe}").body["language"], "en-US")
        self.stack.delete(f"/v1/conferences/{room}")


if __name__ == "__main__":
    junit.main()
