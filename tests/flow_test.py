#!/usr/bin/python3
"""Flows through the real processes: sounds are heard, digits are taken, and each action goes on after kill -9 of control."""

import os
import unittest

from tests.harness import junit, tones
from tests.harness.listener import Listener
from tests.harness.stack import Stack
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

PROMPT_HZ = 620
ROOM_HZ = 1130
LONG_SECONDS = 6
# While the tone of a prompt is heard.
HEARD_DBFS = -20
ABSENT_DBFS = -55
TICKS = 10


def action(kind, an_id="", **option):
    return {"type": kind, "id": an_id, "option": option}


class FlowTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(["--control.http_allow_private=127.0.0.0/8"])
        sounds = os.path.join(cls.stack.folder, "sounds")
        os.makedirs(sounds)
        tones.write_tone(os.path.join(sounds, "prompt.wav"), PROMPT_HZ, 2, 8000, -12)
        tones.write_tone(os.path.join(sounds, "long.wav"), PROMPT_HZ, LONG_SECONDS, 16000, -12)
        cls.stack.start()
        cls.listener = Listener()

    @classmethod
    def tearDownClass(cls):
        cls.listener.close()
        cls.stack.stop()

    def tell(self, path, text="${result}"):
        return action("webhook_send", uri=f"{self.listener.uri}/{path}", data=text)

    def caller(self, actions, frequency=0):
        caller = UdpCaller(self.stack, frequency)
        self.addCleanup(caller.end)
        return caller.run(actions)

    def flow(self, *actions):
        answer = self.stack.post("/v1/flows", {"name": "test", "actions": list(actions)})
        self.assertEqual(answer.status, 200, answer.text)
        return answer.body["id"]

    def participant(self, caller):
        found = [one for one in self.stack.get("/v1/conferencecalls").body["result"]
                 if one["reference_id"] == caller.call["id"]]
        return found[0] if found else {"status": "none"}

    def wait_status(self, caller, status, seconds=10):
        until(lambda: self.participant(caller)["status"] == status, seconds, f"the participant is {status}")

    def hears(self, caller, frequency):
        return len(caller.packets) >= TICKS and caller.level(frequency, TICKS) > HEARD_DBFS

    def test_a_menu_is_heard_and_answered_by_keys(self):
        menu = [
            action("digits_receive", "ask", duration=8000, length=1, sound="file:prompt.wav"),
            action("branch", target_ids={"1": "one", "2": "two"}, default_target_id="other"),
            action("variable_set", "one", key="choice", value="one of ${call.source}"),
            action("goto", target_id="say", loop_count=1),
            action("variable_set", "two", key="choice", value="two"),
            action("goto", target_id="say", loop_count=1),
            action("variable_set", "other", key="choice", value="other"),
            self.tell("menu", "${choice} ${digits}") | {"id": "say"},
            action("sleep", duration=1500),
        ]
        caller = self.caller(menu)
        until(lambda: self.hears(caller, PROMPT_HZ), 10, "the prompt is heard")
        caller.press("2")
        self.assertEqual(self.listener.wait("/menu"), "two 2")
        # It stopped with the key: its two seconds were not over.
        until(lambda: caller.level(PROMPT_HZ, TICKS) < ABSENT_DBFS, 1, "the prompt has stopped")
        until(lambda: self.stack.get(f'/v1/calls/{caller.call["id"]}').body["hangup_reason"] == "flow_ended", 5, "its end")

    def test_sounds_that_are_not_there_say_so_and_the_flow_goes_on(self):
        self.caller([action("play", "a", sounds=["file:none.wav"]),
                     action("variable_set", key="up", value=".."), action("play", "b", sounds=["file:${up}/control.log"]),
                     action("play", "c", sounds=["http://169.254.169.254/x.wav"]),
                     self.tell("missing", "${result.a} ${result.b} ${result.c}")])
        told = self.listener.wait("/missing").split()
        self.assertEqual(told, ["SOUND_NOT_FOUND", "INVALID_REQUEST_PARAMETER", "URL_NOT_ALLOWED"])

    def test_a_pre_flow_is_heard_by_the_joiner_alone_before_the_room(self):
        pre = self.flow(action("play", sounds=["file:prompt.wav"]))
        post = self.flow(self.tell("post", "${call.id}"))
        room = self.stack.create_conference(pre_flow_id="")["id"]
        inside = self.caller([action("conference_join", conference_id=room)], ROOM_HZ)
        self.wait_status(inside, "joined")
        changed = self.stack.request("PATCH", f"/v1/conferences/{room}", {"pre_flow_id": pre, "post_flow_id": post})
        self.assertEqual((changed.body["pre_flow_id"], changed.body["post_flow_id"]), (pre, post))
        joiner = self.caller([action("conference_join", conference_id=room), self.tell("after", "${result}")])
        until(lambda: self.hears(joiner, PROMPT_HZ), 10, "the welcome is heard")
        self.assertEqual(self.participant(joiner)["status"], "joining")
        # The prompt may just have begun, which is heard at all frequencies.
        until(lambda: joiner.level(ROOM_HZ, TICKS) < ABSENT_DBFS and inside.level(PROMPT_HZ, TICKS) < ABSENT_DBFS, 1,
              "the welcome by the joiner alone")
        self.wait_status(joiner, "joined")
        until(lambda: self.hears(joiner, ROOM_HZ), 5, "the room is heard")
        # Kicked, it goes on: first with the post-flow, then with its own.
        self.stack.delete(f'/v1/conferencecalls/{self.participant(joiner)["id"]}')
        self.assertEqual(self.listener.wait("/post"), joiner.call["id"])
        self.assertEqual(self.listener.wait("/after"), "ok")

    def test_the_menu_of_the_room_mutes_and_leaves(self):
        room = self.stack.create_conference(dtmf_menu=True)["id"]
        listener = self.caller([action("conference_join", conference_id=room)])
        speaker = self.caller([action("conference_join", conference_id=room), self.tell("left")], ROOM_HZ)
        until(lambda: self.hears(listener, ROOM_HZ), 10, "the speaker is heard")
        speaker.press("*6")
        until(lambda: listener.level(ROOM_HZ, TICKS) < ABSENT_DBFS, 5, "it has muted itself")
        speaker.press("*6")
        until(lambda: self.hears(listener, ROOM_HZ), 5, "it is heard again")
        speaker.press("*9")
        self.assertEqual(self.listener.wait("/left"), "ok")
        self.assertEqual(self.participant(speaker)["leave_reason"], "left")

    def test_each_action_goes_on_after_kill_9(self):
        inner = self.flow(action("sleep", duration=3000), action("variable_set", key="inside", value="yes"))
        welcome = self.flow(action("play", sounds=["file:long.wav"]))
        waiting = self.stack.create_conference(pre_flow_id=welcome)["id"]
        guarded = self.stack.create_conference(pin="4711")["id"]
        post = self.flow(self.tell("k_post", "posted"))
        plain = self.stack.create_conference(post_flow_id=post)["id"]
        self.listener.holds.set()
        self.addCleanup(self.listener.holds.clear)
        callers = {
            "answer_sleep": self.caller([action("answer"), action("sleep", duration=3000), self.tell("k_sleep", "slept")]),
            "play": self.caller([action("play", sounds=["file:long.wav"]), self.tell("k_play")]),
            "beep": self.caller([action("beep", "again"), action("goto", target_id="again", loop_count=12),
                                 self.tell("k_beep")]),
            "digits": self.caller([action("digits_receive", duration=30000, length=2), self.tell("k_digits", "${digits}")]),
            "variables": self.caller([action("variable_set", "n", key="n", value="${n}x"), action("sleep", duration=1000),
                                      action("condition_variable", variable="n", condition="==", value="xxxxx",
                                             false_target_id="n"),
                                      action("branch", variable="n", target_ids={"xxxxx": "end"}), action("hangup"),
                                      self.tell("k_variables", "${n}") | {"id": "end"}]),
            "fetch_flow": self.caller([action("fetch_flow", flow_id=inner), self.tell("k_fetch", "${inside}")]),
            "send": self.caller([self.tell("k_send", "once"), self.tell("k_sent")]),
            "pre_flow": self.caller([action("conference_join", conference_id=waiting)]),
            "pin": self.caller([action("conference_join", conference_id=guarded, pin_attempts=3)]),
            "room": self.caller([action("conference_join", conference_id=plain), self.tell("k_room"), action("hangup"),
                                 self.tell("never")]),
        }
        self.wait_status(callers["room"], "joined")
        self.wait_status(callers["pre_flow"], "joining")
        until(lambda: self.hears(callers["play"], PROMPT_HZ), 10, "the sound is heard")
        until(lambda: self.listener.bodies("/k_send"), 10, "the request has begun")
        callers["digits"].press("4")
        callers["pin"].press("1#4")
        mark = len(callers["play"].packets)

        # What was pressed is stored before the process dies: the live feed keeps nothing.
        until(lambda: all(not callers[name]._digits for name in ("digits", "pin")), 5, "pressed")
        until(lambda: len(callers["play"].packets) > mark + 25, 5, "half a second more")
        self.stack.kill("control")
        self.stack.start_one("control")
        self.listener.holds.clear()
        until(lambda: self.stack.get(f"/v1/conferences/{plain}").status == 200, 10, "control is back")
        until(self.control_listens, 10, "control hears keys")

        callers["digits"].press("2")
        callers["pin"].press("711#")
        self.assertEqual(self.listener.wait("/k_sleep"), "slept")
        self.assertEqual(self.listener.wait("/k_digits"), "42")
        self.assertEqual(self.listener.wait("/k_fetch"), "yes")
        self.assertEqual(self.listener.wait("/k_play"), "ok")
        self.assertEqual(callers["play"].gaps(mark), 0, "the sound went on without control")
        self.assertEqual(self.listener.wait("/k_variables"), "xxxxx")
        self.assertEqual(self.listener.wait("/k_beep", 20), "ok")
        self.wait_status(callers["pre_flow"], "joined")
        self.wait_status(callers["pin"], "joined")
        self.stack.delete(f'/v1/conferencecalls/{self.participant(callers["room"])["id"]}')
        self.assertEqual(self.listener.wait("/k_post"), "posted")
        self.assertEqual(self.listener.wait("/k_room"), "ok")
        # Sent again, as the same.
        self.assertEqual(self.listener.wait("/k_sent", 30), "ok")
        sent = [(an_id, body) for path, an_id, body in self.listener.got if path == "/k_send"]
        self.assertEqual(len(set(sent)), 1, sent)
        self.assertEqual(self.listener.bodies("/never"), [])
        self.assertEqual(len(self.listener.bodies("/k_play")), 1)

    def control_listens(self):
        """Control follows the node's live events again: a key does something."""
        room = self.stack.create_conference(dtmf_menu=True)["id"]
        caller = self.caller([action("conference_join", conference_id=room)])
        self.wait_status(caller, "joined")
        caller.press("*6")
        try:
            until(lambda: self.participant(caller)["muted"], 2, "muted")
        except AssertionError:
            return False
        return True


if __name__ == "__main__":
    junit.main()
