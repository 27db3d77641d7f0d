#!/usr/bin/python3
"""Starts Tutti's processes, says where they listen, restarts what dies, and ends all of them together."""

import ctypes
import json
import os
import re
import shlex
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

PROCESSES = ("speech", "mediaplane", "control", "gateway")
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 15
BACKOFF_SECONDS_MIN = 0.2
BACKOFF_SECONDS_MAX = 10
# A process that ran for so long starts over with the shortest back-off.
HEALTHY_SECONDS = 30
PR_SET_PDEATHSIG = 1


def say(text):
    print(text, flush=True)


def end_with_parent():
    """In the child: a dead supervisor ends it, too; Ctrl-C reaches the supervisor alone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.setpgid(0, 0)


def fields_of(line):
    """(message, fields) of a log line in either format."""
    if line.startswith("{"):
        try:
            fields = json.loads(line)
        except ValueError:
            return "", {}
        return fields.get("message", ""), fields
    words = shlex.split(line) if line.count('"') % 2 == 0 else line.split()
    pairs = dict(word.split("=", 1) for word in words[3:] if "=" in word)
    message = " ".join(word for word in words[3:] if "=" not in word)
    return message, pairs


# Asks nothing of a certificate: it may be for the names that others know us by.
OWN_CHILD = ssl.create_default_context()
OWN_CHILD.check_hostname = False
OWN_CHILD.verify_mode = ssl.CERT_NONE


class Process:
    """One child: its addresses, its last words, its restarts."""

    def __init__(self, name, binary, flags, quiet):
        self.name = name
        self.command = [binary, *flags]
        self.quiet = quiet
        self.addresses = {}
        self.last_line = ""
        self.popen = None
        self.reader = None
        self.backoff = BACKOFF_SECONDS_MIN
        self.started = 0.0
        self.restart_at = None

    def start(self):
        self.addresses = {}
        self.restart_at = None
        self.started = time.monotonic()
        self.popen = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            preexec_fn=end_with_parent)
        self.reader = threading.Thread(target=self._read, args=(self.popen.stderr,), daemon=True)
        self.reader.start()

    def _read(self, stream):
        for line in stream:
            line = line.rstrip("\n")
            self.last_line = line
            message, fields = fields_of(line)
            if message == "listening":
                self.addresses = fields
            if not self.quiet or re.search(r"\b(warning|error)\b", line):
                print(line, file=sys.stderr, flush=True)

    def metric(self, name):
        """The sum of a metric over its labels; None where it can't be had."""
        try:
            with urllib.request.urlopen(f'http://{self.addresses["metrics"]}/metrics', timeout=2) as answer:
                found = re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", answer.read().decode(), re.MULTILINE)
                return sum(float(value) for value in found) if found else None
        except (KeyError, OSError):
            return None

    def is_healthy(self):
        if self.name == "gateway":
            try:
                url = f'{self.addresses["scheme"]}://{self.addresses["http"]}/readyz'
                with urllib.request.urlopen(url, timeout=2, context=OWN_CHILD):
                    return True
            except (KeyError, OSError):
                return False
        if self.name == "control":
            return self.metric("tutti_control_media_node_up") == 1
        return self.metric("process_start_time_seconds") is not None

    def stop(self):
        if self.popen and self.popen.poll() is None:
            self.popen.terminate()

    def wait(self, deadline):
        try:
            self.popen.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"{self.name} did not end in time and is killed")
            self.popen.kill()
            self.popen.wait()


class Supervisor:
    def __init__(self, binaries, flags, quiet):
        self.processes = {
            name: Process(name, os.path.join(binaries, name, name), flags, quiet) for name in PROCESSES
        }
        self.stopping = threading.Event()

    def start(self):
        """True when all are healthy; else says in one sentence why not."""
        for process in self.processes.values():
            process.start()
            if not self._wait_healthy(process):
                return False
        return True

    def _wait_healthy(self, process):
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self.stopping.is_set():
            if process.popen.poll() is not None:
                process.reader.join(1)
                say(f"{process.name} could not start: {process.last_line or f'exit status {process.popen.returncode}'}")
                return False
            if process.is_healthy():
                return True
            if time.monotonic() > deadline:
                say(f"{process.name} was not healthy within {START_SECONDS_MAX} s: {process.last_line}")
                return False
            self.stopping.wait(0.05)
        return False

    def watch(self):
        """Restarts what dies until told to stop."""
        while not self.stopping.wait(0.05):
            now = time.monotonic()
            for process in self.processes.values():
                if process.restart_at is not None:
                    if now >= process.restart_at:
                        process.start()
                elif process.popen.poll() is not None:
                    if now - process.started > HEALTHY_SECONDS:
                        process.backoff = BACKOFF_SECONDS_MIN
                    process.restart_at = now + process.backoff
                    code = process.popen.returncode
                    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
                    say(f"{process.name} ended ({how}); restarting it in {process.backoff:.1f} s")
                    process.backoff = min(process.backoff * 2, BACKOFF_SECONDS_MAX)

    def stop(self):
        self.stopping.set()
        deadline = time.monotonic() + STOP_SECONDS_MAX
        for name in reversed(PROCESSES):
            process = self.processes[name]
            if process.popen:
                process.stop()
                process.wait(deadline)


def describe(supervisor):
    control = supervisor.processes["control"].addresses
    mediaplane = supervisor.processes["mediaplane"].addresses
    gateway = supervisor.processes["gateway"].addresses
    speech = supervisor.processes["speech"].addresses
    rest = f'{gateway["scheme"]}://{gateway["http"]}'
    say(f"""
Tutti is up.

  REST              {rest}/v1         documentation  {rest}/docs
  control gRPC      {control["grpc"]}                 metrics  http://{control["metrics"]}/metrics
  mediaplane gRPC   {mediaplane["grpc"]}                 metrics  http://{mediaplane["metrics"]}/metrics
  speech gRPC       {speech["grpc"]}                 metrics  http://{speech["metrics"]}/metrics
  gateway                                           metrics  http://{gateway["metrics"]}/metrics
  RTP               {mediaplane.get("rtp", "")}
  data base         {control.get("store", "")}
  recordings        {mediaplane.get("recordings", "")}

Next: make a room, then call it (tools/call --help says more):

  curl -s {rest}/v1/conferences -H 'Content-Type: application/json' -d '{{"name":"first"}}'
  tools/call --gateway {rest} --conference ID --say "hello everybody"

Ctrl-C ends it.""")


def split_arguments(arguments):
    """(folder of the binaries, demo?, flags for the processes)."""
    binaries, demo, flags = None, False, []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--bin":
            binaries = next(rest)
        elif argument == "--demo":
            demo = True
        elif argument == "--postgres":
            url = next(rest, None) or sys.exit("tools/up: --postgres needs a URL, as postgresql://USER@HOST/NAME")
            flags.append(f"--control.postgres_url={url}")
        else:
            flags.append(argument)
    return binaries, demo, flags


def run_demo(supervisor, binaries):
    http = supervisor.processes["gateway"].addresses["http"]
    demo = subprocess.Popen([os.path.join(binaries, "tools/demo/demo"), "--gateway", f"http://{http}"],
                            preexec_fn=end_with_parent)
    while demo.poll() is None:
        if supervisor.stopping.wait(0.1):
            demo.terminate()
            demo.wait()
    return demo.returncode


def main():
    binaries, demo, flags = split_arguments(sys.argv[1:])
    if "--help" in flags:
        say("tools/up [--demo] [--postgres URL] and the flags of the processes' configuration:\n")
        return subprocess.call([os.path.join(binaries, "control/control"), "--help"])
    supervisor = Supervisor(binaries, flags, quiet=demo)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.stopping.set())
    status = 0
    try:
        if not supervisor.start():
            status = 0 if supervisor.stopping.is_set() else 1
        elif demo:
            describe(supervisor)
            watcher = threading.Thread(target=supervisor.watch, daemon=True)
            watcher.start()
            status = run_demo(supervisor, binaries)
        else:
            describe(supervisor)
            supervisor.watch()
    finally:
        supervisor.stop()
    say("Tutti is down.")
    return status


if __name__ == "__main__":
    sys.exit(main())
