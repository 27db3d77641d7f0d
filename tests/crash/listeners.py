"""Callers who stay in a room over all that happens to control, in a process of their own, so that load here is not heard there."""

import multiprocessing

from tests.harness.stack import Rest
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

TONES = (503, 811)
STEADY_PACKETS = 50


def _listen(http, room, pipe):
    rest = Rest(http)
    callers = [UdpCaller(rest, tone).join(room) for tone in TONES]
    until(lambda: all(len(caller.packets) > STEADY_PACKETS for caller in callers), 30, "the callers hear something")
    marks = [len(caller.packets) for caller in callers]
    pipe.send([caller.call["id"] for caller in callers])
    pipe.recv()
    for caller in callers:
        caller.end()
    pipe.send({
        "packets": sum(len(caller.packets) - mark for caller, mark in zip(callers, marks)),
        "missing": sum(caller.gaps(mark) for caller, mark in zip(callers, marks)),
        "quiet": sum(caller.quiet_packets(mark) for caller, mark in zip(callers, marks)),
    })


class Listeners:
    """Two callers, each with a tone."""

    def __init__(self, http, room):
        # Not a fork: gRPC has threads already.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_listen, args=(http, room, theirs), daemon=True)
        self.process.start()
        assert self.pipe.poll(40), "the callers did not come into the room"
        self.calls = self.pipe.recv()

    def result(self):
        """Ends them: packets, those that never came, and those without the other's tone."""
        self.pipe.send("end")
        assert self.pipe.poll(30), "the callers did not end"
        heard = self.pipe.recv()
        self.process.join(10)
        return heard

    def kill(self):
        if self.process.is_alive():
            self.process.kill()
