"""The wheel of the CUDA add-on, for those who install our PyTorch as a wheel."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from buildkit.components import licence_expression
from buildkit.wheel import Metadata, make_wheel
from native_build.addon_parts import INSIDE, AddonParts, addon_components
from torch_build.metadata import BILL, GENERATOR

NAME = "torch-whisper-cuda"

_SUMMARY = "The CUDA kernels that OpenAI's Whisper calls, for the stripped PyTorch of this project"

_DESCRIPTION = """\
# An add-on for a stripped PyTorch

One shared object, which is put into the folder of the package `torch` of version {torch} and has
it compute on NVIDIA GPUs what transcribing with OpenAI's Whisper calls. It is of no use to the
official PyTorch, and not made, checked or endorsed by the PyTorch project or NVIDIA.

`sboms/` beside this text lists every component, `licenses/` has their licences.
"""


def make_addon_wheel(parts: AddonParts, torch: str, output: Path) -> Path:
    """Make the wheel, which puts the shared object beside our PyTorch.

    Parameters
    ----------
    parts : AddonParts
        From `read_parts`.
    torch : str
        The version of that PyTorch; no other one can load it.
    output : Path
        The folder for the wheel.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    BuildError
        When a part is missing or cannot be read.
    StorageError
        When the wheel cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="addon-wheel-") as temporary:
        stage = Path(temporary)
        (stage / INSIDE).parent.mkdir(parents=True)
        shutil.copyfile(parts.library, stage / INSIDE)
        metadata = Metadata(
            name=NAME,
            version=f"{torch.partition('+')[0]}+whisper",
            licence=licence_expression(addon_components(parts)),
            requires=(f"torch=={torch}",),
            summary=_SUMMARY,
            description=_DESCRIPTION.format(torch=torch),
            has=INSIDE,
            bill=BILL,
            generator=GENERATOR,
        )
        return make_wheel(
            stage, output, metadata=metadata, licences=parts.licences, sbom=parts.bill
        )
