#!/usr/bin/python3
"""A walk through overview.rst, by REST on the real processes: architecture, life cycles, joining, leaving, types, timeout, cleanup and
health. Each test quotes the sentences that it checks."""

import contextlib
import os
import sqlite3
import time

from tests.harness import junit
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until
from tests.harness.walk import HEALTH_SECONDS, JOINING_SECONDS, LEAVING_SECONDS, Walk, seconds_of

# Of the messages; the data base keeps their numbers.
CALL_PROGRESSING, CALL_HANGUP = 3, 5
CONFERENCE_TERMINATED = 4


def tearDownModule():
    for world in Walk.worlds.values():
        world.close()


class ArchitectureTest(Walk):
    """Conference Architecture."""

    def test_key_concepts(self):
        """"a virtual room where multiple participants can communicate" · "All audio mixed together" · "Confbridge: Low-level audio
        bridge that actually mixes the audio" · "Conferencecall: A participant in the conference (links a call to a conference)"."""
        room = self.room(name="three")
        tones = (503, 811, 1103)
        callers = []
        for tone in tones:
            caller = UdpCaller(self.stack, tone)
            self.addCleanup(caller.end)
            callers.append(caller.join(room))
        linked = {(one["conference_id"], one["reference_type"], one["reference_id"])
                  for one in self.stack.wait_joined(room, 3)}
        self.assertEqual(linked, {(room, "call", caller.call["id"]) for caller in callers})
        self.assertEqual(self.stack.metric("mediaplane", "tutti_mediaplane_bridges"), 1)
        until(lambda: all(len(caller.packets) > 75 for caller in callers), 15, "a second and a half of the mix")
        for caller in callers:
            for tone in tones:
                if tone == caller.frequency:
                    self.assertLess(caller.level(tone, 25), -40, f"{tone} Hz hears itself")
                else:
                    caller.wait_level(tone, -12, 25, f"{caller.frequency} Hz hears {tone} Hz")
        self.stack.delete(f"/v1/conferences/{room}")
        self.wait_conference(room, "terminated")
        until(lambda: self.stack.metric("mediaplane", "tutti_mediaplane_bridges") == 0, 10, "the bridge is gone")


class ConferenceLifecycleTest(Walk):
    """Conference Lifecycle."""

    def test_an_empty_room(self):
        """"POST /v1/conferences" → "progressing: Conference is active" · "DELETE" → "terminated: Conference is completely closed"."""
        made = self.stack.create_conference()
        self.assertEqual((made["status"], made["end_reason"], made["tm_end"], made["tm_delete"]), ("progressing", None, None, None))
        deleted = self.stack.delete(f'/v1/conferences/{made["id"]}')
        self.assertEqual((deleted.status, deleted.body["status"], deleted.body["end_reason"]), (200, "terminated", "deleted"))
        self.assertEqual(deleted.body["tm_end"], deleted.body["tm_delete"])
        self.assertGreater(deleted.body["tm_end"], made["tm_create"])
        again = self.stack.delete(f'/v1/conferences/{made["id"]}')
        self.assertEqual((again.status, again.body), (200, deleted.body))
        self.assertEqual([event.type for event in self.stream(made["id"], 3)],
                         ["conference_created", "conference_updated", "conference_deleted"])

    def test_terminating(self):
        """"terminating: Conference is closing. No new participants. Waiting for everyone to leave." · "still has participants" ·
        "all participants left" → terminated · "No further operations possible"."""
        room = self.room()
        path = f"/v1/conferences/{room}"
        _, joined = self.join(room)
        with self.silent_mediaplane():
            closing = self.stack.delete(path).body
            self.assertEqual((closing["status"], closing["end_reason"], closing["tm_delete"]), ("terminating", "deleted", None))
            self.assertEqual(self.participant(joined["id"])["status"], "leaving")
            refused = self.create(self.join_action(room))
            self.assertEqual((refused.status, refused.reason), (409, "STATE_INVALID"))
            self.assertIn("terminating", refused.body["error"]["message"])
            for method in ("PATCH", "PUT"):
                changed = self.stack.request(method, path, {"name": "late"})
                self.assertEqual((changed.status, changed.reason), (409, "STATE_INVALID"))
            again = self.stack.delete(path)
            self.assertEqual((again.status, again.body["etag"], again.body["tm_end"]), (200, closing["etag"], closing["tm_end"]))
            self.assertEqual(self.conference(room)["status"], "terminating")
        ended = self.wait_conference(room, "terminated")
        self.assertGreater(ended["tm_delete"], ended["tm_end"])
        left = self.participant(joined["id"])
        self.assertEqual((left["status"], left["leave_reason"]), ("leaved", "conference_ended"))
        refused = self.create(self.join_action(room))
        self.assertEqual((refused.status, refused.reason), (409, "STATE_INVALID"))
        types = [event.type for event in self.stream(room, 9)]
        self.assertEqual(types.count("conference_deleted"), 1)
        self.assertEqual(types[-1], "conference_deleted")

    def test_ended_rooms_in_lists(self):
        """Lists show ended rows unless a status is asked for; `tm_delete` is set at terminated."""
        room = self.room(name="listed")
        self.stack.delete(f"/v1/conferences/{room}")
        def ids(query):
            return [one["id"] for one in self.stack.get(f"/v1/conferences{query}").body["result"]]
        self.assertIn(room, ids(""))
        self.assertIn(room, ids("?status=terminated"))
        self.assertNotIn(room, ids("?status=progressing"))


class ParticipantLifecycleTest(Walk):
    """Participant Lifecycle, Joining a Conference, Leaving a Conference."""

    def test_join_sequence(self):
        """"conference_join action" · "Create conferencecall, status: joining" · "Connect call to audio bridge" · "status: joined" ·
        "Add to participant list" · "Continue flow"."""
        room = self.room()
        with self.silent_mediaplane_for_join(room) as call:
            [joining] = self.wait_joining(room)
            self.assertEqual((joining["reference_id"], joining["tm_joined"], joining["leave_reason"]), (call["id"], None, None))
            now = self.conference(room)
            self.assertEqual((now["participant_count"], now["conferencecall_ids"]), (0, []))
        joined = self.wait_participant(joining, "joined")
        self.assertGreater(joined["tm_joined"], joined["tm_create"])
        self.assertIsNone(joined["tm_leaved"])
        now = self.conference(room)
        self.assertEqual((now["participant_count"], now["conferencecall_ids"]), (1, [joined["id"]]))
        self.assertEqual([event.type for event in self.stream(room, 4)],
                         ["conference_created", "conferencecall_joining", "conferencecall_joined", "conference_updated"])
        self.assertEqual(self.stream(room, 4)[3].data["participant_count"], 1)
        self.stack.post(f'/v1/calls/{call["id"]}/hangup')

    def test_hang_up(self):
        """"Hangs up phone" → "Detects leave from bridge" → "Update status to leaved" · "Remove from participant list"."""
        room = self.room()
        call, joined = self.join(room)
        self.assertEqual(self.stack.delete(f'/v1/calls/{call["id"]}').status, 200)
        left = self.participant(joined["id"])
        self.assertEqual((left["status"], left["leave_reason"]), ("leaved", "hangup"))
        self.assertGreater(left["tm_leaved"], left["tm_joined"])
        now = self.conference(room)
        self.assertEqual((now["status"], now["participant_count"], now["conferencecall_ids"]), ("progressing", 0, []))
        self.assertEqual(self.statuses(room, 6, joined), ["joining", "joined", "leaved"])

    def test_hang_up_while_joining(self):
        """"hangup" from joining: straight to leaved."""
        room = self.room()
        with self.silent_mediaplane_for_join(room) as call:
            [joining] = self.wait_joining(room)
            self.assertEqual(self.stack.post(f'/v1/calls/{call["id"]}/hangup').body["status"], "terminating")
            left = self.participant(joining["id"])
            self.assertEqual((left["status"], left["leave_reason"], left["tm_joined"]), ("leaved", "hangup", None))
        self.assertEqual(self.statuses(room, 3, joining), ["joining", "leaved"])

    def test_kick(self):
        """"Validate participant is in joining or joined status" · "Update status to leaving" · "Confbridge removes participant" ·
        "Update status to leaved". The call goes on with its flow."""
        room = self.room()
        call, joined = self.join(room, {"type": "sleep", "option": {"duration": 60_000}})
        path = f'/v1/conferencecalls/{joined["id"]}'
        with self.silent_mediaplane():
            kicked = self.stack.delete(path)
            self.assertEqual((kicked.status, kicked.body["status"], kicked.body["tm_leaved"]), (200, "leaving", None))
            self.assertEqual(self.conference(room)["participant_count"], 0)
            again = self.stack.delete(path)
            self.assertEqual((again.status, again.body), (200, kicked.body))
        left = self.wait_participant(joined, "leaved")
        self.assertEqual(left["leave_reason"], "kicked")
        self.assertEqual((self.stack.delete(path).status, self.stack.delete(path).body), (200, left))
        self.assertEqual(self.statuses(room, 7, joined), ["joining", "joined", "leaving", "leaved"])
        self.assertEqual(self.call(call["id"])["status"], "progressing")
        self.assertEqual(self.conference(room)["status"], "progressing")
        self.stack.post(f'/v1/calls/{call["id"]}/hangup')

    def test_kick_while_joining(self):
        """A kick is legal in joining."""
        room = self.room()
        with self.silent_mediaplane_for_join(room, {"type": "sleep", "option": {"duration": 60_000}}) as call:
            [joining] = self.wait_joining(room)
            kicked = self.stack.delete(f'/v1/conferencecalls/{joining["id"]}')
            self.assertEqual((kicked.status, kicked.body["status"]), (200, "leaving"))
        left = self.wait_participant(joining, "leaved")
        self.assertEqual((left["leave_reason"], left["tm_joined"]), ("kicked", None))
        self.assertEqual(self.statuses(room, 4, joining), ["joining", "leaving", "leaved"])
        self.assertEqual(self.call(call["id"])["status"], "progressing")
        self.stack.post(f'/v1/calls/{call["id"]}/hangup')

    def test_deadlines_of_joining_and_leaving(self):
        """Every state has an end: joining and leaving, too, when the media plane does not answer."""
        room, other = self.room(), self.room()
        _, kicked = self.join(other)
        with self.silent_mediaplane_for_join(room):
            [stuck] = self.wait_joining(room)
            self.stack.delete(f'/v1/conferencecalls/{kicked["id"]}')
            gave_up = self.wait_participant(stuck, "leaved")
            out = self.wait_participant(kicked, "leaved")
        self.assertEqual((gave_up["leave_reason"], out["leave_reason"]), ("join_timeout", "kicked"))
        leaving = [event for event in self.stream(room, 3) if event.data["status"] == "leaving"][0]
        waited = seconds_of(leaving.data["tm_update"]) - seconds_of(stuck["tm_create"])
        self.assertGreaterEqual(waited, JOINING_SECONDS)
        self.assertGreaterEqual(seconds_of(gave_up["tm_leaved"]) - seconds_of(leaving.data["tm_update"]), LEAVING_SECONDS)

    def test_refused_later_in_a_flow(self):
        """Where a later conference_join can't succeed no conferencecall is made, and the flow goes on."""
        closed, open_room = self.room(), self.room()
        self.stack.delete(f"/v1/conferences/{closed}")
        answer = self.create({"type": "sleep", "option": {"duration": 50}}, self.join_action(closed),
                             self.join_action(open_room))
        self.assertEqual(answer.status, 200, answer.text)
        [joined] = self.stack.wait_joined(open_room, 1)
        self.assertEqual(joined["reference_id"], answer.body["id"])
        self.assertEqual(self.stack.get(f"/v1/conferencecalls?conference_id={closed}").body["result"], [])

    def test_a_refused_join_makes_no_call(self):
        """A first action that can't succeed is refused before there is a call."""
        full = self.room(max_participants=1)
        self.join(full)
        before = self.stack.get("/v1/calls").body["result"]
        refused = self.create(self.join_action(full))
        self.assertEqual((refused.status, refused.reason), (409, "CONFERENCE_FULL"))
        self.assertEqual([one["id"] for one in self.stack.get("/v1/calls").body["result"]], [one["id"] for one in before])
        self.assertEqual(self.stack.request("PATCH", f"/v1/conferences/{full}", {"max_participants": 2}).status, 200)
        self.join(full)
        self.assertEqual(self.conference(full)["participant_count"], 2)


class TypesTest(Walk):
    """Conference Types."""

    def test_conference(self):
        """"Supports 2+ participants" · "Remains active even with 0 or 1 participant" · "Only terminates when explicitly deleted"."""
        room = self.room(type="conference")
        self.assertEqual(self.conference(room)["status"], "progressing")
        calls = [self.join(room)[0] for _ in range(3)]
        for left, call in zip((2, 1, 0), calls):
            self.stack.post(f'/v1/calls/{call["id"]}/hangup')
            now = self.conference(room)
            self.assertEqual((now["status"], now["participant_count"]), ("progressing", left))
        self.join(room)
        self.assertEqual(self.conference(room)["participant_count"], 1)
        self.assertEqual(self.stack.delete(f"/v1/conferences/{room}").status, 200)
        self.wait_conference(room, "terminated")

    def assert_closed(self, room, peer):
        """The other one is out, and the room is closed."""
        ended = self.wait_conference(room, "terminated")
        self.assertEqual(ended["end_reason"], "participant_left")
        left = self.participant(peer["id"])
        self.assertEqual((left["status"], left["leave_reason"]), ("leaved", "peer_left"))

    def test_connect(self):
        """"Designed for exactly 2 participants" · "Auto-ejects remaining participant when one leaves" · "Conference terminates"."""
        room = self.room(type="connect")
        caller, _ = self.join(room)
        agent_call, agent = self.join(room, {"type": "sleep", "option": {"duration": 60_000}})
        refused = self.create(self.join_action(room))
        self.assertEqual((refused.status, refused.reason), (409, "CONFERENCE_FULL"))
        self.stack.post(f'/v1/calls/{caller["id"]}/hangup')
        self.assert_closed(room, agent)
        self.assertEqual(self.call(agent_call["id"])["status"], "progressing", "it goes on with its flow")
        self.stack.post(f'/v1/calls/{agent_call["id"]}/hangup')

    def test_connect_kick(self):
        """A kick is a leave, too."""
        room = self.room(type="connect")
        _, kicked = self.join(room)
        _, peer = self.join(room)
        self.stack.delete(f'/v1/conferencecalls/{kicked["id"]}')
        self.assert_closed(room, peer)
        self.assertEqual(self.participant(kicked["id"])["leave_reason"], "kicked")

    def test_connect_of_one(self):
        """Whenever one that had joined leaves, it terminates: also the only one."""
        room = self.room(type="connect")
        alone, _ = self.join(room)
        self.stack.post(f'/v1/calls/{alone["id"]}/hangup')
        self.assertEqual(self.wait_conference(room, "terminated")["end_reason"], "participant_left")

    def test_connect_counts_who_is_joining(self):
        """Exactly two, joining ones counted; one who never had joined does not end it."""
        room = self.room(type="connect")
        pair = [self.joining(room), self.joining(room)]
        with self.silent_mediaplane():
            self.wait_joining(room, 2)
            refused = self.create(self.join_action(room))
            self.assertEqual((refused.status, refused.reason), (409, "CONFERENCE_FULL"))
            for call in pair:
                self.stack.post(f'/v1/calls/{call["id"]}/hangup')
            self.assertEqual(self.conference(room)["status"], "progressing")
        self.join(room)

    def test_connect_that_nobody_enters(self):
        """One that never had anybody stays until its timeout."""
        room = self.room(type="connect", timeout=1)
        self.assertEqual(self.conference(room)["status"], "progressing")
        self.assertEqual(self.wait_conference(room, "terminated")["end_reason"], "timeout")


class TimeoutTest(Walk):
    """Timeout and Auto-Cleanup."""

    def test_timeout(self):
        """"When timeout expires, conference moves to terminating" · "All remaining participants are kicked" · "Conference transitions to
        terminated" · "Wait for them to leave"."""
        room = self.room(timeout=2)
        one, two = self.join(room)[1], self.join(room)[1]
        self.assertEqual(self.conference(room)["status"], "progressing")
        ended = self.wait_conference(room, "terminated")
        self.assertEqual(ended["end_reason"], "timeout")
        lasted = seconds_of(ended["tm_end"]) - seconds_of(ended["tm_create"])
        self.assertGreaterEqual(lasted, 2)
        for participant in (one, two):
            left = self.participant(participant["id"])
            self.assertEqual((left["status"], left["leave_reason"]), ("leaved", "conference_ended"))
        story = [(event.type, event.data["status"]) for event in self.stream(room, 15)]
        self.assertEqual(story[7], ("conference_updated", "terminating"))
        self.assertEqual(story[-1], ("conference_deleted", "terminated"))
        self.assertEqual(sum(type == "conferencecall_leaved" for type, _ in story), 2)

    def wait_past(self, conference, seconds):
        end = seconds_of(conference["tm_create"]) + seconds
        until(lambda: time.time() > end, seconds + 5, "the timeout is past")

    def test_timeout_set_again(self):
        """PUT and PATCH re-arm it from the creation time; one that is already past terminates at once; 0 is none."""
        late = self.stack.create_conference()
        off = self.stack.create_conference(timeout=1)
        replaced = self.stack.create_conference(timeout=1, name="kept")
        self.assertEqual(self.stack.request("PATCH", f'/v1/conferences/{off["id"]}', {"timeout": 0}).body["timeout"], 0)
        self.assertEqual(self.stack.request("PUT", f'/v1/conferences/{replaced["id"]}', {"name": "kept"}).body["timeout"], 0)
        shorter = self.stack.create_conference(timeout=3600)
        self.stack.request("PATCH", f'/v1/conferences/{shorter["id"]}', {"timeout": 2})
        self.wait_past(replaced, 1.5)
        for stays in (off, replaced, late):
            self.assertEqual(self.conference(stays["id"])["status"], "progressing")
        ended = self.stack.request("PATCH", f'/v1/conferences/{late["id"]}', {"timeout": 1})
        self.assertEqual((ended.status, ended.body["status"], ended.body["end_reason"]), (200, "terminated", "timeout"))
        ended = self.wait_conference(shorter["id"], "terminated")
        self.assertGreaterEqual(seconds_of(ended["tm_end"]) - seconds_of(ended["tm_create"]), 2)

    def test_timeout_and_who_is_joining(self):
        """Everyone is kicked, joining ones, too."""
        room = self.room(timeout=1)
        call = self.joining(room)
        with self.silent_mediaplane():
            [joining] = self.wait_joining(room)
            self.wait_conference(room, "terminating")
            self.assertEqual(self.participant(joining["id"])["status"], "leaving")
        left = self.wait_participant(joining, "leaved")
        self.assertEqual((left["leave_reason"], left["tm_joined"]), ("conference_ended", None))
        self.wait_conference(room, "terminated")
        until(lambda: self.call(call["id"])["status"] == "hangup", 10, "its flow is at its end")


class HealthTest(Walk):
    """Health Checks."""

    def failures(self, participant):
        path = f'file:{os.path.join(self.stack.folder, "tutti.db")}?mode=ro'
        with contextlib.closing(sqlite3.connect(path, uri=True)) as base:
            return base.execute("SELECT health_failures FROM conferencecalls WHERE id = ?", [participant["id"]]).fetchone()[0]

    def test_three_questions_and_two_retries(self):
        """"Is the participant's call still in progressing status?" · "Is the conference still in progressing status?" · "Was the
        participant created less than 24 hours ago?" · "Remove participant (after 2 retries)"."""
        rooms = [self.room() for _ in range(4)]
        joined = [self.join(room) for room in rooms]
        (dead_call, dead), (_, homeless), (_, old), (_, well) = joined
        with self.stopped_control() as base:
            base.execute("UPDATE calls SET status = ? WHERE id = ?", [CALL_HANGUP, dead_call["id"]])
            base.execute("UPDATE conferences SET status = ? WHERE id = ?", [CONFERENCE_TERMINATED, rooms[1]])
            base.execute("UPDATE conferencecalls SET tm_create = tm_create - 86400000000 WHERE id = ?", [old["id"]])
        for count in (1, 2):
            until(lambda: self.failures(dead) >= count, 10, f"{count} failed checks")
        self.stack.wait_ready()
        for sick in (dead, homeless, old):
            left = self.wait_participant(sick, "leaved")
            self.assertEqual(left["leave_reason"], "health_check")
            # The third check after the start at the earliest.
            self.assertGreaterEqual(seconds_of(left["tm_leaved"]) - self.restarted, 3 * HEALTH_SECONDS)
        self.assertEqual(self.participant(well["id"])["status"], "joined")
        self.assertEqual(self.failures(well), 0)
        self.assertEqual(self.conference(rooms[0])["participant_count"], 0)

    def test_a_check_that_passes_counts_from_zero(self):
        """Two retries in a row: a participant that is well again stays."""
        room = self.room()
        call, joined = self.join(room)
        with self.stopped_control() as base:
            base.execute("UPDATE calls SET status = ? WHERE id = ?", [CALL_HANGUP, call["id"]])
        until(lambda: self.failures(joined) >= 1, 10, "a failed check")
        with self.stopped_control() as base:
            self.assertIn(self.failures(joined), (1, 2))
            base.execute("UPDATE calls SET status = ? WHERE id = ?", [CALL_PROGRESSING, call["id"]])
        until(lambda: self.failures(joined) == 0, 10, "a passed check")
        self.stack.wait_ready()
        self.assertEqual(self.participant(joined["id"])["status"], "joined")

    def test_a_media_node_out_of_contact_is_unknown(self):
        """A media node out of contact is unknown, not a failure."""
        room = self.room()
        _, joined = self.join(room)
        with self.silent_mediaplane():
            # This one's checks can be counted: it is removed at the third.
            gone_room = self.room()
            stopped = time.monotonic()
            until(lambda: time.monotonic() - stopped > 5 * HEALTH_SECONDS, 10, "five checks")
            self.assertEqual(self.participant(joined["id"])["status"], "joined")
            self.assertEqual(self.failures(joined), 0)
            self.assertEqual(self.conference(gone_room)["status"], "progressing")
        self.assertEqual(self.participant(joined["id"])["status"], "joined")


class AgeTest(Walk):
    """A call and its participant do not last for ever."""

    flags = ["--control.age_max_ms=1500"]

    def test_too_old(self):
        room = self.room()
        call, joined = self.join(room)
        until(lambda: self.call(call["id"])["status"] == "hangup", 10, "hung up")
        ended, left = self.call(call["id"]), self.participant(joined["id"])
        self.assertEqual((ended["hangup_reason"], left["status"], left["leave_reason"]), ("max_age", "leaved", "hangup"))
        self.assertGreaterEqual(seconds_of(left["tm_leaved"]) - seconds_of(call["tm_create"]), 1.5)
        self.assertEqual(self.conference(room)["status"], "progressing")


if __name__ == "__main__":
    junit.main()
