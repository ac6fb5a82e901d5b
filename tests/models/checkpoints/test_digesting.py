from __future__ import annotations

import hashlib
import io

from transcriber.models.checkpoints.digesting import DigestingSink

BLOCKS = [b"", b"abc", memoryview(bytes(range(256))), bytearray(b"xyz")]
WHOLE = b"".join(bytes(block) for block in BLOCKS)


def test_it_passes_everything_on_and_digests_it() -> None:
    target = io.BytesIO()
    sink = DigestingSink(target)
    for block in BLOCKS:
        sink.write(block)
    assert target.getvalue() == WHOLE
    assert sink.size == len(WHOLE)
    assert sink.sha256 == hashlib.sha256(WHOLE).hexdigest()


def test_without_a_target_it_only_digests() -> None:
    sink = DigestingSink()
    for block in BLOCKS:
        sink.write(block)
    assert sink.sha256 == hashlib.sha256(WHOLE).hexdigest()
