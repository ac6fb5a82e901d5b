"""The AppImages on whole systems of other releases, as an ordinary user, with and without FUSE."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian_systems import SUITES, USER, make_system
from utterance import Utterance

from appimage_tools import need_mounts
from buildkit.places import CHECKOUT, build_cache
from native_build.editions import EDITIONS
from scripts.layout import DISTRIBUTION

pytestmark = pytest.mark.slow

INSIDE = """\
root=$1 work=$2 fuse=$3; shift 3
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 none "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/urandom" c 1 9
if [ "$fuse" = with ]; then mknod -m 666 "$root/dev/fuse" c 10 229; fi
mount -t tmpfs -o mode=1777 none "$root/tmp"
mount --bind "$work" "$root/mnt"
exec chroot --userspec=1000:1000 "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/mnt/home LANG=C.UTF-8 "$@"
"""
"""A shell script that becomes a command in a system of its own."""


@pytest.fixture(params=SUITES)
def system(request: pytest.FixtureRequest) -> Path:
    return make_system(request.param)


@pytest.fixture(scope="module")
def expected(
    models: Path, utterances: list[Utterance], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Return what the modules write."""
    words: list[str | Path] = [
        "--model",
        "tiny.en",
        "--model_dir",
        models,
        "--threads",
        "1",
        "-f",
        "json",
    ]
    folder = tmp_path_factory.mktemp("expected")
    subprocess.run(
        [sys.executable, "-m", "transcriber", *words, "-o", folder, utterances[0].path],
        cwd=CHECKOUT,
        capture_output=True,
        timeout=300,
        check=True,
    )
    return next(folder.glob("*.json")).read_text()


@pytest.fixture
def work(models: Path, utterances: list[Utterance]) -> Iterator[Path]:
    """Return a folder of the user's with a recording and a model."""
    # Not pytest's own, which no other user may enter.
    folder = build_cache() / "systems" / "work"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "home").mkdir(parents=True)
    shutil.copy(utterances[0].path, folder / "speech.wav")
    shutil.copy(models / "tiny.en.pt", folder / "tiny.en.pt")
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, int(USER), int(USER))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("fuse", ["with", "without"])
def test_the_same_transcript_everywhere(
    system: Path, work: Path, expected: str, fuse: str, edition: str
) -> None:
    appimage = DISTRIBUTION / EDITIONS[edition].appimage
    assert appimage.is_file(), "`make appimages` builds it"
    if fuse == "with":
        need_mounts(appimage)
    shutil.copy(appimage, work / "transcriber.AppImage")
    words = ["--model", "/mnt/tiny.en.pt", "--threads", "1", "-f", "json", "-o", "/mnt"]
    done = subprocess.run(
        [
            *("unshare", "--mount", "sh", "-euc", INSIDE, "sh", system, work, fuse),
            *("/mnt/transcriber.AppImage", *words, "/mnt/speech.wav"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (work / "speech.json").read_text() == expected
    # It was unpacked where it had to be, and only there.
    unpacked = (work / "home/.cache/whisper-transcriber/appimage").is_dir()
    assert unpacked == (fuse == "without")
