"""Where the two builds of PyTorch are installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from buildkit.errors import ToolError

CHECKOUT = Path(__file__).resolve().parents[3]

STOCK_VARIABLE = "TRANSCRIBER_STOCK_PYTHON"
"""Names an interpreter whose ``torch`` is the stock build."""

OURS_VARIABLE = "TRANSCRIBER_TESTED_PYTHON"
"""Names an interpreter whose ``torch`` is under test, where that is not the one that runs."""

STRIPPED_SUFFIX = "+whisper.cpu"
"""How the version of the stripped build ends."""

WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}
"""How threads wait for each other in the program: asleep instead of spinning."""

_IMPORT_SECONDS = 120


def stock_python(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the interpreter of the stock build.

    Raises
    ------
    ToolError
        When there is none.
    """
    named = environment.get(STOCK_VARIABLE)
    path = Path(named) if named else CHECKOUT / ".cache" / "stock" / "bin" / "python"
    if not path.is_file():
        raise ToolError(
            f"no interpreter with the stock build of PyTorch at {path}",
            f"run `make setup`, or name one in {STOCK_VARIABLE}",
        )
    return path


def our_python(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the interpreter of the build under test: that of the variable, or this one."""
    return Path(environment.get(OURS_VARIABLE) or sys.executable)


def child_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables of a child in either environment.

    Threads wait as the program makes them wait, and the modules of this package are found.
    """
    paths = f"{CHECKOUT / 'torch-build'}:{CHECKOUT}"
    return {**environment, **WAITING, "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"}


def torch_version(python: Path) -> str:
    """Return the version of PyTorch that an interpreter imports, empty where it has none."""
    done = subprocess.run(
        [python, "-c", "import torch; print(torch.__version__)"],
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=_IMPORT_SECONDS,
        check=False,
    )
    return done.stdout.strip()
