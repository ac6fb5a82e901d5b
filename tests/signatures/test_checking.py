"""Files, their signatures and signed lists: what is right, and all that is not."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from signatures.signer import Signer
from transcriber.errors import InputError, SignatureError, TranscriberError
from transcriber.signatures import checking
from transcriber.signatures.checking import Signed, check_file
from transcriber.signatures.minisign import PublicKey, read_key

NAME = "transcriber-x86_64.AppImage"


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """A file with a signed list beside it."""
    path = tmp_path / NAME
    path.write_bytes(b"\x7fELF" * 100_000)
    write_list(path)
    return path


def write_list(*paths: Path, digest: str = "", comment: str = "release 1") -> Path:
    lines = [
        f"{digest or hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in paths
    ]
    place = paths[0].with_name("SHA256SUMS")
    place.write_text("".join(lines))
    Signer().sign(place, comment)
    return place


def keys() -> tuple[PublicKey, ...]:
    key = read_key(Signer().key)
    assert key
    return (key,)


def check(path: Path, sums: Path | None = None) -> Signed:
    return check_file(path, keys(), sums=sums)


def failure(path: Path, sums: Path | None = None) -> TranscriberError:
    with pytest.raises(TranscriberError) as caught:
        check(path, sums)
    line = str(caught.value)
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    return caught.value


def test_a_file_of_a_signed_list(download: Path) -> None:
    assert check(download) == Signed(key=keys()[0], comment="release 1")


def test_the_list_itself(download: Path) -> None:
    assert check(download.with_name("SHA256SUMS")).comment == "release 1"


def test_a_file_with_a_signature_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    path.write_bytes(b"wheel")
    Signer().sign(path, "alone")
    assert check(path).comment == "alone"
    path.write_bytes(b"wheal")
    assert isinstance(failure(path), SignatureError)


def test_a_list_that_lies_elsewhere(download: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "list"
    elsewhere.mkdir()
    for name in ("SHA256SUMS", "SHA256SUMS.minisig"):
        (tmp_path / name).rename(elsewhere / name)
    assert "nothing signs" in failure(download).message
    assert check(download, elsewhere / "SHA256SUMS").comment == "release 1"


def test_a_changed_byte_of_the_file(download: Path) -> None:
    content = bytearray(download.read_bytes())
    content[12345] ^= 1
    download.write_bytes(content)
    error = failure(download)
    assert isinstance(error, SignatureError)
    assert "is not what was signed: its sha256 is" in error.message


def test_a_changed_list(download: Path) -> None:
    """Whoever can change the file can change the list, but not sign it."""
    download.write_bytes(b"something else")
    digest = hashlib.sha256(b"something else").hexdigest()
    download.with_name("SHA256SUMS").write_text(f"{digest}  {NAME}\n")
    error = failure(download)
    assert isinstance(error, SignatureError)
    assert "SHA256SUMS.minisig is of something else" in error.message


def test_a_list_is_not_read_before_its_signature(
    download: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with download.with_name("SHA256SUMS").open("a") as stream:
        stream.write("../../etc/passwd\n")
    monkeypatch.setattr(checking, "read_digests", lambda _: pytest.fail("it was read"))
    assert isinstance(failure(download), SignatureError)


@pytest.mark.parametrize("line", ["no digest", f"{'0' * 64}  ../x"])
def test_a_signed_list_that_makes_no_sense(download: Path, line: str) -> None:
    place = download.with_name("SHA256SUMS")
    place.write_text(line)
    Signer().sign(place)
    assert isinstance(failure(download), SignatureError)


def test_somebody_elses_signature(download: Path) -> None:
    other = Signer(seed=b"\x02" * 32, number=b"another1")
    other.sign(download.with_name("SHA256SUMS"))
    error = failure(download)
    assert isinstance(error, SignatureError)
    assert "by the key 31726568746F6E61, and not by 0807060504030201" in error.message
    # A stranger may give his key the same number.
    Signer(seed=b"\x02" * 32).sign(download.with_name("SHA256SUMS"))
    assert isinstance(failure(download), SignatureError)


def test_one_of_two_keys_will_do(download: Path) -> None:
    other = read_key(Signer(seed=b"\x02" * 32).key)
    assert other
    assert check_file(download, [other, *keys()]).key == keys()[0]


@pytest.mark.parametrize("kept", [(), ("SHA256SUMS",)])
def test_a_signature_that_is_missing(download: Path, kept: tuple[str, ...]) -> None:
    for name in {"SHA256SUMS", "SHA256SUMS.minisig"} - set(kept):
        download.with_name(name).unlink()
    error = failure(download)
    assert isinstance(error, InputError)
    assert error.message.startswith("nothing signs ")
    assert "SHA256SUMS.minisig" in str(error)


def test_a_file_that_the_list_does_not_name(download: Path) -> None:
    renamed = download.rename(download.with_name("transcriber(1).AppImage"))
    error = failure(renamed)
    assert isinstance(error, InputError)
    assert error.remedy == f"call it {NAME}"
    renamed.write_bytes(b"another one")
    assert "does not name" in failure(renamed).message


@pytest.mark.parametrize("signature", [b"", b"<html>404</html>", b"\xff" * 100_000])
def test_what_is_no_signature(download: Path, signature: bytes) -> None:
    download.with_name("SHA256SUMS.minisig").write_bytes(signature)
    assert isinstance(failure(download), SignatureError)


def test_a_list_without_an_end(download: Path) -> None:
    place = download.with_name("SHA256SUMS")
    os.truncate(place, 1 << 34)
    assert "longer than" in failure(download).message


def test_what_cannot_be_read(download: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("missing", "", "fifo", "a\0b", "x" * 300, "/dev/zero", f"{NAME}/below"):
        assert isinstance(failure(tmp_path / name), InputError)
    if os.geteuid():
        download.chmod(0)
        assert "may not be read" in failure(download).message


def test_a_comment_commands_no_terminal(download: Path) -> None:
    comment = "\x1b[2Jrelease\u202e1 \x07" + "x" * 5000
    write_list(download, comment=comment)
    shown = check(download).comment
    assert shown.startswith("\N{REPLACEMENT CHARACTER}[2Jrelease\N{REPLACEMENT CHARACTER}1")
    assert shown.isprintable()
    assert len(shown) == 100


def test_a_name_commands_no_terminal(tmp_path: Path) -> None:
    assert "\x1b" not in str(failure(tmp_path / "\x1b[2J\n.AppImage"))


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_large_file_takes_no_memory(tmp_path: Path, by_itself: bool) -> None:
    import resource  # noqa: PLC0415
    import subprocess  # noqa: PLC0415

    path = tmp_path / "large.AppImage"
    with path.open("wb") as stream:
        stream.truncate(400 << 20)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "blake2b" if by_itself else "sha256")
    if by_itself:
        # Of a file that has this digest.
        place = path.with_name(f"{path.name}.minisig")
        place.write_bytes(Signer().signature_of_digest(digest.digest()))
    else:
        write_list(path, digest=digest.hexdigest())
    limit = 300 << 20
    done = subprocess.run(
        [sys.executable, "-m", "transcriber", "verify", "--public_key", Signer().key, path],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "signed by the key 0807060504030201" in done.stdout
