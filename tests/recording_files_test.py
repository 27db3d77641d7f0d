#!/usr/bin/python3
"""The files of recordings by REST, fetched by curl: ranges, conditions, links, customers, deletion; and from an S3 server that is not
ours, which dies under an upload."""

import hashlib
import os
import subprocess
import time
import unittest

from tests.harness import junit, recordings
from tests.harness.link import Link
from tests.harness.s3 import S3Server
from tests.harness.stack import Rest, Stack
from tests.harness.udp_caller import UdpCaller
from tests.harness.waiting import until

KEYS = {"a": "key-of-customer-a-0123456789", "b": "key-of-customer-b-0123456789"}


class Customer(Rest):
    """What one customer asks."""

    def __init__(self, stack, key):
        super().__init__(stack.http)
        self.folder = stack.folder
        self.authorization = f"Bearer {key}"

    def request(self, method, path, body=None, headers=(), seconds=10):
        return super().request(method, path, body, {"Authorization": self.authorization, **dict(headers)}, seconds)


class Curled:
    """What curl got: status, headers in lower case, bytes."""

    def __init__(self, http, path, *options, key=None):
        credentials = ["--header", f"Authorization: Bearer {key}"] if key else []
        got = subprocess.run(["curl", "--silent", "--show-error", "--include", "--max-time", "20", *credentials, *options,
                              f"http://{http}{path}"], capture_output=True, check=True).stdout
        head, self.bytes = got.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


class Recorded(unittest.TestCase):
    def begin(self, more_config=""):
        """The processes with two customers' keys; customer A has a room with a caller."""
        self.stack = Stack()
        path = os.path.join(self.stack.folder, "tutti.conf")
        with open(path, "w", encoding="ascii") as file:
            for name, key in KEYS.items():
                file.write(f'api_key {{ key: "{key}" customer_id: "0198f2d0-0000-7000-8000-00000000000{name}" }}\n')
            file.write(more_config)
        self.stack.flags.append(f"--config={path}")
        self.addCleanup(self.stack.stop)
        self.stack.start()
        self.a = Customer(self.stack, KEYS["a"])
        self.room = self.a.create_conference(name="files")["id"]
        self.caller = UdpCaller(self.a, 503)
        self.addCleanup(self.caller.end)
        self.caller.join(self.room)
        self.a.wait_joined(self.room, 1)

    def record(self):
        """A recording of one second that is over."""
        recording_id = recordings.start(self.a, self.room, duration=1)
        ended = recordings.wait_status(self.a, recording_id, recordings.OVER)
        self.assertEqual(ended["status"], "ended", ended)
        return ended

    def curl(self, path, *options, key=KEYS["a"]):
        return Curled(self.stack.http, path, *options, key=key)

    def mixed(self, recording):
        return recordings.files_of(recording, "mixed")[0]

    def path(self, recording):
        return f'/v1/recordingfiles/{self.mixed(recording)["id"]}'

    def error(self, path, status, reason, *options, key=KEYS["a"]):
        got = self.curl(path, *options, key=key)
        self.assertEqual(got.status, status, got.bytes[:200])
        self.assertIn(f'"reason":"{reason}"'.encode(), got.bytes)
        return got


class FilesTest(Recorded):
    def test_files(self):
        self.begin()
        running = recordings.start(self.a, self.room)
        recordings.wait_status(self.a, running, "recording")
        self.error(f"/v1/recordingfiles/{running}", 409, "STATE_INVALID")
        recordings.stop(self.a, self.room)
        recording = self.record()
        self.all_of_it(recording)
        self.parts(recording)
        self.conditions(recording)
        self.links(recording)
        self.customers(recording)
        self.deletion(recording)

    def all_of_it(self, recording):
        mixed = self.mixed(recording)
        got = self.curl(self.path(recording))
        self.assertEqual(got.status, 200)
        self.assertEqual(len(got.bytes), mixed["size"])
        self.assertEqual(got.headers["content-length"], str(mixed["size"]))
        self.assertEqual(got.headers["content-type"], "audio/wav")
        self.assertEqual(got.headers["accept-ranges"], "bytes")
        self.assertEqual(got.headers["content-disposition"], f'attachment; filename="{mixed["name"]}"')
        self.assertEqual(got.bytes[:4], b"RIFF")
        self.bytes, self.etag, self.modified = got.bytes, got.headers["etag"], got.headers["last-modified"]
        self.assertEqual(self.etag[0] + self.etag[-1], '""')
        head = self.curl(self.path(recording), "--head")
        self.assertEqual((head.status, head.bytes), (200, b""))
        for name in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
            self.assertEqual(head.headers[name], got.headers[name])
        for file in recording["files"]:
            recordings_file = self.curl(f'/v1/recordingfiles/{file["id"]}')
            self.assertEqual((recordings_file.headers["content-type"], len(recordings_file.bytes)),
                             (file["content_type"], file["size"]))

    def parts(self, recording):
        path, size = self.path(recording), len(self.bytes)
        for text, first, last in (("0-0", 0, 0), ("10-99", 10, 99), (f"{size - 5}-", size - 5, size - 1), ("-7", size - 7, size - 1),
                                  (f"5-{size * 2}", 5, size - 1), (f"-{size * 2}", 0, size - 1)):
            got = self.curl(path, "--range", text)
            self.assertEqual((got.status, got.headers["content-range"]), (206, f"bytes {first}-{last}/{size}"), text)
            self.assertEqual(got.headers["content-length"], str(last - first + 1))
            self.assertEqual(got.bytes, self.bytes[first:last + 1], text)
        for text in (f"{size}-", "-0"):
            got = self.error(path, 416, "RANGE_NOT_SATISFIABLE", "--range", text)
            self.assertEqual(got.headers["content-range"], f"bytes */{size}")
        # More than one range, and none at all: all of it.
        for text in ("0-1,3-4", "5-3"):
            self.assertEqual(self.curl(path, "--range", text).status, 200, text)
        # A download that was cut goes on where it was.
        copy = os.path.join(self.stack.folder, "resumed.wav")
        with open(copy, "wb") as file:
            file.write(self.bytes[:1000])
        subprocess.run(["curl", "--silent", "--fail", "--continue-at", "-", "--output", copy, "--header",
                        f'Authorization: Bearer {KEYS["a"]}', f"http://{self.stack.http}{path}"], check=True)
        with open(copy, "rb") as file:
            self.assertEqual(hashlib.sha256(file.read()).digest(), hashlib.sha256(self.bytes).digest())

    def conditions(self, recording):
        path = self.path(recording)
        for tags in (self.etag, f'"other", W/{self.etag}', "*"):
            got = self.curl(path, "--header", f"If-None-Match: {tags}")
            self.assertEqual((got.status, got.bytes, got.headers["etag"]), (304, b"", self.etag), tags)
        self.assertEqual(self.curl(path, "--header", 'If-None-Match: "other"').status, 200)
        for same in (self.etag, self.modified):
            self.assertEqual(self.curl(path, "--range", "0-9", "--header", f"If-Range: {same}").status, 206, same)
        self.assertEqual(self.curl(path, "--range", "0-9", "--header", 'If-Range: "other"').status, 200)

    def links(self, recording):
        path = self.path(recording)
        answer = self.a.post(f"{path}/link", {"duration": 3})
        self.assertEqual(answer.status, 200, answer.text)
        link = answer.body["path"]
        self.assertTrue(link.startswith(f"{path}?token="), link)
        self.assertEqual(self.curl(link, key=None).bytes, self.bytes)
        self.assertEqual(self.curl(link, "--range", "0-9", key=None).status, 206)
        token = link.split("=", 1)[1]
        other = recordings.files_of(recording, "markers")[0]["id"]
        self.error(f"/v1/recordingfiles/{other}?token={token}", 401, "LINK_INVALID", key=None)
        forged = ("B" if token[0] == "A" else "A") + token[1:]
        self.error(f"{path}?token={forged}", 401, "LINK_INVALID", key=None)
        self.error(path, 401, "UNAUTHENTICATED", key=None)
        until(lambda: self.curl(link, key=None).status == 401, 10, "the link has expired")
        self.error(link, 401, "LINK_INVALID", key=None)
        self.assertEqual(self.a.post(f"{path}/link", {"duration": 604801}).status, 400)

    def customers(self, recording):
        b = Customer(self.stack, KEYS["b"])
        self.error(self.path(recording), 404, "RECORDING_FILE_NOT_FOUND", key=KEYS["b"])
        self.assertEqual(b.post(f"{self.path(recording)}/link", {}).status, 404)
        self.error("/v1/recordingfiles/0198f2d0-0000-7000-8000-0000000000ff", 404, "RECORDING_FILE_NOT_FOUND")

    def deletion(self, recording):
        link = self.a.post(f"{self.path(recording)}/link", {}).body["path"]
        folder = os.path.join(self.stack.folder, "recordings", recording["id"])
        self.assertTrue(os.path.isdir(folder))
        self.assertEqual(self.a.delete(f'/v1/recordings/{recording["id"]}').status, 200)
        self.error(self.path(recording), 404, "RECORDING_FILE_NOT_FOUND")
        self.error(link, 404, "RECORDING_FILE_NOT_FOUND", key=None)
        until(lambda: not os.path.exists(folder), 10, "the files are gone")


class ObjectStoreTest(Recorded):
    def begin_with_store(self):
        self.s3 = S3Server(os.environ["TEST_TMPDIR"])
        self.addCleanup(self.s3.close)
        self.link = Link(self.s3.address)
        self.addCleanup(self.link.close)
        self.begin(self.s3.config(self.link.address))

    def stores(self, recording):
        return {file["store"] for file in recordings.get(self.a, recording["id"])["files"]}

    def test_upload(self):
        self.begin_with_store()
        # Its connection is held up, and the server dies under it.
        self.link.hold()
        recording = self.record()
        self.assertEqual(self.stores(recording), {"media_node"})
        here = self.curl(self.path(recording)).bytes
        self.assertEqual(len(here), self.mixed(recording)["size"])
        time.sleep(0.5)
        self.s3.kill()
        self.link.release()
        until(lambda: self.stack.metric("mediaplane", "tutti_mediaplane_recording_upload_failures_total") >= 1, 60,
              "the upload has failed")
        self.assertEqual(self.curl(self.path(recording)).bytes, here)
        # Nor does the death of the media plane lose it.
        self.stack.kill("mediaplane")
        self.stack.start_one("mediaplane")
        self.s3.start()
        until(lambda: self.stores(recording) == {"object_store"}, 60, "uploaded")

        names = sorted(f'recordings/{recording["id"]}/{file["name"]}' for file in recording["files"])
        self.assertEqual(self.s3.objects(), names)
        folder = os.path.join(self.stack.folder, "recordings", recording["id"])
        until(lambda: not [name for name in os.listdir(folder) if name.endswith(".wav")], 10, "the local files are gone")
        # The same bytes, ranges and links, now by control alone.
        got = self.curl(self.path(recording))
        self.assertEqual((got.status, got.headers["content-type"]), (200, "audio/wav"))
        self.assertEqual(got.bytes, here)
        part = self.curl(self.path(recording), "--range", "100-199")
        self.assertEqual((part.status, part.bytes), (206, here[100:200]))
        link = self.a.post(f"{self.path(recording)}/link", {}).body["path"]
        self.assertEqual(self.curl(link, key=None).bytes, here)
        self.assertGreater(self.stack.metric("control", "tutti_control_file_bytes_total"), 2 * len(here))

        self.s3.kill()
        self.error(self.path(recording), 503, "OBJECT_STORE_UNAVAILABLE")
        self.s3.start()
        self.assertEqual(self.a.delete(f'/v1/recordings/{recording["id"]}').status, 200)
        self.error(self.path(recording), 404, "RECORDING_FILE_NOT_FOUND")
        until(lambda: self.s3.objects() == [], 20, "the objects are gone")
        for name in ("mediaplane", "control"):
            self.assertNotIn("S3RVER", self.stack.log(name))


if __name__ == "__main__":
    junit.main()
