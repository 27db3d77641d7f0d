"""kill -9 of control under load, again and again; then what must be true is looked for in the events, by REST and in the media plane."""

import datetime
import random
import threading
import time

from tests.crash.listeners import TONES, Listeners
from tests.crash.load import Book, Client, list_all
from tests.crash.story import Known, Story
from tests.harness.events import EventClient, Follower
from tests.harness.stack import Stack
from tests.harness.udp_caller import rtp_socket
from tests.harness.waiting import until

CLIENTS = 6
TRUTH_SECONDS_MAX = 5
# Where another replica must take over what a dead one held.
TAKE_OVER_SECONDS_MAX = 10
# The longest of the deadlines that can follow each other: leaving, teardown, terminating; and a reconcile.
SETTLE_SECONDS_MAX = 60
# A deadline is kept so late at most, on a machine that does other things, too.
LATE_SECONDS_MAX = 3
FLAGS = ["--control.stray_age_ms=2000", "--control.reconcile_interval_ms=2000"]


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Trial:
    """One stack under load. `say` is called with a line of progress now and then."""

    def __init__(self, seed, postgres=None, replicas=1, say=lambda line: None):
        self.random = random.Random(seed)
        self.seed = seed
        self.say = say
        self.postgres = postgres
        flags = [*FLAGS, *([f"--control.postgres_url={postgres.url}"] if postgres else [])]
        self.stack = Stack(flags, replicas)
        self.truth_seconds_max = TRUTH_SECONDS_MAX if replicas == 1 else TAKE_OVER_SECONDS_MAX
        self.known = Known()
        self.book = Book(self.known)
        self.going = threading.Event()
        self.clients = []
        self.followers = []
        self.watchers = []
        self.listeners = None
        self.faults = []
        self.kills = 0
        self.recoveries = []
        # (from, until) when no replica was there.
        self.down = []
        self.began = time.monotonic()

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def fault(self, text):
        self.faults.append(text)

    def start(self):
        self.stack.start()
        for name in self.stack.controls:
            client = EventClient(self.stack.grpc[name])
            self.watchers.append(client)
            story = Story(name)
            self.followers.append((Follower(client, story.see), story))
        self.room = self.stack.create_conference(name="the listeners'")["id"]
        self.listeners = Listeners(self.stack.http, self.room)
        # Where the rooms' sound for callers goes that nobody plays.
        self.sink = rtp_socket()
        for number in range(CLIENTS):
            client = Client(self.stack, self.book, self.seed * 1000 + number, self.sink.getsockname()[1], self.going)
            self.clients.append(client)
            client.start()

    def stop(self):
        self.going.set()
        for follower, _ in self.followers:
            follower.end()
        if self.listeners:
            self.listeners.kill()
        for client in self.watchers:
            client.close()
        self.stack.stop()

    # --- What happens to control.

    def run_for(self, seconds):
        """Load, and nothing else."""
        end = time.monotonic() + seconds
        until(lambda: time.monotonic() > end, seconds + 5, "time passes")

    def promised(self):
        with self.book.lock:
            return list(self.book.ended)

    def kill(self):
        """kill -9 of a replica at a random moment, and a restart after another one; the truth is back in time."""
        name = self.random.choice(self.stack.controls)
        self.run_for(self.random.uniform(0.2, 2.0))
        promised = self.promised()
        killed = time.time()
        self.stack.kill(name)
        self.kills += 1
        self.run_for(self.random.uniform(0, 0.7))
        self.stack.start_one(name)
        self.wait_truth(promised)
        if len(self.stack.controls) == 1:
            self.down.append((killed, time.time()))

    def wait_truth(self, promised):
        """Until REST tells all that was promised before; how long it took is kept."""
        began = time.monotonic()
        waiting = {*promised, *((f"/v1/calls/{call}", "progressing") for call in self.listeners.calls)}

        def told():
            for path, status in list(waiting):
                answer = self.stack.get(path)
                if answer.status == 404:
                    self.fault(f"{path} was promised and is not known any more")
                elif answer.status != 200 or answer.body["status"] != status:
                    return False
                waiting.discard((path, status))
            room = self.stack.get(f"/v1/conferences/{self.room}")
            return room.status == 200 and room.body["participant_count"] == len(TONES)
        try:
            until(told, 4 * self.truth_seconds_max, "the truth is told")
        except AssertionError:
            path, status = (list(waiting) or [(f"/v1/conferences/{self.room}", "with its callers")])[0]
            self.fault(f"kill {self.kills}: {path} is not {status}: {self.stack.get(path).text[:600]}")
        took = time.monotonic() - began
        self.recoveries.append(took)
        if took > self.truth_seconds_max:
            self.fault(f"kill {self.kills}: the truth took {took:.1f} s")

    # --- The end of it.

    def finish(self):
        """Ends the load and all rooms but by their rules; what is wrong is in `faults`."""
        self.going.set()
        for client in self.clients:
            client.join(60)
            if client.is_alive():
                self.fault("a client hangs")
        self.check_counts()
        for room in list_all(self.stack, "/v1/conferences"):
            if room["status"] == "progressing" and room["id"] != self.room:
                self.stack.delete(f'/v1/conferences/{room["id"]}')
        self.heard = self.listeners.result()
        if self.heard["missing"]:
            self.fault(f"the callers who stayed missed {self.heard['missing']} packets of {self.heard['packets']}")
        for call in self.listeners.calls:
            self.stack.delete(f"/v1/calls/{call}")
        self.stack.delete(f"/v1/conferences/{self.room}")
        self.check_settled()
        rooms = {room["id"]: room for room in list_all(self.stack, "/v1/conferences")}
        calls = {call["id"]: call for call in list_all(self.stack, "/v1/calls")}
        participants = {one["id"]: one for one in list_all(self.stack, "/v1/conferencecalls")}
        self.check_created(rooms, calls)
        self.check_timeouts(rooms)
        self.check_stories({**rooms, **calls, **participants})
        self.faults += self.book.faults + self.known.faults
        for follower, story in self.followers:
            self.faults += story.faults
            if follower.refused:
                self.fault(f"the Watch of {story.name} was refused: {follower.refused}")
        return self.faults

    def check_counts(self):
        """Nobody changes anything but deadlines: rooms and their participants agree, asked for in between two equal answers."""
        for room in list_all(self.stack, "/v1/conferences"):
            if room["status"] != "progressing":
                continue
            path = f'/v1/conferences/{room["id"]}'
            for _ in range(10):
                before = self.stack.get(path).body
                joined = {one["id"] for one in self.stack.participants(room["id"])}
                if self.stack.get(path).body == before:
                    break
            if before["participant_count"] != len(joined) or set(before["conferencecall_ids"]) != joined:
                self.fault(f'{path} counts {before["participant_count"]} and {before["conferencecall_ids"]}; joined are {joined}')

    def check_settled(self):
        """Nothing is stuck past its deadline, in the store and in the media plane."""
        def open_rows():
            last = {"conferences": "terminated", "participants": "leaved", "calls": "hangup"}
            rows = {}
            for what, end in last.items():
                text = self.stack.scrape(self.living())
                for line in text.splitlines():
                    if line.startswith(f"tutti_control_{what}{{") and f'"{end}"' not in line and not line.endswith(" 0"):
                        rows[line.split(" ")[0]] = line.split(" ")[1]
            for what in ("legs", "bridges"):
                count = self.stack.metric("mediaplane", f"tutti_mediaplane_{what}")
                if count:
                    rows[f"mediaplane's {what}"] = count
            return rows
        try:
            until(lambda: not open_rows(), SETTLE_SECONDS_MAX, "all has ended")
        except AssertionError:
            self.fault(f"stuck after {SETTLE_SECONDS_MAX} s: {open_rows()}")

    def living(self):
        return next(name for name in self.stack.controls if self.stack.processes[name].poll() is None)

    def check_created(self, rooms, calls):
        """All that was accepted is there, once for each key."""
        by_key = {}
        for room in rooms.values():
            by_key.setdefault(room["name"], []).append(room["id"])
        for call in calls.values():
            # A call that was never answered left its key to the next one.
            if call["tm_progressing"]:
                by_key.setdefault(call["source"], []).append(call["id"])
        for kind, promised, found in (("room", self.book.rooms, rooms), ("call", self.book.calls, calls)):
            for identity, made in promised.items():
                if identity not in found:
                    self.fault(f"{kind} {identity} was accepted and is not there")
                elif by_key.get(made["key"]) != [identity]:
                    self.fault(f"{kind} {identity}: its key made {by_key.get(made['key'])}")
        for key, made in by_key.items():
            if key and len(made) > 1:
                self.fault(f"the key {key} made {made}")

    def check_timeouts(self, rooms):
        """A room's timeout fires at its time, or as soon as control is there again."""
        for identity, made in self.book.rooms.items():
            room = rooms.get(identity)
            if not room or room["end_reason"] != "timeout" or not made["timeout"]:
                continue
            due, fired = seconds_of(room["tm_create"]) + made["timeout"], seconds_of(room["tm_end"])
            allowed = due
            for begin, end in self.down:
                if begin <= allowed <= end:
                    allowed = end
            if not due <= fired <= allowed + LATE_SECONDS_MAX:
                self.fault(f"room {identity} timed out {fired - due:.2f} s after its time, {fired - allowed:.2f} s after it could")

    def check_stories(self, rows):
        """Every watcher saw the same, a new reader reads the same, and REST ends where the events end."""
        first = self.followers[0][1]
        until(lambda: len({story.count() for _, story in self.followers}) == 1, 10, "every watcher has all events")
        total = first.count()
        if not total:
            return self.fault("no event came")
        for _, story in self.followers[1:]:
            first.same_as(story, f"at {story.name}")
        again = Story("read anew")
        client = self.watchers[self.stack.controls.index(self.living())]
        again.see(first.order[0])
        for event in client.read(total - 1, 60, cursor=first.first_cursor):
            again.see(event)
        first.same_as(again, "when all is read anew")
        if [event.id for event in first.order] != [event.id for event in again.order]:
            self.fault("all events read anew come in another order")
        for stream, events in first.streams.items():
            read = client.read(len(events), stream=stream)
            if [event.content for event in read] != [event.content for event in events]:
                self.fault(f"{stream}: read anew it is another one")
        self.faults += again.faults
        for identity, row in rows.items():
            event = first.latest.get(identity)
            if event is None or event.data["status"] != row["status"]:
                self.fault(f"{identity} is {row['status']}, its last event is {event!r}")
        for identity in first.latest:
            if identity not in rows:
                self.fault(f"{identity} has events and is in no list")
        return None

    def table(self):
        """The lines of the report."""
        story = self.followers[0][1]
        counted = self.book.counts
        refusals = ", ".join(f"{reason} {count}" for reason, count in sorted(self.book.refusals.items()))
        lines = [
            ("seed", self.seed), ("kills of control", self.kills),
            ("rooms made", counted["rooms"]), ("calls made", counted["joins asked for"]),
            ("joins (conferencecall_joined)", story.types.get("conferencecall_joined", 0)),
            ("leaves (conferencecall_leaved)", story.types.get("conferencecall_leaved", 0)),
            ("hang-ups asked for", counted["hang-ups"]), ("kicks", counted["kicks"]), ("deletes", counted["deletes"]),
            ("PATCHes", counted["patches"]), ("requests said again", counted["said again"]),
            ("refusals", refusals or 0), ("events", story.count()), ("streams, each read anew", len(story.streams)),
            ("breaks of the Watch", sum(follower.breaks for follower, _ in self.followers)),
            (f"slowest recovery, s (limit {self.truth_seconds_max})", f"{max(self.recoveries, default=0):.2f}"),
            ("median recovery, s", f"{sorted(self.recoveries)[len(self.recoveries) // 2] if self.recoveries else 0:.2f}"),
            ("slowest answer to a client, s", f"{self.book.slowest_answer:.2f}"),
            ("packets of two callers who stayed", self.heard["packets"]),
            ("of them missing", self.heard["missing"]), ("without the other's tone", self.heard["quiet"]),
            ("seconds", f"{time.monotonic() - self.began:.0f}"), ("faults", len(self.faults)),
        ]
        return [f"| {name} | {value} |" for name, value in lines]
