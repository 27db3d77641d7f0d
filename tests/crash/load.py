"""Clients that make, join, change, leave and close rooms all the time, and say again what was not answered."""

import collections
import json
import random
import threading
import time
import uuid

from tests.harness import sdp

ANSWER_SECONDS_MAX = 30
# Not answered, or by nobody: to be said again.
AGAIN = (0, 502, 503, 504)
REFUSALS = (404, 409, 429)
ROOMS_MAX = 4
CALLS_MAX = 8
PAUSE_SECONDS_MAX = 0.06


class Book:
    """What was promised by answers, for the clients and for who checks. Thread-safe."""

    def __init__(self, known):
        self.known = known
        self.lock = threading.Lock()
        self.faults = []
        self.rooms = {}
        self.calls = {}
        self.ended = collections.deque(maxlen=50)
        self.counts = collections.Counter()
        self.refusals = collections.Counter()
        self.slowest_answer = 0.0

    def fault(self, text):
        with self.lock:
            self.faults.append(text)

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def promise_end(self, path, status):
        """Something was answered that must lead to this state."""
        with self.lock:
            self.ended.append((path, status))


class Client(threading.Thread):
    """One client with rooms and calls of its own, and a seed of its own."""

    def __init__(self, rest, book, seed, port, going):
        super().__init__(daemon=True)
        self.rest = rest
        self.book = book
        self.random = random.Random(seed)
        self.port = port
        self.going = going
        self.rooms = []
        self.calls = []

    def run(self):
        steps = [(self.make_room, 3), (self.enter, 10), (self.hang_up, 5), (self.kick, 3), (self.close_room, 2),
                 (self.change_room, 2), (self.look, 4)]
        while not self.going.is_set():
            step = self.random.choices([step for step, _ in steps], [weight for _, weight in steps])[0]
            try:
                step()
            except Exception as error:  # pylint: disable=broad-except
                self.book.fault(f"a client failed: {error!r}")
                return
            self.going.wait(self.random.uniform(0, PAUSE_SECONDS_MAX))

    def say(self, method, path, body=None, key=None):
        """The answer, said again with the same key until there is one."""
        began = time.monotonic()
        while True:
            answer = self.rest.request(method, path, body, {"Idempotency-Key": key} if key else {})
            took = time.monotonic() - began
            if answer.status not in AGAIN:
                break
            self.book.count("said again")
            if took > ANSWER_SECONDS_MAX:
                self.book.fault(f"{method} {path} has no answer for {took:.0f} s: {answer.status} {answer.text[:200]}")
                break
            time.sleep(0.05)
        with self.book.lock:
            self.book.slowest_answer = max(self.book.slowest_answer, took)
            if answer.status in REFUSALS:
                self.book.refusals[answer.reason] += 1
        if answer.status not in (200, *AGAIN, *REFUSALS):
            self.book.fault(f"{method} {path} was answered {answer.status}: {answer.text[:300]}")
        return answer

    def make_room(self):
        if len(self.rooms) >= ROOMS_MAX:
            return
        key = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        body = {"name": key, "type": self.random.choice(["conference", "conference", "connect"]),
                "timeout": self.random.choice([0, 0, 0, 1, 2, 3])}
        answer = self.say("POST", "/v1/conferences", body, key)
        if answer.status != 200:
            return
        # The first answer, whatever has become of the room: not what it is now.
        room = answer.body
        again = self.random.random() < 0.2
        if again and self.say("POST", "/v1/conferences", body, key).text != answer.text:
            self.book.fault(f"the key {key} gave another room than {room['id']}")
        with self.book.lock:
            self.book.rooms[room["id"]] = {"key": key, **body}
            self.book.counts["rooms"] += 1
        self.rooms.append(room["id"])

    def enter(self):
        if not self.rooms or len(self.calls) >= CALLS_MAX:
            return
        room = self.random.choice(self.rooms)
        key = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        actions = [{"type": "conference_join", "option": {"conference_id": room}}]
        if self.random.random() < 0.3:
            actions.insert(0, {"type": "sleep", "option": {"duration": self.random.choice([1, 50, 300])}})
        if self.random.random() < 0.3:
            actions.append({"type": "sleep", "option": {"duration": self.random.choice([50, 500])}})
        body = {"type": "rtp", "sdp_offer": sdp.offer("PCMU", self.port), "actions": actions, "source": key,
                "media_timeout": self.random.choice([0, 0, 0, 1, 3])}
        answer = self.say("POST", "/v1/calls", body, key)
        if answer.status == 200:
            with self.book.lock:
                self.book.calls[answer.body["id"]] = {"key": key}
                self.book.counts["joins asked for"] += 1
            self.calls.append(answer.body["id"])
        elif answer.status in REFUSALS and room in self.rooms and self.random.random() < 0.5:
            self.rooms.remove(room)

    def change(self, kind, method, path, end=None):
        """A request that is answered by the resource; `end` is the state that it must come to."""
        before = self.book.known.before(path.split("/")[3])
        answer = self.say(method, path)
        if answer.status == 200:
            self.book.known.see(kind, answer.body, before)
            if end:
                self.book.promise_end("/".join(path.split("/")[:4]), end)
        return answer

    def hang_up(self):
        if self.calls:
            call = self.calls.pop(self.random.randrange(len(self.calls)))
            self.change("call", "POST", f"/v1/calls/{call}/hangup", "hangup")
            self.book.count("hang-ups")

    def kick(self):
        if not self.rooms:
            return
        room = self.random.choice(self.rooms)
        listed = self.say("GET", f"/v1/conferencecalls?conference_id={room}&page_size=20")
        if listed.status == 200 and listed.body["result"]:
            one = self.random.choice(listed.body["result"])
            self.change("conferencecall", "DELETE", f'/v1/conferencecalls/{one["id"]}', "leaved")
            self.book.count("kicks")

    def close_room(self):
        if self.rooms:
            room = self.rooms.pop(self.random.randrange(len(self.rooms)))
            self.change("conference", "DELETE", f"/v1/conferences/{room}", "terminated")
            self.book.count("deletes")

    def change_room(self):
        if not self.rooms:
            return
        room = self.random.choice(self.rooms)
        before = self.book.known.before(room)
        fields = self.random.choice([{"detail": str(self.random.random())}, {"timeout": self.random.choice([0, 1, 2, 5])}])
        answer = self.say("PATCH", f"/v1/conferences/{room}", fields)
        if answer.status == 200:
            self.book.known.see("conference", answer.body, before)
            self.book.count("patches")
            if "timeout" in fields:
                with self.book.lock:
                    self.book.rooms[room]["timeout"] = None
        elif answer.status == 409:
            self.rooms.remove(room)

    def look(self):
        if self.rooms:
            self.change("conference", "GET", f"/v1/conferences/{self.random.choice(self.rooms)}")
        if self.calls:
            call = self.random.choice(self.calls)
            if self.change("call", "GET", f"/v1/calls/{call}").body["status"] == "hangup":
                self.calls.remove(call)


def list_all(rest, path):
    """All rows of a list, page by page."""
    rows, token = [], ""
    while True:
        page = rest.get(path + (f"?page_token={token}" if token else ""))
        assert page.status == 200, page.text
        rows += json.loads(page.text)["result"]
        token = page.body["next_page_token"]
        if not token:
            return rows
