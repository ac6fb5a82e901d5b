from __future__ import annotations

import random

import numpy as np
import pytest
from Crypto.Hash import MD4

from transcriber.updating.md4 import md4


@pytest.mark.parametrize(("count", "length"), [(1, 64), (7, 2048), (3, 4096), (0, 2048), (2, 0)])
def test_every_row_has_the_digest_of_another_implementation(count: int, length: int) -> None:
    rows = np.frombuffer(random.Random(1).randbytes(count * length), np.uint8)
    rows = rows.reshape(count, length)
    found = [digest.tobytes() for digest in md4(rows)]
    assert found == [MD4.new(row.tobytes()).digest() for row in rows]  # noqa: S303
