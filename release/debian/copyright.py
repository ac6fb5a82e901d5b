"""The copyright file of the Debian package: the licence of each part, as machines read it.

The form is that of https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/. Its paths
are those of sources, of which the package has none: each part is a folder named like it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from buildkit.errors import InputError
from buildkit.places import CHECKOUT
from release.common.description import Description

_COMMON = {
    ("APACHE LICENSE", "2.0"): "Apache-2.0",
    ("GNU GENERAL PUBLIC LICENSE", "3"): "GPL-3",
    ("GNU LESSER GENERAL PUBLIC LICENSE", "2.1"): "LGPL-2.1",
}
"""Texts that every Debian has, by their headings and versions: packages refer to them."""

_FULL = re.compile(
    r"^[ \t]*(Apache License|GNU (?:LESSER )?GENERAL PUBLIC LICENSE)\s+Version (2\.0|3|2\.1),"
    r".*?END OF TERMS AND CONDITIONS(?:\n+ +How to Apply These Terms.*\Z)?",
    flags=re.MULTILINE | re.DOTALL,
)

_HOLDER = re.compile(r"^\W*(Copyright\b.*\b(?:19|20)\d\d\b.*)$", flags=re.MULTILINE | re.I)

_WORDS: Mapping[str, str] = {
    r"\bMIT\b": "Expat",
    r"-or-later\b": "+",
    r"-only\b": "",
    r" AND ": " and ",
    r" OR ": " or ",
    r" WITH (?:AdditionRef-)?(\S+?)(?:-exception)?(-[\d.]+)?(?= |$)": r" with \1\2 exception",
    r"\bblessing\b": "public-domain",
}


def debian_licence(expression: str) -> str:
    """Return an SPDX expression in Debian's words.

    Examples
    --------
    >>> debian_licence("MIT AND GPL-3.0-or-later WITH GCC-exception-3.1")
    'Expat and GPL-3.0+ with GCC-3.1 exception'
    """
    for pattern, word in _WORDS.items():
        expression = re.sub(pattern, word, expression)
    return expression


def make_copyright(licences: Path, bill: Path, description: Description) -> str:
    """Return the copyright file.

    Parameters
    ----------
    licences : Path
        The program's folder of licence texts: a folder a part.
    bill : Path
        Its bill of materials, which says what licence a part has.
    description : Description
        What the program itself is called.

    Raises
    ------
    InputError
        When one of them cannot be read.
    """
    try:
        entries = json.loads(bill.read_text(encoding="utf-8"))["components"]
        known = {one["name"]: one["licenses"][0]["expression"] for one in entries}
        parts = [_part(folder, known.get(folder.name, "")) for folder in sorted(licences.iterdir())]
        own = (CHECKOUT / "LICENSE").read_text(encoding="utf-8")
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise InputError(f"cannot read the licences: {error}", "run `make appimages`") from error
    head = (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {description.title}\n"
        "Comment:\n The program is one file for the most part, made of the sources below."
        " Each of them is\n written here as a folder with its name."
    )
    return "\n\n".join([head, _stanza("*", description.licence, [own]), *parts]) + "\n"


def _part(folder: Path, expression: str) -> str:
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())]
    # Where the bill has no such part, the text says what there is to say.
    return _stanza(f"{folder.name}/*", expression or f"{folder.name}-licence", texts)


def _stanza(files: str, expression: str, texts: Sequence[str]) -> str:
    # Text by text: the end of one must not be looked for in the next.
    shortened = "\n\n".join(_FULL.sub(_reference, text).strip("\n") for text in texts)
    found = (" ".join(one.split()) for text in texts for one in _HOLDER.findall(text))
    holders = list(dict.fromkeys(found)) or [f"the authors of {files.removesuffix('/*')}"]
    lines = [
        f"Files: {files}",
        "Copyright:",
        *(f" {holder}" for holder in holders),
        f"License: {debian_licence(expression)}",
        *(f" {line.rstrip()}" if line.strip() else " ." for line in shortened.splitlines()),
    ]
    return "\n".join(lines)


def _reference(full: re.Match[str]) -> str:
    name = _COMMON[full[1].upper(), full[2]]
    return f"The full text is in /usr/share/common-licenses/{name} on Debian systems."
