"""Sign a list of digests with minisign, so that `transcriber verify` can check it.

``python -m native_build.minisign KEY`` sees to it that there is a minisign, and that it can sign
with the key: what is only needed at the end of a build is known before it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.commands import ending_in_one_line
from buildkit.errors import ToolError, UsageError
from buildkit.files import make_directory
from buildkit.places import build_cache
from buildkit.system_packages import install, unpack_packages
from transcriber import __version__

PACKAGE = "minisign"
"""Debian's package, and the program in it."""

COMMENT = f"whisper-transcriber {__version__}"
"""The trusted comment, which `transcriber verify` shows: an older release is none in disguise.

Without one, minisign would write the time.
"""

_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Minisign:
    """A minisign that runs.

    Attributes
    ----------
    program : str
        Its path.
    libraries : str
        Folders with libraries that it needs and the machine may lack, as ``LD_LIBRARY_PATH``
        has them; mostly empty.
    """

    program: str
    libraries: str = ""


def provide_minisign(cache: Path) -> Minisign:
    """Find minisign, or get it from the machine's package archive.

    Parameters
    ----------
    cache : Path
        The build cache, where the package is unpacked that cannot be installed.

    Raises
    ------
    BuildError
        When it cannot be had.
    """
    found = shutil.which(PACKAGE) or (install([PACKAGE]) and shutil.which(PACKAGE))
    if found:
        return Minisign(program=found)
    folder = cache / PACKAGE
    program = folder / "usr/bin" / PACKAGE
    if not program.is_file():
        unpack_packages([PACKAGE], folder)
    libraries = sorted({str(path.parent) for path in folder.glob("usr/lib/**/*.so.*")})
    return Minisign(program=str(program), libraries=os.pathsep.join(libraries))


def sign_file(path: Path, key: Path, minisign: Minisign) -> bytes:
    """Return the signature of a file: of its digest, in minisign's newer form.

    Parameters
    ----------
    path : Path
        The file.
    key : Path
        The secret key, without a password: nobody is there to type it.

    Raises
    ------
    BuildError
        When it cannot be signed.
    """
    with tempfile.TemporaryDirectory(prefix="minisign-") as temporary:
        signature = Path(temporary, "signature")
        comments = ("-t", COMMENT, "-c", f"signature of {path.name}")
        words: list[str | Path] = ["-S", "-s", key, "-x", signature, *comments, "-m", path]
        environment = dict(os.environ)
        if minisign.libraries:
            environment["LD_LIBRARY_PATH"] = minisign.libraries
        try:
            done = subprocess.run(
                [minisign.program, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=environment,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ToolError(f"minisign does not run: {error}", "install it again") from error
        said = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode == 0 and signature.is_file():
            return signature.read_bytes()
    if "password" in said.lower():
        raise UsageError(
            f"MINISIGN_KEY={key} has a password, which nobody can type during a build",
            "sign when it has ended: minisign -S -s KEY "
            f"-t '{COMMENT}' -m dist/SHA256SUMS; or give a key that `minisign -G -W` made",
        )
    lines = said.strip().splitlines() or ["it said nothing"]
    raise ToolError(f"minisign cannot sign: {lines[-1]}", f"check MINISIGN_KEY={key}")


def check_key(key: Path, cache: Path) -> None:
    """Check that a key signs, by signing something.

    Raises
    ------
    BuildError
        When it does not.
    """
    minisign = provide_minisign(cache)
    make_directory(cache)
    with tempfile.TemporaryDirectory(prefix="minisign-") as temporary:
        path = Path(temporary, "trial")
        path.write_bytes(b"trial")
        sign_file(path, key, minisign)


def main(words: Sequence[str]) -> int:
    """Check the key that `words` name, and return the exit code."""

    def work() -> int:
        check_key(Path(words[0]), build_cache())
        return 0

    return ending_in_one_line("set-up", work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
