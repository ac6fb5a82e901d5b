"""Fetching a release: its signed list, and the parts of a file that are not here."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transcriber.download.faults import (
    AttemptError,
    RangeNotSatisfiableError,
    SourceError,
    TransientError,
    UnreachableError,
)
from transcriber.download.fetch_file import DEFAULT_POLICY
from transcriber.download.transport import open_address, read_block
from transcriber.errors import NetworkError, SignatureError
from transcriber.signatures.checking import ENDING, LIST, check_signature
from transcriber.signatures.digest_list import LIST_BYTES, read_digests
from transcriber.signatures.minisign import TEXT_BYTES, PublicKey
from transcriber.updating.blocks import Control, find_blocks, missing_ranges, read_control

ZSYNC = ".zsync"
_ZSYNC_BYTES = 1 << 24
_ATTEMPTS = 4
_ELSEWHERE = "do not use it; fetch it from another place: --from URL|FOLDER"

_VERSION = re.compile(r"whisper-transcriber (\d+)\.(\d+)\.(\d+)(?:-([a-z]+)\.(\d+))?")


@dataclass(frozen=True, kw_only=True)
class Release:
    """What a signed list says.

    Attributes
    ----------
    address : str
        The folder that it lies in.
    digests : mapping
        The sha256 of each file, in hexadecimal.
    comment : str
        What was signed with it: program and version.
    """

    address: str
    digests: Mapping[str, str]
    comment: str

    def is_older(self, than: str) -> bool:
        """Whether it is older than the release of that comment, or does not say its version."""
        own, other = _order(self.comment), _order(than)
        return own is None or other is None or own < other

    def checked(self, name: str, content: bytes) -> bytes:
        """Return the content of a file, which must be what was signed.

        Raises
        ------
        SignatureError
            When it is not.
        """
        if hashlib.sha256(content).hexdigest() != self.digests[name]:
            raise SignatureError(f"{self.address}/{name} is not what was signed", _ELSEWHERE)
        return content


def read_release(address: str, keys: Sequence[PublicKey]) -> Release:
    """Fetch the list of digests in the folder `address`, and check its signature.

    Raises
    ------
    NetworkError
        When one of them cannot be fetched.
    SignatureError
        When none of the keys has signed it.
    """
    place = f"{address}/{LIST}"
    content = fetch(place, LIST_BYTES)[1]
    signature = fetch(place + ENDING, TEXT_BYTES)[1]
    signed = check_signature(
        place, hashlib.blake2b(content).digest(), place + ENDING, signature, keys
    )
    try:
        digests = read_digests(content)
    except ValueError as error:
        raise SignatureError(f"{place}: {error}", _ELSEWHERE) from error
    return Release(address=address, digests=digests, comment=signed.comment)


def fetch_changed(release: Release, name: str, old: bytes) -> tuple[bytes, int]:
    """Return a file of a release, of which what is in `old` is not fetched.

    Returns
    -------
    (bytes, int)
        The file, and how many bytes came.

    Raises
    ------
    NetworkError
        When it cannot be fetched.
    SignatureError
        When what comes is not what was signed.
    """
    place = f"{release.address}/{name}"
    sums = release.checked(name + ZSYNC, fetch(place + ZSYNC, _ZSYNC_BYTES)[1])
    try:
        control = read_control(sums)
    except ValueError as error:
        raise SignatureError(f"{place}{ZSYNC} is no zsync file: {error}", _ELSEWHERE) from error
    content, count = _joined(place, control, old)
    count += len(sums)
    with contextlib.suppress(SignatureError):
        return release.checked(name, content), count
    # A block was mistaken, or what lies between does not know ranges.
    return release.checked(name, fetch(place, control.size)[1]), count + control.size


def _joined(place: str, control: Control, old: bytes) -> tuple[bytes, int]:
    """Return the file made of what is here and what is fetched, and how much of it that is."""
    block, places = control.block, find_blocks(control, old)
    padded = memoryview(old + bytes(2 * block))
    content = bytearray(b"".join(padded[max(at, 0) :][:block] for at in places))
    count = 0
    for begin, end in missing_ranges(places, block):
        part = begin * block, min(end * block, control.size)
        first, fetched = fetch(place, control.size, part)
        count += len(fetched)
        content[first : first + len(fetched)] = fetched
        if len(fetched) == control.size:
            break
    return bytes(content[: control.size]), count


def fetch(address: str, most: int, part: tuple[int, int] | None = None) -> tuple[int, bytes]:
    """Return the place of the first byte, and the bytes, that an address has.

    Parameters
    ----------
    most : int
        The longest that the file can be.
    part : (int, int), optional
        The first byte that is wanted and the one behind the last. All may come all the same;
        nothing comes where it is not there.

    Raises
    ------
    NetworkError
        When it cannot be had after some attempts.
    """
    first, end = part or (0, most)
    got, failures = bytearray(), 0
    while True:
        try:
            asked = {"Range": f"bytes={first + len(got)}-{end - 1}"} if part or got else {}
            with contextlib.closing(open_address(address, asked, DEFAULT_POLICY)) as response:
                length = response.headers.get("Content-Length", "")[:19]
                # Whether it is the part that was asked for, the digest of the whole tells.
                if response.status != 206:
                    first, end, got = 0, most, bytearray()
                wanted = len(got) + int(length) if length.isascii() and length.isdigit() else 0
                while block := read_block(response, end - first + 1 - len(got), DEFAULT_POLICY):
                    got += block
                    if len(got) > end - first:
                        raise SourceError(f"it has more than {end - first} bytes")
            if len(got) < wanted:
                raise TransientError("the connection ended early")
            return first, bytes(got)
        except RangeNotSatisfiableError:
            return 0, b""
        except AttemptError as error:
            failures += 1
            if failures == _ATTEMPTS or not isinstance(error, TransientError | UnreachableError):
                raise NetworkError(
                    f"cannot fetch {address}: {error}",
                    "check the network, or name another place: --from URL|FOLDER",
                ) from error
            time.sleep(getattr(error, "wait", None) or DEFAULT_POLICY.backoff * 2**failures)


def _order(comment: str) -> tuple[int | str, ...] | None:
    """Return what versions are ordered by (Semantic Versioning), None where there is none."""
    match = _VERSION.match(comment)
    if not match:
        return None
    *numbers, stage, count = match.groups()
    # Behind every letter: a release follows its candidates.
    return (*map(int, numbers), stage or "~", int(count or 0))
