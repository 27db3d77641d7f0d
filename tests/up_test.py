#!/usr/bin/python3
"""What tools/up starts: it says where it listens, brings back what dies, ends cleanly, and says in a sentence what is wrong."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.request

from tests.harness import junit
from tests.harness.postgres import Postgres
from tests.harness.stack import PROCESSES, Stack
from tests.harness.waiting import until


class Up:
    """The supervisor over the real processes, and all that it prints."""

    def __init__(self, flags):
        self.lines = []
        self.popen = subprocess.Popen(
            ["tools/supervisor/supervisor.py", "--bin", ".", *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.popen.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_line(self, pattern, seconds=60):
        return until(lambda: next((line for line in self.lines if re.search(pattern, line)), None), seconds,
                     f"{pattern!r} in {self.lines[-20:]}")

    def end(self):
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGINT)
        self.popen.wait(30)


def pids(folder, name):
    """The processes of that name whose data folder is `folder`."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0].endswith(f"/{name}") and f"--data_dir={folder}" in words:
            found.append(int(entry))
    return found


class UpTest(unittest.TestCase):
    def setUp(self):
        # Its flags name free ports; its processes are not started.
        self.stack = Stack()
        self.folder = self.stack.folder

    def up(self, flags=None):
        up = Up(self.stack.flags if flags is None else flags)
        self.addCleanup(up.end)
        return up

    def test_starts_restarts_and_ends(self):
        up = self.up()
        up.wait_line("Ctrl-C ends it")
        text = "\n".join(up.lines)
        self.assertIn(f"http://{self.stack.http}/v1", text)
        for name in ("control", "mediaplane", "speech"):
            self.assertIn(self.stack.grpc[name], text)
        for name in PROCESSES:
            [pid] = pids(self.folder, name)
            os.kill(pid, signal.SIGKILL)
            up.wait_line(rf"{name} ended \(signal SIGKILL\); restarting it in 0\.2 s")
            until(lambda: pids(self.folder, name) not in ([], [pid]), 10, f"{name} is back")
        def healthy():
            try:
                with urllib.request.urlopen(f"http://{self.stack.http}/readyz", timeout=2) as answer:
                    return answer.status == 200
            except OSError:
                return False
        until(healthy, 20, "healthy again")
        up.end()
        self.assertEqual(up.popen.returncode, 0)
        self.assertEqual(up.lines[-1], "Tutti is down.")
        for name in PROCESSES:
            self.assertEqual(pids(self.folder, name), [])

    def test_postgres_is_the_data_base_and_its_password_is_not_shown(self):
        with Postgres() as postgres:
            url = postgres.url.replace("postgres@", "postgres:geheim@")
            up = self.up([*self.stack.flags, "--postgres", url])
            up.wait_line("Ctrl-C ends it")
            text = "\n".join(up.lines)
            self.assertIn(f"PostgreSQL: tutti on {postgres.folder}:5432 as postgres", text)
            self.assertNotIn("geheim", text)
            room = self.stack.create_conference(name="first")
            self.assertEqual(postgres.query("SELECT id FROM conferences"), [[room["id"]]])
            up.end()

    def assert_one_sentence(self, flags, pattern):
        up = self.up(flags)
        up.wait_line(pattern)
        up.popen.wait(30)
        self.assertNotEqual(up.popen.returncode, 0)
        for name in PROCESSES:
            self.assertEqual(pids(self.folder, name), [])

    def test_a_port_in_use_is_one_sentence(self):
        flags = {flag.split("=")[0]: flag.split("=")[1] for flag in self.stack.flags if "listen" in flag}
        for flag, address in flags.items():
            host, port = address.split(":")
            with self.subTest(flag), socket.create_server((host, int(port))):
                name = flag[2:].split(".")[0]
                self.assert_one_sentence(None, rf"^{name} could not start: .*{re.escape(address)}")

    def test_a_broken_configuration_is_one_sentence(self):
        config = os.path.join(self.folder, "tutti.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write("gateway { http_listn: 1 }\n")
        self.assert_one_sentence([*self.stack.flags, f"--config={config}"], r"could not start: .*tutti\.conf:1:")
        self.assert_one_sentence([*self.stack.flags, "--no_such_flag=1"], "could not start: unknown flag --no_such_flag")

    def test_a_data_folder_that_cannot_be_made_is_one_sentence(self):
        with tempfile.NamedTemporaryFile() as file:
            flags = [flag for flag in self.stack.flags if "data_dir" not in flag] + [f"--data_dir={file.name}/x"]
            self.assert_one_sentence(flags, rf"mediaplane could not start: .*{re.escape(file.name)}")

    def test_listening_to_the_world_needs_the_flag(self):
        flags = [flag for flag in self.stack.flags if "http_listen" not in flag]
        port = self.stack.http.split(":")[1]
        self.assert_one_sentence([*flags, f"--gateway.http_listen=0.0.0.0:{port}"],
                                 "gateway could not start: .*insecure_listen")


if __name__ == "__main__":
    junit.main()
