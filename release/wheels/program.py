"""Make the wheel of the program, for pip, pipx and uv: it takes PyTorch and ffmpeg from its user.

Setuptools makes it from ``pyproject.toml``, the one place that says what it holds and needs. What
setuptools wrote is packed anew: two calls with the same files give the same bytes.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

from buildkit.archive import Members, read_folder, read_zip, write_zip
from buildkit.commands import last_line, run_quietly
from buildkit.errors import InputError, RecipeError, ResultError, ToolError
from release.common.description import Description
from scripts.layout import DETECTOR
from scripts.pins import read_pins

PACKAGE = "transcriber"

LIMIT = 1_250_000
"""Bytes that the wheel may have: 300 kB of them are the detector's weights, the rest is text."""

_BUILD = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"

_NOTE = """\
> This is the wheel for pip, pipx and uv. Other than the program in one file, of which the text
> below speaks, it needs Python, PyTorch and ffmpeg: that of the system, or the extra `ffmpeg`.

"""

_MARKDOWN_LINK = re.compile(r"(!?)\[([^\[\]]*)\]\((?!https?:)[^()\s]*\)")
_CODE_BLOCK = re.compile(r"(?ms)(^```.*?^```)")


def make_program_wheel(checkout: Path, output: Path, *, description: Description) -> Path:
    """Make the wheel of the program that is in `checkout`.

    Parameters
    ----------
    checkout : Path
        The repository, with the files that the set-up made; nothing is written there.
    output : Path
        The folder for the wheel.
    description : Description
        Its version becomes the wheel's.

    Returns
    -------
    Path
        ``whisper_transcriber-VERSION-py3-none-any.whl``.

    Raises
    ------
    RecipeError
        When the detector's weights or their licence are lacking or are not the pinned ones, or
        when ``pyproject.toml`` leaves out a file of the program.
    ToolError
        When setuptools cannot make a wheel of it.
    ResultError
        When the wheel is too large.
    """
    _check_detector(checkout)
    with tempfile.TemporaryDirectory(prefix="wheel-") as scratch:
        source = _copy(checkout, Path(scratch, "source"), description.version)
        built = _build(source, Path(scratch, "built"))
        name, members = built.name, read_zip(built)
        _check_whole(members, read_folder(source / PACKAGE))
    path = output / name
    write_zip(path, _in_order(members))
    size = path.stat().st_size
    if size > LIMIT:
        raise ResultError(f"{path} has {size} bytes, {LIMIT} is the limit", "find what grew")
    return path


def plain_readme(text: str) -> str:
    r"""Return the README as an index shows it, which has no files beside it to show or to link.

    Parameters
    ----------
    text : str
        Markdown, which begins with its title.

    Examples
    --------
    >>> plain_readme("# It\n\n![A cat](cat.svg): read [more](docs/more.md).").splitlines()[-1]
    '*A cat.*: read more.'
    """
    pieces = _CODE_BLOCK.split(text)
    # Every second piece is a block of code, where brackets are no links.
    pieces[::2] = [_MARKDOWN_LINK.sub(_without_link, piece) for piece in pieces[::2]]
    head, _, rest = "".join(pieces).partition("\n\n")
    return f"{head}\n\n{_NOTE}{rest}"


def _without_link(found: re.Match[str]) -> str:
    return f"*{found[2]}.*" if found[1] else found[2]


def _check_detector(checkout: Path) -> None:
    for name, wanted in read_pins(checkout / "pins.toml").detector.sha256.items():
        path = checkout / DETECTOR / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
            raise RecipeError(f"{path} is lacking or not the pinned one", "make it: make setup")


def _copy(checkout: Path, source: Path, version: str) -> Path:
    """Copy what the wheel is made of, because setuptools writes beside it and keeps old files."""
    try:
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(checkout / PACKAGE, source / PACKAGE, ignore=skipped)
        for name in ("pyproject.toml", "LICENSE"):
            shutil.copyfile(checkout / name, source / name)
        readme = plain_readme((checkout / "README.md").read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {checkout}: {error}", "use a whole checkout") from error
    (source / "README.md").write_text(readme, encoding="utf-8")
    start = source / PACKAGE / "__init__.py"
    text = re.sub(
        r'(?m)^(__version__ = ").*(")$', rf"\g<1>{version}\g<2>", start.read_text(encoding="utf-8")
    )
    start.write_text(text, encoding="utf-8")
    return source


def _build(source: Path, folder: Path) -> Path:
    folder.mkdir()
    code, output = run_quietly([sys.executable, "-c", _BUILD, folder], directory=source)
    wheels = list(folder.glob("*.whl"))
    if code or len(wheels) != 1:
        raise ToolError(f"setuptools cannot make the wheel: {last_line(output)}")
    return wheels[0]


def _check_whole(members: Members, package: Members) -> None:
    for name in package:
        if f"{PACKAGE}/{name}" not in members:
            raise RecipeError(
                f"the wheel lacks {PACKAGE}/{name}",
                "name its package or its kind of file in pyproject.toml, or remove it",
            )


def _in_order(members: Members) -> dict[str, bytes]:
    """Return the files by path, what describes the wheel last, with a new list of digests."""
    described = sorted(name for name in members if ".dist-info/" in name)
    record = next(name for name in described if name.endswith(".dist-info/RECORD"))
    names = sorted(members.keys() - described) + [name for name in described if name != record]
    ordered = {name: members[name] for name in names}
    buffer = io.StringIO()
    rows = csv.writer(buffer, lineterminator="\n")
    for name, content in ordered.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    # The list cannot hold its own digest.
    rows.writerow([record, "", ""])
    return {**ordered, record: buffer.getvalue().encode()}
