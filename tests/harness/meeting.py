"""A room of callers with a tone each: who hears whom, how loud, and what else they hear."""

import audioop
import math
import unittest

import numpy

from tests.harness import sdp
from tests.harness.callers import even_port
from tests.harness.stack import Stack
from tests.harness.udp_caller import RATE, UdpCaller
from tests.harness.waiting import until

SENT_DBFS = -12.0
# A tone is heard above the one and not heard below the other.
HEARD_DBFS = SENT_DBFS - 8
UNHEARD_DBFS = SENT_DBFS - 28
# Of one look: 300 ms.
WINDOW_PACKETS = 15
# Without common sums among the tones and their lower intermodulations.
TONES = {"a": 503, "b": 811, "c": 1103, "d": 1409}
# Of music, beside tones; the rounding of G.711 lies 9 dB below.
MUSIC_DBFS = -38.0


class Member:
    """A caller in the room."""

    def __init__(self, stack, name):
        self.stack = stack
        self.name = name
        self.caller = UdpCaller(stack, TONES[name], SENT_DBFS)
        self.participant_id = None

    @property
    def path(self):
        return f"/v1/conferencecalls/{self.participant_id}"

    def level(self, frequency):
        return self.caller.level(frequency, WINDOW_PACKETS)

    def wait_level(self, frequency, dbfs, what=""):
        self.caller.wait_level(frequency, dbfs, WINDOW_PACKETS, what)

    def hears(self, names):
        """Those of the names whose tone it hears now; None where one is neither heard nor not."""
        heard = set()
        for name in names:
            level = self.level(TONES[name])
            if UNHEARD_DBFS < level < HEARD_DBFS:
                return None
            if level >= HEARD_DBFS:
                heard.add(name)
        return heard

    def beside_tones(self):
        """Level (rms, dBFS) of what it hears now besides the callers' tones."""
        payload = b"".join(packet.payload for packet in self.caller.packets[-WINDOW_PACKETS:])
        samples = numpy.frombuffer(audioop.ulaw2lin(payload, 2), dtype="<i2") / 32768
        times = numpy.arange(len(samples)) / RATE
        waves = [wave(2 * math.pi * tone * times) for tone in TONES.values() for wave in (numpy.sin, numpy.cos)]
        basis = numpy.stack(waves, axis=1)
        fitted = basis @ numpy.linalg.lstsq(basis, samples, rcond=None)[0]
        return 20 * math.log10(max(numpy.sqrt(((samples - fitted) ** 2).mean()), 1e-9))

    def hears_music(self):
        return self.beside_tones() > MUSIC_DBFS

    def patch(self, **fields):
        answer = self.stack.request("PATCH", self.path, fields)
        assert answer.status == 200, answer.text
        for name, value in fields.items():
            assert answer.body[name] == (value or (None if value == "" else value)), answer.text
        return answer.body

    def hang_up(self):
        answer = self.stack.post(f'/v1/calls/{self.caller.call["id"]}/hangup')
        assert answer.status == 200, answer.text
        self.caller.end()


class MeetingTest(unittest.TestCase):
    """Real processes, and rooms with callers a, b, c, d."""

    flags = ()
    speech = False

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(cls.flags, speech=cls.speech).start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def setUp(self):
        self.room = None
        self.members = {}

    def open_room(self, **fields):
        self.room = self.stack.create_conference(**fields)["id"]
        self.addCleanup(self.stack.delete, f"/v1/conferences/{self.room}")
        return self.room

    def enter(self, name, **option):
        """A caller joins; returns when it is joined."""
        member = Member(self.stack, name)
        self.addCleanup(member.caller.end)
        member.caller.join(self.room, actions=[self.join_action(**option)])
        call_id = member.caller.call["id"]
        def joined():
            return [one["id"] for one in self.stack.participants(self.room) if one["reference_id"] == call_id]
        member.participant_id = until(joined, 10, f"{name} is joined")[0]
        self.members[name] = member
        return member

    def meet(self, names, **fields):
        self.open_room(**fields)
        return [self.enter(name) for name in names]

    def join_action(self, **option):
        return {"type": "conference_join", "option": {"conference_id": self.room, **option}}

    def try_to_join(self, **option):
        """The answer to a call that joins at once."""
        answer = self.stack.create_call(sdp.offer("PCMU", even_port()), self.room, actions=[self.join_action(**option)])
        if answer.status == 200:
            self.addCleanup(self.stack.post, f'/v1/calls/{answer.body["id"]}/hangup')
        return answer

    def expect(self, what, music="", **hears):
        """Until each caller hears the named others and no more, and, if it is in `music`, something else beside
        them; and that it stays so. expect("before", a="bc", b="a")."""
        def now():
            result = {}
            for name in hears:
                member = self.members[name]
                heard = member.hears(TONES)
                result[name] = ("unsteady" if heard is None else "".join(sorted(heard)), member.hears_music())
            return result
        wanted = {name: ("".join(sorted(others)), name in music) for name, others in hears.items()}
        def received(count):
            return all(len(self.members[name].caller.packets) >= count[name] for name in hears)
        try:
            until(lambda: received({name: WINDOW_PACKETS for name in hears}) and now() == wanted, 5, what)
        except AssertionError:
            self.fail(f"{what}: wanted {wanted}, heard {now()}: {self.levels(hears)}")
        later = {name: len(self.members[name].caller.packets) + WINDOW_PACKETS for name in hears}
        until(lambda: received(later), 5, "packets")
        try:
            until(lambda: now() == wanted, 2, what)
        except AssertionError:
            self.fail(f"{what}, 300 ms later: wanted {wanted}, heard {now()}: {self.levels(hears)}")

    def levels(self, names):
        return {name: [round(self.members[name].level(tone)) for tone in TONES.values()]
                + [round(self.members[name].beside_tones())] for name in names}
