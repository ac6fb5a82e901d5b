"""What ``doctor`` tells about the engine: what the processor computes in, and why."""

from __future__ import annotations

import os

from transcriber.doctor.finding import Finding, look_up
from transcriber.engine.fused.forms import in_words, resolve
from transcriber.machine.memory import general_error, libraries_fit
from transcriber.machine.packages import package_version
from transcriber.machine.shared_memory import check_shared_memory
from transcriber.settings import CAPABILITY_VARIABLE

OWN_VERSION = "+whisper"
"""What the version of our PyTorch has in it."""


def engine_findings(compute_type: str) -> list[Finding]:
    """Describe what the processor computes in.

    Parameters
    ----------
    compute_type : str
        What the user asks for, which may be ``auto``.
    """
    # Only ours is loaded for this: another one could take seconds, or crash.
    if OWN_VERSION not in (package_version("torch", "torch") or ""):
        return [
            look_up("operators", lambda: "PyTorch's"),
            look_up("compute type", lambda: "float32"),
            look_up("reason", lambda: "only the program's own PyTorch has others"),
        ]
    check_shared_memory()
    if not libraries_fit():
        raise general_error()
    from transcriber import operators  # noqa: PLC0415  loads torch

    if not operators.available():
        return [look_up("operators", lambda: "PyTorch's")]
    capability = operators.capability()
    return [
        look_up("operators", lambda: "fused"),
        look_up("compute type", lambda: resolve(compute_type)),
        look_up("kernels", lambda: _with_wish(capability)),
        look_up("reason", lambda: in_words(compute_type, capability)),
    ]


def _with_wish(capability: str) -> str:
    wish = os.environ.get(CAPABILITY_VARIABLE)
    if not wish:
        return capability
    if wish == capability:
        return f"{capability}, to which {CAPABILITY_VARIABLE} holds them"
    return f"{capability}, since {CAPABILITY_VARIABLE}={wish} is not there"
