"""Memory that is short."""

from __future__ import annotations

import errno
import os

import child
import pytest

from transcriber.errors import LimitError
from transcriber.machine.memory import (
    general_error,
    is_out_of_memory,
    libraries_fit,
    limit_in_words,
    memory_error,
    transcription_fits,
)

LIMITED = """
    import resource
    from transcriber.machine import memory
    resource.setrlimit(resource.RLIMIT_AS, (200 << 20, resource.RLIM_INFINITY))
    print(memory.libraries_fit())
    print(memory.memory_error("base"))
    print(memory.general_error())
    with open("/proc/self/statm") as sizes:
        mapped = int(sizes.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + (280 << 20), resource.RLIM_INFINITY))
    print(memory.libraries_fit(), memory.transcription_fits())
    resource.setrlimit(resource.RLIMIT_AS, (2000 << 20, resource.RLIM_INFINITY))
    print(memory.libraries_fit(), memory.transcription_fits())
    """


def test_a_limit_is_told() -> None:
    words = "(a program may use 200 MiB here, as ulimit -v tells)"
    assert child.run(LIMITED).stdout.splitlines() == [
        "False",
        f"not enough memory for the model base {words}: choose a smaller one with --model, or "
        "raise that limit",
        f"not enough memory {words}: raise that limit",
        "True False",
        "True True",
    ]


def test_without_a_limit() -> None:
    if limit_in_words():
        pytest.skip("this process is limited")
    assert libraries_fit()
    assert transcription_fits()
    assert str(memory_error("base")) == (
        "not enough memory for the model base: choose a smaller one with --model, "
        "or free some memory"
    )
    assert str(general_error()) == "not enough memory: free some memory"


def test_it_is_a_limit_and_no_damaged_model() -> None:
    assert memory_error("base").exit_code == LimitError.exit_code


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        RuntimeError("unable to mmap 9 bytes from file <x>: Cannot allocate memory (12)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        ImportError("libgomp.so.1: cannot allocate memory in static TLS block"),
        RuntimeError("can't start new thread"),
    ],
    ids=repr,
)
def test_what_says_that_memory_ran_out(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("its dimensions have other names"),
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        RuntimeError("Missing key(s) in state_dict"),
        RuntimeError("PytorchStreamReader failed reading zip archive"),
    ],
    ids=repr,
)
def test_what_says_something_else(error: Exception) -> None:
    assert not is_out_of_memory(error)
