"""The files of minisign: public keys, and signatures of other files.

Both are text. A key is a comment and, in base64, ``Ed``, the key's number of 8 bytes and the key
of 32. A signature is a comment, which anybody may have written; in base64 ``ED``, the key's number
and the signature of the file's BLAKE2b-512; ``trusted comment:`` with a text; and in base64 the
signature of the first signature with that text behind it. The format is described at
https://jedisct1.github.io/minisign/.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass

from transcriber.signatures.ed25519 import KEY_BYTES, SIGNATURE_BYTES, is_key, is_signed

_NUMBER_BYTES = 8
_OF_KEY, _OF_DIGEST, _OF_FILE = b"Ed", b"ED", b"Ed"
_UNTRUSTED, _TRUSTED = b"untrusted comment:", b"trusted comment: "

TEXT_BYTES = 64 << 10
"""No key file and no signature is longer: minisign's own comments have 8 kB at most."""


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """What signatures are checked with.

    Attributes
    ----------
    number : bytes
        8 bytes that tell it from others.
    key : bytes
        The key of Ed25519.
    """

    number: bytes
    key: bytes

    @property
    def name(self) -> str:
        """What minisign calls it: the number in hexadecimal, its last byte first."""
        return key_name(self.number)


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a signature's file holds.

    Attributes
    ----------
    number : bytes
        That of the key.
    of_file : bytes
        The signature of the file's digest.
    comment : bytes
        The trusted comment: true only where the signature is.
    of_comment : bytes
        The signature of `of_file` and the comment.
    """

    number: bytes
    of_file: bytes
    comment: bytes
    of_comment: bytes

    def is_by(self, key: PublicKey, digest: bytes) -> bool:
        """Whether `key` has signed a file, and the comment with it.

        Parameters
        ----------
        key : PublicKey
            Whose signature it should be.
        digest : bytes
            The BLAKE2b-512 of the file.
        """
        return (
            self.number == key.number
            and is_signed(digest, self.of_file, key.key)
            and is_signed(self.of_file + self.comment, self.of_comment, key.key)
        )


def key_name(number: bytes) -> str:
    """Return what minisign calls a key."""
    return f"{int.from_bytes(number, 'little'):016X}"


def read_key(text: str) -> PublicKey | None:
    """Return the key that a line has in base64, None where it has none.

    Raises
    ------
    ValueError
        When it is written as a key, but nobody can have signed with it.
    """
    try:
        content = binascii.a2b_base64(text.strip(), strict_mode=True)
    except ValueError:
        return None
    if len(content) != len(_OF_KEY) + _NUMBER_BYTES + KEY_BYTES or content[:2] != _OF_KEY:
        return None
    number, key = content[2:-KEY_BYTES], content[-KEY_BYTES:]
    if not is_key(key):
        raise ValueError("nobody can sign with this key")
    return PublicKey(number=number, key=key)


def read_keys(content: bytes) -> tuple[PublicKey, ...]:
    """Return the keys of a key file: one, or several one below the other.

    A project that changes its key has two for a while.

    Raises
    ------
    ValueError
        When a line is neither a comment nor a key, with what is wrong.
    """
    keys = []
    for line in content.splitlines():
        if not line.strip() or line.startswith(_UNTRUSTED):
            continue
        key = read_key(line.decode("ascii", "replace"))
        if key is None:
            raise ValueError("it is no public key of minisign")
        keys.append(key)
    return tuple(keys)


def read_signature(content: bytes) -> Signature:
    """Return what the file of a signature holds.

    Raises
    ------
    ValueError
        When it is none, or of the older form, with what is wrong.
    """
    lines = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    if lines[-1] == b"":
        lines.pop()
    if len(lines) != 4 or not lines[0].startswith(_UNTRUSTED) or not lines[2].startswith(_TRUSTED):
        raise ValueError("it is no signature of minisign")
    try:
        first, of_comment = (binascii.a2b_base64(lines[at], strict_mode=True) for at in (1, 3))
    except ValueError as error:
        raise ValueError("it is no signature of minisign") from error
    length = len(_OF_DIGEST) + _NUMBER_BYTES + SIGNATURE_BYTES
    if len(first) != length or len(of_comment) != SIGNATURE_BYTES:
        raise ValueError("it is no signature of minisign")
    if first[:2] == _OF_FILE:
        raise ValueError("it is a signature of the old form, of the file and not of its digest")
    if first[:2] != _OF_DIGEST:
        raise ValueError("it is no signature that this version of the program knows")
    return Signature(
        number=first[2:-SIGNATURE_BYTES],
        of_file=first[-SIGNATURE_BYTES:],
        comment=lines[2].removeprefix(_TRUSTED),
        of_comment=of_comment,
    )
