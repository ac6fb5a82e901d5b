"""The keys by which releases are signed: those in the program, or the user's own choice."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from transcriber.audio.failures import printable
from transcriber.errors import UsageError
from transcriber.signatures.minisign import TEXT_BYTES, PublicKey, read_key, read_keys

FILE = "release.pub"
"""In this package: what ``minisign -G`` has written beside the secret key."""


def release_keys() -> tuple[PublicKey, ...]:
    """Return the keys in the program.

    Raises
    ------
    UsageError
        When it has none.
    """
    keys = read_keys(resources.files("transcriber.signatures").joinpath(FILE).read_bytes())
    if not keys:
        raise UsageError(
            "this build of the program has no release key",
            "give the one that the publisher names: --public_key FILE|KEY",
        )
    return keys


def given_keys(text: str) -> tuple[PublicKey, ...]:
    """Return the keys that a user has given, as a key or as the name of a file of them.

    Raises
    ------
    UsageError
        When there is none.
    """
    try:
        key = read_key(text)
        if key:
            return (key,)
        with Path(text).open("rb") as stream:
            keys = read_keys(stream.read(TEXT_BYTES))
    except OSError as error:
        raise UsageError(
            f"--public_key {printable(text)} is no key, and no file that can be read: "
            f"{error.strerror}",
            "give a public key of minisign, or its file",
        ) from error
    except ValueError as error:
        raise UsageError(
            f"--public_key {printable(text)}: {error}", "give a public key of minisign, or its file"
        ) from error
    if not keys:
        raise UsageError(f"--public_key {printable(text)} has no key in it", "give another file")
    return keys
