"""Minisign's files: what its own program wrote, and what is no such file."""

from __future__ import annotations

import base64
import hashlib

import pytest

from signatures.signer import Signer
from transcriber.signatures.minisign import (
    PublicKey,
    read_key,
    read_keys,
    read_signature,
)

# Written by minisign 0.11, of a file that holds b"hi\n".
KEY_FILE = b"""\
untrusted comment: minisign public key CD54CA1DEB45327F
RWR/MkXrHcpUzbYoii4pXziZWFmE6nIDVWE/+EQLhG9PKOuGZG3oKzwk
"""
SIGNATURE = b"""\
untrusted comment: c
RUR/MkXrHcpUzQuzdRiFunX30l8AuFKsyLs5iEnDntudgo/HFNPcfuVnSQmEMIRE0+9VfwdNhyk0yqE2kuiumtzrgCi0SzTUSww=
trusted comment: whisper-transcriber 1
BUDOY4S/4f1yZOxuMu9B7sF+KiYHhSKP2t9TH1DUyBp9GDvM9aK3l2o1mOxDhSiVa0fsuOowboSoql8zi6eOBw==
"""


def digest(content: bytes) -> bytes:
    return hashlib.blake2b(content).digest()


def own_key(signer: Signer) -> PublicKey:
    key = read_key(signer.key)
    assert key is not None
    return key


def test_what_minisign_wrote_is_read() -> None:
    (key,) = read_keys(KEY_FILE)
    signature = read_signature(SIGNATURE)
    assert key.name == "CD54CA1DEB45327F"
    assert signature.comment == b"whisper-transcriber 1"
    assert signature.is_by(key, digest(b"hi\n"))
    assert not signature.is_by(key, digest(b"hi"))


def test_the_comment_is_signed_too() -> None:
    (key,) = read_keys(KEY_FILE)
    changed = SIGNATURE.replace(b"transcriber 1", b"transcriber 2")
    assert not read_signature(changed).is_by(key, digest(b"hi\n"))
    # And not the other one, which anybody may write.
    changed = SIGNATURE.replace(b"comment: c", b"comment: of the maintainers")
    assert read_signature(changed).is_by(key, digest(b"hi\n"))


def test_a_comment_of_another_signature_is_none_of_this_one() -> None:
    signer = Signer()
    one, other = (signer.signature(content, "old").splitlines() for content in (b"a", b"b"))
    mixed = b"\n".join([*one[:2], *other[2:], b""])
    assert read_signature(signer.signature(b"a", "old")).is_by(own_key(signer), digest(b"a"))
    assert not read_signature(mixed).is_by(own_key(signer), digest(b"a"))


def test_another_key_of_the_same_number_signs_nothing() -> None:
    signature = read_signature(Signer(seed=b"\x02" * 32).signature(b"a"))
    assert signature.number == own_key(Signer()).number
    assert not signature.is_by(own_key(Signer()), digest(b"a"))


def test_lines_may_end_as_they_do_on_windows() -> None:
    assert read_signature(SIGNATURE.replace(b"\n", b"\r\n")) == read_signature(SIGNATURE)
    assert read_keys(KEY_FILE.replace(b"\n", b"\r\n")) == read_keys(KEY_FILE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not found</html>\n",
        SIGNATURE[:-30],
        SIGNATURE + b"more\n",
        SIGNATURE.replace(b"RUR/", b"RUR/*"),
        SIGNATURE.replace(b"trusted comment: w", b"trusting comment: w"),
        SIGNATURE.removeprefix(b"untrusted "),
        SIGNATURE.replace(b"Sww=", b"Sww"),
        b"\xff" + SIGNATURE,
        KEY_FILE,
        KEY_FILE * 2,
        bytes(range(256)),
    ],
    ids=range(12),
)
def test_what_is_no_signature(content: bytes) -> None:
    with pytest.raises(ValueError, match="it is no signature"):
        read_signature(content)


def test_the_older_form_is_not_taken() -> None:
    with pytest.raises(ValueError, match="of the old form"):
        read_signature(Signer().signature(b"a", form=b"Ed"))
    with pytest.raises(ValueError, match="this version"):
        read_signature(Signer().signature(b"a", form=b"XX"))


def test_a_file_may_have_the_next_key_too() -> None:
    lines = [b"untrusted comment: now", b"untrusted comment: from next year on"]
    one, other = Signer(), Signer(seed=b"\x02" * 32, number=b"another1")
    content = b"\n".join([lines[0], one.key.encode(), lines[1], other.key.encode()])
    assert read_keys(content) == (own_key(one), own_key(other))
    assert read_keys(lines[0]) == ()


@pytest.mark.parametrize("line", ["", "RWR/MkXr", "talk.mp3", "RWR/*" + "A" * 51, "ü" * 56])
def test_what_is_no_key(line: str) -> None:
    assert read_key(line) is None
    with pytest.raises(ValueError, match="no public key"):
        read_keys(f"untrusted comment: x\n{line or '?'}\n".encode())


def test_a_signature_is_no_key() -> None:
    with pytest.raises(ValueError, match="no public key"):
        read_keys(SIGNATURE)


def test_a_key_that_proves_nothing_is_refused() -> None:
    weak = base64.b64encode(b"Ed" + bytes(8) + (1).to_bytes(32, "little")).decode()
    with pytest.raises(ValueError, match="nobody can sign"):
        read_key(weak)
