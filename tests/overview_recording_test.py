#!/usr/bin/python3
"""A walk through overview.rst, by REST on the real processes: scenario 2, the rules of recordings and of transcriptions, and the best
practices of recordings. Each test quotes the sentences that it checks; what was recorded is measured by ffprobe and ffmpeg."""

import datetime

from tests.harness import junit, recordings
from tests.harness.event_socket import EventSocket
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until
from tests.harness.walk import Walk

SENT_DBFS = -12
ABSENT_DBFS = -50
LENGTH_SECONDS_MAX_OFF = 0.02
TICKS_PER_SECOND = 50


def tearDownModule():
    for world in Walk.worlds.values():
        world.close()


def seconds_between(begin, end):
    parse = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (parse(end) - parse(begin)).total_seconds()


class RoomsWithMemory(Walk):
    speech = True

    def speak(self, room, tone):
        caller = UdpCaller(self.stack, tone)
        self.addCleanup(caller.end)
        return caller.join(room)

    def socket(self, room):
        socket = EventSocket(self.stack, f"conference:{room}")
        self.addCleanup(socket.close)
        return socket

    def wait_spoken(self, *callers, seconds):
        """Until so much more of the room has been heard by them."""
        wanted = [len(caller.packets) + seconds * TICKS_PER_SECOND for caller in callers]
        until(lambda: all(len(caller.packets) >= want for caller, want in zip(callers, wanted)), 15 + seconds, "spoken")

    def refused(self, path, reason, status=409, body=None):
        answer = self.stack.post(path, body)
        self.assertEqual((answer.status, answer.reason), (status, reason), answer.text)
        return answer


class Scenario2Test(RoomsWithMemory):
    """Scenario 2: Recorded Meeting."""

    def test_recorded_meeting(self):
        """"Create conference" · "Start recording" · "Participants join and talk" · "Stop recording" · "Recording file available for
        download" · "Supports recording all participant audio into a single file" · "recording_id: current active recording" ·
        "recording_ids: all recordings history" · "conference_updated: recording starts/stops"."""
        room = self.room(name="recorded")
        socket = self.socket(room)
        recording_id = recordings.start(self.stack, room)
        self.assertEqual(self.conference(room)["recording_id"], recording_id)
        recordings.wait_status(self.stack, recording_id, "recording")
        people = [self.speak(room, tone) for tone in (503, 811, 1103)]
        self.stack.wait_joined(room, 3)
        self.wait_spoken(*people, seconds=3)
        stopped = recordings.stop(self.stack, room)
        self.assertIsNone(stopped["recording_id"])
        self.assertEqual(self.conference(room)["recording_ids"], [recording_id])

        ended = recordings.wait_status(self.stack, recording_id, recordings.OVER)
        self.assertEqual((ended["status"], ended["failure_reason"]), ("ended", None), ended)
        mixed = recordings.files_of(ended, "mixed")
        self.assertEqual(len(mixed), 1, "a single file")
        path = recordings.fetch(self.stack, mixed[0])
        codec, rate, channels, seconds = recordings.probe(path)
        self.assertEqual((codec, rate, channels), ("pcm_s16le", 16000, 1))
        # Length is the wall time between its first and its last sample.
        self.assertAlmostEqual(seconds, seconds_between(ended["tm_start"], ended["tm_end"]), delta=LENGTH_SECONDS_MAX_OFF)
        self.assertAlmostEqual(seconds, ended["duration"], delta=LENGTH_SECONDS_MAX_OFF)
        self.assertEqual(sum(file["size"] for file in ended["files"]), ended["size"])
        samples = recordings.samples_of(path)
        for tone in (503, 811, 1103):
            self.assertAlmostEqual(recordings.level(samples, tone, -1.5, -0.2), SENT_DBFS, delta=1)
        # It began before anybody had joined: first there is silence.
        self.assertLess(abs(samples[:160]).max(), 1e-3)

        told = [event["type"] for event in socket.events if event["type"].startswith("recording_")]
        until(lambda: "recording_finished" in socket.types(), 10, "told that it is finished")
        told = [event["type"] for event in socket.events if event["type"].startswith("recording_")]
        self.assertEqual(told, ["recording_started", "recording_finished"])
        updated = [event["data"]["recording_id"] for event in socket.events if event["type"] == "conference_updated"]
        self.assertIn(recording_id, updated)
        self.assertIsNone(updated[-1])
        self.assertEqual([event["sequence"] for event in socket.events], list(range(1, len(socket.events) + 1)))


class RecordingRulesTest(RoomsWithMemory):
    """Recording Rules."""

    def test_only_one_active_recording_per_conference_at_a_time(self):
        """"Only one active recording per conference at a time"."""
        room = self.room()
        first = recordings.start(self.stack, room)
        self.refused(f"/v1/conferences/{room}/recording_start", "RECORDING_ALREADY_ACTIVE")
        self.assertEqual(self.conference(room)["recording_id"], first)
        recordings.stop(self.stack, room)
        self.refused(f"/v1/conferences/{room}/recording_stop", "RECORDING_NOT_ACTIVE")
        second = recordings.start(self.stack, room)
        self.assertNotEqual(first, second)
        recordings.stop(self.stack, room)

    def test_only_while_progressing(self):
        """"Recording can only start when conference is in progressing status"."""
        room = self.room()
        self.stack.delete(f"/v1/conferences/{room}")
        self.refused(f"/v1/conferences/{room}/recording_start", "STATE_INVALID")

    def test_maximum_duration(self):
        """"Maximum duration: 24 hours" · "Set reasonable duration limits"."""
        room = self.room()
        for duration in (86401, -1):
            self.refused(f"/v1/conferences/{room}/recording_start", "INVALID_REQUEST_PARAMETER", 400, {"duration": duration})
        recording_id = recordings.start(self.stack, room, duration=1)
        ended = recordings.wait_status(self.stack, recording_id, recordings.OVER)
        self.assertEqual(ended["status"], "ended")
        self.assertAlmostEqual(recordings.probe(recordings.fetch_mixed(self.stack, ended))[3], 1, delta=LENGTH_SECONDS_MAX_OFF)
        # It ended by itself: the room is free to record again.
        self.assertIsNone(self.conference(room)["recording_id"])
        recordings.start(self.stack, room)

    def test_history(self):
        """"Recording history is preserved in recording_ids array" · "Clears recording_id field"."""
        room = self.room()
        made = []
        for _ in range(3):
            made.append(recordings.start(self.stack, room))
            self.assertIsNone(recordings.stop(self.stack, room)["recording_id"])
        self.assertEqual(self.conference(room)["recording_ids"], made)
        listed = self.stack.get(f"/v1/recordings?conference_id={room}").body["result"]
        self.assertEqual([one["id"] for one in listed], made[::-1])

    def test_it_ends_with_the_conference(self):
        """"Auto-terminate" · mission: DELETE or the timeout stops the active recording, which is kept."""
        room = self.room()
        caller = self.speak(room, 503)
        self.stack.wait_joined(room, 1)
        recording_id = recordings.start(self.stack, room)
        recordings.wait_status(self.stack, recording_id, "recording")
        self.wait_spoken(caller, seconds=1)
        self.stack.delete(f"/v1/conferences/{room}")
        ended = recordings.wait_status(self.stack, recording_id, recordings.OVER)
        self.assertEqual(ended["status"], "ended")
        self.assertIsNone(self.conference(room)["recording_id"])
        samples = recordings.samples_of(recordings.fetch_mixed(self.stack, ended))
        self.assertAlmostEqual(recordings.level(samples, 503, 0.2, 0.9), SENT_DBFS, delta=1)

    def test_notify_participants(self):
        """"Notify participants that recording is active": with `beep` all hear a tone as it begins."""
        room = self.room()
        caller = self.speak(room, 0)
        self.stack.wait_joined(room, 1)
        until(lambda: len(caller.packets) > TICKS_PER_SECOND, 5, "packets")
        mark = len(caller.packets)
        recordings.start(self.stack, room, beep=True)
        def heard():
            return caller.quiet_packets(mark, -40) < len(caller.packets) - mark
        until(heard, 5, "the beep")


class RecordingControlsTest(RoomsWithMemory):
    """What users expect beyond the overview."""

    def test_pause_leaves_out_what_is_said(self):
        room = self.room()
        socket = self.socket(room)
        caller = self.speak(room, 503)
        self.stack.wait_joined(room, 1)
        recording_id = recordings.start(self.stack, room)
        recordings.wait_status(self.stack, recording_id, "recording")
        self.wait_spoken(caller, seconds=1)
        self.assertEqual(self.stack.post(f"/v1/conferences/{room}/recording_pause").status, 200)
        recordings.wait_status(self.stack, recording_id, "paused")
        secret = self.speak(room, 811)
        self.stack.wait_joined(room, 2)
        self.wait_spoken(secret, seconds=1)
        self.assertEqual(self.stack.post(f'/v1/calls/{secret.call["id"]}/hangup').status, 200)
        until(lambda: caller.level(811, 10) < ABSENT_DBFS, 5, "it is gone")
        self.assertEqual(self.stack.post(f"/v1/conferences/{room}/recording_resume").status, 200)
        recordings.wait_status(self.stack, recording_id, "recording")
        self.wait_spoken(caller, seconds=1)
        recordings.stop(self.stack, room)
        ended = recordings.wait_status(self.stack, recording_id, "ended")
        samples = recordings.samples_of(recordings.fetch_mixed(self.stack, ended))
        self.assertLess(recordings.level(samples, 811, 0, len(samples) / 16000), ABSENT_DBFS)
        self.assertLess(ended["duration"], seconds_between(ended["tm_start"], ended["tm_end"]) - 0.9)
        until(lambda: "recording_finished" in socket.types(), 10, "told")
        told = [event["type"] for event in socket.events if event["type"].startswith("recording_")]
        self.assertEqual(told, ["recording_started", "recording_paused", "recording_resumed", "recording_finished"])

    def test_a_file_for_each_speaker_on_one_time_line(self):
        room = self.room()
        recording_id = recordings.start(self.stack, room, per_speaker=True, rate=8000)
        recordings.wait_status(self.stack, recording_id, "recording")
        tones = (503, 811)
        people = []
        for tone in tones:
            people.append(self.speak(room, tone))
            self.stack.wait_joined(room, len(people))
            self.wait_spoken(*people, seconds=1)
        recordings.stop(self.stack, room)
        ended = recordings.wait_status(self.stack, recording_id, "ended")
        mixed = recordings.fetch_mixed(self.stack, ended)
        self.assertEqual(recordings.probe(mixed)[1], 8000)
        by_call = {file["call_id"]: file for file in recordings.files_of(ended, "speaker")}
        self.assertEqual(set(by_call), {person.call["id"] for person in people})
        participants = {one["reference_id"]: one["id"] for one in self.stack.participants(room)}
        for call_id, file in by_call.items():
            self.assertEqual(file["conferencecall_id"], participants[call_id])
            self.assertEqual(file["name"], f"{recording_id}-{participants[call_id]}-{call_id}.wav")
        together = recordings.samples_of(mixed)
        for own, other, person in zip(tones, tones[::-1], people):
            path = recordings.fetch(self.stack, by_call[person.call["id"]])
            self.assertAlmostEqual(recordings.probe(path)[3], ended["duration"], delta=LENGTH_SECONDS_MAX_OFF)
            samples = recordings.samples_of(path)
            self.assertAlmostEqual(recordings.level(samples, own, -0.8, -0.2), SENT_DBFS, delta=1)
            self.assertLess(recordings.level(samples, other, -0.8, -0.2), ABSENT_DBFS)
            # Where it is in the mix it is here, too: its beginning, to within two ticks.
            self.assertAlmostEqual(self.begin(samples, own), self.begin(together, own), delta=0.04)
        marks = recordings.markers(self.stack, ended)
        joined = [(mark["conferencecall_id"], mark["call_id"]) for mark in marks["markers"] if mark["kind"] == "joined"]
        self.assertEqual(joined, [(participants[person.call["id"]], person.call["id"]) for person in people])

    def test_who_is_moved_has_files_and_marks_in_both_rooms(self):
        rooms = [self.room(), self.room()]
        ids = [recordings.start(self.stack, room, per_speaker=True) for room in rooms]
        for recording_id in ids:
            recordings.wait_status(self.stack, recording_id, "recording")
        caller = self.speak(rooms[0], 503)
        self.stack.wait_joined(rooms[0], 1)
        self.wait_spoken(caller, seconds=1)
        before = self.stack.participants(rooms[0])[0]["id"]
        answer = self.stack.post(f"/v1/conferencecalls/{before}/move", {"conference_id": rooms[1]})
        self.assertEqual(answer.status, 200, answer.text)
        after = answer.body["id"]
        self.stack.wait_joined(rooms[1], 1)
        self.wait_spoken(caller, seconds=1)
        for room, recording_id, participant, left in zip(rooms, ids, (before, after), (1, 0)):
            recordings.stop(self.stack, room)
            ended = recordings.wait_status(self.stack, recording_id, "ended")
            speakers = [(file["conferencecall_id"], file["call_id"]) for file in recordings.files_of(ended, "speaker")]
            self.assertEqual(speakers, [(participant, caller.call["id"])])
            marks = [mark for mark in recordings.markers(self.stack, ended)["markers"] if "call_id" in mark]
            self.assertEqual({(mark["conferencecall_id"], mark["call_id"]) for mark in marks}, set(speakers))
            self.assertEqual([mark["kind"] for mark in marks], ["joined", "left"][:1 + left])
            samples = recordings.samples_of(recordings.fetch(self.stack, recordings.files_of(ended, "speaker")[0]))
            self.assertGreater(recordings.level(samples, 503, 0, len(samples) / 16000), ABSENT_DBFS)

    @staticmethod
    def begin(samples, tone):
        """Seconds until the tone is there, in steps of 10 ms."""
        steps = (at / 100 for at in range(len(samples) // 160 - 5))
        return next(at for at in steps if recordings.level(samples, tone, at, at + 0.05) > SENT_DBFS - 6)

    def test_formats(self):
        for asked, codec in (("flac", "flac"), ("ogg", "opus")):
            room = self.room()
            caller = self.speak(room, 503)
            self.stack.wait_joined(room, 1)
            recording_id = recordings.start(self.stack, room, format=asked)
            recordings.wait_status(self.stack, recording_id, "recording")
            self.wait_spoken(caller, seconds=2)
            recordings.stop(self.stack, room)
            ended = recordings.wait_status(self.stack, recording_id, recordings.OVER)
            self.assertEqual(ended["status"], "ended", ended)
            path = recordings.fetch_mixed(self.stack, ended)
            self.assertEqual(recordings.probe(path)[0], codec)
            samples = recordings.samples_of(path)
            self.assertAlmostEqual(recordings.level(samples, 503, 0.5, 1.5), SENT_DBFS, delta=1)
            self.assertAlmostEqual(recordings.probe(path)[3], ended["duration"], delta=LENGTH_SECONDS_MAX_OFF)


class TranscriptionRulesTest(RoomsWithMemory):
    """Transcription Rules."""

    def test_only_one_active_transcription_per_conference_at_a_time(self):
        """"Only one active transcription per conference at a time" · "History preserved in transcribe_ids array"."""
        room = self.room()
        path = f"/v1/conferences/{room}/transcribe"
        started = self.stack.post(f"{path}_start", {"language": "en-US"})
        self.assertEqual(started.status, 200, started.text)
        first = started.body["transcribe_id"]
        self.refused(f"{path}_start", "TRANSCRIBE_ALREADY_ACTIVE", body={"language": "en-US"})
        self.assertIsNone(self.stack.post(f"{path}_stop").body["transcribe_id"])
        self.refused(f"{path}_stop", "TRANSCRIBE_NOT_ACTIVE")
        until(lambda: self.stack.get(f"/v1/transcribes/{first}").body["status"] == "done", 40, "done")
        second = self.stack.post(f"{path}_start", {"language": "en-US"}).body["transcribe_id"]
        self.assertEqual(self.conference(room)["transcribe_ids"], [first, second])

    def test_only_while_progressing(self):
        """"Can only start when conference is in progressing status"."""
        room = self.room()
        self.stack.delete(f"/v1/conferences/{room}")
        self.refused(f"/v1/conferences/{room}/transcribe_start", "STATE_INVALID", body={"language": "en-US"})

    def test_the_language(self):
        """"Language must be specified for accurate transcription"."""
        room = self.room()
        path = f"/v1/conferences/{room}/transcribe_start"
        self.refused(path, "MISSING_REQUEST_PARAMETER", 400)
        answer = self.refused(path, "LANGUAGE_NOT_SUPPORTED", 400, {"language": "tlh"})
        self.assertIn("en-US", answer.text)
        self.assertIsNone(self.conference(room)["transcribe_id"])


if __name__ == "__main__":
    junit.main()
