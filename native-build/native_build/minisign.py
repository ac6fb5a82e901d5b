"""Sign a list of digests with minisign, so that `transcriber verify` can check it.

``python -m native_build.minisign KEY`` sees to it that there is a minisign, and that it can sign
with the key: what is only needed at the end of a build is known before it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from buildkit.commands import Command, ending_in_one_line, last_line, run_quietly
from buildkit.errors import ToolError, UsageError
from buildkit.files import make_directory
from buildkit.places import build_cache
from buildkit.system_packages import provide_program
from transcriber import __version__

PACKAGE = "minisign"
"""Debian's package, and the program in it."""

COMMENT = f"whisper-transcriber {__version__}"
"""The trusted comment, which `transcriber verify` shows: an older release is none in disguise.

Without one, minisign would write the time.
"""

_SECONDS = 60


def provide_minisign(cache: Path) -> Command:
    """Return the command of minisign, which the machine has or its package archive.

    Parameters
    ----------
    cache : Path
        The build cache, where the package is unpacked that cannot be installed.

    Raises
    ------
    BuildError
        When it cannot be had.
    """
    program = provide_program(PACKAGE, cache)
    if not program.is_relative_to(cache):
        return [program]
    # It needs libraries that the machine may lack.
    found = (cache / PACKAGE).glob("usr/lib/**/*.so.*")
    libraries = sorted({str(path.parent) for path in found})
    return ["env", f"LD_LIBRARY_PATH={os.pathsep.join(libraries)}", program]


def sign_file(path: Path, key: Path, minisign: Command) -> bytes:
    """Return the signature of a file: of its digest, in minisign's newer form.

    Parameters
    ----------
    path : Path
        The file.
    key : Path
        The secret key, without a password: nobody is there to type it.
    minisign : sequence of str or Path
        From `provide_minisign`.

    Raises
    ------
    BuildError
        When it cannot be signed.
    """
    with tempfile.TemporaryDirectory(prefix="minisign-") as temporary:
        signature = Path(temporary, "signature")
        comments = ("-t", COMMENT, "-c", f"signature of {path.name}")
        files = ("-s", key.absolute(), "-x", signature, "-m", path.absolute())
        code, said = run_quietly([*minisign, "-S", *files, *comments], limit=_SECONDS)
        if code == 0 and signature.is_file():
            return signature.read_bytes()
    if "password" in said.lower():
        raise UsageError(
            f"MINISIGN_KEY={key} has a password, which nobody can type during a build",
            "sign when it has ended: minisign -S -s KEY "
            f"-t '{COMMENT}' -m dist/SHA256SUMS; or give a key that `minisign -G -W` made",
        )
    raise ToolError(f"minisign cannot sign: {last_line(said)}", f"check MINISIGN_KEY={key}")


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
