#!/usr/bin/python3
"""The REST API on the real processes: rooms, participants, calls, flows, lists, etags, idempotency, timeouts."""

import unittest
import uuid

from tests.harness import junit, sdp
from tests.harness.callers import even_port
from tests.harness.stack import Stack
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until


class ApiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def conference(self, conference_id):
        return self.stack.get(f"/v1/conferences/{conference_id}").body

    def call(self, actions, **fields):
        """A call whose caller never sends; the answer's body."""
        answer = self.stack.post("/v1/calls", {"type": "rtp", "sdp_offer": sdp.offer("PCMU", even_port()), "actions": actions,
                                               **fields})
        self.assertEqual(answer.status, 200, answer.text)
        return answer.body

    def join(self, conference_id, *after, **fields):
        return self.call([{"type": "conference_join", "option": {"conference_id": conference_id}}, *after], **fields)

    def wait_hangup(self, call, reason):
        path = f'/v1/calls/{call["id"]}'
        until(lambda: self.stack.get(path).body["status"] == "hangup", 10, f"hung up: {reason}")
        ended = self.stack.get(path).body
        self.assertEqual(ended["hangup_reason"], reason)
        self.assertIsNotNone(ended["tm_hangup"])
        return ended

    def test_a_room_as_it_is_made(self):
        room = self.stack.create_conference(name="n", detail="d", data={"a": [1, {"b": None}]}, max_participants=5)
        self.assertEqual(self.conference(room["id"]), room)
        self.assertEqual((room["type"], room["status"], room["timeout"]), ("conference", "progressing", 0))
        self.assertEqual((room["data"], room["participant_count"], room["tm_end"]), ({"a": [1, {"b": None}]}, 0, None))
        self.assertRegex(room["tm_create"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertEqual(uuid.UUID(room["id"]).version, 7)

    def test_changes_and_etags(self):
        room = self.stack.create_conference(name="old", detail="kept")
        path = f'/v1/conferences/{room["id"]}'
        patched = self.stack.request("PATCH", path, {"name": "new"}, {"If-Match": f'"{room["etag"]}"'})
        self.assertEqual((patched.status, patched.body["name"], patched.body["detail"]), (200, "new", "kept"))
        self.assertNotEqual(patched.body["etag"], room["etag"])
        stale = self.stack.request("PATCH", path, {"name": "newer"}, {"If-Match": f'"{room["etag"]}"'})
        self.assertEqual((stale.status, stale.reason), (412, "ETAG_MISMATCH"))
        replaced = self.stack.request("PUT", path, {"name": "whole"})
        self.assertEqual((replaced.body["name"], replaced.body["detail"]), ("whole", ""))
        self.assertEqual(self.stack.request("PATCH", path, {"type": "connect"}).status, 400)

    def test_what_can_be_changed(self):
        room = self.stack.create_conference(name="n", timeout=600, max_participants=4, data={"k": 1})
        path = f'/v1/conferences/{room["id"]}'
        read = self.stack.get(path)
        self.assertEqual(read.headers["ETag"], f'"{room["etag"]}"')
        # What was read may be sent back: what only we write is passed over.
        same = self.stack.request("PUT", path, {**read.body, "participant_count": 7, "status": "terminated"})
        self.assertEqual((same.status, same.body["participant_count"], same.body["status"]), (200, 0, "progressing"), same.text)
        kept = ("name", "timeout", "max_participants", "data", "tm_create")
        self.assertEqual([same.body[name] for name in kept], [room[name] for name in kept])
        for foreign in ({"id": str(uuid.uuid4())}, {"customer_id": str(uuid.uuid4())}, {"type": "connect"}):
            for method in ("PUT", "PATCH"):
                self.assertEqual(self.stack.request(method, path, foreign).status, 400, foreign)
        stale = self.stack.request("PUT", path, {"name": "x"}, {"If-Match": f'"{room["etag"]}"'})
        self.assertEqual((stale.status, stale.reason), (412, "ETAG_MISMATCH"))
        whole = self.stack.request("PUT", path, {}, {"If-Match": f'"{same.body["etag"]}"'}).body
        self.assertEqual([whole[name] for name in kept], ["", 0, 0, {}, room["tm_create"]])
        self.assertGreater(whole["tm_update"], room["tm_update"])

    def test_an_id_of_ones_own(self):
        own = str(uuid.uuid4())
        self.assertEqual(self.stack.create_conference(id=own)["id"], own)
        again = self.stack.post("/v1/conferences", {"id": own})
        self.assertEqual((again.status, again.reason), (409, "CONFERENCE_ALREADY_EXISTS"))

    def test_a_call_is_made_once_for_a_key(self):
        room = self.stack.create_conference()
        key = {"Idempotency-Key": str(uuid.uuid4())}
        offer = sdp.offer("PCMU", even_port())
        body = {"type": "rtp", "sdp_offer": offer, "actions": [{"type": "conference_join", "option": {"conference_id": room["id"]}}]}
        first = self.stack.post("/v1/calls", body, headers=key)
        again = self.stack.post("/v1/calls", body, headers=key)
        self.assertEqual((again.status, again.body), (200, first.body))
        self.stack.wait_joined(room["id"], 1)
        other = self.stack.post("/v1/calls", {**body, "source": "another"}, headers=key)
        self.assertEqual((other.status, other.reason), (409, "IDEMPOTENCY_KEY_REUSED"))
        # Only successes are kept: what was refused may be tried again.
        key = {"Idempotency-Key": str(uuid.uuid4())}
        self.assertEqual(self.stack.post("/v1/calls", {**body, "actions": []}, headers=key).status, 400)
        self.assertEqual(self.stack.post("/v1/calls", body, headers=key).status, 200)

    def test_filters_of_lists(self):
        room, other = self.stack.create_conference(), self.stack.create_conference()
        call = self.join(room["id"])
        self.join(other["id"])
        [one] = self.stack.wait_joined(room["id"], 1)
        listed = self.stack.get(f'/v1/conferencecalls?conference_id={room["id"]}').body["result"]
        self.assertEqual([one["id"] for one in listed], [one["id"]])
        self.stack.post(f'/v1/calls/{call["id"]}/hangup')
        self.assertEqual(self.stack.participants(room["id"]), [])
        self.assertEqual([left["id"] for left in self.stack.participants(room["id"], "leaved")], [one["id"]])
        self.wait_hangup(call, "normal")
        self.assertIn(call["id"], [ended["id"] for ended in self.stack.get("/v1/calls?status=hangup").body["result"]])
        self.assertNotIn(call["id"], [now["id"] for now in self.stack.get("/v1/calls?status=progressing").body["result"]])
        self.assertEqual(self.stack.get("/v1/calls?status=leaved").status, 400)

    def test_idempotency_keys(self):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first = self.stack.post("/v1/conferences", {"name": "once"}, headers=key)
        again = self.stack.post("/v1/conferences", {"name": "once"}, headers=key)
        self.assertEqual(first.body["id"], again.body["id"])
        other = self.stack.post("/v1/conferences", {"name": "twice"}, headers=key)
        self.assertEqual((other.status, other.reason), (409, "IDEMPOTENCY_KEY_REUSED"))

    def test_pages(self):
        made = [self.stack.create_conference(type="connect")["id"] for _ in range(5)]
        seen, token = [], ""
        while True:
            query = "/v1/conferences?type=connect&status=progressing&page_size=2" + (f"&page_token={token}" if token else "")
            page = self.stack.get(query).body
            self.assertLessEqual(len(page["result"]), 2)
            seen += [room["id"] for room in page["result"]]
            token = page["next_page_token"]
            if not token:
                break
        self.assertEqual([one for one in seen if one in made], made[::-1])
        bound = self.stack.get("/v1/conferences?type=connect&page_size=2").body["next_page_token"]
        self.assertEqual(self.stack.get(f"/v1/conferences?page_size=2&page_token={bound}").status, 400)

    def test_join_kick_and_what_the_flow_does_next(self):
        room = self.stack.create_conference()
        call = self.join(room["id"], {"type": "sleep", "option": {"duration": 100}}, {"type": "hangup"})
        [one] = self.stack.wait_joined(room["id"], 1)
        self.assertEqual((one["reference_type"], one["reference_id"]), ("call", call["id"]))
        self.assertEqual(self.conference(room["id"])["conferencecall_ids"], [one["id"]])
        kicked = self.stack.delete(f'/v1/conferencecalls/{one["id"]}').body
        self.assertIn(kicked["status"], ("leaving", "leaved"))
        self.wait_hangup(call, "normal")
        left = self.stack.get(f'/v1/conferencecalls/{one["id"]}').body
        self.assertEqual((left["status"], left["leave_reason"]), ("leaved", "kicked"))
        self.assertEqual(self.stack.delete(f'/v1/conferencecalls/{one["id"]}').body, left)
        self.assertEqual(self.conference(room["id"])["status"], "progressing")

    def test_hang_up(self):
        room = self.stack.create_conference()
        caller = UdpCaller(self.stack, 503)
        self.addCleanup(caller.end)
        call = caller.join(room["id"]).call
        [one] = self.stack.wait_joined(room["id"], 1)
        until(lambda: caller.packets, 5, "the first packet")
        self.assertEqual(self.stack.post(f'/v1/calls/{call["id"]}/hangup').status, 200)
        ended = self.wait_hangup(call, "normal")
        self.assertGreater(ended["media_statistics"]["packets_sent"], 0)
        self.assertEqual(self.stack.get(f'/v1/conferencecalls/{one["id"]}').body["leave_reason"], "hangup")
        self.assertEqual(self.stack.post(f'/v1/calls/{call["id"]}/hangup').body["status"], "hangup")

    def test_delete_of_a_room_kicks_everybody(self):
        room = self.stack.create_conference()
        calls = [self.join(room["id"]) for _ in range(3)]
        self.stack.wait_joined(room["id"], 3)
        self.assertIn(self.stack.delete(f'/v1/conferences/{room["id"]}').body["status"], ("terminating", "terminated"))
        until(lambda: self.conference(room["id"])["status"] == "terminated", 10, "terminated")
        for call in calls:
            self.wait_hangup(call, "flow_ended")
        ended = self.conference(room["id"])
        self.assertEqual((ended["end_reason"], ended["participant_count"]), ("deleted", 0))
        self.assertIsNotNone(ended["tm_delete"])

    def test_timeout_of_a_room_also_after_control_was_killed(self):
        room = self.stack.create_conference(timeout=3)
        call = self.join(room["id"])
        self.stack.wait_joined(room["id"], 1)
        self.stack.kill("control")
        self.stack.start_one("control")
        self.stack.wait_ready()
        until(lambda: self.conference(room["id"])["status"] == "terminated", 15, "terminated by its timeout")
        self.assertEqual(self.conference(room["id"])["end_reason"], "timeout")
        self.wait_hangup(call, "flow_ended")

    def test_media_timeout(self):
        room = self.stack.create_conference()
        call = self.join(room["id"], media_timeout=1)
        self.wait_hangup(call, "media_timeout")
        [one] = self.stack.participants(room["id"], status="leaved")
        self.assertEqual(one["leave_reason"], "media_timeout")

    def test_flow_without_a_room(self):
        call = self.call([{"type": "answer"}, {"type": "sleep", "option": {"duration": 50}}])
        self.assertEqual(call["status"], "progressing")
        self.wait_hangup(call, "flow_ended")

    def test_documentation(self):
        document = self.stack.get("/openapi.json").body
        self.assertIn("/v1/conferences/{id}", document["paths"])
        self.assertIn("<html", self.stack.get("/docs").text)
        self.assertEqual(self.stack.get("/healthz").status, 200)


if __name__ == "__main__":
    junit.main()
