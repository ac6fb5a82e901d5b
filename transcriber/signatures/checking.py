"""Check a file against its signature, or against a signed list of digests."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.audio.failures import path_failure, printable
from transcriber.errors import InputError, SignatureError
from transcriber.signatures.digest_list import LIST_BYTES, read_digests
from transcriber.signatures.minisign import (
    TEXT_BYTES,
    PublicKey,
    key_name,
    read_signature,
)

LIST = "SHA256SUMS"
"""The list of digests that lies beside what is published."""

ENDING = ".minisig"
"""Of the signature of the file that has the name before it."""

_ELSEWHERE = "do not use it, and download it again, with what signs it, from another place"
_COMMENT_CHARACTERS = 100


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What is known of a file that is what was signed.

    Attributes
    ----------
    key : PublicKey
        Whose signature it is.
    comment : str
        What was signed with it, such as the name of the release; fit to be printed.
    """

    key: PublicKey
    comment: str


def check_file(path: Path, keys: Sequence[PublicKey], *, sums: Path | None = None) -> Signed:
    """Check that a file is what one of `keys` has signed.

    Parameters
    ----------
    path : Path
        The file.
    keys : sequence of PublicKey
        Whose signatures do.
    sums : Path, optional
        A list of digests, which is signed. Else the signature of the file itself, where it lies
        beside it, or the list `LIST` there.

    Raises
    ------
    SignatureError
        When it is not.
    InputError
        When it cannot be told: the file, the list or the signature is missing or cannot be read.
    """
    check_readable(path)
    own = path.with_name(path.name + ENDING)
    if sums is None and os.path.exists(own):
        return _check_signature(path, _digest(path, "blake2b"), own, keys)
    listed = sums or path.with_name(LIST)
    if sums is None and not os.path.exists(listed):
        raise InputError(
            f"nothing signs {printable(str(path))}: beside it is neither {printable(own.name)} "
            f"nor {LIST}",
            f"put {LIST} and {LIST}{ENDING} there, which are published with it",
        )
    content = _content(listed, LIST_BYTES)
    signature = listed.with_name(listed.name + ENDING)
    # Before anything in it is believed.
    signed = _check_signature(listed, hashlib.blake2b(content).digest(), signature, keys)
    try:
        digests = read_digests(content)
    except ValueError as error:
        raise SignatureError(f"{printable(str(listed))}: {error}", _ELSEWHERE) from error
    _check_digest(path, digests, listed)
    return signed


def _check_digest(path: Path, digests: Mapping[str, str], listed: Path) -> None:
    """Check the sha256 of the file `path` against the list, whose signature is right."""
    wanted, found = digests.get(path.name), _digest(path, "sha256").hex()
    label, place = printable(str(path)), printable(str(listed))
    if wanted is None:
        names = [name for name, digest in digests.items() if digest == found]
        if names:
            raise InputError(
                f"{place} has {label} under another name", f"call it {printable(names[0])}"
            )
        raise InputError(
            f"{place} does not name {label}", "take the list that was published with the file"
        )
    if found != wanted:
        raise SignatureError(
            f"{label} is not what was signed: its sha256 is {found}, and {place} has {wanted}",
            _ELSEWHERE,
        )


def _check_signature(path: Path, digest: bytes, place: Path, keys: Sequence[PublicKey]) -> Signed:
    """Check the signature at `place` of the file `path`, which has that BLAKE2b-512."""
    label, shown = printable(str(path)), printable(str(place))
    if not os.path.exists(place):
        raise InputError(
            f"nothing signs {label}: beside it is no {printable(place.name)}",
            "put it there; it is published with the file",
        )
    return check_signature(label, digest, shown, _content(place, TEXT_BYTES), keys)


def check_signature(
    label: str, digest: bytes, shown: str, content: bytes, keys: Sequence[PublicKey]
) -> Signed:
    """Check what a signature's file holds.

    Parameters
    ----------
    label, shown : str
        What messages call the file that was signed, and the signature.
    digest : bytes
        The BLAKE2b-512 of the file.
    content : bytes
        Of the signature's file.
    keys : sequence of PublicKey
        Whose signatures do.

    Raises
    ------
    SignatureError
        When it is not the signature of that by one of the keys.
    """
    try:
        signature = read_signature(content)
    except ValueError as error:
        raise SignatureError(f"{shown}: {error}", _ELSEWHERE) from error
    suitable = [key for key in keys if key.number == signature.number]
    if not suitable:
        raise SignatureError(
            f"{shown} is a signature by the key {key_name(signature.number)}, and not by "
            f"{' or '.join(key.name for key in keys)}",
            "do not use what it signs, unless that key is one you trust: then give it as "
            "--public_key",
        )
    for key in suitable:
        if signature.is_by(key, digest):
            # minisign's own has tabs.
            comment = printable(signature.comment.decode(errors="replace").replace("\t", " "))
            return Signed(key=key, comment=comment[:_COMMENT_CHARACTERS])
    raise SignatureError(
        f"{label} is not what was signed: {shown} is of something else", _ELSEWHERE
    )


def _content(path: Path, limit: int) -> bytes:
    """Return what is in a small file."""
    check_readable(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        raise path_failure(printable(str(path)), error) from error
    if len(content) > limit:
        raise SignatureError(
            f"{printable(str(path))} is longer than the {limit} bytes that it can have", _ELSEWHERE
        )
    return content


def _digest(path: Path, algorithm: str) -> bytes:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, algorithm).digest()
    except OSError as error:
        raise path_failure(printable(str(path)), error) from error


def check_readable(path: Path) -> None:
    """Check that there is a file, whose reading ends.

    Raises
    ------
    InputError
        When there is none, or it is something else.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise path_failure(printable(str(path)), error) from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no file"
        raise InputError(f"{printable(str(path))} is {kind}", "name a file")
