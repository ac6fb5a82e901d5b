"""What the wheel of PyTorch says about itself."""

from __future__ import annotations

from buildkit.wheel import Metadata

NAME = "torch"

BILL = "torch.cdx.json"
"""Name of the bill of materials in a wheel; ``.cdx.json`` is CycloneDX's own ending."""

GENERATOR = "torch-build"
"""What a wheel says it was made by."""

SUMMARY = (
    "A stripped CPU build of PyTorch that holds only what OpenAI's Whisper calls; "
    "not the official PyTorch"
)

_DESCRIPTION = """\
# Not the official PyTorch

This wheel was built from the source of PyTorch {upstream} and holds only the operators, data types
and Python modules that transcribing with OpenAI's Whisper calls. It is not made, checked or
endorsed by the PyTorch project.

It has the name `torch` so that programs which need Whisper import it without a change. It can
run Whisper on a CPU and little else: no training, no compiler, no GPU. Calling what was left out
raises an error that names it. For any other work, install the official package in its place.

`sboms/` beside this text lists every component, `licenses/` has their licences.
"""


def torch_metadata(version: str, licence: str) -> Metadata:
    """Return what the wheel says.

    Parameters
    ----------
    version : str
        Version with its local part: ``2.6.0+whisper.cpu``.
    licence : str
        SPDX expression of everything in the wheel.
    """
    return Metadata(
        name=NAME,
        version=version,
        licence=licence,
        summary=SUMMARY,
        requires=("numpy", "typing-extensions>=4.10.0"),
        description=_DESCRIPTION.format(upstream=version.partition("+")[0]),
        has="torch/__init__.py",
        bill=BILL,
        generator=GENERATOR,
    )
