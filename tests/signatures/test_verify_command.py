"""The sub-command verify, as its user sees it."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

import pytest
from conftest import Run

from signatures.signer import Signer
from transcriber.errors import SignatureError, UsageError
from transcriber.signatures.minisign import read_key, read_keys
from transcriber.signatures.release_key import given_keys, release_keys


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """Two files with a signed list."""
    lines = []
    for name in ("a.AppImage", "b.whl"):
        (tmp_path / name).write_text(name)
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")
    (tmp_path / "SHA256SUMS").write_text("".join(lines))
    Signer().sign(tmp_path / "SHA256SUMS")
    return tmp_path


def test_each_file_has_a_line(run: Run, downloads: Path) -> None:
    paths = [downloads / "a.AppImage", downloads / "b.whl"]
    done = run("verify", *paths, "--public-key", Signer().key)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{path}: signed by the key 0807060504030201 (release 1), whole" for path in paths
    ]


def test_one_wrong_file_of_several(run: Run, downloads: Path) -> None:
    (downloads / "a.AppImage").write_text("A.AppImage")
    paths = [downloads / name for name in ("a.AppImage", "missing", "b.whl")]
    done = run("verify", "--public_key", Signer().key, *paths)
    assert done.returncode == SignatureError.exit_code == 12
    assert done.stdout.splitlines()[0].startswith(f"{paths[2]}: signed by")
    assert len(done.stdout.splitlines()) == 1
    wrong, missing = done.stderr.splitlines()
    assert wrong.startswith(f"transcriber: {paths[0]} is not what was signed")
    assert missing.startswith("transcriber: there is no file")
    assert run("verify", "--public_key", Signer().key, *paths[1:]).returncode == 3
    # Whatever the keys are.
    assert run("verify", "--public_key", "none", paths[1]).returncode == 3


def test_the_key_may_be_in_a_file(run: Run, downloads: Path) -> None:
    key = downloads / "release.pub"
    key.write_text(f"untrusted comment: x\n{Signer().key}\n")
    words = ("--sums", downloads / "SHA256SUMS", downloads / "a.AppImage")
    assert run("verify", "--public_key", key, *words).returncode == 0


@pytest.mark.parametrize("key", ["", "/", "/nonexistent/key.pub", "a\0b", "RWQ", "\x1b[2J"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(UsageError, match="--public_key") as caught:
        given_keys(key)
    assert str(caught.value).isprintable()


def test_a_file_without_a_key(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    for content in (b"", b"untrusted comment: none\n", b"RWQ\n", b"\xff\n", b"A" * 100_000):
        path.write_bytes(content)
        with pytest.raises(UsageError, match="key"):
            given_keys(str(path))


def test_the_file_in_the_program_has_keys_or_says_how_to_put_one() -> None:
    content = resources.files("transcriber.signatures").joinpath("release.pub").read_bytes()
    if not read_keys(content):
        assert b"minisign -G" in content
        with pytest.raises(UsageError, match=r"no release key: give .* --public_key"):
            release_keys()


def test_a_build_without_a_key_says_so_in_one_line(run: Run, downloads: Path) -> None:
    content = resources.files("transcriber.signatures").joinpath("release.pub").read_bytes()
    done = run("verify", downloads / "a.AppImage")
    assert done.returncode == (12 if read_keys(content) else 2)
    assert len(done.stderr.splitlines()) == 1


def test_a_key_in_the_program_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "release.pub").write_text(f"untrusted comment: x\n{Signer().key}\n")
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    assert release_keys() == (read_key(Signer().key),)


def test_usage(run: Run) -> None:
    assert run("verify").returncode == 2
    done = run("help", "verify")
    assert done.returncode == 0
    assert "--public_key" in done.stdout
