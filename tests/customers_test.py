#!/usr/bin/python3
"""Two keys of two customers: neither sees, changes or guesses anything of the other's.

The methods come from the OpenAPI document and from reflection, so that a new one is either tested here or fails the
test.
"""

import io
import os
import re
import unittest
import uuid
import wave

import grpc

from tests.harness import junit, sdp
from tests.harness.callers import even_port
from tests.harness.events import EventClient, Follower, Messages
from tests.harness.stack import Stack
from tests.harness.waiting import until

KEYS = {"a": "key-of-customer-a-0123456789", "b": "key-of-customer-b-0123456789"}
IDS = {"a": "0198f2d0-0000-7000-8000-00000000000a", "b": "0198f2d0-0000-7000-8000-00000000000b"}

SERVICES = ("CallService", "ConferenceService", "ConferencecallService", "EventService", "FlowService",
            "RecordingService", "SoundService", "TranscribeService", "WebhookService")
# A body that each operation takes; a new one has to be added here.
WEBHOOK = {"uri": "https://hook.invalid/", "enabled": False}
FLOW = {"actions": [{"type": "answer"}]}
# A room that nobody has.
NO_ROOM = "0198f2d0-0000-7000-8000-0000000000ff"
BODIES = {"ReplaceWebhook": WEBHOOK, "UpdateWebhook": {"name": "stolen"}, "ReplayWebhook": {},
          "ReplaceFlow": FLOW, "MuteAll": {"muted": True}, "MoveConferencecall": {"conference_id": NO_ROOM},
          "UpdateConferencecall": {"muted": True}, "PlayConference": {"sound": "beep"}, "PlayConferencecall": {"sound": "beep"},
          "TalkConference": {"text": "stolen"}, "TalkConferencecall": {"text": "stolen"}, "StartRecording": {},
          "StartTranscribe": {"language": "en-US"}, "CreateRecordingFileLink": {},
          "ReplaceConference": {"name": "stolen"}, "UpdateConference": {"name": "stolen"},
          "ReofferCall": {"sdp_offer": sdp.offer("PCMU", 40000)}}
CREATES = {"CreateConference", "CreateCall", "CreateFlow", "CreateSound", "CreateWebhook"}
# Whose answer is no JSON; what is missing of them has another name than its path.
FILES = {"recordingfiles": "RECORDING_FILE"}


def sound_file():
    """A tenth of a second of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    return file.getvalue()


def missing_id():
    """The id of nothing; as old as those that are there."""
    return IDS["a"][:14] + str(uuid.uuid4())[14:]


class Customer:
    """What one customer asks, by REST."""

    def __init__(self, stack, key):
        self.stack = stack
        self.headers = {"Authorization": f"Bearer {key}"}

    def request(self, method, path, body=None, headers=()):
        return self.stack.request(method, path, body, {**self.headers, **dict(headers)})

    def get(self, path):
        answer = self.request("GET", path)
        assert answer.status == 200, answer.text
        return answer.body

    def post(self, path, body, headers=()):
        answer = self.request("POST", path, body, headers)
        assert answer.status == 200, answer.text
        return answer.body

    def create_sound(self, headers=()):
        return self.post("/v1/sounds", sound_file(), {"Content-Type": "audio/wav", **dict(headers)})

    def recording(self, room):
        """A recording that is over."""
        recording_id = self.post(f"/v1/conferences/{room}/recording_start", {"duration": 1})["recording_id"]
        until(lambda: self.get(f"/v1/recordings/{recording_id}")["status"] == "ended", 20, "recorded")
        return recording_id

    def transcribe(self, room):
        return self.post(f"/v1/conferences/{room}/transcribe_start", {"language": "en-US"})["transcribe_id"]

    def call(self, *rooms, **fields):
        """A call that joins one room after the other, if it can."""
        actions = [{"type": "conference_join", "option": {"conference_id": room}} for room in rooms]
        return self.request("POST", "/v1/calls", {"type": "rtp", "sdp_offer": sdp.offer("PCMU", even_port()),
                                                  "actions": actions, **fields})

    def joined(self, room):
        """A call that is in the room, with its participant."""
        answer = self.call(room)
        assert answer.status == 200, answer.text
        def present():
            found = self.get(f"/v1/conferencecalls?conference_id={room}&status=joined")["result"]
            return [one for one in found if one["reference_id"] == answer.body["id"]]
        return answer.body, until(present, 10, "joined")[0]


class CustomersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(speech=True)
        path = os.path.join(cls.stack.folder, "tutti.conf")
        with open(path, "w", encoding="ascii") as file:
            for name, key in KEYS.items():
                file.write(f'api_key {{ key: "{key}" customer_id: "{IDS[name]}" }}\n')
        cls.stack.flags.append(f"--config={path}")
        cls.stack.start()
        cls.a = Customer(cls.stack, KEYS["a"])
        cls.b = Customer(cls.stack, KEYS["b"])
        # Two of everything, so that each list has a second page.
        cls.rooms = [cls.a.post("/v1/conferences", {"name": f"of a {number}"}) for number in range(2)]
        pairs = [cls.a.joined(room["id"]) for room in cls.rooms]
        cls.webhooks = [cls.a.post("/v1/webhooks", WEBHOOK) for _ in range(2)]
        cls.flows = [cls.a.post("/v1/flows", FLOW) for _ in range(2)]
        sounds = [cls.a.create_sound() for _ in range(2)]
        recordings = [cls.a.recording(room["id"]) for room in cls.rooms]
        transcribes = [cls.a.transcribe(room["id"]) for room in cls.rooms]
        cls.owned = {"webhooks": cls.webhooks[0]["id"], "flows": cls.flows[0]["id"], "sounds": sounds[0]["id"],
                     "recordings": recordings[0], "recordingfiles": recordings[0], "transcribes": transcribes[0],
                     "conferences": cls.rooms[0]["id"], "calls": pairs[0][0]["id"],
                     "conferencecalls": pairs[0][1]["id"]}
        cls.openapi = cls.stack.get("/openapi.json").body

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def operations(self):
        """(method, path, operation) of the whole REST surface."""
        found = [(method.upper(), path, operation) for path, item in self.openapi["paths"].items()
                 for method, operation in item.items()]
        self.assertGreaterEqual(len(found), 15)
        return found

    def of_a(self):
        """What customer A has, without figures that go on by themselves."""
        things = {kind: self.a.get(f"/v1/{kind}/{an_id}") for kind, an_id in self.owned.items() if kind not in FILES}
        things["calls"].pop("media_statistics")
        return things

    def assert_same(self, first, second, ids):
        """Two answers tell the same, but for the ids that were asked for."""
        def plain(answer, an_id):
            text = re.sub(r'"request_id":"[^"]*"', '"request_id":""', answer.text).replace(an_id, "ID")
            headers = sorted((name, value) for name, value in answer.headers.items()
                             if name.lower() not in ("x-request-id", "date"))
            return answer.status, headers, text
        self.assertEqual(plain(first, ids[0]), plain(second, ids[1]))

    def test_nothing_of_the_other_is_there_by_its_id(self):
        before = self.of_a()
        tried = set()
        for method, path, operation in self.operations():
            if "{" not in path:
                continue
            name = operation["operationId"]
            body = BODIES[name] if "requestBody" in operation else None
            kind = path.split("/")[2]
            other, none = self.owned[kind], missing_id()
            conditions = [{}]
            if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", ())):
                conditions += [{"If-Match": f'"{before[kind]["etag"]}"'}, {"If-Match": '"0"'}]
            for headers in conditions:
                with self.subTest(name, headers=headers):
                    answers = [self.b.request(method, path.replace("{id}", one), body, headers)
                               for one in (other, none)]
                    self.assertEqual(answers[0].status, 404, answers[0].text)
                    self.assertEqual(answers[0].reason, f"{FILES.get(kind, kind[:-1].upper())}_NOT_FOUND")
                    self.assert_same(*answers, (other, none))
            tried.add(kind)
        self.assertEqual(tried, set(self.owned))
        self.assertEqual(self.of_a(), before)

    def test_no_list_shows_or_pages_the_others(self):
        own = self.b.post("/v1/conferences", {})["id"]
        call, participant = self.b.joined(own)
        own_ids = {own, call["id"], participant["id"], self.b.post("/v1/webhooks", WEBHOOK)["id"],
                   self.b.post("/v1/flows", FLOW)["id"], self.b.create_sound()["id"], self.b.recording(own),
                   self.b.transcribe(own)}
        lists = [(path, operation) for method, path, operation in self.operations()
                 if method == "GET" and "{" not in path]
        self.assertEqual(len(lists), 9)
        for path, operation in lists:
            with self.subTest(path):
                if path == "/v1/transcripts":
                    ids = (self.owned["transcribes"], missing_id())
                    answers = [self.b.request("GET", f"{path}?transcribe_id={one}") for one in ids]
                    self.assertEqual((answers[0].status, answers[0].reason), (404, "TRANSCRIBE_NOT_FOUND"))
                    self.assert_same(*answers, ids)
                    continue
                shown = self.b.get(path)["result"]
                self.assertTrue({one["id"] for one in shown} & own_ids)
                self.assertEqual({one["customer_id"] for one in shown}, {IDS["b"]})
                names = [parameter["name"] for parameter in operation["parameters"]]
                for name in names:
                    if not name.endswith("_id"):
                        continue
                    none = missing_id()
                    answers = [self.b.request("GET", f"{path}?{name}={one}") for one in (self.rooms[0]["id"], none)]
                    self.assertEqual(answers[0].body, {"result": [], "next_page_token": ""})
                    self.assert_same(*answers, (self.rooms[0]["id"], none))
                token = self.a.get(f"{path}?page_size=1")["next_page_token"]
                self.assertTrue(token)
                self.assertEqual(len(self.a.get(f"{path}?page_size=1&page_token={token}")["result"]), 1)
                garbage = "A" * len(token)
                answers = [self.b.request("GET", f"{path}?page_size=1&page_token={one}") for one in (token, garbage)]
                self.assertEqual(answers[0].status, 400)
                self.assert_same(*answers, (token, garbage))

    def test_creates_keep_apart(self):
        creates = {operation["operationId"] for method, path, operation in self.operations()
                   if method == "POST" and "{" not in path}
        self.assertEqual(creates, CREATES)
        key = {"Idempotency-Key": str(uuid.uuid4())}
        call = {"type": "rtp", "actions": [{"type": "answer"}], "sdp_offer": sdp.offer("PCMU", 40002)}
        for path, body in (("/v1/conferences", {"name": "same"}), ("/v1/calls", call), ("/v1/webhooks", WEBHOOK),
                           ("/v1/flows", FLOW)):
            with self.subTest(path):
                made = [customer.post(path, body, key) for customer in (self.a, self.b, self.a, self.b)]
                self.assertEqual([one["customer_id"] for one in made], [IDS["a"], IDS["b"]] * 2)
                self.assertEqual([one["id"] for one in made[:2]], [one["id"] for one in made[2:]])
                self.assertNotEqual(made[0]["id"], made[1]["id"])
        sounds = [customer.create_sound(key) for customer in (self.a, self.b, self.a, self.b)]
        self.assertEqual([one["id"] for one in sounds[:2]], [one["id"] for one in sounds[2:]])
        self.assertNotEqual(sounds[0]["id"], sounds[1]["id"])
        # What one has used for one thing is free for the other's another.
        key = {"Idempotency-Key": str(uuid.uuid4())}
        self.a.post("/v1/conferences", {"name": "one"}, key)
        self.assertEqual(self.b.post("/v1/conferences", {"name": "another"}, key)["name"], "another")

    def test_an_id_that_the_other_took_is_as_any_that_is_taken(self):
        mine = self.b.post("/v1/conferences", {})["id"]
        theirs = self.rooms[0]["id"]
        answers = [self.b.request("POST", "/v1/conferences", {"id": one}) for one in (theirs, mine)]
        self.assertEqual((answers[0].status, answers[0].reason), (409, "CONFERENCE_ALREADY_EXISTS"))
        self.assert_same(*answers, (theirs, mine))
        # Also when customer_id is claimed.
        claimed = self.b.request("POST", "/v1/conferences", {"customer_id": IDS["a"]})
        self.assertEqual(claimed.body.get("customer_id", IDS["b"]), IDS["b"], claimed.text)

    def test_nobody_joins_the_others_room(self):
        theirs, none = self.rooms[1]["id"], missing_id()
        before = self.a.get(f"/v1/conferencecalls?conference_id={theirs}")
        answers = [self.b.call(one) for one in (theirs, none)]
        self.assertEqual((answers[0].status, answers[0].reason), (404, "CONFERENCE_NOT_FOUND"))
        self.assert_same(*answers, (theirs, none))
        # Later in a flow the call goes on, out of any room.
        room = self.b.post("/v1/conferences", {})["id"]
        ends = []
        for one in (theirs, none):
            call, participant = self.b.call(room, one).body, None
            participant = until(lambda: self.b.get(f"/v1/conferencecalls?conference_id={room}&status=joined")["result"],
                                10, "joined")[0]
            self.b.request("DELETE", f'/v1/conferencecalls/{participant["id"]}')
            path = f'/v1/calls/{call["id"]}'
            until(lambda: self.b.get(path)["status"] == "hangup", 10, "hung up")
            ended = self.b.get(path)
            ends.append((ended["hangup_by"], ended["hangup_reason"]))
        self.assertEqual(ends[0], ends[1])
        self.assertEqual(self.a.get(f"/v1/conferencecalls?conference_id={theirs}"), before)

    def test_every_method_of_grpc(self):
        before = self.of_a()
        with grpc.insecure_channel(self.stack.grpc["control"]) as channel:
            tried = 0
            for service in SERVICES:
                full = f"tutti.control.v1.{service}"
                messages = Messages(channel, full)
                for method in messages.service(full).methods:
                    request_type = messages.type(method.input_type.full_name)
                    call = channel.unary_stream(f"/{full}/{method.name}",
                                                request_serializer=request_type.SerializeToString)
                    def refused(request, key):
                        metadata = [("authorization", f"Bearer {key}")] if key else []
                        with self.assertRaises(grpc.RpcError) as raised:
                            list(call(request, metadata=metadata, timeout=10))
                        trailers = sorted((one.key, one.value) for one in raised.exception.trailing_metadata())
                        return raised.exception.code(), raised.exception.details(), trailers
                    with self.subTest(f"{service}.{method.name}"):
                        for key in (None, "no-such-key-0123456789", KEYS["a"].upper()):
                            self.assertEqual(refused(request_type(), key)[0], grpc.StatusCode.UNAUTHENTICATED)
                        kind = service.replace("Service", "").lower() + "s"
                        found = []
                        for one in (self.owned.get(kind), missing_id()):
                            request = request_type()
                            holder = getattr(request, kind[:-1]) if hasattr(request, kind[:-1]) else request
                            if not hasattr(holder, "id") or method.name in CREATES:
                                break
                            holder.id = one
                            if hasattr(request, "sdp_offer"):
                                request.sdp_offer = BODIES["ReofferCall"]["sdp_offer"]
                            if hasattr(request, "sound"):
                                request.sound = "beep"
                            if hasattr(request, "text"):
                                request.text = "stolen"
                            if hasattr(request, "language"):
                                request.language = "en-US"
                            if hasattr(request, "conference_id"):
                                request.conference_id = NO_ROOM
                            if hasattr(holder, "actions"):
                                holder.actions.add(type="answer")
                            code, details, trailers = refused(request, KEYS["b"])
                            self.assertEqual(code, grpc.StatusCode.NOT_FOUND, details)
                            found.append((code, details.replace(one, "ID"), str(trailers).replace(one, "ID")))
                            tried += 1
                        self.assertEqual(found[:1], found[1:])
        # All but lists, creates and Watch; and OpenMediaStream, which the gateway alone asks for.
        self.assertEqual(tried, 2 * (1 + sum("{" in path for _, path, _ in self.operations())))
        self.assertEqual(self.of_a(), before)

    def test_nobody_watches_the_other(self):
        clients = {name: EventClient(self.stack.grpc["control"], [("authorization", f"Bearer {key}")])
                   for name, key in KEYS.items()}
        seen = []
        follower = Follower(clients["b"], seen.append)
        try:
            cursor = clients["a"].read(1, stream="call:" + self.owned["calls"])[0].cursor
            everything = Follower(clients["a"], lambda event: None)
            of_a = self.a.post("/v1/conferences", {})["id"]
            until(lambda: everything.cursor, 10, "an event of A's")
            cursor = everything.cursor
            everything.end()

            def refusal(**request):
                with self.assertRaises(grpc.RpcError) as raised:
                    next(clients["b"].watch(timeout=10, **request))
                return raised.exception.code(), raised.exception.details()
            for kind, an_id in (("conference", of_a), ("call", self.owned["calls"])):
                for after in (0, 1, 1_000_000):
                    none = missing_id()
                    theirs = refusal(stream=f"{kind}:{an_id}", after_sequence=after)
                    nothing = refusal(stream=f"{kind}:{none}", after_sequence=after)
                    self.assertEqual(theirs[0], grpc.StatusCode.NOT_FOUND)
                    self.assertEqual(theirs[1].replace(an_id, "ID"), nothing[1].replace(none, "ID"))
            self.assertEqual(refusal(cursor=cursor), refusal(cursor="A" * len(cursor)))
            self.assertEqual(refusal(cursor=cursor)[0], grpc.StatusCode.INVALID_ARGUMENT)

            self.a.request("DELETE", f"/v1/conferences/{of_a}")
            own = self.b.post("/v1/conferences", {})["id"]
            until(lambda: any(event.stream == f"conference:{own}" for event in seen), 10, "B's own event")
            self.assertEqual([event for event in seen if event.data["customer_id"] != IDS["b"]], [])
        finally:
            follower.end()
            for client in clients.values():
                client.close()

    def test_without_a_key_there_is_nothing_but_the_pages(self):
        for method, path, operation in self.operations():
            for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": KEYS["a"]},
                            {"Authorization": f'Basic {KEYS["a"]}'}, {"Authorization": f'Bearer {KEYS["a"]}0'},
                            {"Authorization": "Bearer \xff"}, {"Authorization": "Bearer " + "x" * 5000}):
                with self.subTest(f"{method} {path}", headers=str(headers)[:60]):
                    body = {} if "requestBody" in operation else None
                    answer = self.stack.request(method, path.replace("{id}", self.owned["calls"]), body, headers)
                    self.assertEqual((answer.status, answer.reason), (401, "UNAUTHENTICATED"))
                    self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        for path in ("/", "/docs", "/openapi.json", "/healthz", "/readyz"):
            self.assertEqual(self.stack.request("GET", path).status, 200)
        self.assertEqual(self.openapi["components"]["securitySchemes"]["bearer"]["scheme"], "bearer")

    def test_z_no_key_is_in_any_log_or_figure(self):
        for name in self.stack.processes:
            with open(os.path.join(self.stack.folder, f"{name}.log"), encoding="utf-8", errors="replace") as file:
                told = file.read() + self.stack.scrape(name)
            with open(f"/proc/{self.stack.processes[name].pid}/cmdline", encoding="utf-8") as file:
                told += file.read()
            for key in KEYS.values():
                self.assertNotIn(key, told)


if __name__ == "__main__":
    junit.main()
