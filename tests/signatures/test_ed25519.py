"""Ed25519: RFC 8032's own examples, and what a forger may try."""

from __future__ import annotations

import hashlib

import pytest

from signatures.signer import challenge, multiple_of_base, public_key, secret_scalar, sign
from transcriber.signatures.ed25519 import (
    _ZERO,
    ORDER,
    _decoded,
    _encoded,
    _sum_of_multiples,
    is_key,
    is_signed,
)

PRIME = 2**255 - 19
SEED = b"\x07" * 32

# RFC 8032, 7.1: the key, the text and the signature.
VECTORS = {
    "empty": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "one byte": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
        "f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "two bytes": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
        "4dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "the digest of abc": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c664"
        "31e0303dca179c138ac17ad9bef1177331a704",
    ),
}


def encoded(y: int, sign_bit: int = 0) -> bytes:
    return (y | sign_bit << 255).to_bytes(32, "little")


@pytest.mark.parametrize("name", VECTORS)
def test_the_examples_of_the_rfc(name: str) -> None:
    key, text, signature = map(bytes.fromhex, VECTORS[name])
    assert is_key(key)
    assert is_signed(text, signature, key)
    assert not is_signed(text + b"\0", signature, key)


def test_every_bit_counts() -> None:
    key, text, signature = map(bytes.fromhex, VECTORS["two bytes"])
    for content, others in ((signature, (text, key)), (key, (text, signature))):
        for bit in range(0, 8 * len(content), 5):
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << bit % 8
            pair = (
                (bytes(changed), others[1]) if content is signature else (others[1], bytes(changed))
            )
            assert not is_signed(text, *pair)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 63, 65, 128])
def test_what_has_another_length_is_wrong(length: int) -> None:
    key, text, signature = map(bytes.fromhex, VECTORS["one byte"])
    assert not is_signed(text, (signature * 2)[:length], key)
    assert length == 32 or not is_signed(text, signature, (key * 4)[:length])


def test_a_signature_has_one_form() -> None:
    signature = sign(SEED, b"text")
    scalar = int.from_bytes(signature[32:], "little")
    for multiple in (1, 2, 7):
        # Which gives the same point: who accepts it has two signatures of one text.
        other = signature[:32] + (scalar + multiple * ORDER).to_bytes(32, "little")
        assert not is_signed(b"text", other, public_key(SEED))


def test_a_point_has_one_form() -> None:
    key, secret = public_key(SEED), secret_scalar(SEED)
    for point, right in ((encoded(1), True), (encoded(PRIME + 1), False), (encoded(1, 1), False)):
        # With zero for R, the scalar is all that the key adds.
        scalar = challenge(point, key, b"text") * secret % ORDER
        assert is_signed(b"text", point + scalar.to_bytes(32, "little"), key) == right


def small_points() -> set[bytes]:
    """Return the points whose order divides 8: of any point, as many times as the order."""
    points = (_decoded(encoded(y)) for y in range(2, 80))
    return {_encoded(_sum_of_multiples(ORDER, point, 0, _ZERO)) for point in points if point}


def test_a_key_of_small_order_is_none() -> None:
    small = small_points()
    assert len(small) == 8
    assert encoded(1) in small
    # Zero has no sign.
    assert _decoded(encoded(1, 1)) is None
    for key in small:
        assert _decoded(key) is not None
        assert not is_key(key)


@pytest.mark.parametrize("y", [0, 1, PRIME - 1, PRIME, PRIME + 1, PRIME + 18])
@pytest.mark.parametrize("sign_bit", [0, 1])
def test_a_key_of_small_order_is_none_in_any_form(y: int, sign_bit: int) -> None:
    assert not is_key(encoded(y, sign_bit))


def test_nothing_is_signed_by_a_key_of_small_order() -> None:
    # R = [1]B and S = 1: right for any text, where the key adds nothing.
    signature = multiple_of_base(1) + encoded(1)
    assert not is_signed(b"any text", signature, encoded(1))


def test_a_key_is_a_point_of_the_curve() -> None:
    # Half of all numbers are no y of a point.
    on_curve = [is_key(encoded(y)) for y in range(2, 200)]
    assert 70 < sum(on_curve) < 130
    assert not is_key(encoded(PRIME + 3))
    assert not is_key(b"")
