"""An S3 server that is not ours: s3rver of npm, as `tools/setup --test` installs it."""

import os
import signal
import socket
import subprocess

from tests.harness.stack import free_port
from tests.harness.waiting import until

PROGRAM = "tools/s3/node_modules/s3rver/bin/s3rver.js"
BUCKET = "calls"


class S3Server:
    """Its objects outlive it, so it can be killed and started again."""

    def __init__(self, folder):
        assert os.path.exists(PROGRAM), f"{PROGRAM} is not there: tools/setup --test installs it"
        self.folder = os.path.join(folder, "s3")
        os.makedirs(self.folder)
        self.address = f"127.0.0.1:{free_port()}"
        self.process = None
        self.start()

    def start(self):
        host, port = self.address.split(":")
        self.process = subprocess.Popen(
            ["node", PROGRAM, "--directory", self.folder, "--address", host, "--port", port, "--silent", "--no-vhost-buckets",
             "--configure-bucket", BUCKET], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until(self._answers, 30, "the S3 server answers")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.kill()

    def objects(self):
        """The names of all objects in the bucket."""
        bucket = os.path.join(self.folder, BUCKET)
        found = []
        for path, _, names in os.walk(bucket):
            found += [os.path.relpath(os.path.join(path, name), bucket) for name in names]
        # It keeps an object in a file of its own name and two beside it.
        ending = "._S3rver_object"
        return sorted(name[:-len(ending)] for name in found if name.endswith(ending))

    def config(self, endpoint=None):
        """The configuration of object_store."""
        return (f'object_store {{ endpoint: "http://{endpoint or self.address}" bucket: "{BUCKET}" prefix: "recordings/" '
                'access_key_id: "S3RVER" secret_access_key: "S3RVER" }\n')

    def _answers(self):
        host, port = self.address.split(":")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return True
        except OSError:
            return False
