"""Tutti's real processes on free ports of this machine, to be started, killed and asked."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

from tests.harness.waiting import until

PROCESSES = ("speech", "mediaplane", "control", "gateway")


_handed_out = set()


def free_port(kind=socket.SOCK_STREAM):
    """A port that nobody has now, and that was not given out before."""
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _handed_out:
            _handed_out.add(port)
            return port


class Answer:
    """An HTTP answer: status, headers, JSON body."""

    def __init__(self, status, headers, text):
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def body(self):
        return json.loads(self.text)

    @property
    def reason(self):
        return self.body["error"]["reason"]


class Rest:
    """A client of REST."""

    def __init__(self, http):
        self.http = http

    def request(self, method, path, body=None, headers=(), seconds=10):
        """One HTTP request; a body that is not bytes is sent as JSON. Status 0: no answer."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.http}{path}", data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in dict(headers).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())
        except OSError as error:
            return Answer(0, {}, json.dumps({"error": {"reason": str(error)}}))

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, {} if body is None else body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def create_conference(self, **fields):
        answer = self.post("/v1/conferences", fields)
        assert answer.status == 200, answer.text
        return answer.body

    def create_call(self, offer, conference_id, **fields):
        """A call of type rtp that joins the room; the answer, whatever it is."""
        actions = [{"type": "conference_join", "option": {"conference_id": conference_id}}]
        return self.post("/v1/calls", {"type": "rtp", "sdp_offer": offer, "actions": actions, **fields})

    def participants(self, conference_id, status="joined"):
        answer = self.get(f"/v1/conferencecalls?conference_id={conference_id}&status={status}")
        assert answer.status == 200, answer.text
        return answer.body["result"]

    def wait_joined(self, conference_id, count, seconds=10):
        """The participants, once so many are joined."""
        until(lambda: len(self.participants(conference_id)) == count, seconds, f"{count} joined")
        return self.participants(conference_id)


class Stack(Rest):
    """control, mediaplane, gateway and, if asked for, speech with a data folder of their own.

    Several replicas of control are the processes `control`, `control2`, …; the gateway knows them all.
    """

    def __init__(self, flags=(), replicas=1, speech=False):
        self.folder = tempfile.mkdtemp(prefix="stack", dir=os.environ.get("TEST_TMPDIR"))
        self.controls = ["control", *(f"control{number}" for number in range(2, replicas + 1))]
        self.names = [*(["speech"] if speech else []), "mediaplane", *self.controls, "gateway"]
        super().__init__(f"127.0.0.1:{free_port()}")
        self.grpc = {name: f"127.0.0.1:{free_port()}" for name in {*PROCESSES, *self.names}}
        self.metrics = {name: f"127.0.0.1:{free_port()}" for name in {*PROCESSES, *self.names}}
        self.flags = [
            f"--data_dir={self.folder}",
            f"--gateway.http_listen={self.http}",
            *(f"--{name}.grpc_listen={self.grpc[name]}" for name in PROCESSES),
            *(f"--{name}.metrics_listen={self.metrics[name]}" for name in PROCESSES),
            *flags,
        ]
        if replicas > 1:
            self.flags.append("--gateway.control_address=" + ",".join(self.grpc[name] for name in self.controls))
        # Of one process alone, behind the others.
        self.more_flags = {name: [] for name in self.names}
        self.processes = {}
        self.prefix = {name: [] for name in self.names}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        try:
            for name in self.names:
                self.start_one(name)
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def start_one(self, name):
        program = "control" if name in self.controls else name
        flags = self.more_flags[name]
        if program != name:
            flags = [*flags, f"--control.grpc_listen={self.grpc[name]}", f"--control.metrics_listen={self.metrics[name]}"]
        log = open(os.path.join(self.folder, f"{name}.log"), "ab")
        self.processes[name] = subprocess.Popen(
            [*self.prefix[name], os.path.join(program, program), *self.flags, *flags], stderr=log,
            stdin=subprocess.DEVNULL)
        log.close()

    def wait_ready(self, seconds=30):
        def ready():
            for name, process in self.processes.items():
                assert process.poll() is None, f"{name} ended: {self.log(name)}"
            up = all(self.metric(name, "tutti_control_media_node_up") == 1 for name in self.controls)
            up = up and ("speech" not in self.names or self.scrape("speech"))
            return up and self.get("/readyz").status == 200
        until(ready, seconds, "all processes healthy")

    def kill(self, name):
        """kill -9, and waits until it is gone."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def stop(self):
        for name in reversed(self.names):
            process = self.processes.get(name)
            if process and process.poll() is None:
                process.terminate()
        for name, process in self.processes.items():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError(f"{name} did not end on SIGTERM: {self.log(name)}")

    def log(self, name):
        with open(os.path.join(self.folder, f"{name}.log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def scrape(self, name):
        try:
            with urllib.request.urlopen(f"http://{self.metrics[name]}/metrics", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def metric(self, name, metric):
        """The sum of a metric over its labels; None where it is absent."""
        found = re.findall(rf"^{metric}(?:\{{[^}}]*\}})? (\S+)$", self.scrape(name), re.MULTILINE)
        return sum(float(value) for value in found) if found else None
