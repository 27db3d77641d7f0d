"""Recordings by REST; their files fetched by curl and measured by programs of others: ffprobe and ffmpeg."""

import json
import os
import subprocess

import numpy

from tests.harness import tones
from tests.harness.waiting import until

OVER = ("ended", "failed")


def start(stack, room, **fields):
    """The recording's id."""
    answer = stack.post(f"/v1/conferences/{room}/recording_start", fields)
    assert answer.status == 200, answer.text
    return answer.body["recording_id"]


def stop(stack, room):
    answer = stack.post(f"/v1/conferences/{room}/recording_stop")
    assert answer.status == 200, answer.text
    return answer.body


def get(stack, recording_id):
    answer = stack.get(f"/v1/recordings/{recording_id}")
    assert answer.status == 200, answer.text
    return answer.body


def wait_status(stack, recording_id, statuses, seconds=20):
    """The recording, once it is in one of the statuses."""
    wanted = (statuses,) if isinstance(statuses, str) else statuses
    until(lambda: get(stack, recording_id)["status"] in wanted, seconds, f"the recording is {wanted}")
    return get(stack, recording_id)


def fetch(stack, file):
    """The path of a file's copy."""
    path = os.path.join(stack.folder, file["name"].replace("/", "_"))
    subprocess.run(["curl", "--silent", "--show-error", "--fail", "--output", path,
                    f'http://{stack.http}/v1/recordingfiles/{file["id"]}'], check=True)
    assert os.path.getsize(path) == file["size"], (os.path.getsize(path), file)
    return path


def files_of(recording, kind):
    return [file for file in recording["files"] if file["kind"] == kind]


def fetch_mixed(stack, recording):
    return fetch(stack, files_of(recording, "mixed")[0])


def markers(stack, recording):
    with open(fetch(stack, files_of(recording, "markers")[0]), encoding="utf-8") as file:
        return json.load(file)


def probe(path):
    """(codec, sample rate, channels, seconds) as ffprobe tells."""
    told = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path], check=True,
                          capture_output=True, text=True)
    said = json.loads(told.stdout)
    stream = said["streams"][0]
    return stream["codec_name"], int(stream["sample_rate"]), stream["channels"], float(said["format"]["duration"])


def samples_of(path, rate=16000):
    """What ffmpeg decodes of it, -1…1."""
    raw = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "s16le", "-ac", "1", "-ar", str(rate), "-"],
                         check=True, capture_output=True).stdout
    return numpy.frombuffer(raw[:len(raw) // 2 * 2], dtype="<i2").astype(numpy.float64) / 32768


def level(samples, frequency, begin, end, rate=16000):
    """dBFS of a tone between two moments, seconds; negative ones count from the end."""
    length = len(samples) / rate
    first, last = (moment + length if moment < 0 else moment for moment in (begin, end))
    return tones.level_dbfs(samples[int(first * rate):int(last * rate)], rate, frequency)
