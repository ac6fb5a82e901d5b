"""The kernel's calls by which a thread gives up rights for good, and with it what it starts."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import Final

# Numbers of x86-64, from the kernel's syscall_64.tbl.
_PRCTL: Final = 157
_CLOSE_RANGE: Final = 436
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446

# <linux/prctl.h>, <linux/seccomp.h>, <linux/close_range.h>, <linux/landlock.h>
_SET_SECCOMP: Final = 22
_SET_NO_NEW_PRIVILEGES: Final = 38
_FILTER_MODE: Final = 2
_RANGE_ON_EXEC: Final = 4
_ASK_VERSION: Final = 1
_BENEATH_PATH: Final = 1

_LAST_DESCRIPTOR: Final = (1 << 32) - 1

# Not CDLL, which lets go of the interpreter for each call and may wait for it 5 ms afterwards. None
# of these calls can block.
_call = ctypes.PyDLL(None, use_errno=True).syscall
_call.restype = ctypes.c_long
_call.argtypes = [ctypes.c_long, *[ctypes.c_ulong] * 5]


def refuse_new_privileges() -> None:
    """Make set-user-ID programs ordinary ones for this thread; without that, nothing below works.

    Raises
    ------
    OSError
        When the kernel refuses, as with all functions of this module.
    """
    _do(_PRCTL, _SET_NO_NEW_PRIVILEGES, 1)


def filter_calls(program: bytes) -> None:
    """Have a filter judge each further system call of this thread.

    Parameters
    ----------
    program : bytes
        Instructions of classic BPF, 8 bytes each (``struct sock_filter``).
    """
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions, and where they are.
    head = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    pointer = ctypes.create_string_buffer(head, len(head))
    _do(_PRCTL, _SET_SECCOMP, _FILTER_MODE, ctypes.addressof(pointer))


def has_filters() -> bool:
    """Tell whether the kernel takes filters for calls."""
    # No filter at all is a bad address to a kernel that has them.
    try:
        _do(_PRCTL, _SET_SECCOMP, _FILTER_MODE, 0)
    except OSError as error:
        return error.errno == errno.EFAULT
    return False


def landlock_version() -> int:
    """Return the version of Landlock's interface; 0 where the kernel has none or it is off."""
    try:
        return _do(_CREATE_RULESET, 0, 0, _ASK_VERSION)
    except OSError:
        return 0


def create_ruleset(files: int, network: int, scopes: int) -> int:
    """Return a descriptor for rules by which nothing is allowed yet of what these bits stand for.

    Parameters
    ----------
    files, network, scopes : int
        Bits of ``struct landlock_ruleset_attr``. A kernel takes those that it does not know while
        they are zero.
    """
    head = struct.pack("QQQ", files, network, scopes).rstrip(b"\0")
    # Whole fields: an older kernel has but the first, or two.
    buffer = ctypes.create_string_buffer(head, -(-len(head) // 8) * 8)
    return _do(_CREATE_RULESET, ctypes.addressof(buffer), len(buffer))


def allow_path(ruleset: int, access: int, path: int) -> None:
    """Allow something to be done with a file, or with all below a folder.

    Parameters
    ----------
    ruleset : int
        From `create_ruleset`.
    access : int
        Bits of ``LANDLOCK_ACCESS_FS_*``.
    path : int
        An open descriptor of it.
    """
    head = struct.pack("=Qi", access, path)
    buffer = ctypes.create_string_buffer(head, len(head))
    _do(_ADD_RULE, ruleset, _BENEATH_PATH, ctypes.addressof(buffer))


def restrict(ruleset: int) -> None:
    """Hold this thread to the rules."""
    _do(_RESTRICT_SELF, ruleset)


def keep_from_children() -> None:
    """Have the kernel close all files but the standard streams in whatever is started (5.11)."""
    _do(_CLOSE_RANGE, 3, _LAST_DESCRIPTOR, _RANGE_ON_EXEC)


def _do(number: int, *arguments: int) -> int:
    given = [*arguments, 0, 0, 0, 0, 0][:5]
    answer: int = _call(number, *given)
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer
