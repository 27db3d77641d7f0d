"""The processes with a link between control and the mediaplane that can be held up, and what tests of life cycles ask of them."""

import contextlib
import datetime
import os
import sqlite3
import time
import unittest

from tests.harness import sdp
from tests.harness.callers import even_port
from tests.harness.events import EventClient
from tests.harness.link import Link
from tests.harness.stack import Stack
from tests.harness.waiting import until

JOINING_SECONDS = 1.5
LEAVING_SECONDS = 1.5
HEALTH_SECONDS = 0.5
FLAGS = [
    f"--control.joining_timeout_ms={JOINING_SECONDS * 1000:.0f}",
    f"--control.leaving_timeout_ms={LEAVING_SECONDS * 1000:.0f}",
    f"--control.health_interval_ms={HEALTH_SECONDS * 1000:.0f}",
]


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class World:
    """The processes, with a link between control and the mediaplane that can be held up, and a watcher of events."""

    def __init__(self, flags, speech):
        self.stack = Stack(flags, speech=speech)
        self.link = Link(self.stack.grpc["mediaplane"])
        self.stack.more_flags["control"] = [f"--mediaplane.grpc_listen={self.link.address}"]
        self.stack.start()
        self.events = EventClient(self.stack.grpc["control"])

    def close(self):
        self.events.close()
        self.stack.stop()
        self.link.close()


class Walk(unittest.TestCase):
    """One world for all that needs the same intervals."""

    flags = FLAGS
    speech = False
    worlds = {}

    @classmethod
    def setUpClass(cls):
        key = (tuple(cls.flags), cls.speech)
        if key not in Walk.worlds:
            Walk.worlds[key] = World(cls.flags, cls.speech)
        world = Walk.worlds[key]
        cls.stack, cls.link, cls.events = world.stack, world.link, world.events

    def room(self, **fields):
        return self.stack.create_conference(**fields)["id"]

    def conference(self, conference_id):
        return self.stack.get(f"/v1/conferences/{conference_id}").body

    def participant(self, participant_id):
        return self.stack.get(f"/v1/conferencecalls/{participant_id}").body

    def call(self, call_id):
        return self.stack.get(f"/v1/calls/{call_id}").body

    def create(self, *actions):
        """A call that runs the actions; its caller never sends. The answer, whatever it is."""
        return self.stack.post("/v1/calls", {"type": "rtp", "sdp_offer": sdp.offer("PCMU", even_port()),
                                             "actions": list(actions)})

    @staticmethod
    def join_action(room):
        return {"type": "conference_join", "option": {"conference_id": room}}

    def join(self, room, *after):
        """(call, participant), once it is joined."""
        answer = self.create(self.join_action(room), *after)
        self.assertEqual(answer.status, 200, answer.text)
        def joined():
            return [one for one in self.stack.participants(room) if one["reference_id"] == answer.body["id"]]
        return answer.body, until(joined, 10, "joined")[0]

    def wait_conference(self, room, status, seconds=10):
        until(lambda: self.conference(room)["status"] == status, seconds, f"the conference is {status}")
        return self.conference(room)

    def wait_participant(self, participant, status, seconds=10):
        path = f'/v1/conferencecalls/{participant["id"]}'
        until(lambda: self.stack.get(path).body["status"] == status, seconds, f"the participant is {status}")
        return self.stack.get(path).body

    def stream(self, room, count):
        """The first events of a conference's stream."""
        return self.events.read(count, stream=f"conference:{room}")

    def statuses(self, room, count, participant):
        """What the stream says of one participant, in order."""
        return [event.data["status"] for event in self.stream(room, count) if event.data["id"] == participant["id"]]

    @contextlib.contextmanager
    def silent_mediaplane(self):
        """Commands do not reach it, nor what it says control, as long as the block lasts."""
        self.link.hold()
        try:
            yield
        finally:
            self.link.release()
        self.stack.wait_ready()

    @contextlib.contextmanager
    def stopped_control(self):
        """The data base, while control is not there."""
        self.stack.kill("control")
        with contextlib.closing(sqlite3.connect(os.path.join(self.stack.folder, "tutti.db"))) as base:
            yield base
            base.commit()
        self.restarted = time.time()
        self.stack.start_one("control")

    def joining(self, room, *after):
        """(call, participant), whose leg the silent mediaplane does not attach."""
        answer = self.create({"type": "sleep", "option": {"duration": 300}}, self.join_action(room), *after)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.body

    def wait_joining(self, room, count=1):
        return until(lambda: len(self.stack.participants(room, "joining")) == count
                     and self.stack.participants(room, "joining"), 5, "joining")

    @contextlib.contextmanager
    def silent_mediaplane_for_join(self, room, *after):
        call = self.joining(room, *after)
        with self.silent_mediaplane():
            yield call
