"""Collect the licence texts of everything whose code is in the result.

Each component must bring a text, and the text must be that of the licence which the list of
components states: a renamed file or a changed licence stops the build.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.components import Component
from buildkit.errors import InputError, RecipeError
from buildkit.files import make_directory, storage_error

_USUAL_NAME = re.compile(r"(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE)([.-].*)?", flags=re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Where licence texts lie that are not at the top of a source tree of their component's name.

    Attributes
    ----------
    patterns : tuple of str
        Each must match a file in the folder.
    source : str
        Name of the source tree; when empty, the sysroot.
    in_comment : bool
        Whether the text is the comment that the file begins with.
    """

    patterns: tuple[str, ...]
    source: str = ""
    in_comment: bool = False


RUNTIME_PLACES: Mapping[str, Texts] = {
    # The sysroot's packages. Debian's texts refer to the common ones instead of repeating them.
    "libomp": Texts(
        patterns=("usr/share/doc/libomp5-16/copyright", "usr/share/common-licenses/Apache-2.0")
    ),
    "gcc-runtime": Texts(
        patterns=("usr/share/doc/libstdc++-10-dev/copyright", "usr/share/common-licenses/GPL-3")
    ),
}
"""Of a runtime library's name to the place of its licence texts."""

PHRASES: Mapping[str, tuple[str, ...]] = {
    "0BSD": ("permission to use, copy, modify, and/or distribute this software for any purpose",),
    "AGPL-3.0-or-later": ("gnu affero general public license version 3",),
    "AdditionRef-Nuitka-Runtime-1.0": ("nuitka runtime library exception version 1.0",),
    "Apache-2.0": ("apache license version 2.0",),
    "BSD-2-Clause": ("redistributions of source code must retain",),
    "BSD-3-Clause": ("redistributions of source code must retain", "neither the name"),
    "BSL-1.0": ("boost software license - version 1.0",),
    "CNRI-Python": ("licensed under cnri's python 1.6",),
    "GCC-exception-3.1": ("gcc runtime library exception version 3.1",),
    "GPL-3.0-or-later": ("gnu general public license version 3",),
    "LGPL-2.1-or-later": ("gnu lesser general public license version 2.1",),
    "LLVM-exception": ("llvm exceptions to the apache 2.0 license",),
    "LicenseRef-NVIDIA-CUDA-EULA": ("end user license agreement", "cuda toolkit"),
    "MIT": ("permission is hereby granted, free of charge, to any person obtaining a copy",),
    # Both programs that have it write a notice that refers to it.
    "MPL-2.0": ("v. 2.0", "mozilla"),
    "PSF-2.0": ("python software foundation license version 2",),
    "Zlib": ("this software is provided 'as-is', without any express or implied warranty",),
    # SQLite's: its makers give it away, and bless whoever takes it.
    "blessing": ("sqlite is public domain", "may you do good and not evil"),
}
"""What the text of each licence says: SPDX identifier to words in lower case."""


def collect_licences(
    components: tuple[Component, ...],
    output: Path,
    *,
    sources: Path,
    system: Path,
    places: Mapping[str, Texts] = RUNTIME_PLACES,
) -> list[Path]:
    """Copy the licence texts of `components` to `output`, a folder for each.

    Parameters
    ----------
    components : tuple of Component
        Whose code is in the result.
    output : Path
        The folder to fill; what it held is removed.
    sources : Path
        The folder with the unpacked source trees.
    system : Path
        The sysroot.
    places : mapping of str to Texts
        Where the texts lie that are not where they usually are.

    Returns
    -------
    list of Path
        The copies, sorted.

    Raises
    ------
    RecipeError
        When a text is missing, empty or not that of the licence stated.
    StorageError
        When `output` cannot be written.
    """
    # All are read before anything is removed.
    texts = {
        f"{component.name}/{name}": text
        for component in components
        for name, text in _texts_of(component, sources, system, places).items()
    }
    try:
        if output.is_dir():
            shutil.rmtree(output)
        for name, text in texts.items():
            make_directory((output / name).parent)
            (output / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise storage_error("write", output, error) from error
    return sorted(output / name for name in texts)


def identifiers(expression: str) -> list[str]:
    """Return the licences and exceptions that the SPDX `expression` names."""
    words = re.split(r"[\s()]+", expression)
    return [word for word in words if word and word not in {"AND", "OR", "WITH"}]


def _texts_of(
    component: Component, sources: Path, system: Path, places: Mapping[str, Texts]
) -> dict[str, str]:
    place = places.get(component.name)
    if place is None:
        folder = sources / component.name
        paths = [
            path
            for path in (sorted(folder.iterdir()) if folder.is_dir() else [])
            if _USUAL_NAME.fullmatch(path.name) and path.is_file()
        ]
        if not paths:
            raise _missing(component, folder / "LICENSE")
    else:
        folder = sources / place.source if place.source else system
        paths = []
        for pattern in place.patterns:
            found = sorted(path for path in folder.glob(pattern) if path.is_file())
            if not found:
                raise _missing(component, folder / pattern)
            paths += found
    texts: dict[str, str] = {}
    for path in paths:
        # Old texts have names of people in Latin-1.
        content = path.read_bytes()
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = content.decode("latin-1")
        name = path.name
        if place is not None and place.in_comment:
            text, name = _first_comment(text), f"{path.name}.txt"
        if texts.setdefault(name, text) != text:
            raise RecipeError(
                f"{component.name} has two different licence texts named {name}",
                "name one of them in the places of licence texts",
            )
    check_texts(component, texts, folder)
    return texts


def check_texts(component: Component, texts: Mapping[str, str], folder: Path) -> None:
    """Check that `texts`, by their names in `folder`, are those of the component's licences.

    Raises
    ------
    RecipeError
        When they are not, or a licence is not in `PHRASES`.
    """
    words = " ".join(re.sub(r"[\s#*/;.,]+", " ", text).lower() for text in texts.values())
    for identifier in identifiers(component.licence):
        if identifier not in PHRASES:
            raise RecipeError(
                f"the licence {identifier} of {component.name} is not known here",
                "add what its text says to PHRASES in buildkit/licences.py",
            )
        for phrase in PHRASES[identifier]:
            if re.sub(r"[\s#*/;.,]+", " ", phrase) not in words:
                raise RecipeError(
                    f"{', '.join(texts)} of {component.name} in {folder} is not the text of"
                    f" {identifier}: it lacks {phrase!r}",
                    "correct the licence in the list of sources or the place of its text",
                )


def _first_comment(text: str) -> str:
    found = re.match(r"\s*/\*(.*?)\*/", text, flags=re.DOTALL)
    return found.group(1).strip() + "\n" if found else ""


def _missing(component: Component, path: Path) -> InputError:
    return InputError(
        f"the licence text of {component.name} is missing: no file {path}",
        "unpack the sources again, or install the package that has it",
    )
