#!/usr/bin/python3
"""A real Prometheus scrapes the three processes, and promtool has nothing to say against what they show."""

import json
import os
import subprocess
import unittest
import urllib.request

from tests.harness import junit
from tests.harness.stack import PROCESSES, Stack, free_port
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

# One metric of each kind that the issue of the day can't be read without.
SAID = {
    "control": ("tutti_rpc_requests_total", "tutti_control_conferences", "tutti_control_participants",
                "tutti_control_joins_total", "tutti_control_leaves_total", "tutti_control_store_commit_seconds_count",
                "tutti_control_store_queue_depth", "process_cpu_seconds_total"),
    "mediaplane": ("tutti_rpc_requests_total", "tutti_mediaplane_legs", "tutti_mediaplane_packets_received_total",
                   "tutti_mediaplane_packets_dropped_total", "tutti_mediaplane_tick_duration_seconds_count",
                   "tutti_mediaplane_tick_lateness_seconds_count"),
    "gateway": ("tutti_gateway_requests_total", "tutti_gateway_request_duration_seconds_count"),
}


class PrometheusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().start()
        cls.room = cls.stack.create_conference(name="scraped")
        cls.caller = UdpCaller(cls.stack, 503).join(cls.room["id"])
        cls.stack.wait_joined(cls.room["id"], 1)
        cls.stack.get("/v1/conferences/none")
        until(lambda: len(cls.caller.packets) > 10, 10, "some audio")

    @classmethod
    def tearDownClass(cls):
        cls.caller.end()
        cls.stack.stop()

    def test_promtool_is_content(self):
        for name in PROCESSES:
            with self.subTest(name):
                check = subprocess.run(["promtool", "check", "metrics"], input=self.stack.scrape(name), text=True,
                                       capture_output=True, check=False)
                self.assertEqual((check.returncode, check.stdout + check.stderr), (0, ""))

    def test_what_is_promised_is_there(self):
        for name, metrics in SAID.items():
            for metric in metrics:
                with self.subTest(f"{name} {metric}"):
                    self.assertIsNotNone(self.stack.metric(name, metric))
        self.assertEqual(self.stack.metric("mediaplane", "tutti_mediaplane_legs"), 1)
        self.assertEqual(self.stack.metric("control", "tutti_control_participants"), 1)

    def test_a_real_prometheus_scrapes_all_three(self):
        listen = f"127.0.0.1:{free_port()}"
        config = os.path.join(self.stack.folder, "prometheus.yml")
        with open(config, "w", encoding="ascii") as file:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [
                {"job_name": name, "static_configs": [{"targets": [self.stack.metrics[name]]}]} for name in PROCESSES
            ]}, file)  # JSON is YAML.
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--web.listen-address={listen}",
             f"--storage.tsdb.path={self.stack.folder}/tsdb"], stderr=subprocess.DEVNULL)

        def query(text):
            try:
                with urllib.request.urlopen(f"http://{listen}/api/v1/query?query={text}", timeout=5) as answer:
                    return {one["metric"].get("job"): float(one["value"][1]) for one in json.load(answer)["data"]["result"]}
            except OSError:
                return {}

        try:
            until(lambda: query("up") == {name: 1.0 for name in PROCESSES}, 30, "all three up")
            until(lambda: query("tutti_mediaplane_legs") == {"mediaplane": 1.0}, 10, "the leg is seen")
        finally:
            prometheus.terminate()
            prometheus.wait()


if __name__ == "__main__":
    junit.main()
