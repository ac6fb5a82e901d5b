"""Builds the AppImage tools once for all tests, and makes small AppImages with them."""

from __future__ import annotations

import dataclasses
import functools
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from buildkit.capture import capture
from buildkit.cmake_target import compile_target
from buildkit.edits import read_edits
from buildkit.elf_sections import elf_sections
from buildkit.errors import ToolError
from buildkit.fetch import fetch
from buildkit.places import CHECKOUT, build_cache
from buildkit.source_trees import provide_trees
from buildkit.sources import read_sources
from buildkit.toolchain import Toolchain, provide_toolchain
from native_build.appimage_runtime import RECIPE, build_runtime
from native_build.build_packages import SOURCE_EDITS
from native_build.file_order import write_order
from native_build.mksquashfs import build_mksquashfs
from native_build.pack import QUICKEST, Compression, image_command, join
from scripts.layout import NATIVE

WORK = CHECKOUT / "build/native"
SOURCES = ("musl", "zstd", "xz", "squashfs_tools")

Variables = dict[str, Any]
"""Of an environment; typed so that they can be given to `run` beside its own parameters."""

EXTRACTED: Variables = {"APPIMAGE_EXTRACT_AND_RUN": "1"}

PROGRAM = """\
#!/bin/sh
case "$1" in
variables) printf '%s\\n' "$APPIMAGE" "$APPDIR" "$ARGV0" "$OWD" ;;
value) eval "printf '%s\\n' \\"\\$$2\\"" ;;
exit) exit "$2" ;;
die) kill -"$2" $$ ;;
file) cat "$APPDIR/$2" ;;
echo) shift; printf '[%s]' "$@" ;;
input) cat ;;
wait) trap 'exit 43' TERM; echo ready; while :; do sleep 0.02; done ;;
leave) (sleep 1; cat "$APPDIR/word") & ;;
survive) trap '' INT HUP; echo ready; sleep 0.5; cat "$APPDIR/word" ;;
esac
"""

XZ: Compression = ("-comp", "xz", "-Xbcj", "x86", "-Xdict-size", "100%", "-b", "1M")
"""What other packers of AppImages use, whose images the runtime reads, too."""


@dataclass(frozen=True, kw_only=True)
class AppImageTools:
    """What makes an AppImage."""

    runtime: Path
    mksquashfs: Path
    trees: Path
    toolchain: Toolchain

    def pack(
        self,
        app_dir: Path,
        output: Path,
        *,
        compression: Compression = QUICKEST,
        update_information: str = "",
        sign_key: str = "",
    ) -> Path:
        """Make an AppImage."""
        with tempfile.TemporaryDirectory(dir=output.parent) as folder:
            image, order = Path(folder, "image"), Path(folder, "order")
            write_order(app_dir, order)
            capture(image_command(self.mksquashfs, app_dir, image, compression, order=order))
            join(
                self.runtime,
                image,
                output,
                update_information=update_information,
                sign_key=sign_key,
            )
        return output


@functools.cache
def provide_tools() -> AppImageTools:
    """Build the runtime and mksquashfs, or find that nothing changed since they were built."""
    cache = build_cache()
    sources = read_sources(NATIVE / "sources.toml")
    wanted = tuple(archive for archive in sources.archives if archive.name in SOURCES)
    fetch(dataclasses.replace(sources, archives=wanted, wheels=()), WORK / "archives", cache)
    trees = WORK / "source"
    provide_trees(wanted, WORK / "archives", trees, read_edits(SOURCE_EDITS))
    toolchain = provide_toolchain(cache)
    work = WORK / "appimage"
    return AppImageTools(
        runtime=build_runtime(trees, work / "runtime", tools=toolchain),
        mksquashfs=build_mksquashfs(trees, work / "mksquashfs", tools=toolchain),
        trees=trees,
        toolchain=toolchain,
    )


@functools.cache
def provide_checked_runtime() -> Path:
    """Build the runtime with checks of each access to memory."""
    # The compiler of the tool chain comes without the libraries for that.
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("this machine has no gcc, which brings the checks of memory accesses")
    tools = provide_tools()
    return compile_target(
        RECIPE,
        "runtime",
        WORK / "appimage/checked",
        tools=dataclasses.replace(tools.toolchain, cc=Path(gcc)),
        definitions={
            "CHECKED": "ON",
            "ZSTD": tools.trees / "zstd",
            "XZ": tools.trees / "xz",
            "RUNTIME_VERSION": "checked",
        },
    )


def make_app_dir(folder: Path) -> Path:
    """Make a folder with all kinds of files that squashfs treats differently."""
    folder.mkdir(parents=True)
    program = folder / "AppRun"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    (folder / "word").write_text("word\n")
    block = 1 << 18
    noise = b"".join(index.to_bytes(3, "little") * 7 for index in range(120_000))
    (folder / "usr/lib").mkdir(parents=True)
    (folder / "usr/lib/several-blocks").write_bytes(noise)
    (folder / "usr/lib/one-block").write_bytes(noise[:block])
    (folder / "usr/lib/one-more").write_bytes(noise[: block + 1])
    (folder / "usr/lib/holes").write_bytes(b"begin" + bytes(5 * block) + b"end")
    (folder / "usr/lib/zeros").write_bytes(bytes(2 * block))
    (folder / "usr/lib/random").write_bytes(os.urandom(block + 77))
    (folder / "empty").touch()
    (folder / "empty folder").mkdir()
    (folder / "Grüße 世界").write_text("ü")
    (folder / "link").symlink_to("usr/lib/one-block")
    (folder / "long link").symlink_to("/".join(["usr"] + ["lib/.."] * 40))
    many = folder / "many"
    many.mkdir()
    # More than a block of the table with the folders, and than the kernel takes at once.
    for index in range(900):
        (many / f"a file with a rather long name and the number {index}").write_text(str(index))
    for path in folder.rglob("*"):
        if not path.is_symlink() and path != program:
            path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def section_content(program: bytes, name: str) -> bytes:
    """Return what `with_section` wrote, the zeros included.

    Raises
    ------
    ToolError
        When there is no such section.
    """
    for section in elf_sections(program):
        if section.name == name:
            return program[section.offset : section.offset + section.size]
    raise ToolError(f"the AppImage has no section {name}", "build it again")


def content_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the modes and the content of all that is in `folder`, by the paths."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            content = os.fsencode(path.readlink())
        else:
            content = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, content)
    return found


def run(
    *words: str | Path,
    timeout: float = 60,
    home: Path | None = None,
    as_nobody: bool = False,
    cwd: Path | None = None,
    text: str = "",
    **variables: str | Path,
) -> subprocess.CompletedProcess[str]:
    """Run a program with `variables` and a search path as all of its environment."""
    environment = {"PATH": os.environ["PATH"]}
    if home:
        environment["HOME"] = str(home)
    environment.update({name: str(value) for name, value in variables.items()})
    # Root is allowed everything, which is not what is tested.
    lowers = as_nobody and os.geteuid() == 0
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        # What a damaged image has for names may be anything.
        errors="replace",
        input=text,
        check=False,
        timeout=timeout,
        env=environment,
        cwd=cwd,
        user=65534 if lowers else None,
        group=65534 if lowers else None,
        extra_groups=[] if lowers else None,
    )


@functools.cache
def need_mounts(appimage: Path) -> None:
    """Skip a test where this user may mount no AppImage, as in many containers."""
    with (
        tempfile.TemporaryDirectory() as home,
        subprocess.Popen(
            [appimage, "--appimage-mount"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": home},
        ) as mounting,
    ):
        assert mounting.stdout
        mounted = mounting.stdout.readline()
        mounting.terminate()
    if b"/.mount_" not in mounted:
        pytest.skip("FUSE lets this user mount nothing here")


@functools.cache
def reason_without_namespaces() -> str:
    """Return why no tree of mounts of one's own can be had here, or nothing."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return "only root can have mounts of its own here"
    tried = run("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt")
    return f"no mounts can be made here: {tried.stderr}" if tried.returncode else ""


def run_with_mounts(script: str, *words: str | Path, **variables: Any) -> str:
    """Run a shell script that mounts as it likes; return what it printed on both streams."""
    reason = reason_without_namespaces()
    if reason:
        pytest.skip(reason)
    done = run("unshare", "--mount", "sh", "-euc", script, "sh", *words, **variables)
    return done.stdout + done.stderr
