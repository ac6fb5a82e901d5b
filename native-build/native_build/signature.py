"""Sign an AppImage with GnuPG, as AppImage's specification has it."""

from __future__ import annotations

import itertools
import subprocess

from buildkit.errors import ToolError


def sign(digest: str, key: str) -> tuple[bytes, bytes]:
    """Sign an AppImage by its digest.

    Parameters
    ----------
    digest : str
        The sha256 of the AppImage while its sections for the signature and the key are empty, in
        hexadecimal: this text is what is signed.
    key : str
        A secret key of the user's, by anything that GnuPG knows it by.

    Returns
    -------
    (bytes, bytes)
        The detached signature, and the public key that it is checked with; both are armoured,
        that is: text.

    Raises
    ------
    ToolError
        When there is no GnuPG, or no such key.
    """
    # Without what others have signed in it, which can be any number of kilobytes.
    minimal = ["--export-options", "export-minimal", "--export"]
    # By its name, the keys of namesakes would be exported, too.
    own = fingerprint(key)
    return sign_text(digest.encode(), own), _gnupg([*minimal, own], b"")


def fingerprint(key: str) -> str:
    """Return the fingerprint of the secret key that GnuPG knows by `key`.

    Raises
    ------
    ToolError
        When there is no GnuPG, no such key, or more than one.
    """
    listed = _gnupg(["--with-colons", "--list-secret-keys", key], b"").decode(errors="replace")
    lines = [line.split(":") for line in listed.splitlines()]
    # A key's own fingerprint follows it, those of its parts follow them.
    found = [after[9] for line, after in itertools.pairwise(lines) if line[0] == "sec"]
    if len(found) != 1:
        raise ToolError(f"gpg has {len(found)} secret keys {key!r}", "give a fingerprint")
    return found[0]


def sign_text(text: bytes, key: str) -> bytes:
    """Return the detached signature of `text`.

    Raises
    ------
    ToolError
        When there is no GnuPG, or no such key.
    """
    return _gnupg(["--local-user", key, "--detach-sign"], text)


def _gnupg(words: list[str], text: bytes) -> bytes:
    try:
        done = subprocess.run(
            ["gpg", "--batch", "--armor", *words], input=text, capture_output=True, check=False
        )
    except OSError as error:
        raise ToolError("this machine has no gpg", "install gnupg, or sign nothing") from error
    # gpg ends well where it exported nothing.
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it wrote nothing"]
        raise ToolError(f"gpg cannot sign: {said[-1]}", "check SIGN_KEY")
    return done.stdout
