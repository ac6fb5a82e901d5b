"""The filter for ffmpeg's system calls, as instructions for the kernel (seccomp).

What is refused fails with EPERM. What the kernel has learned since this was written, and what has
its arguments where no filter can look, fails with ENOSYS: C libraries then do as they do on an
older kernel.
"""

from __future__ import annotations

import errno
import functools
import struct
from collections.abc import Mapping, Sequence
from typing import Final

# <linux/bpf_common.h>: load a word; jump where equal, at least, or any bit is set; return.
_LOAD: Final = 0x20
_IF_EQUAL: Final = 0x15
_IF_AT_LEAST: Final = 0x35
_IF_ANY_BIT: Final = 0x45
_RETURN: Final = 0x06

# <linux/seccomp.h>
_ALLOW: Final = 0x7FFF0000
_FAIL: Final = 0x00050000

# struct seccomp_data: number, architecture, then six arguments of 8 bytes from byte 16.
_NUMBER: Final = 0
_ARCHITECTURE: Final = 4

_X86_64: Final = 0xC000003E
_I386: Final = 0x40000003

_NEWEST_KNOWN: Final = 462
"""The last number that was looked at, mseal's. x32's numbers are above it, too."""

_X32: Final = 0x40000000

_SIZE: Final = 8
"""Of an instruction, in bytes."""

_OPEN, _OPENAT, _CLONE, _IOCTL, _PRLIMIT, _SOCKET = 2, 257, 56, 16, 302, 41
_CLONE3, _OPENAT2 = 435, 437
_SCHED_SETAFFINITY = 203

# O_WRONLY, O_RDWR, O_CREAT, O_TRUNC and O_TMPFILE's own bit.
_WRITES: Final = 0o1 | 0o2 | 0o100 | 0o1000 | 0o20000000
# CLONE_NEW*: time, mounts, control groups, names, messages, users, processes, network.
_NAMESPACES: Final = 0x80 | 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x70000000
_UNIX: Final = 1
_TYPE_INTO_TERMINAL: Final = 0x5412

_REFUSED: Final[dict[str, tuple[int, ...]]] = {
    # socket to accept, socketpair, accept4; ffmpeg's pipes are none.
    "network": (*range(41, 44), 49, 50, 53, 288),
    # What is queued there no filter sees, connections among it.
    "rings": (425, 426, 427),
    # creat, rename to chown and lchown, mknod, truncate, times, attributes, and their *at forms.
    "changes to files": (
        *(76, *range(82, 89), *range(90, 95), 132, 133, 188, 189, 190, 197, 198, 199, 235),
        *(258, 259, 260, 261, *range(263, 267), 268, 280, 316, 452),
    ),
    # Memory that is a program.
    "programs without a file": (319, 322, 447),
    # ptrace, reading another's memory, its files, signals to it, kcmp; its share of the
    # processors.
    "other processes": (
        *(62, 101, 129, 141, 142, 144, 251, 297, 310, 311, 312, 314, 424, 434, 438, 440, 448),
    ),
    # Limits, mounts, swap, names, modules, ports, clocks, and files by number.
    "the system": (
        *(103, 153, 154, 155, *range(159, 181), 212, 227, 246, 272, 300, 303, 304, 305, 308),
        *(313, 320, *range(428, 434), 442, 443, 457, 458),
    ),
    # add_key, request_key, keyctl, perf_event_open, bpf, userfaultfd.
    "what kernels were broken into by": (248, 249, 250, 298, 321, 323),
    # Memory, semaphores and messages that processes share by number or name; who changes files.
    "others' memory": (29, 64, 68, 240, 241, 254),
}
"""Numbers of what nobody needs who reads a file and writes to a pipe, by the reason."""


@functools.cache
def strict_filter() -> bytes:
    """Return the filter for an ffmpeg that does all by itself: it reads, computes and writes.

    It opens nothing for writing and changes no limit. That it starts no other program is for
    Landlock to see to, since the call that starts ffmpeg itself passes this filter.

    Returns
    -------
    bytes
        Instructions of 8 bytes each, ``struct sock_filter`` of ``<linux/filter.h>``.

    Examples
    --------
    >>> len(strict_filter()) % 8
    0
    """
    refused, unknown = _answer(_FAIL | errno.EPERM), _answer(_FAIL | errno.ENOSYS)
    blocks = {number: refused for numbers in _REFUSED.values() for number in numbers}
    blocks |= {
        _CLONE3: unknown,
        _OPENAT2: unknown,
        _OPEN: _unless(1, _IF_ANY_BIT, _WRITES),
        _OPENAT: _unless(2, _IF_ANY_BIT, _WRITES),
        _CLONE: _unless(0, _IF_ANY_BIT, _NAMESPACES),
        _IOCTL: _unless(1, _IF_EQUAL, _TYPE_INTO_TERMINAL),
        _PRLIMIT: _unless_pointer(2),
        _SCHED_SETAFFINITY: _only(0, 0),
        _NEWEST_KNOWN + 1: unknown,
    }
    return _whole(blocks)


@functools.cache
def network_filter() -> bytes:
    """Return the filter for an ffmpeg of which nobody knows what it needs: a script, mostly.

    It has no network, and all else.

    Returns
    -------
    bytes
        As of `strict_filter`.

    Examples
    --------
    >>> len(network_filter()) % 8
    0
    """
    refused, unknown = _answer(_FAIL | errno.EPERM), _answer(_FAIL | errno.ENOSYS)
    blocks = dict.fromkeys(_REFUSED["rings"], refused)
    return _whole({**blocks, _SOCKET: _only(0, _UNIX), _X32: unknown})


def _whole(blocks: Mapping[int, bytes]) -> bytes:
    """Return a filter that comes to the block of a call, and allows what has none.

    Parameters
    ----------
    blocks : mapping of int to bytes
        By the number of the call. That of the highest number is for all above it, too.
    """
    last = max(blocks)
    starts: list[tuple[int, bytes]] = []
    for number in sorted({0, *blocks, *(number + 1 for number in blocks if number < last)}):
        block = blocks.get(number, _answer(_ALLOW))
        if not starts or starts[-1][1] != block:
            starts.append((number, block))
    return b"".join(
        (
            # The calls of 32-bit programs have other numbers.
            _instruction(_LOAD, _ARCHITECTURE),
            _instruction(_IF_EQUAL, _I386, 0, 1),
            _answer(_FAIL | errno.EPERM),
            # An emulator's kernel has its own, too, and the thread that starts ffmpeg must live.
            _instruction(_IF_EQUAL, _X86_64, 1, 0),
            _answer(_ALLOW),
            _instruction(_LOAD, _NUMBER),
            _choice(starts),
        )
    )


def _choice(starts: Sequence[tuple[int, bytes]]) -> bytes:
    """Return the search for a call among blocks, each with the number from which on it counts.

    The kernel tries a new filter with every number there is, which in a list takes a while.
    """
    if len(starts) == 1:
        return starts[0][1]
    middle = len(starts) // 2
    below = _choice(starts[:middle])
    passed_over = len(below) // _SIZE
    return b"".join(
        (
            _instruction(_IF_AT_LEAST, starts[middle][0], passed_over, 0),
            below,
            _choice(starts[middle:]),
        )
    )


def _unless(argument: int, test: int, value: int) -> bytes:
    """Refuse a call if a test of the lower half of an argument holds."""
    return b"".join(
        (
            _instruction(_LOAD, 16 + 8 * argument),
            _instruction(test, value, 0, 1),
            _answer(_FAIL | errno.EPERM),
            _answer(_ALLOW),
        )
    )


def _only(argument: int, value: int) -> bytes:
    """Refuse a call unless an argument is this."""
    return b"".join(
        (
            _instruction(_LOAD, 16 + 8 * argument),
            _instruction(_IF_EQUAL, value, 1, 0),
            _answer(_FAIL | errno.EPERM),
            _answer(_ALLOW),
        )
    )


def _unless_pointer(argument: int) -> bytes:
    """Refuse a call if an argument is not zero, in either half."""
    return b"".join(
        (
            _instruction(_LOAD, 16 + 8 * argument),
            _instruction(_IF_EQUAL, 0, 0, 2),
            _instruction(_LOAD, 20 + 8 * argument),
            _instruction(_IF_EQUAL, 0, 1, 0),
            _answer(_FAIL | errno.EPERM),
            _answer(_ALLOW),
        )
    )


def _answer(value: int) -> bytes:
    return _instruction(_RETURN, value)


def _instruction(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """Return a ``struct sock_filter``; jumps count the instructions that are passed over."""
    return struct.pack("HBBI", code, then, otherwise, value)
