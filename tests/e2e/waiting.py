"""Waiting for a condition: the only place of the suite that sleeps."""

import time

BETWEEN_LOOKS = 0.1


def until(look, what, seconds=30.0):
    """Calls `look` until it answers something true, and returns that answer.

    Fails with `what` and the last answer when `seconds` are over.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; the last look gave {answer!r}")
        time.sleep(BETWEEN_LOOKS)
