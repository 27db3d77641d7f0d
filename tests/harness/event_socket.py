"""A client of /v1/ws for tests that do other things meanwhile: a thread of its own keeps every frame."""

import asyncio
import json
import threading

import websockets

from tests.harness.waiting import until


class EventSocket:
    """Subscribed to a topic from its first event on, once it is made; to live events, too, where asked."""

    def __init__(self, stack, topic, live=False):
        self.frames = []
        self._uri = f"ws://{stack.http}/v1/ws"
        self._subscribe = json.dumps({"type": "subscribe", "topics": [{"topic": topic, "after_sequence": 0}],
                                      **({"live": True} if live else {})})
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        until(lambda: self.frames, 10, "subscribed")
        assert self.frames[0] == {"type": "subscribed", "topic": topic}, self.frames[0]

    def _run(self):
        self._task = self._loop.create_task(self._read())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass

    async def _read(self):
        async with websockets.connect(self._uri) as socket:
            await socket.send(self._subscribe)
            async for frame in socket:
                self.frames.append(json.loads(frame))

    @property
    def events(self):
        return self.frames[1:]

    def wait(self, wanted, seconds=10, what="an event"):
        """The first event that is wanted."""
        until(lambda: any(wanted(event) for event in self.events), seconds, what)
        return next(event for event in self.events if wanted(event))

    def types(self):
        return [event["type"] for event in self.events]

    def close(self):
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
