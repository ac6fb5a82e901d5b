"""Lines for the log of the server: one for each request, and one for each defect."""

from __future__ import annotations

import traceback


def access_line(client: str, method: str, path: str, outcome: tuple[int, int, float]) -> str:
    """Return the line for a request that was answered.

    Parameters
    ----------
    client : str
        The address of the peer.
    method, path : str
        What it asked; the path without the query, which may hold secrets.
    outcome : tuple[int, int, float]
        The status, the bytes of the body that were sent, and the seconds that it took.
    """
    status, sent, seconds = outcome
    return one_line(f"{client} {method} {path} {status} {sent} {seconds * 1000:.0f}")


def defect_line(client: str, method: str, path: str, error: BaseException) -> str:
    """Return the line for an error that no handler should raise, with the place it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return one_line(f"{client} {method} {path} failed: {type(error).__name__}: {error}{place}")


def one_line(text: str) -> str:
    """Return `text` with escapes for what would break the line or steer a terminal."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )
