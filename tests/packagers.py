"""Tools of Debian's that read and run packages: unpacked by the set-up, or the machine's own.

They are `scripts.packagers.PACKAGES`::

    subprocess.run([*command("skopeo"), "inspect", f"oci-archive:{path}"], check=True)
"""

from __future__ import annotations

import shutil
from pathlib import Path

from scripts.layout import PACKAGERS

_FOLDERS = ("usr/bin", "usr/sbin", "bin", "sbin")


def lacking(*programs: str) -> str:
    """Return why tests that need `programs` cannot run here, or nothing.

    For ``pytest.mark.skipif(bool(lacking("skopeo")), reason=lacking("skopeo"))``.
    """
    missing = [name for name in programs if _find(name) is None]
    return f"no {', '.join(missing)}: `make setup` gets it, or says why it cannot" * bool(missing)


def command(program: str) -> list[str]:
    """Return the words that `program` is started with; its arguments follow them."""
    found = _find(program)
    assert found, f"there is no {program}"
    if not found.is_relative_to(PACKAGERS):
        return [str(found)]
    # What it needs and the machine lacks was unpacked with it.
    libraries = {str(path.parent) for path in PACKAGERS.glob("**/*.so*")}
    return ["env", f"LD_LIBRARY_PATH={':'.join(sorted(libraries))}", str(found)]


def _find(program: str) -> Path | None:
    if (PACKAGERS / "set-up.json").is_file():
        for folder in _FOLDERS:
            if (PACKAGERS / folder / program).is_file():
                return PACKAGERS / folder / program
    own = shutil.which(program)
    return Path(own) if own else None
