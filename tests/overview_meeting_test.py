#!/usr/bin/python3
"""A walk through overview.rst, by REST on the real processes: the join sequence with its pre-flow, scenarios 1 and 3, events and
webhooks, best practices. Each test quotes the sentences that it checks."""

import json
import os

from tests.harness import junit, tones
from tests.harness.event_socket import EventSocket
from tests.harness.listener import Listener
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until
from tests.harness.walk import Walk

WELCOME_HZ = 620
HEARD_DBFS = -20
ABSENT_DBFS = -50
TICKS = 15


def tearDownModule():
    for world in Walk.worlds.values():
        world.close()


class Meeting(Walk):
    """People with tones of their own."""

    flags = ["--control.http_allow_private=127.0.0.0/8"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sounds = os.path.join(cls.stack.folder, "sounds")
        os.makedirs(sounds, exist_ok=True)
        tones.write_tone(os.path.join(sounds, "welcome.wav"), WELCOME_HZ, 2, 16000, -12)

    def person(self, tone):
        caller = UdpCaller(self.stack, tone)
        self.addCleanup(caller.end)
        return caller

    def socket(self, topic):
        socket = EventSocket(self.stack, topic)
        self.addCleanup(socket.close)
        return socket

    def assert_hear_each_other(self, *people):
        def heard(listener, speaker):
            return len(listener.packets) > TICKS and listener.level(speaker.frequency, TICKS) > HEARD_DBFS
        for listener in people:
            for speaker in people:
                if speaker is not listener:
                    until(lambda: heard(listener, speaker), 10, f"{listener.frequency} Hz hears {speaker.frequency} Hz")

    def join(self, room, tone):
        person = self.person(tone)
        return person.join(room)

    def participant_of(self, person):
        return next(one for one in self.stack.get("/v1/conferencecalls").body["result"]
                    if one["reference_id"] == person.call["id"])

    def hang_up(self, person):
        self.assertEqual(self.stack.post(f'/v1/calls/{person.call["id"]}/hangup').status, 200)


class JoinSequenceTest(Meeting):
    """Join Sequence."""

    def test_what_happens_at_each_step(self):
        """"Your flow executes a conference_join action" · "A participant record is created with status joining" · "If configured, a
        welcome flow plays (greeting, instructions)" · "The call's audio is routed to the conference bridge" · "Participant can now
        hear and be heard by others in the conference" · "joining: Pre-conference flow may be executing"."""
        welcome = self.stack.post("/v1/flows", {"name": "welcome", "actions": [
            {"type": "play", "option": {"sounds": ["file:welcome.wav"]}}]}).body
        room = self.room(name="with a welcome")
        first = self.join(room, 503)
        self.stack.wait_joined(room, 1)
        self.stack.request("PATCH", f"/v1/conferences/{room}", {"pre_flow_id": welcome["id"]})
        socket = self.socket(f"conference:{room}")
        second = self.person(811)
        second.run([{"type": "answer"}, self.join_action(room)])
        joining = socket.wait(lambda event: event["type"] == "conferencecall_joining" and
                              event["data"]["reference_id"] == second.call["id"])
        self.assertEqual(joining["data"]["status"], "joining")
        self.assertEqual(joining["data"]["conference_id"], room)
        until(lambda: len(second.packets) > TICKS and second.level(WELCOME_HZ, TICKS) > HEARD_DBFS, 10, "the welcome")
        # Alone: neither is in the mix of the other yet.
        self.assertEqual(self.participant_of(second)["status"], "joining")
        # What is heard may just have begun, which is heard at all frequencies.
        def absent(listener, frequency):
            return listener.level(frequency, TICKS) < ABSENT_DBFS
        until(lambda: absent(second, 503) and absent(first, 811) and absent(first, WELCOME_HZ), 1, "the welcome alone")
        joined = socket.wait(lambda event: event["type"] == "conferencecall_joined" and
                             event["data"]["id"] == joining["data"]["id"])
        self.assertGreater(joined["sequence"], joining["sequence"])
        self.assertIsNotNone(joined["data"]["tm_joined"])
        self.assert_hear_each_other(first, second)
        self.assertEqual(len(self.conference(room)["conferencecall_ids"]), 2)


class ScenarioTest(Meeting):
    """Common Scenarios."""

    def test_scenario_1_simple_conference_call(self):
        """"Create conference → Conference in progressing status" · "Participants join through flow" · "All can hear each other" ·
        "Users hang up one by one" · "Delete conference when done"."""
        made = self.stack.create_conference(type="conference", name="simple")
        self.assertEqual(made["status"], "progressing")
        people = [self.join(made["id"], tone) for tone in (503, 811, 1103)]
        self.stack.wait_joined(made["id"], 3)
        self.assert_hear_each_other(*people)
        for left, person in enumerate(people, 1):
            self.hang_up(person)
            until(lambda: self.conference(made["id"])["participant_count"] == 3 - left, 10, "one less")
        self.assertEqual(self.conference(made["id"])["status"], "progressing")
        self.assertEqual(self.stack.delete(f'/v1/conferences/{made["id"]}').body["status"], "terminated")

    def test_scenario_3_customer_agent_connect(self):
        """"Create connect-type conference" · "Customer call joins" · "Agent call joins" · "Customer and agent talk" · "When either
        hangs up: Other is auto-ejected, Conference terminates"."""
        for who_leaves in (0, 1):
            room = self.room(type="connect")
            pair = [self.join(room, 503)]
            self.stack.wait_joined(room, 1)
            pair.append(self.join(room, 811))
            self.stack.wait_joined(room, 2)
            self.assert_hear_each_other(*pair)
            self.hang_up(pair[who_leaves])
            self.wait_conference(room, "terminated")
            self.assertEqual(self.participant_of(pair[1 - who_leaves])["leave_reason"], "peer_left")


class EventsTest(Meeting):
    """Events and Webhooks."""

    def test_event_types_by_each_way(self):
        """"Conference changes trigger events you can subscribe to" · "conference_created: Conference is created" ·
        "conference_updated: Participant joins/leaves" · "conference_deleted: Conference is terminated"."""
        listener = Listener()
        self.addCleanup(listener.close)
        webhook = self.stack.post("/v1/webhooks", {
            "uri": f"{listener.uri}/hook",
            "event_types": ["conference_created", "conference_updated", "conference_deleted"]})
        self.assertEqual(webhook.status, 200, webhook.text)
        self.addCleanup(self.stack.delete, f'/v1/webhooks/{webhook.body["id"]}')
        room = self.room(name="told")
        topic = f"conference:{room}"
        socket = self.socket(topic)
        person = self.join(room, 0)
        counted = socket.wait(lambda event: event["type"] == "conference_updated" and event["data"]["participant_count"] == 1)
        self.hang_up(person)
        left = socket.wait(lambda event: event["type"] == "conference_updated" and
                           event["data"]["participant_count"] == 0 and event["sequence"] > counted["sequence"])
        self.stack.delete(f"/v1/conferences/{room}")
        deleted = socket.wait(lambda event: event["type"] == "conference_deleted")
        self.assertEqual(deleted["data"]["status"], "terminated")
        self.assertGreater(deleted["sequence"], left["sequence"])
        self.assertEqual(socket.types()[0], "conference_created")
        self.assertEqual(socket.types().count("conference_deleted"), 1)
        self.assertEqual([event["sequence"] for event in socket.events], list(range(1, len(socket.events) + 1)))

        def by_webhook():
            return [event for event in map(json.loads, listener.bodies("/hook")) if event["stream"] == topic]
        until(lambda: any(event["type"] == "conference_deleted" for event in by_webhook()), 10, "told by webhook")
        # The same envelopes, word by word, of the types that it asked for.
        self.assertEqual(by_webhook(), [event for event in socket.events if event["type"].startswith("conference_")])
        # And by gRPC.
        told = self.events.read(len(socket.events), stream=topic)
        self.assertEqual([(event.type, event.sequence) for event in told],
                         [(event["type"], event["sequence"]) for event in socket.events])


class BestPracticesTest(Meeting):
    """Best Practices."""

    def test_choose_the_right_type(self):
        """"Team meeting (3+ people): conference" · "Customer support call: connect"."""
        meeting, support = self.room(), self.room(type="connect")
        self.assertEqual(self.conference(meeting)["type"], "conference")
        for room, joins in ((meeting, 3), (support, 2)):
            for _ in range(joins):
                self.assertEqual(self.create(self.join_action(room)).status, 200)
            self.stack.wait_joined(room, joins)
        self.assertEqual(self.create(self.join_action(support)).reason, "CONFERENCE_FULL")

    def test_set_appropriate_timeouts(self):
        """"timeout: 3600 (1 hour)" · "timeout: 14400 (4 hours)" · "timeout: 0 (no timeout)"."""
        for timeout in (3600, 14400, 0):
            self.assertEqual(self.conference(self.room(timeout=timeout))["timeout"], timeout)

    def test_handle_the_participant_lifecycle(self):
        """"Subscribe to conference_updated events to track joins/leaves" · "Implement cleanup logic when all participants leave"."""
        room = self.room()
        socket = self.socket(f"conference:{room}")
        people = [self.join(room, 0) for _ in range(2)]
        socket.wait(lambda event: event["type"] == "conference_updated" and event["data"]["participant_count"] == 2)
        for person in people:
            self.hang_up(person)
        empty = socket.wait(lambda event: event["type"] == "conference_updated" and event["sequence"] > 5 and
                            event["data"]["participant_count"] == 0)
        self.assertEqual(self.stack.delete(f'/v1/conferences/{empty["data"]["id"]}').body["status"], "terminated")
        counts = [event["data"]["participant_count"] for event in socket.events if event["type"] == "conference_updated"]
        self.assertEqual(counts[:4], [1, 2, 1, 0])


if __name__ == "__main__":
    junit.main()
