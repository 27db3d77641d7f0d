#!/usr/bin/python3
"""Rooms' sound by WebSocket on the real processes: who listens, bots that take part, and how both end."""

import http.client
import os
import unittest
import uuid

import numpy
import websockets

from tests.harness import junit, tones
from tests.harness.media_socket import MediaSocket, tone
from tests.harness.meeting import HEARD_DBFS, SENT_DBFS, TONES, UNHEARD_DBFS, MeetingTest
from tests.harness.stack import Answer, Stack
from tests.harness.waiting import until

KEYS = {"a": "key-of-customer-a-0123456789", "b": "key-of-customer-b-0123456789"}
BOT_HZ = 1409


class MediaStreamTest(MeetingTest):
    def listen(self, query="", **options):
        socket = MediaSocket(self.stack, self.room, query, **options)
        self.addCleanup(socket.close)
        return socket

    def bring_bot(self, frequency=None, **options):
        """A bot in the room; its participant as REST shows it."""
        before = {one["id"] for one in self.stack.participants(self.room)}
        bot = self.listen("direction=sendrecv&source=a%20bot", frequency=frequency, **options)
        def joined():
            return [one for one in self.stack.participants(self.room) if one["id"] not in before]
        return bot, until(joined, 10, "the bot is joined")[0]

    def call_of(self, participant):
        answer = self.stack.get(f'/v1/calls/{participant["reference_id"]}')
        self.assertEqual(answer.status, 200, answer.text)
        return answer.body

    def wait_left(self, participant):
        def left():
            now = self.stack.get(f'/v1/conferencecalls/{participant["id"]}').body
            return now if now["status"] == "leaved" else None
        return until(left, 15, "it has left")

    def refusal(self, query="", room=None, headers=()):
        """What is answered instead of a WebSocket."""
        connection = http.client.HTTPConnection(self.stack.http, timeout=20)
        connection.request("GET", f"/v1/conferences/{room or self.room}/media_stream{query}", headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **dict(headers)})
        answer = connection.getresponse()
        self.assertNotEqual(answer.status, 101, query)
        text = answer.read().decode()
        connection.close()
        return Answer(answer.status, answer.headers, text)

    def test_a_listener_hears_the_room_and_nobody_sees_it(self):
        a, _ = self.meet("ab")
        wide, narrow = self.listen(), self.listen(rate=8000)
        for socket in (wide, narrow):
            socket.wait_frames(50)
            self.assertEqual({len(frame) for frame in socket.frames}, {socket.rate // 25})
            for name in "ab":
                until(lambda: abs(socket.level(TONES[name]) - SENT_DBFS) < 1, 5, f"{name} at its level")
        conference = self.stack.get(f"/v1/conferences/{self.room}").body
        self.assertEqual(conference["participant_count"], 2)
        self.assertEqual(len(self.stack.participants(self.room)), 2)
        self.expect("the callers hear each other alone", a="b", b="a")
        a.hang_up()
        until(lambda: wide.level(TONES["a"]) < UNHEARD_DBFS and wide.level(TONES["b"]) > HEARD_DBFS, 5, "a is gone")

    def test_a_bot_is_a_participant(self):
        a, b = self.meet("ab")
        bot, participant = self.bring_bot(frequency=BOT_HZ)
        call = self.call_of(participant)
        self.assertEqual((call["type"], call["status"], call["source"]), ("websocket", "progressing", "a bot"))
        self.assertEqual(self.stack.get(f"/v1/conferences/{self.room}").body["participant_count"], 3)
        # It is "d", whose tone it says: heard by both, hearing both, and not itself.
        self.expect("the bot is heard", a="bd", b="ad")
        for member in (a, b):
            member.wait_level(BOT_HZ, SENT_DBFS)
        until(lambda: all(bot.level(TONES[name]) > HEARD_DBFS for name in "ab"), 5, "the bot hears both")
        self.assertLess(bot.level(BOT_HZ), UNHEARD_DBFS)
        # As any other it can be muted.
        answer = self.stack.request("PATCH", f'/v1/conferencecalls/{participant["id"]}', {"muted": True})
        self.assertEqual(answer.status, 200, answer.text)
        self.expect("the bot is muted", a="b", b="a")

    def test_bursts_are_paced(self):
        a, = self.meet("a")
        bot, _ = self.bring_bot()
        bot.wait_frames(10)
        first = len(a.caller.packets)
        speech = tone(BOT_HZ, 1.5, bot.rate)
        for at in range(0, len(speech), 48_000):
            bot.send(speech[at:at + 48_000])
        def spoken():
            levels = [a.caller.level_of(a.caller.packets[at:at + 5], BOT_HZ) > HEARD_DBFS
                      for at in range(first, len(a.caller.packets) - 5, 5)]
            return levels if True in levels and not any(levels[-5:]) else None
        levels = until(spoken, 10, "it has spoken")
        begin, end = levels.index(True), len(levels) - levels[::-1].index(True)
        # 1.5 s are 15 times 5 packets, without a hole.
        self.assertAlmostEqual(end - begin, 15, delta=1)
        self.assertTrue(all(levels[begin:end]), levels)

    def test_more_than_two_seconds_ahead_are_dropped_and_counted(self):
        self.meet("a")
        bot, _ = self.bring_bot()
        bot.send(bytes(60_000))
        for _ in range(3):
            bot.send(bytes(60_000))
        metric = "tutti_mediaplane_audio_stream_samples_dropped_total"
        until(lambda: self.stack.metric("mediaplane", metric) > 0, 10, "dropped")

    def test_a_kick_closes_its_websocket(self):
        self.meet("a")
        bot, participant = self.bring_bot(frequency=BOT_HZ)
        answer = self.stack.delete(f'/v1/conferencecalls/{participant["id"]}')
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(bot.wait_closed(), (1000, "the call or the room has ended"))
        self.wait_left(participant)
        until(lambda: self.call_of(participant)["status"] == "hangup", 10, "its call has ended")

    def test_a_hangup_closes_its_websocket(self):
        self.meet("a")
        bot, participant = self.bring_bot()
        self.stack.post(f'/v1/calls/{participant["reference_id"]}/hangup')
        self.assertEqual(bot.wait_closed()[0], 1000)

    def test_a_closed_websocket_hangs_up_its_call(self):
        self.meet("a")
        bot, participant = self.bring_bot(frequency=BOT_HZ)
        bot.close()
        self.wait_left(participant)
        call = until(lambda: (call := self.call_of(participant))["status"] == "hangup" and call, 10, "hung up")
        self.assertEqual(call["hangup_reason"], "stream_closed")
        self.expect("the others go on", a="")

    def test_the_end_of_the_room_closes_all(self):
        self.meet("a")
        listener = self.listen()
        bot, _ = self.bring_bot()
        self.stack.delete(f"/v1/conferences/{self.room}")
        for socket in (listener, bot):
            self.assertEqual(socket.wait_closed()[0], 1000)

    def test_what_is_not_samples_closes_it(self):
        self.meet("a")
        for query, message, code in (("direction=sendrecv", "hello", 1003), ("direction=sendrecv", b"abc", 1007),
                                     ("", b"ab", 1003), ("direction=sendrecv", bytes(65_538), 1009)):
            socket = self.listen(query)
            socket.send(message)
            self.assertEqual(socket.wait_closed()[0], code, (query, message[:5]))

    def test_refusals_say_why(self):
        self.meet("a")
        for query, status, reason in (("?rate=44100", 400, "INVALID_REQUEST_PARAMETER"),
                                      ("?format=mp3", 400, "INVALID_REQUEST_PARAMETER"),
                                      ("?direction=sendonly", 400, "INVALID_REQUEST_PARAMETER"),
                                      ("?what=ever", 400, "INVALID_REQUEST_PARAMETER")):
            answer = self.refusal(query)
            self.assertEqual((answer.status, answer.reason), (status, reason), query)
        for query in ("", "?direction=sendrecv"):
            answer = self.refusal(query, room=str(uuid.uuid4()))
            self.assertEqual((answer.status, answer.reason), (404, "CONFERENCE_NOT_FOUND"), answer.text)
        answer = self.refusal(headers={"Origin": "https://elsewhere.example"})
        self.assertEqual((answer.status, answer.reason), (403, "ORIGIN_NOT_ALLOWED"))
        answer = self.stack.get(f"/v1/conferences/{self.room}/media_stream")
        self.assertEqual((answer.status, answer.reason), (426, "UPGRADE_REQUIRED"))
        self.stack.post(f"/v1/conferences/{self.room}/lock")
        answer = self.refusal("?direction=sendrecv")
        self.assertEqual((answer.status, answer.reason), (409, "CONFERENCE_LOCKED"), answer.text)
        self.open_room(pin="1234")
        answer = self.refusal("?direction=sendrecv&pin=4321")
        self.assertEqual((answer.status, answer.reason), (403, "CONFERENCE_PIN_INVALID"), answer.text)
        self.assertNotIn("4321", self.stack.log("gateway") + self.stack.log("control"))
        bot = self.listen("direction=sendrecv&pin=1234")
        self.stack.delete(f"/v1/conferences/{self.room}")
        self.assertEqual(bot.wait_closed()[0], 1000)
        answer = self.refusal()
        self.assertEqual((answer.status, answer.reason), (409, "STATE_INVALID"), answer.text)

    def test_a_listener_may_come_before_anybody(self):
        self.open_room()
        listener = self.listen()
        listener.wait_frames(10)
        self.enter("a")
        until(lambda: listener.level(TONES["a"]) > HEARD_DBFS, 5, "a is heard")

    def test_a_stalled_client_disturbs_nobody(self):
        a, b = self.meet("ab")
        stalled, good = self.listen(), self.listen()
        stalled.pause()
        closed = "tutti_gateway_media_streams_closed_total"
        before = self.stack.metric("gateway", closed)
        first = len(a.caller.packets)
        heard = len(good.frames)
        until(lambda: self.stack.metric("gateway", closed) > before, 60, "it is closed as too slow")
        self.assertEqual(a.caller.gaps(first), 0)
        samples = numpy.frombuffer(b"".join(good.frames[heard:]), dtype="<i2") / 32768
        self.assertEqual(tones.holes(samples, good.rate), 0)
        stalled.pause(False)
        self.assertEqual(stalled.wait_closed(30)[0] in (1006, 1013), True, stalled.close_code)
        self.assertIsNone(good.close_code)


class KilledTest(MeetingTest):
    def test_control_is_not_missed(self):
        self.meet("a")
        listener = MediaSocket(self.stack, self.room)
        self.addCleanup(listener.close)
        self.stack.kill("control")
        listener.wait_frames(100)
        self.assertGreater(listener.level(TONES["a"]), HEARD_DBFS)
        self.stack.start_one("control")
        self.stack.wait_ready()
        self.assertIsNone(listener.close_code)

    def test_the_loss_of_the_media_node_is_told(self):
        self.meet("a")
        listener = MediaSocket(self.stack, self.room)
        self.stack.kill("mediaplane")
        self.assertEqual(listener.wait_closed(30), (1011, "the media node was lost"))
        self.stack.start_one("mediaplane")
        self.stack.wait_ready()

    def test_the_call_ends_with_the_gateway(self):
        self.meet("a")
        bot = MediaSocket(self.stack, self.room, "direction=sendrecv", frequency=BOT_HZ)
        participant = next(one for one in self.stack.wait_joined(self.room, 2)
                           if one["reference_id"] != self.members["a"].caller.call["id"])
        self.stack.kill("gateway")
        bot.wait_closed()
        self.stack.start_one("gateway")
        self.stack.wait_ready()
        until(lambda: self.stack.get(f'/v1/calls/{participant["reference_id"]}').body["status"] == "hangup", 15, "hung up")
        self.assertEqual(len(self.stack.participants(self.room)), 1)


class KeysTest(unittest.TestCase):
    def test_a_room_of_another_customer_is_not_there(self):
        stack = Stack()
        path = os.path.join(stack.folder, "tutti.conf")
        with open(path, "w", encoding="ascii") as file:
            for name, key in KEYS.items():
                file.write(f'api_key {{ key: "{key}" customer_id: "0198f2d0-0000-7000-8000-00000000000{name}" }}\n')
        stack.flags.append(f"--config={path}")
        with stack:
            answer = stack.post("/v1/conferences", {}, headers={"Authorization": f'Bearer {KEYS["a"]}'})
            room = answer.body["id"]
            for query in ("", "direction=sendrecv"):
                socket = MediaSocket(stack, room, query, key=KEYS["a"])
                socket.wait_frames(5)
                socket.close()
                for key, status in ((KEYS["b"], 404), ("no-key-of-anybody-0123456789", 401), (None, 401)):
                    with self.assertRaises(websockets.exceptions.InvalidStatusCode) as refused:
                        MediaSocket(stack, room, query, key=key)
                    self.assertEqual(refused.exception.status_code, status)
            for name in stack.names:
                self.assertNotIn(KEYS["a"], stack.log(name))


if __name__ == "__main__":
    junit.main()
