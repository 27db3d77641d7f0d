#!/usr/bin/python3
"""A small load by tools/loadgen: no gap, no wrong tone. Timing is the benchmark's business (docs/performance.md)."""

import json
import subprocess
import unittest

from tests.harness import junit
from tests.harness.stack import Stack
from tests.harness.waiting import until


class LoadTest(unittest.TestCase):
    def test_forty_callers_in_eight_rooms(self):
        with Stack() as stack:
            load = subprocess.run(
                ["tools/load_generator/load_generator", f"--gateway=http://{stack.http}", "--participants=40", "--rooms=8",
                 "--talkers-per-room=2", "--duration=8", "--json"], capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(load.returncode, 0, load.stdout + load.stderr)
            report = json.loads(load.stdout)
            self.assertEqual(report["gaps"], 0)
            self.assertEqual(report["tone_errors"], 0)
            self.assertGreater(report["packets_received"], 40 * 8 * 50 * 0.9)
            until(lambda: stack.metric("mediaplane", "tutti_mediaplane_legs") == 0, 10, "every leg is gone")


if __name__ == "__main__":
    junit.main()
