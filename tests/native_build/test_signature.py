"""Signing: what GnuPG checks, and what the user is told where it cannot sign."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appimage_tools import AppImageTools, make_app_dir, provide_tools, run, section_content
from buildkit.errors import ToolError
from native_build.pack import KEY_SECTION, SIGNATURE_SECTION, with_section
from native_build.signature import fingerprint, sign, sign_text

NAME = "nobody@example.invalid"


def gpg(*words: str | Path, given: bytes = b"") -> None:
    command = ["gpg", "--batch", *map(str, words)]
    subprocess.run(command, input=given, capture_output=True, check=True, timeout=60)


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if shutil.which("gpg") is None:
        pytest.skip("this machine has no gpg, which signs")
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    gpg("--passphrase", "", "--quick-generate-key", NAME, "rsa3072", "sign", "never")
    yield NAME
    subprocess.run(["gpgconf", "--kill", "all"], check=False)


def verified(text: bytes, signature: bytes, key: bytes, folder: Path) -> bool:
    """Check a signature as somebody does who has the public key alone."""
    home = folder / "other"
    home.mkdir(mode=0o700)
    (folder / "signature").write_bytes(signature)
    gpg("--homedir", home, "--import", given=key)
    words = ["gpg", "--batch", "--homedir", str(home), "--verify", str(folder / "signature"), "-"]
    done = subprocess.run(words, input=text, capture_output=True, check=False)
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    return done.returncode == 0


@pytest.mark.parametrize("text", ["abc", "abd"])
def test_a_signature_is_of_its_text_alone(key: str, tmp_path: Path, text: str) -> None:
    assert verified(text.encode(), *sign("abc", key), tmp_path) == (text == "abc")


def test_a_key_that_is_not_there_is_one_line(key: str) -> None:
    for work in (sign_text, lambda text, name: sign(text.decode(), name)):
        with pytest.raises(ToolError, match=r"gpg cannot sign: .*: check SIGN_KEY"):
            work(b"text", f"not-{key}")


def test_without_gpg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolError, match="no gpg: install gnupg"):
        sign("abc", NAME)


@pytest.mark.slow
def test_an_appimage_is_signed_as_the_specification_has_it(key: str, tmp_path: Path) -> None:
    tools: AppImageTools = provide_tools()
    app_dir = make_app_dir(tmp_path / "AppDir")
    appimage = tools.pack(app_dir, tmp_path / "a.AppImage", update_information="x", sign_key=key)
    content = appimage.read_bytes()
    signature = section_content(content, SIGNATURE_SECTION).rstrip(b"\0")
    public = section_content(content, KEY_SECTION).rstrip(b"\0")
    empty = with_section(with_section(content, SIGNATURE_SECTION, b""), KEY_SECTION, b"")
    digest = hashlib.sha256(empty).hexdigest().encode()
    assert verified(digest, signature, public, tmp_path)
    shown = run(appimage, "--appimage-signature").stdout
    assert shown.strip().encode() == signature.strip()


def test_the_keys_of_namesakes_are_not_given_away(key: str, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    stranger.mkdir(mode=0o700)
    words = ["gpg", "--batch", "--homedir", str(stranger)]
    made = ("--passphrase", "", "--quick-generate-key", NAME, "rsa3072", "sign", "never")
    subprocess.run([*words, *made], capture_output=True, check=True, timeout=60)
    theirs = subprocess.run([*words, "--armor", "--export", NAME], capture_output=True, check=True)
    gpg("--import", given=theirs.stdout)
    subprocess.run(["gpgconf", "--homedir", stranger, "--kill", "all"], check=False)
    _, exported = sign("abc", key)
    shown = subprocess.run(
        ["gpg", "--batch", "--with-colons", "--show-keys"],
        input=exported,
        capture_output=True,
        check=True,
    )
    assert shown.stdout.count(b"pub:") == 1
    assert fingerprint(key).encode() in shown.stdout
    # Two of one's own: which is meant?
    gpg("--passphrase", "", "--quick-generate-key", f"second {NAME}", "rsa3072", "sign", "never")
    with pytest.raises(ToolError, match="2 secret keys"):
        sign("abc", key)
