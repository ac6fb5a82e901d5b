"""Tell Nuitka which modules get into the program, and which of them become C.

Nuitka loads this file by its path and under another name: nothing of ours can be imported here.
By itself, Nuitka takes what any import statement could ever reach, in C, and a good part of the
standard library besides. The list that this file reads is what the program was seen to import.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from nuitka.freezer import ImportDetection
from nuitka.plugins.PluginBase import NuitkaPluginBase

SETTINGS_VARIABLE = "NATIVE_BUILD_MODULES"
"""Names the JSON file with ``modules`` and ``compiled``, as `freeze` writes it."""


class NuitkaPluginModules(NuitkaPluginBase):  # type: ignore[misc]  # Nuitka has no types
    """Includes the listed modules only; compiles those of the listed packages only."""

    plugin_name = "listed-modules"

    def __init__(self) -> None:
        settings = json.loads(Path(os.environ[SETTINGS_VARIABLE]).read_text())
        self._modules = frozenset(settings["modules"])
        self._compiled = frozenset(settings["compiled"])

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

    def decideCompilation(self, module_name: Any) -> str:  # noqa: N802
        """Return ``compiled`` or ``bytecode``."""
        package = str(module_name).partition(".")[0]
        return "compiled" if package in self._compiled else "bytecode"
