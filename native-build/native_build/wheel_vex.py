"""The answers to advisories for those who take the stripped PyTorch's wheel alone."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

from buildkit.errors import RecipeError
from native_build.answers import Answer
from native_build.vex import ENDING, make_vex

_BILL = ".dist-info/sboms/torch.cdx.json"


def vex_path(wheel: Path, folder: Path) -> Path:
    """Return the place in `folder` of what belongs to `wheel`.

    Examples
    --------
    >>> vex_path(Path("torch-2.6.0-any.whl"), Path("dist")).name
    'torch-2.6.0-any.vex.cdx.json'
    """
    return folder / f"{wheel.name.removesuffix('.whl')}{ENDING}"


def wheel_vex(answers: Iterable[Answer], wheel: Path) -> bytes:
    """Return the VEX beside the bill of materials that lies in a wheel of PyTorch.

    Parameters
    ----------
    answers : iterable of Answer
        Those for the program that holds it; what is about the program's other parts is left out.
    wheel : Path
        The wheel.

    Raises
    ------
    RecipeError
        When the wheel has no bill of materials, or more than one.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(_BILL)]
        if len(names) != 1:
            raise RecipeError(
                f"{wheel.name} has {len(names)} bills of materials instead of one",
                "look at what torch-build writes into the wheel",
            )
        bill = archive.read(names[0])
    parts = {one["name"] for one in json.loads(bill)["components"]}
    return make_vex((one for one in answers if one.advisory.component in parts), bill)
