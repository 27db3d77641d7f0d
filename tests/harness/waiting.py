"""Waiting for a condition instead of sleeping."""

import time


def until(condition, seconds, what):
    """The first true value of `condition()`, asked for again and again; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
