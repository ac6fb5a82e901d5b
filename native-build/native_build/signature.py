"""Sign an AppImage with GnuPG, as AppImage's specification has it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from buildkit.errors import ToolError


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What says who made an AppImage; both are armoured, that is: text.

    Attributes
    ----------
    signature : bytes
        The detached signature.
    key : bytes
        The public key that it is checked with.
    """

    signature: bytes
    key: bytes


def sign(digest: str, key: str) -> Signed:
    """Sign an AppImage by its digest.

    Parameters
    ----------
    digest : str
        The sha256 of the AppImage while its sections for the signature and the key are empty, in
        hexadecimal: this text is what is signed.
    key : str
        A secret key of the user's, by anything that GnuPG knows it by.

    Raises
    ------
    ToolError
        When there is no GnuPG, or no such key.
    """
    # Without what others have signed in it, which can be any number of kilobytes.
    minimal = ["--export-options", "export-minimal", "--export"]
    return Signed(
        signature=sign_text(digest.encode(), key),
        key=_gnupg([*minimal, key], b""),
    )


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
