#!/usr/bin/python3
"""Announcements and beeps, heard: to all in a room, to one, and stopped; by tones through real RTP."""

import os

from tests.harness import junit, tones
from tests.harness.meeting import SENT_DBFS, TONES, WINDOW_PACKETS, MeetingTest
from tests.harness.waiting import until

# The tone of the file that is played.
PLAYED = 1777
ENTRY, EXIT = (660, 880), (880, 660)
HEARD_DBFS = -24


class AnnouncementsTest(MeetingTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = os.path.join(cls.stack.folder, "sounds")
        os.makedirs(folder, exist_ok=True)
        tones.write_tone(os.path.join(folder, "long.wav"), PLAYED, 20, 16000, -14)
        tones.write_tone(os.path.join(folder, "short.wav"), PLAYED, 0.6, 44100, -14)

    def play(self, path, **body):
        answer = self.stack.post(f"{path}/play", body)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.body

    def hear(self, **played):
        """Until each hears the played tone, or does not."""
        def now():
            return {name: self.members[name].level(PLAYED) > HEARD_DBFS for name in played}
        until(lambda: all(len(self.members[name].caller.packets) >= WINDOW_PACKETS for name in played), 5, "packets")
        until(lambda: now() == played, 5, f"who hears what is played: {played}")
        count = {name: len(self.members[name].caller.packets) + WINDOW_PACKETS for name in played}
        until(lambda: all(len(self.members[name].caller.packets) >= count[name] for name in played), 5, "packets")
        until(lambda: now() == played, 2, f"who hears what is played, 300 ms later: {played}")

    def test_to_all(self):
        self.meet("abc")
        path = f"/v1/conferences/{self.room}"
        self.hear(a=False, b=False, c=False)
        self.assertEqual(self.play(path, sound="file:long.wav")["id"], self.room)
        self.hear(a=True, b=True, c=True)
        self.members["a"].wait_level(TONES["b"], SENT_DBFS, "b is heard beside it")
        stopped = self.stack.post(f"{path}/play_stop")
        self.assertEqual((stopped.status, stopped.body["id"]), (200, self.room))
        self.hear(a=False, b=False, c=False)
        self.expect("after", a="bc", b="ac", c="ab")

    def test_a_sound_that_was_uploaded(self):
        self.meet("ab")
        with open(os.path.join(self.stack.folder, "sounds", "short.wav"), "rb") as file:
            data = file.read()
        made = self.stack.request("POST", "/v1/sounds?name=short", data, headers={"Content-Type": "audio/wav"})
        self.assertEqual(made.status, 200, made.text)
        self.assertEqual((made.body["name"], made.body["size"], made.body["duration"]), ("short", len(data), 0.6))
        self.assertEqual(self.stack.get("/v1/sounds").body["result"], [made.body])
        path = f"/v1/conferences/{self.room}"
        self.play(path, sound=f'sound:{made.body["id"]}', loop=True)
        self.hear(a=True, b=True)
        self.stack.post(f"{path}/play_stop")
        self.hear(a=False, b=False)
        self.assertEqual(self.stack.delete(f'/v1/sounds/{made.body["id"]}').status, 200)
        self.assertEqual(self.stack.get(f'/v1/sounds/{made.body["id"]}').reason, "SOUND_NOT_FOUND")
        refused = self.stack.request("POST", "/v1/sounds", b"no sound", headers={"Content-Type": "audio/wav"})
        self.assertEqual((refused.status, refused.reason), (400, "SOUND_NOT_SUPPORTED"))

    def test_to_one(self):
        self.meet("abc")
        member = self.members["a"]
        self.assertEqual(self.play(member.path, sound="file:long.wav", volume_db=-3)["id"], member.participant_id)
        self.hear(a=True, b=False, c=False)
        member.wait_level(PLAYED, -17)
        self.assertEqual(self.stack.post(f"{member.path}/play_stop").status, 200)
        self.hear(a=False, b=False, c=False)
        self.expect("after", a="bc", b="ac", c="ab")

    def test_it_ends_by_itself_and_the_next_follows(self):
        a, _ = self.meet("ab")
        path = f"/v1/conferences/{self.room}"
        before = len(a.caller.packets)
        for _ in range(2):
            self.play(path, sound="file:short.wav")
        self.hear(a=True, b=True)
        self.expect("both have ended", a="b", b="a")
        # 0.6 s each, and the pieces of it at either end of a window.
        heard = self.packets_with(a, PLAYED, before)
        self.assertGreater(heard, 50)
        self.assertLess(heard, 75)

    @staticmethod
    def packets_with(member, frequency, first):
        """Packets since `first` in which the tone is heard."""
        count = 0
        for packet in member.caller.packets[first:]:
            count += member.caller.level_of([packet], frequency) > HEARD_DBFS
        return count

    def test_refusals(self):
        self.meet("a")
        path = f"/v1/conferences/{self.room}"
        for sound, status, reason in (("file:none.wav", 404, "SOUND_NOT_FOUND"),
                                      ("file:../tutti.db", 400, "INVALID_REQUEST_PARAMETER"),
                                      ("http://127.0.0.1:1/a.wav", (400, 403), "URL_NOT_ALLOWED"),
                                      ("", 400, "MISSING_REQUEST_PARAMETER")):
            answer = self.stack.post(f"{path}/play", {"sound": sound})
            self.assertEqual(answer.reason, reason, sound)
            self.assertIn(answer.status, status if isinstance(status, tuple) else (status,), sound)
        member = self.members["a"]
        member.hang_up()
        until(lambda: self.stack.get(member.path).body["status"] == "leaved", 10, "a has left")
        for where in (path, member.path):
            answer = self.stack.post(f"{where}/play", {"sound": "beep"})
            self.assertEqual((answer.status, answer.reason), (409, "STATE_INVALID"))

    def test_beeps(self):
        self.open_room(beeps=True)
        a = self.enter("a")
        until(lambda: len(a.caller.packets) > 50, 10, "its own beep is over")
        for what, tone_pair in (("entry", ENTRY), ("exit", EXIT)):
            first = len(a.caller.packets)
            if what == "entry":
                b = self.enter("b")
            else:
                b.hang_up()
            def places(frequency):
                packets = a.caller.packets[first:]
                return [place for place in range(len(packets) - 2)
                        if a.caller.level_of(packets[place:place + 3], frequency) > HEARD_DBFS]
            until(lambda: len(places(660)) > 2 and len(places(880)) > 2, 5, f"the {what} beep")
            starts = [min(places(frequency)) for frequency in tone_pair]
            self.assertLess(starts[0], starts[1], f"{what}: {tone_pair[0]} Hz comes before {tone_pair[1]} Hz")
            end = max(places(660) + places(880))
            until(lambda: len(a.caller.packets) > first + end + 20, 5, "silence")
            self.assertLess(len(places(660)), 14, "one beep")

    def test_no_beeps_unless_asked(self):
        self.open_room()
        a = self.enter("a")
        until(lambda: len(a.caller.packets) > 20, 10, "packets")
        first = len(a.caller.packets)
        self.enter("b").hang_up()
        until(lambda: len(a.caller.packets) > first + 60, 10, "packets")
        packets = a.caller.packets[first:]
        self.assertEqual([place for place in range(len(packets) - 2)
                          if a.caller.level_of(packets[place:place + 3], 660) > HEARD_DBFS], [])


if __name__ == "__main__":
    junit.main()
