"""PyTorch for the program: ours in ``.venv``, and stock's in an environment beside it."""

from __future__ import annotations

import platform
import sys
import sysconfig
from pathlib import Path

from buildkit.commands import Command, run, run_quietly, say
from buildkit.errors import SourceError, ToolError
from buildkit.places import CHECKOUT
from scripts.environment import (
    PIP,
    check,
    digest,
    make_beside,
    only_one,
    provide_environment,
    read_stamp,
    run_module,
    write_stamp,
)
from scripts.layout import DISTRIBUTION, ENVIRONMENT, STOCK, STOCK_PYTHON

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
        made = {"wheel": digest([wheel])}
        if read_stamp(STRIPPED_STAMP) != made:
            STRIPPED_STAMP.unlink(missing_ok=True)
            say(f"installing {wheel.name}")
            code = run([*PIP, "install", "--quiet", "--no-deps", "--force-reinstall", wheel])
            check(code, wheel.name)
            write_stamp(STRIPPED_STAMP, made)
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
        if run_module("torch_build.cuda"):
            raise not_built("the CUDA add-on")


def not_built(what: str) -> ToolError:
    """Return the error of a recipe that failed, and said why."""
    return ToolError(
        f"{what} could not be built, the reason is above",
        "mend that, then give the same command again: it goes on where it stopped",
    )


def _build() -> Path:
    code = run_module("torch_build")
    wheels = sorted(DISTRIBUTION.glob("torch-*.whl"))
    if code or len(wheels) != 1:
        raise not_built("PyTorch")
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
        "requirement": digest([STOCK_REQUIREMENTS]),
        "packages": packages,
        "python": f"{platform.python_version()} {sys.base_prefix}",
    }
    with only_one():
        if read_stamp(STOCK_STAMP) == wanted and STOCK_PYTHON.exists():
            return
        say("making an environment with stock PyTorch")
        _install_stock_torch(make_beside(STOCK), page)
        own = Path(sysconfig.get_path("purelib", vars={"base": str(STOCK)}))
        # After its own packages, and with what .venv's own files of this kind name.
        (own / "program.pth").write_text(f"import site; site.addsitedir({packages!r})\n")
        write_stamp(STOCK_STAMP, wanted)


def _install_stock_torch(pip: Command, page: str) -> None:
    """Install the CPU wheel from where pip's configuration has it, else from `page`.

    The index is left out both times. Most indexes have the CUDA build only, under another
    hash, and pip compares hashes after the download.
    """
    say("installing stock torch, the CPU build")
    install: Command = [*pip, "--no-index", "-r", STOCK_REQUIREMENTS]
    code, _ = run_quietly(install)
    if code:
        say(f"downloading it from {page}")
        if run([*install, "--find-links", page]):
            raise SourceError(
                f"the pinned CPU build of torch is neither where pip looks nor at {page}",
                "connect to the network, or name a folder with the wheel in PIP_FIND_LINKS",
            )
