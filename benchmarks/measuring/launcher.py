"""Start a command from a small process, and tell what it took.

``python -I -S launcher.py DESCRIPTOR COMMAND...`` writes a line of JSON to the descriptor.

Linux counts the memory of the process that starts another one to the peak of that other one, up to
the moment when the new program replaces the old (`setmax_mm_hiwater_rss` in the kernel's exec). The
benchmarks with all their modules are larger than the program that prints its version; this is not.
"""

# Not os and json, which are as large as what starts of programs are compared with.
import posix
import sys
import time


def main() -> None:
    """Run the command, wait for it and report."""
    report, command = int(sys.argv[1]), sys.argv[2:]
    posix.set_inheritable(report, False)
    begin = time.monotonic()
    process = posix.posix_spawnp(command[0], command, posix.environ)
    # `wait4` tells the peak of this child alone; `getrusage` that of the largest so far.
    _, status, usage = posix.wait4(process, 0)
    end = time.monotonic()
    import json  # noqa: PLC0415 - after the child, see above

    taken = {
        "begin": begin,
        "end": end,
        "code": posix.waitstatus_to_exitcode(status),
        "peak_kib": usage.ru_maxrss,
        "faults": usage.ru_minflt + usage.ru_majflt,
        "blocks_read": usage.ru_inblock,
    }
    posix.write(report, json.dumps(taken).encode())


if __name__ == "__main__":
    main()
