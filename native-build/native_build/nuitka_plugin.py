"""Tell Nuitka which modules get into the program, and which of them become C.

Nuitka loads this file by its path and under another name: nothing of ours can be imported here.
By itself, Nuitka takes what any import statement could ever reach, in C, and a good part of the
standard library besides. The list that this file reads is what the program was seen to import.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection
from pathlib import Path
from types import CodeType
from typing import Any

from nuitka.freezer import ImportDetection
from nuitka.plugins.PluginBase import NuitkaPluginBase

_NO_COLUMNS = 13

SETTINGS_VARIABLE = "NATIVE_BUILD_MODULES"
"""Names the JSON file with ``modules``, ``compiled`` and ``bytecode``, as `freeze` writes it."""


def is_within(module: str, packages: Collection[str]) -> bool:
    """Return whether `module` is one of `packages` or in one of them."""
    parts = module.split(".")
    return any(".".join(parts[:end]) in packages for end in range(1, len(parts) + 1))


def with_first_lines(code: CodeType) -> CodeType:
    """Return `code`, and the code in it, with the number of its first line for all of it.

    Line and column of each instruction are a quarter of the bytecode, and two fifths of its
    compressed size. They are read when a traceback is shown, which users never see.

    The format is that of CPython's ``Objects/locations.md``: an entry is for up to eight units of
    code; this kind has a line, relative to that before it, and no columns.
    """
    entries = bytearray()
    units = len(code.co_code) // 2
    for begin in range(0, units, 8):
        length = min(8, units - begin)
        entries += bytes((0x80 | _NO_COLUMNS << 3 | length - 1, 0))
    constants = (
        with_first_lines(one) if isinstance(one, CodeType) else one for one in code.co_consts
    )
    return code.replace(co_linetable=bytes(entries), co_consts=tuple(constants))


def intern_characters() -> None:
    """Intern every string of one character that Python keeps once for all.

    Marshalled bytecode says of each string whether it is interned. Of these it depends on what the
    process did before, such as reading the settings of a language: "{" was in one build, and not in
    another.
    """
    for number in range(256):
        sys.intern(chr(number))


intern_characters()


class NuitkaPluginModules(NuitkaPluginBase):  # type: ignore[misc]  # Nuitka has no types
    """Includes the listed modules only; compiles those of the listed packages only."""

    plugin_name = "listed-modules"

    def __init__(self) -> None:
        settings = json.loads(Path(os.environ[SETTINGS_VARIABLE]).read_text())
        self._modules = frozenset(settings["modules"])
        self._compiled = frozenset(settings["compiled"])
        self._bytecode = frozenset(settings["bytecode"])

    @staticmethod
    def isAlwaysEnabled() -> bool:  # noqa: N802 - Nuitka's name, as below
        """Return that nothing more than naming the file enables the plugin."""
        return True

    def onCompilationStartChecks(self) -> None:  # noqa: N802
        """Let Nuitka put no module in that only it thinks of: encodings, the standard library.

        By itself it imports all encodings of Python to find out what those import. Ours has no
        modules in C for East Asia's.

        Raises
        ------
        AttributeError
            When Nuitka has renamed what this replaces, so that its lists would be as long as ever.
        """
        for name in ("_early_modules_names", "_stdlib_modules_names"):
            getattr(ImportDetection, name)
        first = [name for name in sorted(self._modules) if name.startswith("encodings.")]
        words = "".join(f"import {name};" for name in [*first, "inspect", "locale"])
        early = ImportDetection._detectImports(command=words)
        ImportDetection._early_modules_names = tuple(
            sorted(name for name in early if str(name) in self._modules)
        )
        ImportDetection._stdlib_modules_names = ()

    def onModuleEncounter(  # noqa: N802
        self, using_module_name: Any, module_name: Any, module_filename: Any, module_kind: Any
    ) -> tuple[bool, str] | None:
        """Return None, no objection, or that the module stays out."""
        del using_module_name, module_filename, module_kind
        return None if str(module_name) in self._modules else (False, "never imported")

    def onFrozenModuleBytecode(  # noqa: N802
        self, module_name: Any, is_package: bool, bytecode: CodeType
    ) -> CodeType:
        """Return the code with one line number for each function, that of its beginning."""
        del module_name, is_package
        return with_first_lines(bytecode)

    def decideCompilation(self, module_name: Any) -> str:  # noqa: N802
        """Return ``compiled`` or ``bytecode``."""
        name = str(module_name)
        compiled = is_within(name, self._compiled) and not is_within(name, self._bytecode)
        return "compiled" if compiled else "bytecode"
