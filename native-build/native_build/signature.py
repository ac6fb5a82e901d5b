"""Sign an AppImage with GnuPG, as AppImage's specification has it."""

from __future__ import annotations

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
    return sign_text(digest.encode(), key), _gnupg([*minimal, key], b"")


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
