#!/usr/bin/python3
"""Events by WebSocket on the real processes, with a client that is not ours: order, resumption, gaps, live events, keys, a
stalled client among a thousand.
"""

import asyncio
import json
import os
import socket
import struct
import time
import unittest
import uuid

import websockets

from tests.harness import junit, sdp
from tests.harness.callers import even_port
from tests.harness.events import EventClient
from tests.harness.postgres import Postgres
from tests.harness.stack import Stack
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

KEYS = {"a": "key-of-customer-a-0123456789", "b": "key-of-customer-b-0123456789"}
IDS = {"a": "0198f2d0-0000-7000-8000-00000000000a", "b": "0198f2d0-0000-7000-8000-00000000000b"}

CLIENTS = 1000
SECONDS = 20


class Socket:
    """A client of /v1/ws."""

    def __init__(self, stack, key=None, **options):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._connect = websockets.connect(f"ws://{stack.http}/v1/ws", extra_headers=headers, **options)

    async def __aenter__(self):
        self.socket = await self._connect
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def say(self, **frame):
        await self.socket.send(json.dumps(frame))

    async def subscribe(self, topic, after=None, cursor=None, **more):
        wanted = {"topic": topic}
        if after is not None:
            wanted["after_sequence"] = after
        if cursor is not None:
            wanted["cursor"] = cursor
        await self.say(type="subscribe", topics=[wanted], **more)
        return await self.read()

    async def read(self):
        return json.loads(await asyncio.wait_for(self.socket.recv(), SECONDS))

    async def read_until(self, wanted):
        """Frames up to the first that is wanted."""
        frames = []
        while not frames or not wanted(frames[-1]):
            frames.append(await self.read())
        return frames


def sequences(frames):
    return [frame["sequence"] for frame in frames]


class WebSocketTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def call(self, room):
        answer = self.stack.create_call(sdp.offer("PCMU", even_port()), room)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.body["id"]

    def rename(self, room, name):
        self.assertEqual(self.stack.request("PATCH", f"/v1/conferences/{room}", {"name": name}).status, 200)

    async def test_a_conference_tells_its_story_in_order(self):
        room = self.stack.create_conference()["id"]
        topic = f"conference:{room}"
        async with Socket(self.stack) as ws:
            self.assertEqual(await ws.subscribe(topic, after=0), {"type": "subscribed", "topic": topic})
            call = self.call(room)
            frames = await ws.read_until(lambda frame: frame["type"] == "conferencecall_joined")
            self.stack.post(f"/v1/calls/{call}/hangup")
            self.stack.delete(f"/v1/conferences/{room}")
            frames += await ws.read_until(lambda frame: frame["type"] == "conference_deleted")
            self.assertEqual(sequences(frames), list(range(1, len(frames) + 1)))
            self.assertEqual(frames[0]["type"], "conference_created")
            for frame in frames:
                self.assertEqual(list(frame), ["type", "id", "stream", "sequence", "time", "data"])
                self.assertEqual(frame["stream"], topic)
            # The data is the resource as REST shows it.
            shown = self.stack.get(f"/v1/conferences/{room}").body
            self.assertEqual(frames[-1]["data"]["status"], "terminated")
            self.assertLessEqual(set(shown) - {"etag", "conferencecall_ids"}, set(frames[-1]["data"]))
            self.assertEqual(frames[-1]["data"]["tm_end"], shown["tm_end"])
            # The same events by gRPC.
            client = EventClient(self.stack.grpc["control"])
            self.addCleanup(client.close)
            same = client.read(len(frames), stream=topic)
            self.assertEqual([(event.type, event.id, event.sequence) for event in same],
                             [(frame["type"], frame["id"], frame["sequence"]) for frame in frames])

    async def test_after_a_cut_nothing_is_missing_or_doubled(self):
        room = self.stack.create_conference()["id"]
        topic = f"conference:{room}"
        got, everything, last, cursor = [], [], 0, None
        for _ in range(4):
            async with Socket(self.stack) as ws, Socket(self.stack) as ws_all:
                await ws.subscribe(topic, after=last)
                begun = await ws_all.subscribe("all", cursor=cursor)
                cursor = cursor or begun["cursor"]
                for number in range(6):
                    self.rename(room, f"n{number}")
                for _ in range(5):
                    got.append(await ws.read())
                    everything.append(await ws_all.read())
                last, cursor = got[-1]["sequence"], everything[-1]["cursor"]
                # Cut, not closed.
                ws.socket.transport.abort()
                ws_all.socket.transport.abort()
        self.assertEqual(sequences(got), list(range(1, 21)))
        # That of the room was made before `all` began.
        self.assertEqual(sequences(everything), list(range(2, 22)))

    async def test_a_restart_of_control_is_not_noticed(self):
        room = self.stack.create_conference()["id"]
        async with Socket(self.stack) as ws, Socket(self.stack) as ws_all:
            await ws.subscribe(f"conference:{room}", after=0)
            await ws_all.subscribe("all")
            self.rename(room, "before")
            await ws.read_until(lambda frame: frame["sequence"] == 2)
            self.stack.kill("control")
            self.stack.start_one("control")
            self.stack.wait_ready()
            self.rename(room, "after")
            frames = await ws.read_until(lambda frame: frame["sequence"] == 3)
            self.assertEqual(sequences(frames), [3])
            frames = await ws_all.read_until(lambda frame: frame["data"].get("name") == "after")
            self.assertEqual(sequences(frames), [2, 3])

    async def test_bad_frames_topics_and_paths(self):
        async with Socket(self.stack) as ws:
            await ws.socket.send("nonsense")
            self.assertEqual((await ws.read())["error"]["reason"], "INVALID_JSON_BODY")
            await ws.say(type="subscribe", topics=[{"topic": "flow:1"}])
            self.assertEqual((await ws.read())["error"]["reason"], "INVALID_REQUEST_PARAMETER")
            unknown = f"conference:{uuid.uuid4()}"
            answer = await ws.subscribe(unknown)
            self.assertEqual((answer["type"], answer["topic"], answer["error"]["status"]), ("error", unknown, "NOT_FOUND"))
            await ws.say(type="ping")
            self.assertEqual(await ws.read(), {"type": "pong"})
            await ws.socket.send("x" * 70000)
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                await ws.read()
            self.assertEqual(closed.exception.code, 1009)
        self.assertEqual(self.stack.get("/v1/ws").status, 426)
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            await websockets.connect(f"ws://{self.stack.http}/v1/ws", origin="http://evil.example")
        self.assertEqual(refused.exception.status_code, 403)

    async def test_who_talks_and_which_digits(self):
        room = self.stack.create_conference()["id"]
        async with Socket(self.stack) as ws:
            await ws.subscribe(f"conference:{room}", live=True)
            caller = UdpCaller(self.stack, 440)
            try:
                caller.join(room)
                frames = await ws.read_until(lambda frame: frame["type"] == "conferencecall_talking")
                talks = frames[-1]
                participant = self.stack.participants(room)[0]
                self.assertEqual(talks["data"], {"conferencecall_id": participant["id"], "conference_id": room,
                                                 "talking": True})
                self.assertEqual((talks["sequence"], talks["stream"]), (0, f"conference:{room}"))
                self.assertTrue(self.stack.get(f'/v1/conferencecalls/{participant["id"]}').body["talking"])
                call = caller.call["id"]
                await ws.subscribe(f"call:{call}", event_types=["call_dtmf"])
                send_digit(caller, "5")
                digit = (await ws.read_until(lambda frame: frame["type"] == "call_dtmf"))[-1]
                self.assertEqual((digit["stream"], digit["sequence"]), (f"call:{call}", 0))
                self.assertEqual(digit["data"]["digit"], "5")
                self.assertEqual(digit["data"]["conferencecall_id"], participant["id"])
                # A kick ends it, too.
                self.stack.delete(f'/v1/conferencecalls/{participant["id"]}')
                silent = (await ws.read_until(lambda frame: frame["type"] == "conferencecall_talking"))[-1]
                self.assertFalse(silent["data"]["talking"])
            finally:
                caller.end()

    async def test_a_lost_media_node_ends_all_talking(self):
        room = self.stack.create_conference()["id"]
        async with Socket(self.stack) as ws:
            await ws.subscribe("all", event_types=["conferencecall_talking"])
            caller = UdpCaller(self.stack, 440)
            try:
                caller.join(room)
                self.assertTrue((await ws.read())["data"]["talking"])
                self.stack.kill("mediaplane")
                self.assertFalse((await ws.read())["data"]["talking"])
            finally:
                caller.end()
                self.stack.start_one("mediaplane")
                self.stack.wait_ready()


def send_digit(caller, digit):
    """RFC 4733: three packets of the event, three of its end."""
    header = lambda number: struct.pack("!BBHII", 0x80, 101 | (0x80 if number == 0 else 0), 60000 + number, 1 << 30, 0x1234)
    for number in range(6):
        end = 0x80 if number > 2 else 0
        duration = min(number + 1, 4) * 160
        caller.socket.sendto(header(number) + struct.pack("!BBH", int(digit), end | 10, duration), caller.remote)
        time.sleep(0.02)


class WebSocketCustomersTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(["--gateway.websocket_queue_max=64"])
        path = os.path.join(cls.stack.folder, "tutti.conf")
        with open(path, "w", encoding="ascii") as file:
            for name, key in KEYS.items():
                file.write(f'api_key {{ key: "{key}" customer_id: "{IDS[name]}" }}\n')
        cls.stack.flags.append(f"--config={path}")
        cls.stack.start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def request(self, name, method, path, body=None):
        answer = self.stack.request(method, path, body, {"Authorization": f"Bearer {KEYS[name]}"})
        self.assertEqual(answer.status, 200, answer.text)
        return answer.body

    async def test_a_key_sees_its_own_alone(self):
        rooms = {name: self.request(name, "POST", "/v1/conferences", {})["id"] for name in KEYS}
        for key in (None, "key-of-nobody-0123456789"):
            with self.assertRaises(websockets.InvalidStatusCode) as refused:
                await Socket(self.stack, key).__aenter__()
            self.assertEqual(refused.exception.status_code, 401)
        async with Socket(self.stack, KEYS["a"]) as ws, Socket(self.stack, KEYS["b"]) as other:
            for after in (None, 0):
                answer = await ws.subscribe(f'conference:{rooms["b"]}', after=after)
                self.assertEqual((answer["type"], answer["error"]["reason"]), ("error", "CONFERENCE_NOT_FOUND"))
            await ws.subscribe("all")
            foreign = await other.subscribe("all")
            self.request("b", "PATCH", f'/v1/conferences/{rooms["b"]}', {"name": "secret"})
            self.request("a", "PATCH", f'/v1/conferences/{rooms["a"]}', {"name": "own"})
            self.assertEqual((await ws.read())["data"]["name"], "own")
            self.assertEqual((await other.read())["data"]["name"], "secret")
            # Another customer's cursor is none.
            await ws.say(type="unsubscribe", topics=[{"topic": "all"}])
            await ws.read()
            self.assertEqual((await ws.subscribe("all", cursor=foreign["cursor"]))["type"], "error")

    async def test_a_thousand_clients_of_which_one_is_stalled(self):
        # Its checks take longer than all the rest.
        asyncio.get_running_loop().set_debug(False)
        room = self.request("a", "POST", "/v1/conferences", {})["id"]
        topic = f"conference:{room}"
        before = self.stack.metric("gateway", "tutti_gateway_websocket_upstream_breaks_total")

        async def follow(ws, count):
            return sequences([json.loads(await ws.socket.recv()) for _ in range(count)])

        sockets = []
        stalled = socket.socket()
        try:
            for first in range(0, CLIENTS - 1, 100):
                batch = range(first, min(first + 100, CLIENTS - 1))
                sockets += await asyncio.gather(*(
                    Socket(self.stack, KEYS["a"], compression=None, ping_interval=None, open_timeout=60).__aenter__()
                    for _ in batch))
            await asyncio.gather(*(ws.subscribe(topic) for ws in sockets))
            # By hand: it says what it wants and never reads.
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            host, port = self.stack.http.split(":")
            stalled.connect((host, int(port)))
            stalled.sendall((f"GET /v1/ws HTTP/1.1\r\nHost: {self.stack.http}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                             f"Authorization: Bearer {KEYS['a']}\r\n\r\n").encode())
            self.assertIn(b" 101 ", stalled.recv(13))
            wish = json.dumps({"type": "subscribe", "topics": [{"topic": topic}]}).encode()
            stalled.sendall(struct.pack("!BBI", 0x81, 0x80 | len(wish), 0) + wish)
            await asyncio.to_thread(until, lambda: self.stack.metric("gateway", "tutti_gateway_websocket_topics") == CLIENTS,
                                    20, "all subscribed")
            self.assertEqual(self.stack.metric("gateway", "tutti_gateway_websocket_clients"), CLIENTS)
            # One Watch for all of them: the others are short.
            for process, figure in ("gateway", "tutti_gateway_websocket_upstreams"), ("control", "tutti_control_watches"):
                await asyncio.to_thread(until, lambda: self.stack.metric(process, figure) == 1, 20, f"one of {figure}")

            count = 250
            started = time.monotonic()
            for first in range(2, count + 2, 25):
                for _ in range(25):
                    await asyncio.to_thread(self.request, "a", "PATCH", f"/v1/conferences/{room}", {"name": str(uuid.uuid4())})
                every = await asyncio.wait_for(asyncio.gather(*(follow(ws, 25) for ws in sockets)), 60)
                for got in every:
                    self.assertEqual(got, list(range(first, first + 25)))
            seconds = time.monotonic() - started
            frames = count * len(sockets)
            print(f"{frames} frames to {len(sockets)} clients in {seconds:.1f} s; gateway "
                  f'{self.stack.metric("gateway", "process_resident_memory_bytes") / 2 ** 20:.0f} MiB')
            self.assertEqual(close_code(stalled), 1013)
            self.assertEqual(self.stack.metric("gateway", "tutti_gateway_websocket_upstream_breaks_total"), before)
            await asyncio.to_thread(until, lambda: self.closed("too_slow") == 1, 20, "counted")
        finally:
            stalled.close()
            await asyncio.gather(*(ws.socket.close() for ws in sockets))

    def closed(self, reason):
        for line in self.stack.scrape("gateway").splitlines():
            if line.startswith(f'tutti_gateway_websocket_closed_total{{reason="{reason}"}}'):
                return float(line.split()[-1])
        return None


class WebSocketReplicasTest(unittest.IsolatedAsyncioTestCase):
    """Two replicas of control on one PostgreSQL, killed in turn under writes."""

    async def test_replicas_may_die(self):
        postgres = Postgres()
        self.addCleanup(postgres.remove)
        postgres.start()
        self.addCleanup(postgres.stop)
        stack = Stack([f"--control.postgres_url={postgres.url}"], replicas=2)
        self.addCleanup(stack.stop)
        stack.start()
        room = stack.create_conference()["id"]
        async with Socket(stack, ping_interval=None) as ws, Socket(stack, ping_interval=None) as ws_all:
            await ws.subscribe(f"conference:{room}", after=0)
            await ws_all.subscribe("all")
            name = 0
            for victim in stack.controls * 2:
                for kill in (False, True):
                    for _ in range(5):
                        name += 1
                        if kill and name % 5 == 2:
                            stack.kill(victim)
                        path = f"/v1/conferences/{room}"
                        await asyncio.to_thread(until, lambda: stack.request("PATCH", path, {"name": f"n{name}"}).status == 200,
                                                SECONDS, "renamed")
                stack.start_one(victim)
                await asyncio.to_thread(until, lambda: stack.metric(victim, "tutti_control_media_node_up") == 1, 20, "back")
            wanted = lambda frame: frame["data"].get("name") == f"n{name}"
            one, everything = await ws.read_until(wanted), await ws_all.read_until(wanted)
        # A rename whose answer was lost is made again, and tells nothing new.
        self.assertEqual(sequences(one), list(range(1, len(one) + 1)))
        self.assertEqual(sequences(everything), list(range(2, len(one) + 1)))


def close_code(connection):
    """Reads a socket to its end; the code of its close frame."""
    connection.settimeout(SECONDS)
    data = b""
    while True:
        piece = connection.recv(65536)
        data += piece
        if not piece:
            break
        at = close_frame(data)
        if at is not None:
            return at
    return None


def close_frame(data):
    """The code of the close frame in what was read from the answer to the handshake on; None: there is none yet."""
    position = data.index(b"\r\n\r\n") + 4
    while position + 2 <= len(data):
        opcode, size = data[position] & 15, data[position + 1] & 127
        position += 2
        if size == 126:
            size = int.from_bytes(data[position:position + 2], "big")
            position += 2
        elif size == 127:
            size = int.from_bytes(data[position:position + 8], "big")
            position += 8
        if opcode == 8 and position + 2 <= len(data):
            return int.from_bytes(data[position:position + 2], "big")
        position += size
    return None


if __name__ == "__main__":
    junit.main()
