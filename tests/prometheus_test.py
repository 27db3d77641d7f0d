#!/usr/bin/python3
"""A real Prometheus scrapes the four processes; what they show, the alerts and the dashboard go together."""

import json
import os
import re
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

from tests.harness import junit
from tests.harness.stack import PROCESSES, Stack, free_port
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

PROMETHEUS = "deploy/prometheus"
DASHBOARD = "deploy/grafana/tutti.json"

# One metric of each kind that the issue of the day can't be read without.
SAID = {
    "control": ("tutti_rpc_requests_total", "tutti_control_conferences", "tutti_control_participants",
                "tutti_control_joins_total", "tutti_control_leaves_total", "tutti_control_store_commit_seconds_count",
                "tutti_control_store_queue_depth", "tutti_control_webhook_requests_total", "tutti_control_webhook_pending",
                "tutti_control_webhook_dead_letters", "process_cpu_seconds_total"),
    "mediaplane": ("tutti_rpc_requests_total", "tutti_mediaplane_legs", "tutti_mediaplane_packets_received_total",
                   "tutti_mediaplane_packets_dropped_total", "tutti_mediaplane_tick_duration_seconds_count",
                   "tutti_mediaplane_tick_lateness_seconds_count"),
    "speech": ("tutti_speech_streams", "tutti_speech_utterances_total", "tutti_speech_finals_total",
               "tutti_speech_queue_depth", "tutti_speech_queue_age_seconds",
               "tutti_speech_audio_seconds_total", "tutti_speech_decode_cpu_seconds_total",
               "tutti_speech_decoder_restarts_total", "tutti_speech_syntheses_total",
               "tutti_speech_synthesis_failures_total"),
    "gateway": ("tutti_gateway_requests_total", "tutti_gateway_request_duration_seconds_count"),
}


class Prometheus:
    """A Prometheus of its own with our scrape jobs and alerts, at the stack's addresses."""

    def __init__(self, stack):
        self.listen = f"127.0.0.1:{free_port()}"
        config = os.path.join(stack.folder, "prometheus.yml")
        with open(config, "w", encoding="ascii") as file:
            json.dump({  # JSON is YAML.
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                "rule_files": [os.path.abspath(os.path.join(PROMETHEUS, "alerts.yml"))],
                "scrape_configs": [
                    {"job_name": name, "static_configs": [{"targets": [stack.metrics[name]]}]} for name in PROCESSES]
            }, file)
        self.command = ["prometheus", f"--config.file={config}", f"--web.listen-address={self.listen}",
                        f"--storage.tsdb.path={stack.folder}/tsdb"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def result(self, expression):
        """The samples of an expression; none where Prometheus is not there yet. A wrong one is an error."""
        try:
            url = f"http://{self.listen}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            if error.code == 400:
                raise AssertionError(f"{expression}: {error.read().decode()}") from error
            return []
        except OSError:
            return []

    def query(self, expression):
        return {one["metric"].get("job"): float(one["value"][1]) for one in self.result(expression)}

    def has_series(self, expression):
        return bool(self.result(expression))


class PrometheusTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(speech=True).start()
        cls.room = cls.stack.create_conference(name="scraped")
        cls.caller = UdpCaller(cls.stack, 503).join(cls.room["id"])
        cls.stack.wait_joined(cls.room["id"], 1)
        cls.stack.get("/v1/conferences/none")
        # A call that has left again, so that its metrics are there.
        leaver = UdpCaller(cls.stack, 811).join(cls.room["id"])
        cls.stack.wait_joined(cls.room["id"], 2)
        cls.stack.delete(f'/v1/calls/{leaver.call["id"]}')
        leaver.end()
        cls.stack.wait_joined(cls.room["id"], 1)
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

    def test_the_alerts_fire_on_trouble_alone(self):
        for arguments in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]):
            with self.subTest(arguments[0]):
                checked = subprocess.run(["promtool", *arguments], cwd=PROMETHEUS, text=True, capture_output=True,
                                         check=False)
                self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_a_real_prometheus_scrapes_all_four_and_can_draw_the_dashboard(self):
        with Prometheus(self.stack) as prometheus:
            until(lambda: prometheus.query("up") == {name: 1.0 for name in PROCESSES}, 30, "all four up")
            until(lambda: prometheus.query("tutti_mediaplane_legs") == {"mediaplane": 1.0}, 10, "the leg is seen")
            with open(DASHBOARD, encoding="utf-8") as file:
                panels = json.load(file)["panels"]
            expressions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
            self.assertGreater(len(expressions), 30)
            # A rate needs two scrapes. What only trouble makes ("> 0") may be empty.
            for expression in expressions:
                steady = expression.removesuffix(" > 0")
                until(lambda: prometheus.has_series(steady), 20, f"something to draw for {expression}")

    def test_every_alert_asks_for_metrics_that_there_are(self):
        said = "".join(self.stack.scrape(name) for name in PROCESSES)
        with open(os.path.join(PROMETHEUS, "alerts.yml"), encoding="utf-8") as file:
            asked = set(re.findall(r"tutti_\w+", file.read()))
        self.assertGreater(len(asked), 10)
        for metric in asked:
            self.assertIn(f"\n{metric}", said, f"{metric} is shown by no process")

    def test_every_alert_has_its_first_action(self):
        with open(os.path.join(PROMETHEUS, "alerts.yml"), encoding="utf-8") as file:
            alerts = re.findall(r"- alert: (\w+)", file.read())
        with open("docs/operations.md", encoding="utf-8") as file:
            operations = file.read()
        for alert in alerts:
            self.assertIn(f"| `{alert}` |", operations)


if __name__ == "__main__":
    junit.main()
