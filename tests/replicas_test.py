#!/usr/bin/python3
"""Two replicas of control on one PostgreSQL, under load: any serves any request, one is killed, then the data base is restarted."""

import random
import time
import unittest

from tests.crash.trial import TAKE_OVER_SECONDS_MAX, Trial
from tests.harness import junit, sdp
from tests.harness.callers import even_port
from tests.harness.events import Service
from tests.harness.postgres import Postgres
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

MEDIA_TIMEOUT_SECONDS = 2
DOWN_SECONDS = 3


class ReplicasTest(unittest.TestCase):
    def setUp(self):
        self.postgres = Postgres()
        self.addCleanup(self.postgres.remove)
        self.postgres.start()
        self.addCleanup(self.postgres.stop)
        seed = random.randrange(1 << 31)
        print(f"seed {seed}")
        self.trial = Trial(seed, self.postgres, replicas=2)
        self.addCleanup(self.trial.stop)
        self.trial.start()
        self.stack = self.trial.stack
        self.services = {}
        self.addCleanup(lambda: [service.close() for service in self.services.values()])

    def service(self, name, resource):
        key = (name, resource)
        if key not in self.services:
            self.services[key] = Service(self.stack.grpc[name], f"tutti.control.v1.{resource}Service")
        return self.services[key]

    def owner(self):
        """The process that watches the media node: it alone hears its events."""
        def heard():
            return {name: self.stack.metric(name, "tutti_control_media_node_events_total") for name in self.stack.controls}
        before = heard()
        def more():
            return [name for name, count in heard().items() if count > before[name]]
        [name] = until(more, 10, "events of the media node")
        return name

    def lease(self):
        [[owner, term]] = self.postgres.query("SELECT owner, term FROM media_nodes")
        return owner, int(term)

    def assert_any_serves_any(self):
        """What one has made the others show, change, join and end."""
        for one, other in (self.stack.controls, self.stack.controls[::-1]):
            room = self.service(one, "Conference").call("CreateConference", conference={"detail": one})
            shown = self.service(other, "Conference").call("GetConference", id=room.id)
            self.assertEqual((shown.detail, shown.etag), (one, room.etag))
            call = self.service(other, "Call").call("CreateCall", call={
                "type": "TYPE_RTP", "sdp_offer": sdp.offer("PCMU", even_port()),
                "actions": [{"type": "conference_join", "option": {"conference_id": room.id}}]})
            self.assertTrue(call.sdp_answer)
            until(lambda: self.service(one, "Conference").call("GetConference", id=room.id).participant_count == 1, 10, "joined")
            self.service(one, "Call").call("HangupCall", id=call.id)
            self.assertEqual(self.service(other, "Conference").call("GetConference", id=room.id).participant_count, 0)
            self.service(other, "Conference").call("DeleteConference", id=room.id)
            gone = self.service(one, "Conference").call("GetConference", id=room.id)
            self.assertEqual(gone.DESCRIPTOR.fields_by_name["status"].enum_type.values_by_number[gone.status].name,
                             "STATUS_TERMINATED")

    def kill_the_owner(self):
        """Its node and its deadlines are taken over within ten seconds."""
        owner = self.owner()
        before = self.lease()
        room = self.stack.create_conference()["id"]
        silent = UdpCaller(self.stack, 503).join(room, media_timeout=MEDIA_TIMEOUT_SECONDS)
        self.stack.wait_joined(room, 1)
        timed = self.service(owner, "Conference").call("CreateConference", conference={"timeout": 2})
        promised = self.trial.promised()
        self.stack.kill(owner)
        self.trial.kills += 1
        killed = time.monotonic()
        silent.end()
        self.trial.wait_truth(promised)
        until(lambda: self.lease()[1] > before[1], TAKE_OVER_SECONDS_MAX, "the node has another owner")
        self.assertNotEqual(self.lease()[0], before[0])
        until(lambda: self.stack.get(f"/v1/conferences/{timed.id}").body["status"] == "terminated", 10, "timed out")
        self.assertEqual(self.stack.get(f"/v1/conferences/{timed.id}").body["end_reason"], "timeout")
        path = f'/v1/calls/{silent.call["id"]}'
        until(lambda: self.stack.get(path).body["status"] == "hangup", TAKE_OVER_SECONDS_MAX, "its silence is noticed")
        self.assertEqual(self.stack.get(path).body["hangup_reason"], "media_timeout")
        self.assertLess(time.monotonic() - killed, TAKE_OVER_SECONDS_MAX + MEDIA_TIMEOUT_SECONDS)
        [left] = self.stack.participants(room, "leaved")
        self.assertEqual(left["leave_reason"], "media_timeout")
        self.trial.run_for(1)
        self.stack.start_one(owner)

    def restart_postgres(self):
        """Requests are 503 with Retry-After meanwhile; nothing committed is lost."""
        promised = self.trial.promised()
        down = time.time()
        self.postgres.stop()
        refused = until(lambda: [answer for answer in [self.stack.get("/v1/conferences")] if answer.status != 200], 10, "refused")[0]
        self.assertEqual(refused.status, 503, refused.text)
        for answer in (self.stack.get(f"/v1/conferences/{self.trial.room}"), self.stack.post("/v1/conferences", {}), refused):
            self.assertEqual(answer.status, 503, answer.text)
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.trial.run_for(DOWN_SECONDS)
        self.postgres.start()
        self.trial.wait_truth(promised)
        self.trial.down.append((down, time.time()))

    def test_under_load(self):
        self.trial.run_for(1)
        self.assert_any_serves_any()
        self.kill_the_owner()
        self.trial.run_for(1)
        self.restart_postgres()
        self.trial.run_for(1)
        self.trial.kill()
        self.assert_any_serves_any()
        faults = self.trial.finish()
        print("\n".join(self.trial.table()))
        self.assertEqual(faults, [])


if __name__ == "__main__":
    junit.main()
