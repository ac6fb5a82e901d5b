"""PyTorch for the program: ours in ``.venv``, and stock's in an environment beside it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
import sysconfig
from pathlib import Path

from buildkit.commands import HOUR, Command, run, run_quietly, say
from buildkit.errors import SourceError, ToolError
from buildkit.files import atomic_writer
from buildkit.places import CHECKOUT
from scripts.environment import INSTALL, PIP, check, only_one, provide_environment, read_stamp
from scripts.layout import DISTRIBUTION, ENVIRONMENT, PYTHON, RECIPE, STOCK, STOCK_PYTHON

STOCK_REQUIREMENTS = CHECKOUT / "requirements" / "stock.txt"
STRIPPED_STAMP = ENVIRONMENT / "torch.json"
"""Digest of the wheel that ``.venv`` has."""
STOCK_STAMP = STOCK / "set-up.json"


def provide_stripped_torch() -> Path:
    """See to it that ``.venv`` is whole and has our PyTorch.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    BuildError
        When the environment cannot be made.
    ToolError
        When PyTorch cannot be built; what went wrong was printed.
    """
    provide_environment()
    with only_one():
        wheel = _build()
        digest = {"wheel": hashlib.sha256(wheel.read_bytes()).hexdigest()}
        if read_stamp(STRIPPED_STAMP) != digest:
            STRIPPED_STAMP.unlink(missing_ok=True)
            say(f"installing {wheel.name}")
            code = run([*PIP, "install", "--quiet", "--no-deps", "--force-reinstall", wheel])
            check(code, wheel.name)
            _write_stamp(STRIPPED_STAMP, digest)
    return wheel


def build_cuda_addon() -> None:
    """See to it that the CUDA add-on is built, in ``build/torch-cuda/addon``.

    It needs no GPU. The list of what the add-on needs of PyTorch is written anew with it, and
    where that changes, the wheel has to be built again.

    Raises
    ------
    BuildError
        When the environment cannot be made.
    ToolError
        When it cannot be built; what went wrong was printed.
    """
    provide_environment()
    with only_one():
        code = _run_recipe("torch_build.cuda")
    if code:
        raise ToolError(
            "the CUDA add-on could not be built, the reason is above",
            "mend that, then give the same command again: it goes on where it stopped",
        )


def _run_recipe(module: str) -> int:
    """Run a module of the recipe, which prints what it does; return its exit code."""
    paths = os.pathsep.join((str(RECIPE), str(CHECKOUT)))
    return run(["env", f"PYTHONPATH={paths}", PYTHON, "-m", module], limit=4 * HOUR)


def _build() -> Path:
    code = _run_recipe("torch_build")
    wheels = sorted(DISTRIBUTION.glob("torch-*.whl"))
    if code or len(wheels) != 1:
        raise ToolError(
            "PyTorch could not be built, the reason is above",
            "mend that, then give the same command again: it goes on where it stopped",
        )
    return wheels[0]


def provide_stock_torch(page: str) -> None:
    """See to it that there is an environment like ``.venv`` with stock PyTorch.

    It has PyTorch alone and takes everything else from ``.venv``, so that the two differ in
    PyTorch only.

    Parameters
    ----------
    page : str
        A page that links to PyTorch's CPU wheels, for machines whose own pip configuration
        knows no place that has the pinned one.

    Raises
    ------
    ToolError
        When Python cannot make the environment.
    SourceError
        When pip cannot install PyTorch.
    """
    provide_environment()
    packages = sysconfig.get_path("purelib", vars={"base": str(ENVIRONMENT)})
    wanted = {
        "requirement": hashlib.sha256(STOCK_REQUIREMENTS.read_bytes()).hexdigest(),
        "packages": packages,
        "python": f"{platform.python_version()} {sys.base_prefix}",
    }
    with only_one():
        if read_stamp(STOCK_STAMP) == wanted and STOCK_PYTHON.exists():
            return
        say("making an environment with stock PyTorch")
        shutil.rmtree(STOCK, ignore_errors=True)
        code, output = run_quietly([PYTHON, "-m", "venv", "--without-pip", STOCK])
        if code:
            raise ToolError(f"cannot make {STOCK}: {output.strip()[-200:]}")
        _install_stock_torch(page)
        own = Path(sysconfig.get_path("purelib", vars={"base": str(STOCK)}))
        # After its own packages, and with what .venv's own files of this kind name.
        (own / "program.pth").write_text(f"import site; site.addsitedir({packages!r})\n")
        _write_stamp(STOCK_STAMP, wanted)


def _install_stock_torch(page: str) -> None:
    """Install the CPU wheel from where pip's configuration has it, else from `page`.

    The index is left out both times. Most indexes have the CUDA build only, under another
    hash, and pip compares hashes after the download.
    """
    say("installing stock torch, the CPU build")
    pip: Command = [PYTHON, "-m", "pip", "--python", STOCK_PYTHON, *INSTALL[3:]]
    install: Command = [*pip, "--no-index", "-r", STOCK_REQUIREMENTS]
    code, _ = run_quietly(install)
    if code:
        say(f"downloading it from {page}")
        if run([*install, "--find-links", page]):
            raise SourceError(
                f"the pinned CPU build of torch is neither where pip looks nor at {page}",
                "connect to the network, or name a folder with the wheel in PIP_FIND_LINKS",
            )


def _write_stamp(path: Path, content: dict[str, str]) -> None:
    with atomic_writer(path) as stream:
        stream.write(json.dumps(content, indent=1).encode() + b"\n")
