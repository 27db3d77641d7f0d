#!/usr/bin/python3
"""What a host can do to participants, heard: who hears whom before, during and after, by tones through real RTP."""

from tests.harness import junit
from tests.harness.meeting import SENT_DBFS, TONES, WINDOW_PACKETS, MeetingTest
from tests.harness.waiting import until


class ParticipantTest(MeetingTest):
    def test_muted(self):
        a, _, _ = self.meet("abc")
        self.expect("before", a="bc", b="ac", c="ab")
        self.assertTrue(a.patch(muted=True)["muted"])
        self.expect("a is muted", a="bc", b="c", c="b")
        a.patch(muted=False)
        self.expect("after", a="bc", b="ac", c="ab")

    def test_deaf(self):
        a, _, _ = self.meet("abc")
        self.expect("before", a="bc", b="ac", c="ab")
        a.patch(deaf=True)
        self.expect("a is deaf", a="", b="ac", c="ab")
        a.patch(deaf=False)
        self.expect("after", a="bc", b="ac", c="ab")

    def test_hold_with_music(self):
        a, _, _ = self.meet("abc")
        self.expect("before", a="bc", b="ac", c="ab")
        a.patch(on_hold=True)
        self.expect("a is on hold", a="", b="c", c="b", music="a")
        a.patch(on_hold=False)
        self.expect("after", a="bc", b="ac", c="ab")

    def test_volume(self):
        a, b = self.meet("ab")
        self.expect("before", a="b", b="a")
        for volume in (-10, 6, 0):
            a.patch(volume_db=volume)
            wanted = SENT_DBFS + volume
            b.wait_level(TONES["a"], wanted, f"volume_db {volume}")
            later = len(b.caller.packets) + WINDOW_PACKETS
            until(lambda: len(b.caller.packets) >= later, 5, "packets")
            a.wait_level(TONES["b"], SENT_DBFS, "what a hears has its own volume")

    def test_coach(self):
        a, _, c = self.meet("abc")
        self.expect("before", a="bc", b="ac", c="ab")
        c.patch(coach_target_id=a.participant_id)
        self.expect("c coaches a", a="bc", b="a", c="ab")
        c.patch(coach_target_id="")
        self.expect("after", a="bc", b="ac", c="ab")

    def test_coach_whose_target_leaves_is_heard_by_nobody(self):
        a, _, c = self.meet("abc")
        c.patch(coach_target_id=a.participant_id)
        self.expect("c coaches a", a="bc", b="a", c="ab")
        a.hang_up()
        self.expect("a has left", b="", c="b")

    def test_move(self):
        _, b, _ = self.meet("abc")
        self.expect("before", a="bc", b="ac", c="ab")
        first = self.room
        self.open_room()
        self.enter("d")
        b.patch(volume_db=-6)
        answer = self.stack.post(f"{b.path}/move", {"conference_id": self.room})
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual((answer.body["conference_id"], answer.body["volume_db"]), (self.room, -6))
        left, b.participant_id = b.path, answer.body["id"]
        self.expect("b is in the other room", a="c", b="d", c="a", d="b")
        self.members["d"].wait_level(TONES["b"], SENT_DBFS - 6)
        until(lambda: self.stack.get(left).body["status"] == "leaved", 5, "it has left the first room")
        self.assertEqual(self.stack.get(left).body["leave_reason"], "moved")
        answer = self.stack.post(f"{b.path}/move", {"conference_id": first})
        self.assertEqual(answer.status, 200, answer.text)
        self.expect("and back", a="bc", b="ac", c="ab", d="")

    def test_all_at_once_and_one_after_the_other(self):
        a, b, _ = self.meet("abc")
        a.patch(muted=True, volume_db=3)
        b.patch(deaf=True)
        self.expect("a muted, b deaf", a="bc", b="", c="b")
        a.patch(on_hold=True)
        self.expect("and a on hold", a="", b="", c="b", music="a")
        a.patch(on_hold=False)
        self.expect("still muted", a="bc", b="", c="b")


class RoomTest(MeetingTest):
    def mute_all(self, body=None):
        answer = self.stack.post(f"/v1/conferences/{self.room}/mute_all", body)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.body

    def test_muted_on_entry(self):
        self.open_room(muted_on_entry=True)
        self.enter("a", host=True)
        b = self.enter("b")
        self.assertTrue(self.stack.get(b.path).body["muted"])
        self.expect("b is muted, the host is not", a="", b="a")
        b.patch(muted=False)
        self.expect("b may speak", a="b", b="a")

    def test_mute_all_and_who_comes_late(self):
        self.open_room()
        self.enter("a", host=True)
        self.enter("b")
        self.expect("before", a="b", b="a")
        self.assertTrue(self.mute_all()["muted_on_entry"])
        self.expect("all but the host", a="", b="a")
        self.enter("c")
        self.expect("c comes late", a="", b="a", c="a")
        self.assertFalse(self.mute_all({"muted": False})["muted_on_entry"])
        self.expect("after", a="bc", b="ac", c="ab")

    def test_start_on_host(self):
        self.meet("ab", start_on_host=True)
        self.expect("music until the host is there", a="", b="", music="ab")
        host = self.enter("c", host=True)
        self.expect("the host is there", a="bc", b="ac", c="ab")
        host.hang_up()
        self.expect("it goes on without", a="b", b="a")

    def test_end_on_host(self):
        self.open_room(end_on_host=True)
        guest = self.enter("a")
        host = self.enter("b", host=True)
        self.expect("before", a="b", b="a")
        host.hang_up()
        until(lambda: self.stack.get(f"/v1/conferences/{self.room}").body["status"] == "terminated", 10, "the room ended")
        self.assertEqual(self.stack.get(f"/v1/conferences/{self.room}").body["end_reason"], "host_left")
        self.assertEqual(self.stack.get(guest.path).body["leave_reason"], "conference_ended")
        call = f'/v1/calls/{guest.caller.call["id"]}'
        until(lambda: self.stack.get(call).body["status"] == "hangup", 10, "the guest's call has ended")

    def test_lock(self):
        self.meet("ab")
        locked = self.stack.post(f"/v1/conferences/{self.room}/lock")
        self.assertTrue(locked.body["locked"], locked.text)
        refused = self.try_to_join()
        self.assertEqual((refused.status, refused.reason), (409, "CONFERENCE_LOCKED"))
        self.expect("who is in is not touched", a="b", b="a")
        self.assertFalse(self.stack.post(f"/v1/conferences/{self.room}/unlock").body["locked"])
        self.enter("c")
        self.expect("after", a="bc", b="ac", c="ab")

    def test_pin(self):
        self.open_room(pin="4711")
        self.assertNotIn("4711", self.stack.get(f"/v1/conferences/{self.room}").text)
        for option in ({}, {"pin": "4712"}):
            refused = self.try_to_join(**option)
            self.assertEqual((refused.status, refused.reason), (403, "CONFERENCE_PIN_INVALID"), option)
        self.enter("a", pin="4711")
        self.enter("b", pin="4711")
        self.expect("with the pin", a="b", b="a")

    def test_max_participants(self):
        self.meet("ab", max_participants=2)
        refused = self.try_to_join()
        self.assertEqual((refused.status, refused.reason), (409, "CONFERENCE_FULL"))
        self.members["b"].hang_up()
        self.stack.wait_joined(self.room, 1)
        self.enter("c")
        self.expect("one has left, one has come", a="c", c="a")


if __name__ == "__main__":
    junit.main()
