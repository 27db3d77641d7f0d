#!/usr/bin/python3
"""kill -9 of control at three random moments under load; tools/crash_test does it a hundred times. The checks themselves are checked, too."""

import random
import unittest

from tests.crash.story import Known, Story
from tests.crash.trial import Trial
from tests.harness import junit

KILLS = 3


class Told:
    """An event as a follower gives it."""

    def __init__(self, sequence, kind, type, status, identity="a", stream="conference:r", **data):
        self.sequence, self.kind, self.type, self.stream = sequence, kind, type, stream
        self.id = f"{stream}/{sequence}/{type}"
        self.cursor = str(sequence)
        self.data = {"id": identity, "status": status, **data}
        self.content = repr((self.id, self.data)).encode()

    def __repr__(self):
        return f"#{self.sequence} {self.type} {self.data['status']}"


def joined_and_left():
    return [
        Told(1, "conference", "conference_created", "progressing", "r"),
        Told(2, "conferencecall", "conferencecall_joining", "joining"),
        Told(3, "conferencecall", "conferencecall_joined", "joined", tm_joined="t"),
        Told(4, "conference", "conference_updated", "progressing", "r", participant_count=1),
        Told(5, "conferencecall", "conferencecall_leaved", "leaved", tm_joined="t"),
        Told(6, "conference", "conference_updated", "progressing", "r"),
    ]


class StoryTest(unittest.TestCase):
    def faults(self, events):
        story = Story("s")
        for event in events:
            story.see(event)
        return story.faults

    def test_a_story_without_faults(self):
        self.assertEqual(self.faults(joined_and_left()), [])

    def test_faults_are_found(self):
        good = joined_and_left()
        for name, told in {
                "a hole": good[:2] + good[3:],
                "twice": good[:2] + [good[1]],
                "back": good[:5] + [Told(6, "conferencecall", "conferencecall_leaving", "leaving", tm_joined="t")],
                "twice the same state": good[:3] + [Told(4, "conferencecall", "conferencecall_joined", "joined", tm_joined="t")],
                "left before joining": [good[0], Told(2, "conferencecall", "conferencecall_leaved", "leaved")],
                "joined, and never told": good[:2] + [Told(3, "conferencecall", "conferencecall_leaved", "leaved", tm_joined="t")],
                "a wrong count": good[:3] + [Told(4, "conference", "conference_updated", "progressing", "r", participant_count=2)],
                "after the end": [good[0], Told(2, "conference", "conference_deleted", "terminated", "r"),
                                  Told(3, "conferencecall", "conferencecall_joining", "joining")],
        }.items():
            with self.subTest(name):
                self.assertNotEqual(self.faults(told), [])

    def test_other_stories_are_found(self):
        one, other = Story("one"), Story("other")
        for event in joined_and_left():
            one.see(event)
        for event in joined_and_left()[:5]:
            other.see(event)
        one.same_as(other, "there")
        self.assertEqual(len(one.faults), 1)

    def test_an_answer_that_goes_back(self):
        known = Known()
        known.see("call", {"id": "c", "status": "hangup"})
        known.see("call", {"id": "c", "status": "progressing"}, before=0)
        self.assertEqual(known.faults, [], "the question was asked before the end was known")
        known.see("call", {"id": "c", "status": "progressing"}, before=known.before("c"))
        self.assertEqual(len(known.faults), 1)


class CrashTest(unittest.TestCase):
    def test_kills_under_load(self):
        seed = random.randrange(1 << 31)
        with Trial(seed) as trial:
            for _ in range(KILLS):
                trial.kill()
            faults = trial.finish()
            print("\n".join(trial.table()))
        self.assertEqual(faults, [], f"again: tools/crash_test --kills {KILLS} --seed {seed}")
        # What was asked for has happened at all.
        story = trial.followers[0][1]
        for kind in ("conferencecall_joined", "conferencecall_leaved", "conference_deleted", "call_hangup"):
            self.assertGreater(story.types.get(kind, 0), 5, kind)
        self.assertEqual(trial.followers[0][0].breaks, KILLS)


if __name__ == "__main__":
    junit.main()
