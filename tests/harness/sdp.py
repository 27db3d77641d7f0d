"""Offers of plain RTP callers, and what their answers say."""

import re

CODECS = {
    # name: (payload type, rtpmap, sample rate of the audio)
    "PCMU": (0, "PCMU/8000", 8000),
    "PCMA": (8, "PCMA/8000", 8000),
    "G722": (9, "G722/8000", 16000),
    "L16/8000": (96, "L16/8000", 8000),
    "L16/16000": (97, "L16/16000", 16000),
}


def offer(codec, port, address="127.0.0.1", direction="sendrecv", more=""):
    payload_type, rtpmap, _ = CODECS[codec]
    return (f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {payload_type} 101\r\na=rtpmap:{payload_type} {rtpmap}\r\n"
            f"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na={direction}\r\n{more}")


def receiver(codec, port, address="127.0.0.1"):
    """What a program that only receives reads: no telephone-event."""
    payload_type, rtpmap, _ = CODECS[codec]
    return (f"v=0\no=- 1 1 IN IP4 {address}\ns=-\nc=IN IP4 {address}\nt=0 0\n"
            f"m=audio {port} RTP/AVP {payload_type}\na=rtpmap:{payload_type} {rtpmap}\n")


def media_of(answer):
    """(address, RTP port) of an answer's first m-line."""
    address = re.search(r"^c=IN IP4 (\S+)", answer, re.MULTILINE).group(1)
    port = re.search(r"^m=audio (\d+) ", answer, re.MULTILINE).group(1)
    return address, int(port)
