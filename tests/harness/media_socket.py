"""A client of a room's media stream: a thread of its own keeps what it hears, and says what it is told to."""

import asyncio
import math
import threading

import numpy
import websockets

from tests.harness import tones
from tests.harness.waiting import until

FRAME_SECONDS = 0.02


def tone(frequency, seconds, rate, level_dbfs=-12.0, first=0):
    """Samples of a sine, from sample `first` on."""
    times = (numpy.arange(int(seconds * rate)) + first) / rate
    samples = numpy.sin(2 * math.pi * frequency * times) * 10 ** (level_dbfs / 20) * 32767
    return samples.round().astype("<i2").tobytes()


class MediaSocket:
    """Open once it is made. With a `frequency` it says that tone all the time, as a speaker does."""

    def __init__(self, stack, room, query="", rate=16000, key=None, frequency=None):
        self.rate = rate
        self.frames = []
        self.close_code = None
        self.close_reason = None
        self.error = None
        self._frequency = frequency
        self._opened = threading.Event()
        self._paused = threading.Event()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._connect = {"uri": f"ws://{stack.http}/v1/conferences/{room}/media_stream?rate={rate}&{query}",
                         "extra_headers": headers, "max_queue": 4, "ping_interval": None}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)
        self._thread.start()
        assert self._opened.wait(20), "not opened"
        if self.error is not None:
            raise self.error

    async def _run(self):
        try:
            self._socket = await websockets.connect(**self._connect)
        except (OSError, websockets.exceptions.WebSocketException) as error:
            self.error = error
            return self._opened.set()
        self._close = asyncio.Event()
        self._opened.set()
        closer = asyncio.ensure_future(self._close_when_told())
        speaker = asyncio.ensure_future(self._speak()) if self._frequency else None
        try:
            async for frame in self._socket:
                self.frames.append(frame)
                while self._paused.is_set():
                    await asyncio.sleep(FRAME_SECONDS)
        except websockets.exceptions.ConnectionClosed:
            pass
        if speaker:
            speaker.cancel()
        if not self._close.is_set():
            closer.cancel()
        await asyncio.gather(closer, return_exceptions=True)
        self.close_code, self.close_reason = self._socket.close_code, self._socket.close_reason

    async def _close_when_told(self):
        await self._close.wait()
        await self._socket.close()

    async def _speak(self):
        samples = int(FRAME_SECONDS * self.rate)
        begin = self._loop.time()
        for frame in range(1 << 20):
            await self._socket.send(tone(self._frequency, FRAME_SECONDS, self.rate, first=frame * samples))
            await asyncio.sleep(begin + (frame + 1) * FRAME_SECONDS - self._loop.time())

    def send(self, message):
        asyncio.run_coroutine_threadsafe(self._socket.send(message), self._loop).result(20)

    def pause(self, paused=True):
        """Reads no more, or again."""
        (self._paused.set if paused else self._paused.clear)()

    def heard(self, seconds=0.5):
        """The last seconds of what it heard, in -1…1."""
        frames = self.frames[-int(seconds / FRAME_SECONDS):]
        return numpy.frombuffer(b"".join(frames), dtype="<i2").astype(numpy.float64) / 32768

    def level(self, frequency, seconds=0.3):
        return tones.level_dbfs(self.heard(seconds), self.rate, frequency)

    def wait_frames(self, more, seconds=10):
        wanted = len(self.frames) + more
        until(lambda: len(self.frames) >= wanted, seconds, f"{more} frames more")

    def wait_closed(self, seconds=10):
        """The close code and reason."""
        until(lambda: self.close_code is not None, seconds, "closed")
        return self.close_code, self.close_reason

    def close(self):
        self.pause(False)
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._close.set)
            self._thread.join(20)
