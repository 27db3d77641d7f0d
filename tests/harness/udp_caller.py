"""A caller at the packet's level: what it sends and what arrives is known to the byte and the sequence number."""

import audioop
import collections
import math
import socket
import struct
import threading
import time

import numpy

from tests.harness import sdp, tones
from tests.harness.waiting import until

TICK_SECONDS = 0.02
SAMPLES = 160
RATE = 8000
# RFC 4733 section 3.2: the codes of the events, by their place.
DIGITS = "0123456789*#"
EVENT_PAYLOAD_TYPE = 101
EVENT_TICKS = 5


def rtp_socket():
    """A socket of an even port: what is sent to a neighbour's RTCP port (RFC 3550 section 11) never comes here."""
    while True:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind(("127.0.0.1", 0))
        if opened.getsockname()[1] % 2 == 0:
            return opened
        opened.close()


class Packet:
    """An RTP packet as it arrived."""

    def __init__(self, data, arrival):
        first, second, self.sequence, self.timestamp, self.ssrc = struct.unpack("!BBHII", data[:12])
        assert first == 0x80, f"version, padding, extension or CSRC: {first:#x}"
        self.payload_type = second & 0x7F
        self.marker = bool(second & 0x80)
        self.payload = data[12:]
        self.arrival = arrival


class UdpCaller:
    """Sends a PCMU tone in 20 ms packets and keeps every packet that comes. `frequency` 0 sends silence."""

    def __init__(self, stack, frequency, level_dbfs=-12.0):
        self.stack = stack
        self.frequency = frequency
        self.amplitude = 10 ** (level_dbfs / 20) * 32767
        self.socket = rtp_socket()
        self.socket.settimeout(0.2)
        self.packets = []
        self.call = None
        self._ending = threading.Event()
        self._threads = []
        self._digits = collections.deque()

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def join(self, conference_id, **fields):
        answer = self.stack.create_call(sdp.offer("PCMU", self.port), conference_id, **fields)
        assert answer.status == 200, answer.text
        return self.take(answer.body)

    def run(self, actions):
        """A call with these actions."""
        answer = self.stack.post("/v1/calls", {"type": "rtp", "sdp_offer": sdp.offer("PCMU", self.port), "actions": actions})
        assert answer.status == 200, answer.text
        return self.take(answer.body)

    def take(self, call):
        """Speaks for a call that there is."""
        self.call = call
        self.remote = sdp.media_of(self.call["sdp_answer"])
        for work in (self._send, self._receive):
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def press(self, digits):
        """Keys, one after the other, as telephone-events (RFC 4733)."""
        for digit in digits:
            self._digits.extend(self._event_payloads(DIGITS.index(digit)))

    @staticmethod
    def _event_payloads(event):
        """(ticks since its beginning, payload) of each packet: 100 ms, its end three times, a pause of 60 ms."""
        pressed = [(tick, struct.pack("!BBH", event, 10, (tick + 1) * SAMPLES)) for tick in range(EVENT_TICKS)]
        end = struct.pack("!BBH", event, 0x80 | 10, (EVENT_TICKS + 1) * SAMPLES)
        return [*pressed, *((EVENT_TICKS + more, end) for more in range(3)), *[None] * 3]

    def _send(self):
        start = time.monotonic()
        for count in range(1 << 16):
            step = 2 * math.pi * self.frequency / RATE
            event = self._digits.popleft() if self._digits else None
            if event is not None:
                ticks, payload = event
                header = struct.pack("!BBHII", 0x80, (0x80 if ticks == 0 else 0) | EVENT_PAYLOAD_TYPE, count & 0xFFFF,
                                     (count - ticks) * SAMPLES, 0x1234)
            else:
                samples = struct.pack(f"<{SAMPLES}h", *(
                    int(self.amplitude * math.sin(step * (count * SAMPLES + i))) for i in range(SAMPLES)))
                header = struct.pack("!BBHII", 0x80, 0, count & 0xFFFF, count * SAMPLES, 0x1234)
                payload = audioop.lin2ulaw(samples, 2)
            try:
                self.socket.sendto(header + payload, self.remote)
            except OSError:
                pass  # The mediaplane was killed: its port answers with ICMP.
            if self._ending.wait(max(0.0, start + (count + 1) * TICK_SECONDS - time.monotonic())):
                return

    def _receive(self):
        while not self._ending.is_set():
            try:
                data, _ = self.socket.recvfrom(2048)
            except OSError:
                continue
            self.packets.append(Packet(data, time.monotonic()))

    def end(self):
        self._ending.set()
        for thread in self._threads:
            thread.join()
        self.socket.close()

    def level(self, frequency, packets):
        """The level of a tone in the last so many packets."""
        return self.level_of(self.packets[-packets:], frequency)

    def wait_level(self, frequency, dbfs, packets, what=""):
        """Until a tone is heard at this level, within 1 dB."""
        try:
            until(lambda: abs(self.level(frequency, packets) - dbfs) < 1, 5, what)
        except AssertionError as error:
            raise AssertionError(f"{error}: {frequency} Hz at {self.level(frequency, packets):.1f} dBFS, not {dbfs}") from None

    @staticmethod
    def level_of(packets, frequency):
        samples = numpy.frombuffer(
            audioop.ulaw2lin(b"".join(packet.payload for packet in packets), 2), dtype="<i2")
        return tones.level_dbfs(samples.astype(numpy.float64) / 32768, RATE, frequency)

    def gaps(self, first=0):
        """Sequence numbers that never came after packet `first`, and timestamps that did not step by a tick."""
        kept = self.packets[first:]
        lost = sum((b.sequence - a.sequence - 1) & 0xFFFF for a, b in zip(kept, kept[1:]))
        jumps = sum((b.timestamp - a.timestamp) & 0xFFFFFFFF != SAMPLES for a, b in zip(kept, kept[1:]))
        return lost + jumps

    def quiet_packets(self, first=0, quiet_dbfs=-40):
        """Packets from `first` on whose audio is below the level: holes in a steady tone."""
        limit = 10 ** (quiet_dbfs / 20) * 32767
        return sum(audioop.rms(audioop.ulaw2lin(packet.payload, 2), 2) < limit for packet in self.packets[first:])
