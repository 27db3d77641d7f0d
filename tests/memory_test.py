#!/usr/bin/python3
"""A meeting that is recorded and transcribed live: four speakers with known texts over PCMU and G.722, and a second room beside
it. Speech is flite's, the senders are ffmpeg, the recordings are measured by ffprobe and ffmpeg."""

import unittest

import numpy

from tests.harness import junit, recordings
from tests.harness.speech import Speaker, error_rate, words_of
from tests.harness.stack import Stack
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

SPEAKERS = (
    ("PCMU", "slt", "the meeting begins at seven in the morning"),
    ("G722", "awb", "please send the report to the main office today"),
    ("PCMU", "rms", "we have twenty five customers in the city"),
    ("G722", "slt", "thank you for calling and have a good day"),
)
LENGTH_SECONDS_MAX_OFF = 0.02
ABSENT_DBFS = -50
TONE = 1409
# Of all speakers, by a recogniser that is known to be modest; the exact figures are printed.
ERROR_RATE_MAX = 0.75


class MemoryTest(unittest.TestCase):
    def test_four_speakers(self):
        stack = Stack(speech=True)
        self.addCleanup(stack.stop)
        stack.start()
        room, other_room = (stack.create_conference()["id"] for _ in range(2))
        recording_id = recordings.start(stack, room, per_speaker=True)
        other_recording = recordings.start(stack, other_room)
        started = stack.post(f"/v1/conferences/{room}/transcribe_start", {"language": "en-US"})
        self.assertEqual(started.status, 200, started.text)
        transcribe = started.body["transcribe_id"]
        beside = UdpCaller(stack, TONE)
        self.addCleanup(beside.end)
        beside.join(other_room)

        speakers = []
        for codec, voice, text in SPEAKERS:
            speaker = Speaker(stack, codec, voice, text)
            self.addCleanup(speaker.end)
            speaker.join(room)
            speakers.append(speaker)
        participants = {one["reference_id"]: one["id"] for one in stack.wait_joined(room, len(speakers))}

        def texts():
            return stack.get(f"/v1/transcripts?transcribe_id={transcribe}").body["result"]
        def all_heard():
            return {one["conferencecall_id"] for one in texts()} == set(participants.values())
        until(all_heard, 90, f"a text of each: {texts()}")
        stack.post(f"/v1/conferences/{room}/transcribe_stop")
        until(lambda: stack.get(f"/v1/transcribes/{transcribe}").body["status"] == "done", 60, "transcribed")
        for one in (room, other_room):
            recordings.stop(stack, one)

        # Each text is under its speaker: its own text is the nearest of the four.
        said = texts()
        self.assertEqual([one["tm_transcript"] for one in said], sorted(one["tm_transcript"] for one in said))
        total = 0
        for speaker in speakers:
            heard = words_of(" ".join(one["message"] for one in said
                                      if one["conferencecall_id"] == participants[speaker.call["id"]]))
            rates = {text: error_rate(words_of(text), heard) for _, _, text in SPEAKERS}
            print(f'{speaker.codec}: WER {rates[speaker.text]:.0%}: "{speaker.text}" heard as "{" ".join(heard)}"')
            self.assertEqual(min(rates, key=rates.get), speaker.text, heard)
            total += rates[speaker.text] / len(speakers)
        self.assertLess(total, ERROR_RATE_MAX)

        ended = recordings.wait_status(stack, recording_id, recordings.OVER)
        self.assertEqual(ended["status"], "ended")
        mixed = recordings.fetch_mixed(stack, ended)
        self.assertAlmostEqual(recordings.probe(mixed)[3], ended["duration"], delta=LENGTH_SECONDS_MAX_OFF)
        by_call = {file["call_id"]: file for file in recordings.files_of(ended, "speaker")}
        self.assertEqual(set(by_call), set(participants))
        for speaker in speakers:
            self.assert_own_spectrum(stack, by_call[speaker.call["id"]], speaker)
        # Two rooms recorded at once never hold each other's sound.
        samples = recordings.samples_of(mixed)
        self.assertLess(recordings.level(samples, TONE, 0, len(samples) / 16000), ABSENT_DBFS)
        other = recordings.wait_status(stack, other_recording, "ended")
        samples = recordings.samples_of(recordings.fetch_mixed(stack, other))
        self.assertAlmostEqual(recordings.level(samples, TONE, -2, -0.2), -12, delta=1)
        rest = samples - self.tone_in(samples)
        self.assertLess((rest[len(rest) // 2:-3200] ** 2).mean() ** 0.5, 10 ** (-40 / 20), "speech in the other room's recording")

    @staticmethod
    def tone_in(samples):
        """The tone as it is in the second half, continued over all."""
        times = numpy.arange(len(samples)) / 16000
        basis = numpy.stack([numpy.sin(2 * numpy.pi * TONE * times), numpy.cos(2 * numpy.pi * TONE * times)], axis=1)
        half = slice(len(samples) // 2, -3200)
        return basis @ numpy.linalg.lstsq(basis[half], samples[half], rcond=None)[0]

    def assert_own_spectrum(self, stack, file, speaker):
        """What is in a speaker's file has the spectrum of what it said: nearer to its own than to others'."""
        def bands(samples):
            frames = samples[:len(samples) // 512 * 512].reshape(-1, 512) * numpy.hanning(512)
            powers = (abs(numpy.fft.rfft(frames)) ** 2)
            loud = powers[powers.sum(axis=1) > powers.sum(axis=1).max() / 1000]
            # Up to 3.4 kHz, which all codecs carry.
            spectrum = loud.mean(axis=0)[4:108]
            return 10 * numpy.log10(spectrum / spectrum.sum() + 1e-9)
        recorded = bands(recordings.samples_of(recordings.fetch(stack, file)))
        original = bands(recordings.samples_of(speaker.sound))
        self.assertGreater(numpy.corrcoef(recorded, original)[0, 1], 0.9, f"{speaker.codec}: {speaker.text}")


if __name__ == "__main__":
    junit.main()
