"""The sub-command self-update, as its user sees it."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Run
from disks import mounted
from signatures.signer import Signer
from updating.conftest import server
from updating.release_server import NAME, ReleaseServer, appimage, noise, publish

from appimage_tools import run as run_tool
from debian_programs import debian_program
from native_build.pack import with_section
from scripts.native_program import SMALLEST_APPIMAGE
from transcriber import __version__
from transcriber.__main__ import main
from transcriber.commands import self_update
from transcriber.updating.replacing import alone

__all__ = ["server"]

BODY = noise(700_000)
CHANGED = BODY[:300_000] + b"news" + BODY[300_001:]

Update = Callable[..., tuple[int, str]]


@pytest.fixture
def place(server: ReleaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the AppImage that runs, which the server has a newer one of."""
    information = f"zsync|{server.address}/{NAME}.zsync"
    path = tmp_path / "bin" / "transcriber"
    path.parent.mkdir()
    path.write_bytes(appimage(BODY, information))
    path.chmod(0o755)
    publish(server.folder, appimage(CHANGED, information))
    monkeypatch.setattr(self_update, "appimage_file", lambda: path)
    return path


@pytest.fixture
def update(capfd: pytest.CaptureFixture[str]) -> Update:
    def call(*words: str | Path) -> tuple[int, str]:
        key = () if "--public_key" in words else ("--public_key", Signer().key)
        code = main(["self-update", *key, *map(str, words)])
        told = capfd.readouterr()
        lines = [line for line in told.err.splitlines() if line.startswith("transcriber: ")]
        assert len(lines) == (code not in (0, 15))
        return code, (lines or [told.out.rstrip("\n")])[0]

    return call


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def test_the_newer_one_takes_the_place(place: Path, server: ReleaseServer, update: Update) -> None:
    old, new = place.read_bytes(), (server.folder / NAME).read_bytes()
    code, told = update()
    assert code == 0
    fetched = server.sent[NAME] + server.sent[f"{NAME}.zsync"]
    assert told == (
        f"{place} is whisper-transcriber 9.0.0 now: {fetched / 1e3:.0f} kB of 0.7 MB were fetched; "
        "transcriber.previous is the one before"
    )
    assert place.read_bytes() == new
    assert place.with_name("transcriber.previous").read_bytes() == old
    assert stat.S_IMODE(place.stat().st_mode) == 0o755
    assert names(place) == ["transcriber", "transcriber.previous"]
    assert server.sent[NAME] < 8192
    assert update() == (0, f"{place} is the newest: whisper-transcriber 9.0.0")
    assert update("--back")[0] == 0
    assert place.read_bytes() == old


def test_it_may_only_be_told(place: Path, update: Update) -> None:
    before = place.stat().st_ino, place.stat().st_mtime_ns
    code, told = update("--check")
    assert code == 15
    assert told == (
        f"whisper-transcriber 9.0.0 is published; this is whisper-transcriber {__version__}"
    )
    # To read it may change the time of the last reading.
    assert (place.stat().st_ino, place.stat().st_mtime_ns) == before
    assert names(place) == ["transcriber"]
    update()
    assert update("--check")[0] == 0


def test_an_older_one_is_taken_only_if_it_is_asked_for(
    place: Path, server: ReleaseServer, update: Update
) -> None:
    publish(server.folder, appimage(CHANGED), "0.0.9")
    for words in ((), ("--check",)):
        code, told = update(*words)
        assert code == 12
        assert "0.0.9, and this is" in told
        assert "--allow_older" in told
    assert update("--allow-older")[0] == 0
    assert place.read_bytes() == (server.folder / NAME).read_bytes()


def test_a_folder(place: Path, tmp_path: Path, update: Update) -> None:
    folder = tmp_path / "a stick"
    new = appimage(CHANGED, f"zsync|https://example.org/{NAME}.zsync")
    publish(folder, new)
    # No network is needed for it.
    code, told = update("--from", folder, "--offline")
    assert code == 0
    assert "were read" in told
    assert place.read_bytes() == new
    assert update("--from", folder.as_uri())[0] == 0
    assert update("--from", tmp_path / "missing")[0] == 5


def test_a_link_stays_a_link(
    place: Path, tmp_path: Path, update: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(place)
    monkeypatch.setattr(self_update, "appimage_file", lambda: link)
    assert update()[0] == 0
    assert link.is_symlink()
    assert names(place) == ["transcriber", "transcriber.previous"]


def test_which_edition(place: Path, tmp_path: Path, server: ReleaseServer, update: Update) -> None:
    # A build that names no address, and was renamed.
    place.write_bytes(appimage(BODY))
    code, told = update()
    assert (code, "--from URL|FOLDER" in told) == (2, True)
    code, told = update("--from", server.address)
    assert (code, told.endswith("give --edition, one of lean")) == (2, True)
    assert update("--from", server.address, "--edition", "huge")[0] == 2
    assert update("--from", server.address, "--edition", "lean")[0] == 0
    assert place.read_bytes() == (server.folder / NAME).read_bytes()


def test_a_file_that_has_its_own_name_says_its_edition(
    place: Path, server: ReleaseServer, update: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.with_name(NAME)
    path.write_bytes(appimage(BODY))
    monkeypatch.setattr(self_update, "appimage_file", lambda: path)
    assert update("--from", f"{server.address}/")[0] == 0


def test_a_build_without_a_key_asks_for_one(
    place: Path, update: Update, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("transcriber.signatures.release_key.read_keys", lambda _: ())
    assert main(["self-update"]) == 2
    assert "--public_key FILE|KEY" in capfd.readouterr().err
    assert update("--public_key", "none")[0] == 2


@pytest.mark.parametrize("name", ["SHA256SUMS", NAME, f"{NAME}.zsync"])
def test_what_was_not_signed_changes_nothing(
    place: Path, server: ReleaseServer, update: Update, name: str
) -> None:
    before = place.read_bytes()
    path = server.folder / name
    content = path.read_bytes()
    # Within what has to be fetched.
    at = content.find(b"news") + 10 if name == NAME else len(content) // 2
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    code, told = update()
    assert (code, "is not what was signed" in told) == (12, True)
    assert place.read_bytes() == before
    assert names(place) == ["transcriber"]


def test_a_download_that_is_cut_off_leaves_nothing(
    place: Path, server: ReleaseServer, update: Update
) -> None:
    publish(server.folder, appimage(noise(400_000, seed=3)))
    server.cut = 4
    code, told = update()
    assert (code, "the connection ended early" in told) == (5, True)
    assert names(place) == ["transcriber"]
    assert update()[0] == 0


@pytest.mark.parametrize("words", [("--offline",), ()])
def test_no_network_is_used_where_it_is_forbidden(
    place: Path,
    server: ReleaseServer,
    update: Update,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    if not words:
        monkeypatch.setenv("TRANSCRIBER_OFFLINE", "1")
    assert update(*words)[0] == 6
    assert server.asked == []


def test_the_users_own_default_forbids_it(
    place: Path,
    tmp_path: Path,
    server: ReleaseServer,
    update: Update,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    defaults = tmp_path / "config/whisper-transcriber/defaults"
    defaults.parent.mkdir(parents=True)
    defaults.write_text("offline = True\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert update()[0] == 6
    assert server.asked == []


@pytest.mark.parametrize("source", ["ftp://a/b", "https://user:secret@a/b", "https://a b/", "x://"])
def test_what_is_no_address(place: Path, update: Update, source: str) -> None:
    code, told = update("--from", source)
    assert code == 2
    assert "secret" not in told


def test_two_at_once(place: Path, update: Update) -> None:
    with alone(place):
        code, told = update()
    assert (code, "another update of" in told) == (7, True)


def test_a_folder_that_may_not_be_written_to(
    place: Path, tmp_path: Path, update: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mounted(tmp_path / "disk", "size=4m") as disk:
        path = disk / "transcriber"
        path.write_bytes(place.read_bytes())
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        monkeypatch.setattr(self_update, "appimage_file", lambda: path)
        for words in ((), ("--back",)):
            code, told = update(*words)
            assert (code, "Read-only" in told, "sudo" in told) == (7, True, True)
        assert update("--check")[0] == 15


def test_there_is_nothing_to_go_back_to(place: Path, update: Update) -> None:
    assert update("--back")[0] == 2


def test_the_file_is_gone(place: Path, update: Update) -> None:
    place.unlink()
    assert update()[0] == 3


def test_who_only_asks_changes_nothing(place: Path, update: Update) -> None:
    before = place.read_bytes()
    previous = place.with_name(f"{place.name}.previous")
    previous.write_bytes(b"older")
    assert update("--check", "--back")[0] == 2
    assert (place.read_bytes(), previous.read_bytes()) == (before, b"older")


@pytest.mark.parametrize(
    ("program", "way"),
    [
        (None, "the newer wheel"),
        ("/snap/whisper-transcriber/1/transcriber.bin", "the newer snap"),
        ("/usr/lib/transcriber/transcriber.bin", "the newer package"),
        ("/opt/transcriber/transcriber.bin", "unpack the newer one"),
    ],
)
def test_what_is_no_appimage_says_how_it_is_updated(
    update: Update, monkeypatch: pytest.MonkeyPatch, program: str | None, way: str
) -> None:
    monkeypatch.setattr(self_update, "_CONTAINERS", ("/nonexistent",))
    monkeypatch.setattr(self_update, "native_executable", lambda: program and Path(program))
    code, told = update()
    assert code == 2
    assert told.startswith("transcriber: only an AppImage updates itself: ")
    assert way in told


def test_the_program_itself(run: Run) -> None:
    done = run("self-update")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_the_built_program_updates_itself(server: ReleaseServer, tmp_path: Path) -> None:
    if not SMALLEST_APPIMAGE.is_file():
        pytest.skip("`make appimages` builds it")
    name, path = SMALLEST_APPIMAGE.name, tmp_path / "bin/transcriber"

    def run_built(*words: str) -> str:
        variables = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
        command = [str(path), *words]
        return subprocess.run(
            command, check=True, env=variables, capture_output=True
        ).stdout.decode()

    path.parent.mkdir()
    information = f"zsync|{server.address}/{name}.zsync".encode()
    old = with_section(SMALLEST_APPIMAGE.read_bytes(), ".upd_info", information)
    path.write_bytes(old)
    path.chmod(0o755)
    if "self-update" not in run_built("--help"):
        pytest.skip("the AppImage was built before there were updates")
    new = with_section(old, ".sig_key", b"another file that runs as well")
    publish(server.folder, new, name=name)
    told = run_built("self-update", "--public_key", Signer().key)
    assert "is whisper-transcriber 9.0.0 now" in told
    assert path.read_bytes() == new
    assert server.sent[name] < 10_000
    assert run_built("--version") == f"transcriber {__version__}\n"
    run_built("self-update", "--back")
    assert path.read_bytes() == old
    assert names(path) == ["transcriber", "transcriber.previous"]


@pytest.mark.slow
def test_of_a_real_appimage_little_is_fetched(
    place: Path, server: ReleaseServer, update: Update, tmp_path: Path
) -> None:
    if not SMALLEST_APPIMAGE.is_file():
        pytest.skip("`make appimages` builds it")
    name = SMALLEST_APPIMAGE.name
    information = f"zsync|{server.address}/{name}.zsync".encode()
    old = with_section(SMALLEST_APPIMAGE.read_bytes(), ".upd_info", information)
    new = with_section(old, ".image_sha256", noise(32))
    new = with_section(new, ".image_sum", noise(8))
    # One file of the image has grown, another is a little different.
    new = new[:5_000_000] + noise(40_000) + new[5_020_000:9_000_000] + b"x" + new[9_000_001:]
    place.write_bytes(old)
    publish(server.folder, new, name=name)
    assert update()[0] == 0
    assert place.read_bytes() == new
    fetched = server.sent[name]
    assert 40_000 < fetched < 60_000
    # As much as the client of zsync's authors fetches.
    server.sent.clear()
    (tmp_path / "old").write_bytes(old)
    zsync = debian_program("zsync", "zsync")
    words = (zsync, "-i", tmp_path / "old", f"{server.address}/{name}.zsync")
    done = run_tool(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).read_bytes() == new
    assert fetched <= server.sent[name] + 2 * 16384
