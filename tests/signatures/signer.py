"""Sign as minisign does, so that what it would never write can be written, too."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from transcriber.signatures import ed25519
from transcriber.signatures.ed25519 import _BASE, _ZERO, ORDER, _encoded, _sum_of_multiples


def multiple_of_base(factor: int) -> bytes:
    return _encoded(_sum_of_multiples(factor, _BASE, 0, _ZERO))


def secret_scalar(seed: bytes) -> int:
    """Return the scalar of a secret key (RFC 8032, 5.1.5)."""
    number = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return number & ~7 & ((1 << 254) - 1) | 1 << 254


def public_key(seed: bytes) -> bytes:
    return multiple_of_base(secret_scalar(seed))


def challenge(point: bytes, key: bytes, text: bytes) -> int:
    return int.from_bytes(hashlib.sha512(point + key + text).digest(), "little") % ORDER


def sign(seed: bytes, text: bytes) -> bytes:
    """Return the signature of a text (RFC 8032, 5.1.6)."""
    nonce = int.from_bytes(
        hashlib.sha512(hashlib.sha512(seed).digest()[32:] + text).digest(), "little"
    )
    point, key = multiple_of_base(nonce % ORDER), public_key(seed)
    scalar = (nonce + challenge(point, key, text) * secret_scalar(seed)) % ORDER
    signature = point + scalar.to_bytes(32, "little")
    assert ed25519.is_signed(text, signature, key)
    return signature


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Somebody who signs files."""

    seed: bytes = b"\x01" * 32
    number: bytes = b"\x01\x02\x03\x04\x05\x06\x07\x08"

    @property
    def key(self) -> str:
        """The public key as a line."""
        return base64.b64encode(b"Ed" + self.number + public_key(self.seed)).decode()

    def signature(self, content: bytes, comment: str = "release 1", form: bytes = b"ED") -> bytes:
        """Return the file of a signature."""
        return self.signature_of_digest(hashlib.blake2b(content).digest(), comment, form)

    def signature_of_digest(
        self, digest: bytes, comment: str = "release 1", form: bytes = b"ED"
    ) -> bytes:
        """Return the file of a signature of what has that BLAKE2b-512."""
        of_file = sign(self.seed, digest)
        of_comment = sign(self.seed, of_file + comment.encode())
        first = base64.b64encode(form + self.number + of_file)
        lines = (b"untrusted comment: \x1b[31mred", first, f"trusted comment: {comment}".encode())
        return b"\n".join([*lines, base64.b64encode(of_comment), b""])

    def sign(self, path: Path, comment: str = "release 1") -> Path:
        """Write the signature of a file beside it."""
        place = path.with_name(f"{path.name}.minisig")
        place.write_bytes(self.signature(path.read_bytes(), comment))
        return place
