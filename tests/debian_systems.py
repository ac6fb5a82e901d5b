"""Smallest Debians of other releases, made once for all tests and then left as they are."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from appimage_tools import reason_without_namespaces
from buildkit.debian_addresses import archive_addresses
from buildkit.errors import BuildError
from buildkit.places import build_cache
from buildkit.system_packages import unpack_packages

SUITES = ("bullseye", "bookworm", "trixie", "sid")
"""Debian 11, the oldest that is promised, to what will be Debian 14."""

USER = "1000"
"""The number of an ordinary user in each of them."""

COPY = """\
root=$1 work=$2 copy=$3; shift 3
mount -t tmpfs none "$copy"
mkdir "$copy/upper" "$copy/work" "$copy/root"
mount -t overlay -o "lowerdir=$root,upperdir=$copy/upper,workdir=$copy/work" none "$copy/root"
mount -t proc proc "$copy/root/proc"
mount -t tmpfs -o mode=755 none "$copy/root/dev"
mknod -m 666 "$copy/root/dev/null" c 1 3
mknod -m 666 "$copy/root/dev/urandom" c 1 9
mount -t tmpfs -o mode=1777 none "$copy/root/tmp"
mount --bind "$work" "$copy/root/mnt"
exec chroot "$copy/root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -eu "$@"
"""
"""A shell script that runs a shell in a copy of a system, of which nothing is left afterwards."""


def make_system(suite: str, *, packages: Sequence[str] = ("fuse3",), name: str = "") -> Path:
    """Return the root folder of a smallest Debian with `packages`, made once.

    The test is skipped where it cannot be had, or not be used.

    Parameters
    ----------
    suite : str
        The release.
    packages : sequence of str
        What is installed beside the smallest.
    name : str
        What the folder is called; like the release when not given.
    """
    reason = reason_without_namespaces()
    if reason:
        pytest.skip(reason)
    root = build_cache() / "systems" / (name or suite)
    if root.is_dir():
        return root
    tools = build_cache() / "debootstrap"
    incoming = root.with_name(f"{root.name}.incoming")
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not (tools / "usr/sbin/debootstrap").is_file():
            unpack_packages(["debootstrap"], tools)
        address = archive_addresses(Path("/etc/apt"))[0]
    except (BuildError, IndexError) as error:
        pytest.skip(f"no other system can be had: {error}")
    made = subprocess.run(
        [
            *("env", f"DEBOOTSTRAP_DIR={tools / 'usr/share/debootstrap'}"),
            *(tools / "usr/sbin/debootstrap", "--variant=minbase"),
            *(f"--include={','.join(packages)}", suite, incoming, address),
        ],
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"the machine's archive gives no {suite}: {made.stdout[-300:]}")
    # The downloads, which nobody needs again.
    shutil.rmtree(incoming / "var/cache/apt/archives", ignore_errors=True)
    # What fusermount asks for, and an installation has: the user, and the list of mounts.
    with (incoming / "etc/passwd").open("a") as users:
        users.write(f"someone:x:{USER}:{USER}::/mnt/home:/bin/sh\n")
    (incoming / "etc/mtab").symlink_to("../proc/self/mounts")
    incoming.rename(root)
    return root


def run_in_copy(root: Path, script: str, work: Path, *words: str, limit: float = 120) -> str:
    """Run a shell script in a copy of a system, as root; return what it printed on both streams.

    It has no network.

    Parameters
    ----------
    root : Path
        From `make_system`; it stays as it is.
    script : str
        What runs, with ``-eu``.
    work : Path
        What is at ``/mnt`` there, and not a copy.
    *words : str
        ``$1`` and so on.
    limit : float
        Seconds.
    """
    with tempfile.TemporaryDirectory() as copy:
        done = subprocess.run(
            [
                *("unshare", "--mount", "--net", "sh", "-euc", COPY, "sh", root, work, copy),
                *("-c", script, "sh", *words),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
            check=False,
        )
    assert done.returncode == 0, done.stdout
    return done.stdout
