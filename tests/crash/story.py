"""What the events tell, checked as they come: nothing goes back, nothing is missing, nothing comes twice."""

import threading

STATES = {
    "conference": ("starting", "progressing", "terminating", "terminated"),
    "conferencecall": ("joining", "joined", "leaving", "leaved"),
    "call": ("dialing", "ringing", "progressing", "terminating", "hangup"),
}
# More would tell nothing new.
FAULTS_MAX = 20


def order_of(kind, status):
    return STATES[kind].index(status)


class Story:
    """All streams as one watcher saw them. Thread-safe."""

    def __init__(self, name):
        self.name = name
        self.faults = []
        self.order = []
        self.streams = {}
        self.latest = {}
        self.types = {}
        self.first_cursor = None
        self._joined = {}
        self._statuses = {}
        self._ids = set()
        self._deleted = set()
        self._lock = threading.Lock()

    def fault(self, text):
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(f"{self.name}: {text}")

    def see(self, event):
        """A follower's `seen`."""
        with self._lock:
            self._see(event)

    def _see(self, event):
        if self.first_cursor is None:
            self.first_cursor = event.cursor
        stream = self.streams.setdefault(event.stream, [])
        if event.sequence != len(stream) + 1:
            self.fault(f"{event!r} came after #{len(stream)}")
        if event.id in self._ids:
            self.fault(f"{event!r} has the id of another event")
        if event.stream in self._deleted:
            self.fault(f"{event!r} came after conference_deleted")
        self._ids.add(event.id)
        stream.append(event)
        self.order.append(event)
        self.types[event.type] = self.types.get(event.type, 0) + 1
        resource, status = event.data["id"], event.data["status"]
        self._check_state(event, resource, status)
        self.latest[resource] = event
        if event.kind == "conferencecall":
            joined = self._joined.setdefault(event.stream, set())
            joined.discard(resource)
            if status == "joined":
                joined.add(resource)
        elif event.kind == "conference":
            count, known = event.data.get("participant_count", 0), len(self._joined.get(event.stream, ()))
            if count != known:
                self.fault(f"{event!r} counts {count} participants, {known} have joined and not left")
            if event.type == "conference_deleted":
                self._deleted.add(event.stream)

    def _check_state(self, event, resource, status):
        seen = self._statuses.setdefault(resource, [])
        if seen and order_of(event.kind, status) < order_of(event.kind, seen[-1]):
            self.fault(f"{event!r} came after {seen[-1]}")
        again = seen and status == seen[-1]
        # Only changes of what a conference or a call is repeat a state.
        if again and event.type not in ("conference_updated", "call_updated"):
            self.fault(f"{event!r} tells of {status} a second time")
        if event.kind == "conferencecall":
            if not seen and status != "joining":
                self.fault(f"{event!r} is the first of its participant")
            if ("joined" in seen or status == "joined") != ("tm_joined" in event.data):
                self.fault(f"{event!r} tells of tm_joined and not of joined, or of joined and not of tm_joined")
        if not again:
            seen.append(status)

    def status_of(self, resource):
        with self._lock:
            event = self.latest.get(resource)
            return event.data["status"] if event else None

    def count(self):
        with self._lock:
            return len(self.order)

    def same_as(self, other, what):
        """Faults where the other one saw another story, stream by stream."""
        for stream in sorted(set(self.streams) | set(other.streams)):
            mine = [event.content for event in self.streams.get(stream, ())]
            theirs = [event.content for event in other.streams.get(stream, ())]
            if mine != theirs:
                self.fault(f"{stream}: {len(mine)} events here and {len(theirs)} {what}, or others")


class Known:
    """The furthest state that an answer has shown of each resource: no later question may be answered with an earlier one. Thread-safe."""

    def __init__(self):
        self.faults = []
        self._states = {}
        self._lock = threading.Lock()

    def before(self, resource):
        """To be taken before a question, and given to `see` with its answer."""
        with self._lock:
            return self._states.get(resource, 0)

    def see(self, kind, body, before=0):
        state = order_of(kind, body["status"])
        with self._lock:
            if state < before and len(self.faults) < FAULTS_MAX:
                self.faults.append(f'{kind} {body["id"]} is answered as {body["status"]}, it was {STATES[kind][before]} before')
            self._states[body["id"]] = max(state, self._states.get(body["id"], 0))
