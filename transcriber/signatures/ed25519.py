"""Ed25519: whether a signature is that of a key, as RFC 8032 has it.

Nothing that the program has does this: Python's own modules reach OpenSSL's hashes and TLS alone,
and a library for it would take megabytes. Here is only what checks, with public numbers: nothing
hangs on how long a computation takes.
"""

from __future__ import annotations

import hashlib

KEY_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19
"""The prime that coordinates are counted by."""

ORDER = 2**252 + 27742317777372353535851937790883648493
"""How many multiples the base point has: scalars are counted by it."""

_D = -121665 * pow(121666, -1, _P) % _P
"""Of the curve -x² + y² = 1 + d x² y²."""

_ROOT = pow(2, (_P - 1) // 4, _P)
"""A square root of -1."""

Point = tuple[int, int, int, int]
"""X, Y, Z and T, which stand for x = X/Z, y = Y/Z and xy = T/Z: sums then need no division."""

_ZERO: Point = (0, 1, 1, 0)


def is_key(key: bytes) -> bool:
    """Whether `key` is the public key of somebody.

    A point of an order that divides 8 is none: with it, one signature is right for many texts.
    """
    point = _decoded(key)
    return point is not None and not _is_zero(_times_eight(point))


def is_signed(text: bytes, signature: bytes, key: bytes) -> bool:
    """Whether `signature` is the signature of `text` by `key`.

    Parameters
    ----------
    text : bytes
        What was signed.
    signature : bytes
        64 bytes: an encoded point R, and a scalar S.
    key : bytes
        32 bytes: an encoded point A.

    Returns
    -------
    bool
        Whether [S]B = R + [k]A, where k is made of R, A and the text (RFC 8032, 5.1.7, without
        the factor 8). False, too, where S is not below the order, which would give a second
        signature of the same text, and where a point is not encoded in the one way.
    """
    if len(signature) != SIGNATURE_BYTES or not is_key(key):
        return False
    scalar = int.from_bytes(signature[32:], "little")
    public = _decoded(key)
    if scalar >= ORDER or public is None:
        return False
    digest = hashlib.sha512(signature[:32] + key + text).digest()
    factor = int.from_bytes(digest, "little") % ORDER
    # Encoded, so that an R in another encoding is another R.
    return _encoded(_sum_of_multiples(scalar, _BASE, factor, _negative(public))) == signature[:32]


def _add(one: Point, other: Point) -> Point:
    """Return the sum of two points, which may be the same (Hisil and others 2008, 3.1)."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a = (y1 - x1) * (y2 - x2) % _P
    b = (y1 + x1) * (y2 + x2) % _P
    c = 2 * _D * t1 * t2 % _P
    d = 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _negative(point: Point) -> Point:
    x, y, z, t = point
    return -x % _P, y, z, -t % _P


def _sum_of_multiples(first: int, one: Point, second: int, other: Point) -> Point:
    """Return ``first * one + second * other``, bit by bit of both at once."""
    choices = (_ZERO, one, other, _add(one, other))
    total = _ZERO
    for bit in reversed(range(max(first.bit_length(), second.bit_length()))):
        total = _add(total, total)
        choice = (first >> bit & 1) + 2 * (second >> bit & 1)
        if choice:
            total = _add(total, choices[choice])
    return total


def _times_eight(point: Point) -> Point:
    for _ in range(3):
        point = _add(point, point)
    return point


def _is_zero(point: Point) -> bool:
    x, y, z, _ = point
    return x == 0 and y == z


def _encoded(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    odd = x * inverse % _P & 1
    return (y * inverse % _P | odd << 255).to_bytes(32, "little")


def _decoded(encoded: bytes) -> Point | None:
    """Return the point that was encoded in the one way (RFC 8032, 5.1.3), or None."""
    if len(encoded) != KEY_BYTES:
        return None
    number = int.from_bytes(encoded, "little")
    odd, y = number >> 255, number & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT % _P
    if x * x % _P != square or (x == 0 and odd):
        return None
    if x & 1 != odd:
        x = _P - x
    return x, y, 1, x * y % _P


def _base() -> Point:
    """Return the base point: y = 4/5, and x even."""
    point = _decoded((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    assert point is not None  # noqa: S101  a constant
    return point


_BASE = _base()
