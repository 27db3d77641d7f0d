"""Speech in tests: callers that say a known text, and the speech server's own ears for what somebody heard."""

import os
import re
import subprocess
import wave

import grpc

from tests.harness import sdp
from tests.harness.callers import Ffmpeg

PIECE_BYTES = 32000
# What a speaker sends behind its text.
SILENCE_SECONDS = 120


class Speaker(Ffmpeg):
    """Says one text once, after `wait_ms`, then silence; by flite."""

    def __init__(self, stack, codec, voice, text, wait_ms=500):
        super().__init__(stack, codec, 0)
        self.text = text
        self.wait_ms = wait_ms
        self.sound = os.path.join(self.folder, "text.wav")
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", self.sound], check=True)
        # Silence is in the file, for ffmpeg keeps time by what it reads.
        self.sent = os.path.join(self.folder, "sent.wav")
        with wave.open(self.sound) as sound, wave.open(self.sent, "wb") as sent:
            sent.setparams(sound.getparams())
            for samples in (bytes(2 * (sound.getframerate() * wait_ms // 1000)), sound.readframes(sound.getnframes()),
                            bytes(2 * sound.getframerate() * SILENCE_SECONDS)):
                sent.writeframes(samples)

    def send_command(self, remote):
        command = super().send_command(remote)
        rate = sdp.CODECS[self.codec][2]
        chain = f"aresample={rate},asetnsamples=n={rate // 50}"
        source = command.index("-f")
        return [*command[:source], "-i", self.sent, "-af", chain, *command[command.index("-c:a"):]]


def words_of(text):
    return re.findall(r"[a-z']+", text.lower())


def error_rate(wanted, heard):
    """Word errors (substitutions, deletions, insertions) by the wanted words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1] / len(wanted)


def recognise(address, samples, rate, language="en-US"):
    """What the speech server at the address understands of 16 bit samples, by tutti.speech.v1."""
    def requests():
        yield _text(1, _text(1, language))
        yield _text(2, _number(1, 1) + _text(2, "test") + _number(3, rate))
        for at in range(0, len(samples), PIECE_BYTES):
            yield _text(3, _number(1, 1) + _text(2, samples[at:at + PIECE_BYTES]))
        yield _text(4, _number(1, 1))
    with grpc.insecure_channel(address) as channel:
        call = channel.stream_stream("/tutti.speech.v1.SpeechService/Recognize")
        for answer in call(requests(), timeout=120):
            fields = dict(_fields(answer))
            text = dict(_fields(fields[2])) if 2 in fields else {}
            if text.get(3):
                return text.get(2, b"").decode()
    raise AssertionError("no final text")


# The little of Protobuf's wire format that these messages need (https://protobuf.dev/programming-guides/encoding).

def _varint(value):
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def _number(field, value):
    return _varint(field << 3) + _varint(value)


def _text(field, value):
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _fields(data):
    """(number, value) of each field: an int, or bytes."""
    def varint(at):
        value = shift = 0
        while True:
            value |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if not data[at - 1] & 0x80:
                return value, at
    at = 0
    while at < len(data):
        key, at = varint(at)
        kind = key & 7
        if kind == 0:
            value, at = varint(at)
        else:
            size, at = varint(at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value
