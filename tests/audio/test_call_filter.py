"""The filter's instructions, carried out as the kernel does."""

import errno
import struct

import pytest

from transcriber.audio.call_filter import network_filter, strict_filter

X86_64, I386, ARM64 = 0xC000003E, 0x40000003, 0xC00000B7
ALLOW, FAIL = 0x7FFF0000, 0x00050000
NO, UNKNOWN = FAIL | errno.EPERM, FAIL | errno.ENOSYS


def verdict(code: bytes, number: int, *arguments: int, architecture: int = X86_64) -> int:
    """Return what a filter answers to a call: classic BPF, of which it uses six instructions."""
    given = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("=IIQ6Q", number, architecture, 0, *given)
    steps = list(struct.iter_unpack("=HBBI", code))
    word = place = 0
    while True:
        instruction, then, otherwise, value = steps[place]
        place += 1
        if instruction == 0x20:
            [word] = struct.unpack_from("=I", data, value)
        elif instruction == 0x06:
            return int(value)
        else:
            holds = {0x15: word == value, 0x35: word >= value, 0x45: bool(word & value)}
            place += then if holds[instruction] else otherwise


# What ffmpeg calls, by `strace`, static and of Debian, and what starts it.
CALLS = {
    "read": 0, "write": 1, "close": 3, "stat": 4, "fstat": 5, "lseek": 8, "mmap": 9,
    "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14,
    "pread64": 17, "access": 21, "pipe": 22, "sched_yield": 24, "madvise": 28, "dup": 32,
    "dup2": 33, "nanosleep": 35, "getpid": 39, "vfork": 58, "execve": 59, "exit": 60,
    "wait4": 61, "uname": 63, "fcntl": 72, "getcwd": 79, "readlink": 89, "getrusage": 98,
    "sysinfo": 99, "setsid": 112, "sigaltstack": 131, "prctl": 157, "arch_prctl": 158,
    "gettid": 186, "futex": 202, "sched_setaffinity": 203, "sched_getaffinity": 204,
    "set_tid_address": 218, "clock_gettime": 228, "clock_nanosleep": 230, "exit_group": 231,
    "tgkill": 234, "newfstatat": 262, "readlinkat": 267, "set_robust_list": 273,
    "dup3": 292, "pipe2": 293, "getrandom": 318, "statx": 332, "rseq": 334, "close_range": 436,
    "faccessat2": 439,
}  # fmt: skip

# Of each reason one at least, the first and the last of each range.
REFUSED = {
    "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "socketpair": 53,
    "accept4": 288, "io_uring_setup": 425, "io_uring_register": 427, "truncate": 76, "rename": 82,
    "symlink": 88, "chmod": 90, "lchown": 94, "unlinkat": 263, "renameat2": 316, "fchmodat2": 452,
    "memfd_create": 319, "execveat": 322, "kill": 62, "ptrace": 101, "process_vm_readv": 310,
    "pidfd_getfd": 438, "setrlimit": 160, "mount": 165, "reboot": 169, "quotactl": 179,
    "unshare": 272, "setns": 308, "open_by_handle_at": 304, "fsopen": 430, "add_key": 248,
    "keyctl": 250, "perf_event_open": 298, "bpf": 321, "userfaultfd": 323, "shmget": 29,
    "setpriority": 141, "sched_setscheduler": 144, "ioprio_set": 251, "sched_setattr": 314,
}  # fmt: skip


def test_what_an_ffmpeg_needs_is_allowed() -> None:
    assert {
        name for name, number in CALLS.items() if verdict(strict_filter(), number) != ALLOW
    } == (set())


def test_what_it_does_not_need_is_refused() -> None:
    answers = {name: verdict(strict_filter(), number) for name, number in REFUSED.items()}
    assert answers == dict.fromkeys(REFUSED, NO)


@pytest.mark.parametrize("number", [435, 437, 463, 500, 100_000, 0x40000000, 0x40000029, 2**32 - 1])
def test_what_nobody_looked_at_is_not_there(number: int) -> None:
    assert verdict(strict_filter(), number) == UNKNOWN


@pytest.mark.parametrize(("number", "place"), [(2, 1), (257, 2)])
def test_files_are_opened_for_reading_only(number: int, place: int) -> None:
    def opened(flags: int) -> int:
        return verdict(strict_filter(), number, *[0] * place, flags)

    # O_CLOEXEC, O_NONBLOCK, O_DIRECTORY, O_PATH
    assert {opened(flags) for flags in (0, 0o2000000, 0o4000, 0o200000, 0o10000000)} == {ALLOW}
    for flags in (1, 2, 0o100, 0o1000, 0o20200002, 0o2000001):
        assert opened(flags) == NO


def test_threads_but_no_namespaces() -> None:
    threads = 0x3D0F00
    assert verdict(strict_filter(), 56, threads) == ALLOW
    for flag in (0x80, 0x20000, 0x2000000, 0x10000000, 0x20000000, 0x40000000):
        assert verdict(strict_filter(), 56, threads | flag) == NO


def test_limits_may_be_read_but_not_set() -> None:
    assert verdict(strict_filter(), 302, 0, 7, 0, 0x7FFF0000) == ALLOW
    for pointer in (1, 0x7FFE_0000_0000, 1 << 32, 1 << 63):
        assert verdict(strict_filter(), 302, 0, 7, pointer) == NO


def test_nothing_is_typed_into_a_terminal() -> None:
    assert verdict(strict_filter(), 16, 1, 0x5401) == ALLOW
    assert verdict(strict_filter(), 16, 1, 0x5412) == NO
    # The kernel looks at the lower half only.
    assert verdict(strict_filter(), 16, 1, 0x1_0000_5412) == NO


@pytest.mark.parametrize("code", [strict_filter(), network_filter()], ids=["strict", "network"])
def test_other_processors(code: bytes) -> None:
    assert {verdict(code, number, architecture=I386) for number in range(500)} == {NO}
    # An emulator: its kernel's numbers are not ours, and this process must live.
    assert {verdict(code, number, architecture=ARM64) for number in range(500)} == {ALLOW}


def test_a_script_has_all_but_the_network() -> None:
    refused = {number for number in range(600) if verdict(network_filter(), number, 1) != ALLOW}
    assert refused == {425, 426, 427}
    # UNIX, IPv4, IPv6, netlink, packets, virtual machines.
    answers = [verdict(network_filter(), 41, family) for family in (1, 2, 10, 16, 17, 40)]
    assert answers == [ALLOW, NO, NO, NO, NO, NO]
    assert verdict(network_filter(), 0x40000029, 2) == UNKNOWN


def test_the_way_to_an_answer_is_short() -> None:
    """The kernel tries every number when it takes the filter, once for each ffmpeg."""
    assert len(strict_filter()) // 8 < 256
