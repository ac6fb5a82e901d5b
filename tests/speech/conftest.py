from __future__ import annotations

from collections.abc import Mapping

import pytest

from transcriber.speech.weights import Array, read_weights


@pytest.fixture(scope="package")
def weights() -> Mapping[str, Array]:
    return read_weights()
