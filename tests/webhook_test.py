#!/usr/bin/python3
"""Webhooks against real receivers: a good one is never held up by a slow, a broken or a missing one, and kill -9 of control loses,
repeats under another id and reorders nothing."""

import os
import threading
import time
import unittest

from tests.harness import junit
from tests.harness.events import EventClient
from tests.harness.postgres import Postgres
from tests.harness.receiver import Receiver
from tests.harness.stack import Stack, free_port
from tests.harness.waiting import until

ATTEMPTS_MAX = 4
BACKOFF_MS = 50
FLAGS = ["--control.http_allow_private=127.0.0.0/8,::1", f"--control.webhook_attempts_max={ATTEMPTS_MAX}",
         f"--control.webhook_backoff_ms={BACKOFF_MS}"]
# Of control's right to send.
LEASE_SECONDS = 15
ROOMS = 20
# conference_created, _updated (terminating), _deleted.
EVENTS_OF_A_ROOM = 3


class WebhookTest(unittest.TestCase):
    flags = FLAGS

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.make_stack().start()

    @classmethod
    def make_stack(cls):
        return Stack(cls.flags)

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def tearDown(self):
        for webhook in self.stack.get("/v1/webhooks").body["result"]:
            self.stack.delete(f'/v1/webhooks/{webhook["id"]}')

    def receiver(self, *arguments, **options):
        receiver = Receiver(*arguments, **options)
        self.addCleanup(receiver.close)
        return receiver

    def event_client(self):
        client = EventClient(self.stack.grpc["control"])
        self.addCleanup(client.close)
        return client

    def webhook(self, uri, **fields):
        answer = self.stack.post("/v1/webhooks", {"uri": uri, **fields})
        self.assertEqual(answer.status, 200, answer.text)
        return answer.body

    def deliveries(self, webhook, state=""):
        """All of them, newest first."""
        found, token = [], ""
        while True:
            filters = (f"&state={state}" if state else "") + (f"&page_token={token}" if token else "")
            page = self.stack.get(f'/v1/webhooks/{webhook["id"]}/deliveries?page_size=100{filters}').body
            found += page["result"]
            token = page["next_page_token"]
            if not token:
                return found

    def ended_room(self):
        room = self.stack.create_conference()["id"]
        self.assertEqual(self.stack.delete(f"/v1/conferences/{room}").status, 200)
        return f"conference:{room}"

    def assert_in_order(self, receiver, streams):
        """All events of each stream, once each and in order."""
        got = receiver.by_stream()
        for stream in streams:
            self.assertEqual([one.sequence for one in got[stream]], list(range(1, EVENTS_OF_A_ROOM + 1)), stream)


class DeliveryTest(WebhookTest):
    def test_a_good_receiver_gets_all_at_once_and_in_order(self):
        released = threading.Event()
        self.addCleanup(released.set)
        good = self.receiver()
        slow = self.receiver(lambda got: 200 if released.wait(60) else 500)
        broken = self.receiver(lambda got: 500)
        webhooks = {name: self.webhook(uri, name=name) for name, uri in (
            ("slow", slow.uri), ("broken", broken.uri), ("gone", f"http://127.0.0.1:{free_port()}/"), ("good", good.uri))}
        streams = []
        for _ in range(ROOMS):
            streams.append(self.ended_room())
        total = ROOMS * EVENTS_OF_A_ROOM
        until(lambda: len(good.all()) >= total, 5, "the good receiver has all")
        self.assert_in_order(good, streams)
        for got in good.all():
            self.assertTrue(got.is_signed(webhooks["good"]["generated_secret"]))
            self.assertFalse(got.is_signed(webhooks["slow"]["generated_secret"]))
            self.assertLess(abs(time.time() - int(got.headers["webhook-timestamp"])), 60)
            self.assertEqual((got.path, got.headers["Content-Type"]), ("/hook", "application/json"))
            self.assertEqual(list(got.event), ["type", "id", "stream", "sequence", "time", "data"])
            self.assertEqual(got.id, got.event["id"])
        # The same that the gRPC stream tells.
        for event in self.event_client().read(EVENTS_OF_A_ROOM, stream=streams[0]):
            [same] = [got for got in good.by_stream()[streams[0]] if got.id == event.id]
            self.assertEqual((same.event["type"], same.sequence), (event.type, event.sequence))
            self.assertEqual(same.event["data"]["status"], event.data["status"])
        # The slow one has one request in flight a stream, and not all places.
        slow_got = slow.by_stream()
        self.assertLessEqual(len(slow_got), 8)
        self.assertTrue(all(len(got) == 1 for got in slow_got.values()), slow_got)
        self.assertEqual({one["state"] for one in self.deliveries(webhooks["good"])}, {"delivered"})
        released.set()
        until(lambda: len(slow.all()) >= total, 20, "the slow receiver has all")
        self.assert_in_order(slow, streams)

    def test_dead_letters_are_kept_and_replayed(self):
        works = threading.Event()
        receiver = self.receiver(lambda got: 200 if works.is_set() else 500)
        webhook = self.webhook(receiver.uri)
        stream = self.ended_room()
        until(lambda: len(self.deliveries(webhook, "dead")) == EVENTS_OF_A_ROOM, 20, "dead letters")
        self.assertEqual(self.stack.metric("control", "tutti_control_webhook_dead_letters"), EVENTS_OF_A_ROOM)
        attempts = receiver.by_stream()[stream]
        self.assertEqual([got.sequence for got in attempts],
                         [sequence for sequence in (1, 2, 3) for _ in range(ATTEMPTS_MAX)])
        for dead in self.deliveries(webhook, "dead"):
            self.assertEqual((dead["attempts"], dead["last_status"], dead["last_error"]),
                             (ATTEMPTS_MAX, 500, "HTTP_STATUS"))
            self.assertEqual({got.id for got in attempts if got.sequence == dead["sequence"]}, {dead["id"]})
        works.set()
        replayed = self.stack.post(f'/v1/webhooks/{webhook["id"]}/replay')
        self.assertEqual(replayed.body, {"count": EVENTS_OF_A_ROOM, "next_page_token": ""})
        until(lambda: len(self.deliveries(webhook, "delivered")) == EVENTS_OF_A_ROOM, 10, "delivered")
        again = receiver.by_stream()[stream][len(attempts):]
        self.assertEqual([got.sequence for got in again], [1, 2, 3])
        self.assertEqual({got.id for got in again}, {got.id for got in attempts})
        # And everything of the stream once more.
        answer = self.stack.post(f'/v1/webhooks/{webhook["id"]}/replay', {"stream": stream, "after_sequence": 1})
        self.assertEqual(answer.body["count"], 2)
        until(lambda: len(receiver.all()) == len(attempts) + 5, 10, "sent again")
        self.assertEqual([got.sequence for got in receiver.all()[-2:]], [2, 3])

    def test_gone_disables_and_redirects_are_not_followed(self):
        ended = threading.Event()
        self.addCleanup(ended.set)
        gone = self.receiver(lambda got: 410 if ended.wait(60) else 500)
        elsewhere = self.receiver()
        moved = self.receiver(lambda got: 307, headers=[("Location", elsewhere.uri)])
        first, second = self.webhook(gone.uri), self.webhook(moved.uri, event_types=["conference_created"])
        stream = self.ended_room()
        # What happens once it is disabled is not for it.
        until(lambda: len(self.deliveries(first)) == EVENTS_OF_A_ROOM, 10, "all is on its way")
        ended.set()
        path = f'/v1/webhooks/{first["id"]}'
        until(lambda: not self.stack.get(path).body["enabled"], 10, "disabled")
        self.assertEqual(self.stack.get(path).body["disabled_reason"], "gone")
        until(lambda: self.deliveries(second, "dead"), 20, "a dead letter")
        self.assertEqual(self.deliveries(second)[0]["last_status"], 307)
        self.assertEqual(elsewhere.all(), [])
        # What waited is sent once it is enabled again.
        self.assertEqual(len(gone.all()), 1)
        gone.answer = lambda got: 200
        self.assertEqual(self.stack.request("PATCH", path, {"enabled": True}).body["disabled_reason"], None)
        until(lambda: len(gone.all()) == 1 + EVENTS_OF_A_ROOM, 10, "sent")
        self.assertEqual([got.sequence for got in gone.by_stream()[stream]], [1, 1, 2, 3])

    def test_the_resource(self):
        made = self.webhook("https://hook.invalid/x", name="n", event_types=["call_hangup"], enabled=False)
        path = f'/v1/webhooks/{made["id"]}'
        self.assertTrue(made.pop("generated_secret").startswith("whsec_"))
        shown = self.stack.get(path)
        self.assertEqual(shown.body.pop("generated_secret"), "")
        self.assertEqual({name: value for name, value in shown.body.items() if name != "generated_secret"}, made)
        self.assertEqual(shown.headers["ETag"], f'"{made["etag"]}"')
        for field, value, reason in (("uri", "ftp://example.com/", "URL_NOT_ALLOWED"),
                                     ("uri", "https://user:word@example.com/", "URL_NOT_ALLOWED"),
                                     ("uri", "http://10.0.0.1/", "URL_NOT_ALLOWED"),
                                     ("event_types", ["nothing"], "INVALID_REQUEST_PARAMETER"),
                                     ("secret", "short", "INVALID_REQUEST_PARAMETER")):
            refused = self.stack.request("PATCH", path, {field: value})
            self.assertEqual((refused.status, refused.reason), (400, reason), refused.text)
            self.assertEqual(refused.body["error"]["details"]["field"], field)
        stale = self.stack.request("PUT", path, {"uri": "https://hook.invalid/y"}, {"If-Match": '"0"'})
        self.assertEqual((stale.status, stale.reason), (412, "ETAG_MISMATCH"))
        replaced = self.stack.request("PUT", path, {"uri": "https://hook.invalid/y"}, {"If-Match": f'"{made["etag"]}"'})
        self.assertEqual((replaced.body["name"], replaced.body["event_types"], replaced.body["enabled"]), ("", [], True))
        self.assertEqual(self.stack.delete(path).status, 200)
        self.assertEqual((self.stack.get(path).status, self.stack.get(path).reason), (404, "WEBHOOK_NOT_FOUND"))


class KillTest(WebhookTest):
    def test_kill_9_under_load(self):
        """None is lost, none comes with another id, none out of order in its stream."""
        receiver = self.receiver()
        self.webhook(receiver.uri)
        streams, ending = [], threading.Event()

        def load():
            while not ending.is_set():
                made = self.stack.post("/v1/conferences")
                if made.status != 200:
                    continue
                streams.append(f'conference:{made.body["id"]}')
                while self.stack.delete(f'/v1/conferences/{made.body["id"]}').status != 200 and not ending.is_set():
                    pass
        workers = [threading.Thread(target=load) for _ in range(4)]
        for worker in workers:
            worker.start()
        try:
            for _ in range(3):
                wanted = len(receiver.all()) + 60
                until(lambda: len(receiver.all()) >= wanted, 30, "events arrive")
                self.stack.kill("control")
                self.stack.start_one("control")
            wanted = len(receiver.all()) + 60
            until(lambda: len(receiver.all()) >= wanted, 30, "events arrive")
        finally:
            ending.set()
            for worker in workers:
                worker.join()
        self.stack.wait_ready()
        def committed(stream):
            return int(self.stack.get(f'/v1/conferences/{stream.removeprefix("conference:")}').body["status"] == "terminated")
        whole = [stream for stream in streams if committed(stream)]
        self.assertGreater(len(whole), 50)
        def arrived():
            got = receiver.by_stream()
            return all(EVENTS_OF_A_ROOM in {one.sequence for one in got.get(stream, ())} for stream in whole)
        until(arrived, 30, "everything that was committed has arrived")
        repeated = 0
        for stream, got in receiver.by_stream().items():
            sequences = [one.sequence for one in got]
            self.assertEqual(sequences, sorted(sequences), f"{stream}: out of order")
            self.assertEqual(sorted(set(sequences)), list(range(1, max(sequences) + 1)), f"{stream}: lost")
            ids = {one.sequence: one.id for one in got}
            self.assertTrue(all(ids[one.sequence] == one.id for one in got), f"{stream}: another id")
            repeated += len(sequences) - len(set(sequences))
        print(f"{len(receiver.all())} requests, {len(streams)} streams, {repeated} repeated")
        # Those that the receiver has are those that there were.
        events = self.event_client()
        for stream in whole[::20]:
            told = [(event.sequence, event.id) for event in events.read(EVENTS_OF_A_ROOM, stream=stream)]
            self.assertEqual(sorted({(one.sequence, one.id) for one in receiver.by_stream()[stream]}), told)


class ReplicasTest(WebhookTest):
    @classmethod
    def make_stack(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.remove)
        cls.addClassCleanup(cls.postgres.stop)
        return Stack([*cls.flags, f"--control.postgres_url={cls.postgres.start().url}"], replicas=2)

    def test_one_sends_and_another_goes_on(self):
        """Two replicas never have the same stream's events under way, and the one that is left sends everything."""
        busy, lock, overlaps = set(), threading.Lock(), []

        def answer(got):
            with lock:
                if got.stream in busy:
                    overlaps.append(got.stream)
                busy.add(got.stream)
            time.sleep(0.005)
            with lock:
                busy.discard(got.stream)
            return 200
        receiver = self.receiver(answer)
        self.webhook(receiver.uri)
        streams = [self.ended_room() for _ in range(ROOMS)]
        until(lambda: len(receiver.all()) >= ROOMS * EVENTS_OF_A_ROOM, 10, "everything has arrived")
        self.assert_in_order(receiver, streams)
        [[owner_until]] = self.postgres.query("SELECT lease_until FROM webhook_engine")
        # Either may have the lease: each is killed once.
        for name in self.stack.controls:
            self.stack.kill(name)
            before = len(streams)
            while len(streams) < before + ROOMS:
                made = self.stack.post("/v1/conferences")
                if made.status == 200:
                    room = f'/v1/conferences/{made.body["id"]}'
                    until(lambda: self.stack.delete(room).status == 200, 20, "deleted")
                    streams.append(f'conference:{made.body["id"]}')
            until(lambda: all(len({got.sequence for got in receiver.by_stream().get(stream, ())}) == EVENTS_OF_A_ROOM
                              for stream in streams), LEASE_SECONDS + 15, "another replica goes on")
            self.stack.start_one(name)
            self.stack.wait_ready()
        self.assertNotEqual(self.postgres.query("SELECT lease_until FROM webhook_engine"), [[owner_until]])
        got = receiver.by_stream()
        for stream in streams:
            sequences = [one.sequence for one in got[stream]]
            self.assertEqual(sequences, sorted(sequences), stream)
            self.assertEqual(len({one.id for one in got[stream]}), EVENTS_OF_A_ROOM, stream)
        self.assertEqual(overlaps, [])


class PrivateAddressTest(WebhookTest):
    flags = [flag for flag in FLAGS if "http_allow_private" not in flag]

    def test_private_addresses_are_refused_by_default(self):
        receiver = self.receiver()
        refused = self.stack.post("/v1/webhooks", {"uri": receiver.uri})
        self.assertEqual((refused.status, refused.reason), (400, "URL_NOT_ALLOWED"), refused.text)
        # A name tells nothing; its addresses do, when it is called.
        webhook = self.webhook(f"http://localhost:{receiver.port}/hook", event_types=["conference_created"])
        self.ended_room()
        until(lambda: self.deliveries(webhook, "dead"), 20, "a dead letter")
        [dead] = self.deliveries(webhook)
        self.assertEqual((dead["last_status"], dead["last_error"]), (0, "URL_NOT_ALLOWED"))
        self.assertEqual(receiver.all(), [])

    def test_no_secret_is_in_the_log(self):
        webhook = self.webhook("https://hook.invalid/")
        self.ended_room()
        until(lambda: self.deliveries(webhook, "dead"), 30, "a dead letter")
        with open(os.path.join(self.stack.folder, "control.log"), encoding="utf-8") as file:
            log = file.read()
        self.assertIn(webhook["id"], log)
        self.assertNotIn(webhook["generated_secret"], log)
        self.assertNotIn(webhook["generated_secret"].removeprefix("whsec_"), log)


del WebhookTest

if __name__ == "__main__":
    junit.main()
