"""A network of two hosts in namespaces of the test's own: this one, where the mediaplane drives a veth, and a far one for callers."""

import os
import shutil
import subprocess
import sys

INSIDE = "TUTTI_TEST_INSIDE_NAMESPACE"
NEAR_DEVICE = "tutti0"
FAR_DEVICE = "tutti1"
NEAR_ADDRESS = "198.18.0.1"
FAR_ADDRESS = "198.18.0.2"
PREFIX = 24


def enter():
    """Call first: goes on in a network namespace of its own, as root of a user namespace where it is not root already."""
    if os.environ.get(INSIDE):
        return
    os.environ[INSIDE] = "1"
    # Where Debian keeps ip and ethtool, and Bazel's tests do not look.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    os.execvp("unshare", ["unshare", *user, "--net", "--", sys.executable, *sys.argv])


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


class FarNetwork:
    """A veth pair: NEAR_DEVICE here, without an address (the mediaplane has it), FAR_DEVICE in the far namespace."""

    def __init__(self):
        run("ip", "link", "set", "lo", "up")
        # The namespace lives as long as this process, which waits for its standard input to end.
        self.holder = subprocess.Popen(["unshare", "--net", "--", shutil.which("cat")], stdin=subprocess.PIPE)
        self.prefix = ["nsenter", "-t", str(self.holder.pid), "-n", "--"]
        self._wait_namespace()
        run("ip", "link", "add", NEAR_DEVICE, "type", "veth", "peer", "name", FAR_DEVICE, "netns", str(self.holder.pid))
        run("ip", "link", "set", NEAR_DEVICE, "up")
        run(*self.prefix, "ip", "link", "set", "lo", "up")
        run(*self.prefix, "ip", "addr", "add", f"{FAR_ADDRESS}/{PREFIX}", "dev", FAR_DEVICE)
        run(*self.prefix, "ip", "link", "set", FAR_DEVICE, "up")
        # Else its UDP checksums arrive unfinished: a veth leaves them to a NIC.
        run(*self.prefix, "ethtool", "-K", FAR_DEVICE, "tx", "off")

    def _wait_namespace(self):
        """unshare has changed its namespace once it is another one than ours."""
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == own:
            os.sched_yield()

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()
