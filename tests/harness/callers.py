"""Callers that are programs of others: ffmpeg and GStreamer send a tone and record what they receive."""

import os
import signal
import socket
import subprocess
import tempfile

from tests.harness import sdp, tones
from tests.harness.stack import free_port
from tests.harness.waiting import until

SEND_LEVEL_DBFS = -12.0


class Caller:
    """One call: a sender and a receiver, each a process."""

    program = ""

    def __init__(self, stack, codec, frequency, ptime_ms=None, address="127.0.0.1", port=None, prefix=()):
        self.stack = stack
        self.codec = codec
        self.frequency = frequency
        self.ptime_ms = ptime_ms
        self.address = address
        self.prefix = list(prefix)
        self.port = port or even_port()
        self.folder = tempfile.mkdtemp(prefix=self.program, dir=stack.folder)
        self.wav = os.path.join(self.folder, "heard.wav")
        self.call = None
        self.processes = []

    def join(self, conference_id, **fields):
        """Listens first, then calls, then sends."""
        self.processes.append(self._spawn("receive", self.receive_command()))
        answer = self.stack.create_call(sdp.offer(self.codec, self.port, self.address), conference_id, **fields)
        assert answer.status == 200, answer.text
        self.call = answer.body
        remote = sdp.media_of(self.call["sdp_answer"])
        self.processes.append(self._spawn("send", self.send_command(remote)))
        return self

    def _spawn(self, what, command):
        log = open(os.path.join(self.folder, f"{what}.log"), "wb")
        process = subprocess.Popen([*self.prefix, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        return process

    def wait_heard(self, seconds, timeout=30):
        """Until so many seconds of audio are in the recording."""
        _, _, rate = sdp.CODECS[self.codec]
        wanted = int(seconds * rate * 2)
        def enough():
            for process in self.processes:
                assert process.poll() is None, f"{self.program} ended: {self.logs()}"
            return os.path.exists(self.wav) and os.path.getsize(self.wav) > wanted
        until(enough, timeout, f"{seconds} s heard by {self.program}: {self.logs()}")

    def logs(self):
        texts = []
        for what in ("receive", "send"):
            path = os.path.join(self.folder, f"{what}.log")
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    texts.append(f"{what}: {file.read()[-1500:]}")
        return "\n".join(texts)

    def hang_up(self):
        answer = self.stack.post(f'/v1/calls/{self.call["id"]}/hangup')
        assert answer.status == 200, answer.text
        self.end()

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def heard(self, seconds):
        """The last steady seconds that it received, and their sample rate."""
        samples, rate = tones.read_wav(self.wav)
        return tones.steadiest(samples, rate, seconds), rate

    def level(self, frequency, seconds=2):
        samples, rate = self.heard(seconds)
        return tones.level_dbfs(samples, rate, frequency)


def even_port():
    """An even UDP port whose next one is free, too."""
    while True:
        port = free_port(socket.SOCK_DGRAM)
        if port % 2 == 0:
            return port


class Ffmpeg(Caller):
    program = "ffmpeg"

    def send_command(self, remote):
        _, _, rate = sdp.CODECS[self.codec]
        encoder = {"PCMU": "pcm_mulaw", "PCMA": "pcm_alaw", "G722": "g722", "L16/8000": "pcm_s16be",
                   "L16/16000": "pcm_s16be"}[self.codec]
        source = f"aevalsrc=exprs={10 ** (SEND_LEVEL_DBFS / 20)}*sin(2*PI*t*{self.frequency}):sample_rate={rate}"
        if self.ptime_ms:
            source += f":nb_samples={rate * self.ptime_ms // 1000}"
        address, port = remote
        return ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "warning", "-re", "-f", "lavfi", "-i", source,
                "-c:a", encoder, "-f", "rtp", "-payload_type", str(sdp.CODECS[self.codec][0]),
                f"rtp://{address}:{port}"]

    def receive_command(self):
        path = os.path.join(self.folder, "receive.sdp")
        with open(path, "w", encoding="ascii") as file:
            file.write(sdp.receiver(self.codec, self.port, self.address))
        return ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "warning", "-protocol_whitelist", "file,udp,rtp",
                "-analyzeduration", "0", "-probesize", "32", "-flags", "low_delay", "-i", path,
                "-c:a", "pcm_s16le", "-flush_packets", "1", "-y", self.wav]


class GStreamer(Caller):
    program = "gstreamer"

    def send_command(self, remote):
        _, _, rate = sdp.CODECS[self.codec]
        chain = {"PCMU": "mulawenc ! rtppcmupay", "PCMA": "alawenc ! rtppcmapay", "G722": "avenc_g722 ! rtpg722pay",
                 "L16/8000": "rtpL16pay", "L16/16000": "rtpL16pay"}[self.codec]
        chain += f" pt={sdp.CODECS[self.codec][0]}"
        samples = 1024
        if self.ptime_ms:
            samples = rate * self.ptime_ms // 1000
            nanoseconds = self.ptime_ms * 1_000_000
            chain += f" min-ptime={nanoseconds} max-ptime={nanoseconds}"
        caps = f"audio/x-raw,rate={rate},channels=1,format={'S16BE' if self.codec.startswith('L16') else 'S16LE'}"
        address, port = remote
        return ["gst-launch-1.0", "-q", *(
            f"audiotestsrc is-live=true freq={self.frequency} volume={10 ** (SEND_LEVEL_DBFS / 20)} "
            f"samplesperbuffer={samples} ! {caps} ! {chain} ! udpsink host={address} port={port} sync=true").split()]

    def receive_command(self):
        payload_type, rtpmap, rate = sdp.CODECS[self.codec]
        name, clock = rtpmap.split("/")
        chain = {"PCMU": "rtppcmudepay ! mulawdec", "PCMA": "rtppcmadepay ! alawdec", "G722": "rtpg722depay ! avdec_g722",
                 "L16/8000": "rtpL16depay", "L16/16000": "rtpL16depay"}[self.codec]
        caps = f"application/x-rtp,media=audio,clock-rate={clock},encoding-name={name},payload={payload_type}"
        if name == "L16":
            caps += ",channels=1"
        return ["gst-launch-1.0", "-q", "-e", *(
            f"udpsrc address={self.address} port={self.port} caps={caps} ! rtpjitterbuffer latency=60 ! {chain} ! "
            f"audioconvert ! audio/x-raw,format=S16LE,rate={rate},channels=1 ! wavenc ! "
            f"filesink buffer-mode=unbuffered location={self.wav}").split()]
