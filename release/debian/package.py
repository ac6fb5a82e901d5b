"""The Debian package: the program, its units for systemd, and what Debian wants to be told."""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from buildkit.errors import InputError
from buildkit.files import atomic_writer, make_directory
from native_build.contents import BILL
from release.common.description import Description
from release.common.program_tree import LIBRARY, lay_out, set_modes
from release.debian.archive import make_deb_archive
from release.debian.changelog import make_changelog, release_date
from release.debian.control import file_name, make_control, make_digests
from release.debian.copyright import make_copyright
from scripts.layout import NATIVE

TEMPLATES = Path(__file__).with_name("scripts")
"""The maintainer's scripts, and what lintian is told."""

_SCRIPTS = ("postinst", "prerm", "postrm")

# Below /usr for all releases: systemd of Debian 11 reads units there, too.
_UNITS: Mapping[str, str] = {
    "transcriber.service": "lib/systemd/system/transcriber.service",
    "transcriber.socket": "lib/systemd/system/transcriber.socket",
    "transcriber-user.service": "lib/systemd/user/transcriber.service",
    "transcriber-watch.service": "lib/systemd/user/transcriber-watch.service",
}
"""Of a unit in the checkout to its place below ``/usr``."""

_PROGRAM = re.compile(r"^(ExecStart=)\S*/bin/transcriber\b", flags=re.MULTILINE)

_PLACE = re.compile(r"\A# For .*\n")
"""The comment that says where a user puts the unit."""


def make_deb(program: Path, output: Path, *, description: Description, changelog: Path) -> Path:
    """Make the Debian package of a program.

    Parameters
    ----------
    program : Path
        The folder of the native program.
    output : Path
        The folder for the package.
    description : Description
        What is said about the program.
    changelog : Path
        The change log, of which the newest section is that of this version.

    Returns
    -------
    Path
        The package, ``NAME_VERSION_amd64.deb``. Its version has no revision of Debian's, since
        nobody packages it anew: a mistake in the package is a mistake in the release.

    Raises
    ------
    InputError
        When the program is not whole, or the change log cannot be read.
    RecipeError
        When the change log says nothing.
    StorageError
        When the package cannot be written.
    """
    try:
        changes = changelog.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read {changelog}: {error.strerror}", "name another") from error
    time = release_date(changes)
    archive = output / file_name(description)
    make_directory(output)
    with tempfile.TemporaryDirectory(prefix=".deb-", dir=output) as temporary:
        root, control = Path(temporary, "root"), Path(temporary, "control")
        _fill_root(program, root, description, changes)
        _fill_control(root, control, description)
        with atomic_writer(archive) as copy:
            copy.write(make_deb_archive(control, root, int(time.timestamp())))
    archive.chmod(0o644)
    return archive


def _fill_root(program: Path, root: Path, description: Description, changes: str) -> None:
    usr = root / "usr"
    try:
        lay_out(program, usr)
    except (OSError, shutil.Error) as error:
        raise InputError(f"{program} is not whole: {error}", "run `make appimages`") from error
    documents = usr / "share/doc" / description.name
    licences = usr / LIBRARY / "licences"
    _write(documents / "copyright", make_copyright(licences, usr / LIBRARY / BILL, description))
    # Debian wants all of it in that file.
    shutil.rmtree(licences)
    _write_packed(documents / "changelog.gz", make_changelog(changes, description).encode())
    manual = usr / "share/man/man1" / f"{description.command}.1"
    _write_packed(manual.with_suffix(".1.gz"), manual.read_bytes())
    manual.unlink()
    zsh = usr / "share/zsh"
    (zsh / "site-functions").rename(zsh / "vendor-completions")
    for name, place in _UNITS.items():
        text = (NATIVE / "systemd" / name).read_text(encoding="utf-8")
        _write(usr / place, _PROGRAM.sub(r"\1/usr/bin/transcriber", _PLACE.sub("", text)))
    overrides = (TEMPLATES / "lintian-overrides").read_text(encoding="utf-8")
    _write(usr / "share/lintian/overrides" / description.name, overrides)
    set_modes(root)


def _fill_control(root: Path, control: Path, description: Description) -> None:
    _write(control / "control", make_control(description, root))
    _write(control / "md5sums", make_digests(root))
    for name in _SCRIPTS:
        _write(control / name, (TEMPLATES / name).read_text(encoding="utf-8"))
    set_modes(control)
    for name in _SCRIPTS:
        (control / name).chmod(0o755)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_packed(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0))
