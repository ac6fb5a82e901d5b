"""Signing with minisign itself: what it writes, the program checks, and so does minisign."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from buildkit import system_packages
from buildkit.errors import ToolError, UsageError
from native_build.appimages import Publishing, write_all_digests
from native_build.minisign import COMMENT, check_key, provide_minisign, sign_file
from transcriber.errors import SignatureError
from transcriber.signatures.checking import check_file
from transcriber.signatures.release_key import given_keys

REPOSITORY = Path(__file__).resolve().parents[2]


def minisign(*words: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    command = ["minisign", *map(str, words)]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The file of a secret key without a password; the public one is ``key.pub``."""
    if shutil.which("minisign") is None:
        pytest.skip("this machine has no minisign, which signs; `make MINISIGN_KEY=...` gets it")
    path = tmp_path / "key"
    assert minisign("-G", "-W", "-p", path.with_suffix(".pub"), "-s", path).returncode == 0
    return path


def test_what_is_signed_is_verified(key: Path, tmp_path: Path) -> None:
    path = tmp_path / "SHA256SUMS.old"
    path.write_bytes(os.urandom(100_000))
    signature = path.with_name(f"{path.name}.minisig")
    signature.write_bytes(sign_file(path, key, provide_minisign(tmp_path)))
    public = key.with_suffix(".pub")
    assert check_file(path, given_keys(str(public))).comment == COMMENT
    done = minisign("-V", "-H", "-p", public, "-m", path)
    assert (done.returncode, COMMENT in done.stdout) == (0, True)
    with path.open("ab") as stream:
        stream.write(b"x")
    assert minisign("-V", "-p", public, "-m", path).returncode != 0
    with pytest.raises(SignatureError):
        check_file(path, given_keys(str(public)))


@pytest.mark.parametrize("length", [0, 1, 111, 112, 127, 128, 129, 1 << 20])
def test_files_of_all_lengths(key: Path, tmp_path: Path, length: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(length))
    assert minisign("-S", "-s", key, "-m", path).returncode == 0
    comment = check_file(path, given_keys(str(key.with_suffix(".pub")))).comment
    # Its own, since it was given none.
    assert comment.startswith("timestamp:")


def test_minisigns_older_form_is_refused(key: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    assert minisign("-S", "-l", "-s", key, "-m", path).returncode == 0
    with pytest.raises(SignatureError, match="of the old form"):
        check_file(path, given_keys(str(key.with_suffix(".pub"))))


def test_the_name_of_a_key_is_minisigns(key: Path) -> None:
    public = key.with_suffix(".pub")
    (found,) = given_keys(str(public))
    assert found.name in public.read_text().splitlines()[0]
    assert given_keys(public.read_text().splitlines()[1]) == (found,)


def test_a_signature_has_no_time_in_it(key: Path, tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"content")
    one, other = (sign_file(path, key, provide_minisign(tmp_path)) for _ in range(2))
    assert one == other
    assert str(tmp_path).encode() not in one


def test_the_list_of_what_is_given_away_is_signed(key: Path, tmp_path: Path) -> None:
    output = tmp_path / "dist"
    output.mkdir()
    wheel = output / "torch.whl"
    wheel.write_bytes(b"wheel")
    write_all_digests([], output, publishing=Publishing(minisign_key=str(key)))
    public = given_keys(str(key.with_suffix(".pub")))
    assert check_file(wheel, public).comment == COMMENT
    # A build without the key leaves no signature of another list.
    write_all_digests([], output, publishing=Publishing())
    assert not (output / "SHA256SUMS.minisig").exists()


def test_a_key_that_cannot_sign_is_one_line(key: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    public = locked.with_suffix(".pub")
    assert minisign("-G", "-p", public, "-s", locked, given="pw\npw\n").returncode == 0
    check_key(key, tmp_path)
    with pytest.raises(UsageError, match="has a password"):
        check_key(locked, tmp_path)
    for path in (tmp_path / "missing", key.with_suffix(".pub"), tmp_path):
        with pytest.raises(ToolError, match=r"minisign cannot sign: .*: check MINISIGN_KEY="):
            check_key(path, tmp_path)


def test_the_key_is_tried_before_a_build(key: Path, tmp_path: Path) -> None:
    paths = [REPOSITORY / name for name in ("native-build", "torch-build", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    environment["TRANSCRIBER_BUILD_CACHE"] = str(tmp_path / "cache")
    for path, code in ((key, 0), (key.with_suffix(".pub"), ToolError.exit_code)):
        done = subprocess.run(
            [sys.executable, "-m", "native_build.minisign", path],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code
        assert len(done.stderr.splitlines()) == (code > 0)


def test_a_minisign_that_is_not_installed_is_unpacked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unpack(names: list[str], folder: Path) -> None:
        assert names == ["minisign"]
        for name in ("usr/bin/minisign", "usr/lib/x86_64-linux-gnu/libsodium.so.23"):
            (folder / name).parent.mkdir(parents=True)
            (folder / name).touch()

    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(system_packages, "install", lambda _: False)
    monkeypatch.setattr(system_packages, "unpack_packages", unpack)
    found = provide_minisign(tmp_path)
    assert found[-1] == tmp_path / "minisign/usr/bin/minisign"
    assert f"LD_LIBRARY_PATH={tmp_path / 'minisign/usr/lib/x86_64-linux-gnu'}" in found
    # The second time it is there.
    monkeypatch.setattr(
        system_packages, "unpack_packages", lambda *_: pytest.fail("unpacked again")
    )
    assert provide_minisign(tmp_path) == found


def test_a_minisign_that_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"cannot start .*none"):
        sign_file(tmp_path, tmp_path, [tmp_path / "none"])
