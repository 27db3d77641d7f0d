"""A real PostgreSQL server of this test's own, to be started, stopped, killed and asked."""

import ctypes
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

from tests.harness.waiting import until

PR_SET_PDEATHSIG = 1
# Names the socket; nothing listens on TCP.
PORT = 5432
SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    # A killed server loses nothing by it; only a machine that loses its power would.
    "fsync": "off",
    "max_connections": 100,
    "timezone": "UTC",
}


def program(name):
    """The path of a server program, newest version first: Debian keeps them out of PATH."""
    def version(path):
        return [int(number) for number in re.findall(r"\d+", path)]
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=version)
    path = found[-1] if found else shutil.which(name)
    assert path, f"PostgreSQL's {name} is missing: tools/setup --test installs it"
    return path


def end_with_parent():
    """In the child: the server does not outlive the test, whatever ends that."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


class Postgres:
    """One server with one empty data base. Start it on the main thread: it ends with the thread that starts it."""

    def __init__(self, database="tutti"):
        self.database = database
        # Short, since a socket's path has at most 107 bytes.
        self.folder = tempfile.mkdtemp(prefix="pg", dir="/tmp")
        self.data = os.path.join(self.folder, "data")
        self.process = None
        # The server refuses to run as root.
        self.user = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    @property
    def url(self):
        return f"postgresql://postgres@/{self.database}?host={self.folder}&port={PORT}"

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *_):
        self.stop()
        self.remove()

    def start(self):
        """Starts the server, anew after stop() or kill(), with what was committed; returns when it answers."""
        if not os.path.exists(self.data):
            self._make()
        # After kill() the old server's children may be there for a moment yet, and the new one then refuses.
        until(self._start_once, 30, "PostgreSQL runs")
        if self.query(f"SELECT 1 FROM pg_database WHERE datname = '{self.database}'", "postgres") == []:
            self.query(f"CREATE DATABASE {self.database}", "postgres")
        return self

    def stop(self, how=signal.SIGINT):
        """Ends it: by SIGINT at once but cleanly, by SIGQUIT as in a crash."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def restart(self):
        self.stop()
        return self.start()

    def kill(self):
        """kill -9 of the server; its children end by themselves."""
        self.stop(signal.SIGKILL)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, sql, database=None):
        """The rows of a statement, each a list of texts."""
        ran = subprocess.run(
            [program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(PORT), "-U", "postgres",
             "-c", sql, database or self.database], capture_output=True, text=True, check=False, cwd="/")
        assert ran.returncode == 0, ran.stderr
        return [line.split("|") for line in ran.stdout.splitlines()]

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def _make(self):
        # ICU's order of text is unlike bytes' order, as in many installations.
        ran = subprocess.run(
            [program("initdb"), "-D", self.data, "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions",
             "--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"],
            capture_output=True, text=True, check=False, cwd="/", **self.user)
        assert ran.returncode == 0, ran.stdout + ran.stderr

    def _start_once(self):
        settings = {**SETTINGS, "unix_socket_directories": self.folder}
        command = [program("postgres"), "-D", self.data]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                                            preexec_fn=end_with_parent, **self.user)

        def settled():
            ready = subprocess.run([program("pg_isready"), "-q", "-h", self.folder, "-p", str(PORT)], check=False)
            return ready.returncode == 0 or self.process.poll() is not None
        until(settled, 30, "PostgreSQL answers")
        return self.process.poll() is None
