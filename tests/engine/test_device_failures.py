"""What counts as a GPU's failure, and how it is told."""

from __future__ import annotations

import pytest

from transcriber.engine.device_failures import device_failures, is_out_of_gpu_memory
from transcriber.errors import EngineFailedError, InputError


def told(error: Exception, device: str = "cuda:1") -> str:
    with pytest.raises(EngineFailedError) as caught, device_failures(device):
        raise error
    assert caught.value.__cause__ is error
    assert "\n" not in str(caught.value)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("CUDA error: unspecified launch failure\nCompile with ...", "unspecified launch failure"),
        ("CUDA error: out of memory\nCompile with ...", "out of memory"),
        ("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ...", "out of memory"),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling ...", "out of memory"),
        ("CUDA cannot be used: there is no GPU", "there is no GPU"),
        ("probability tensor contains either `inf`, `nan`", "probability tensor contains either"),
        ("x" * 1000, "x" * 160),
    ],
)
def test_the_reason_is_one_short_line(text: str, reason: str) -> None:
    assert told(RuntimeError(text)).startswith(f"cuda:1 failed: {reason}")
    assert len(told(RuntimeError(text))) < 200


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, IndexError, AssertionError, OSError])
def test_whatever_a_gpu_raises_is_its_failure(kind: type[Exception]) -> None:
    assert told(kind("strange")) == "cuda:1 failed: strange"
    assert told(kind()) == f"cuda:1 failed: {kind.__name__}"


@pytest.mark.parametrize("error", [InputError("broken"), MemoryError(), KeyboardInterrupt()])
def test_what_is_not_its_failure_stays(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, device_failures("cuda:0"):
        raise error
    assert caught.value is error


def test_on_the_processor_nothing_changes() -> None:
    with pytest.raises(RuntimeError, match="CUDA error"), device_failures("cpu"):
        raise RuntimeError("CUDA error: of whom?")


def test_memory_is_told_from_other_failures() -> None:
    assert is_out_of_gpu_memory(RuntimeError("CUDA out of memory. Tried to allocate 1 GiB"))
    assert not is_out_of_gpu_memory(RuntimeError("CUDA error: unknown error"))
