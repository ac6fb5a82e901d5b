"""What `doctor` tells of the Pythons of the system."""

from __future__ import annotations

from transcriber.choosing.device import Device, choose_device
from transcriber.choosing.engine import seek_gpu
from transcriber.choosing.other_python import Selection, find_candidates, select_for
from transcriber.doctor.finding import Finding, failed_finding
from transcriber.errors import UsageError
from transcriber.other_pythons.candidates import Candidate
from transcriber.other_pythons.places import Surroundings


def python_findings(backend: str, requested: str, named: str | None) -> list[Finding]:
    """Describe the Pythons with a PyTorch, and why each is or is not used.

    Parameters
    ----------
    backend : str
        ``auto``, ``own`` or ``system``.
    requested : str
        The device that is wanted.
    named : str or None
        The Python that the user has named.
    """
    try:
        selection, why = _select(backend, requested, named)
    except UsageError as error:
        missing = backend == "system"
        return [failed_finding("backend", error, required=missing)]
    chosen = selection.chosen
    used: str | None
    if chosen is not None:
        chosen.close()
        used, why = "system", f"PyTorch {chosen.torch} of {chosen.candidate.label} can be used"
    elif backend == "system":
        used, why = None, selection.nothing_usable().message
    else:
        used = "own"
    first = [
        Finding(name="backend", value=used, text=used or "none", missing=used is None),
        Finding(name="reason", value=why, text=why),
    ]
    return first + [_finding(candidate, selection) for candidate in selection.candidates]


def _select(backend: str, requested: str, named: str | None) -> tuple[Selection, str]:
    """Return what was looked at, and why the program's own PyTorch is used if it is."""
    if backend == "system":
        return select_for(requested, named=named), ""
    why = "asked for"
    if backend == "auto":
        device = choose_device(requested)
        selection = seek_gpu(device, requested, named=named)
        if selection is not None:
            return selection, "no other PyTorch can use the GPU, either"
        why = _why_own(device)
    return Selection(candidates=find_candidates(named, Surroundings.of_this_process())), why


def _why_own(device: Device) -> str:
    if device.kind != "cpu":
        return f"it can use {device.torch_name}"
    return f"no GPU is to be had with another ({device.reason})"


def _finding(candidate: Candidate, selection: Selection) -> Finding:
    torch, verdict = candidate.torch, selection.verdict(candidate)
    value = {
        "python": ".".join(map(str, candidate.interpreter.version)),
        "found by": candidate.interpreter.origin,
        "torch": torch.version if torch else "",
        "gpu": torch.gpu if torch else "",
        "verdict": verdict,
    }
    return Finding(name=candidate.label, value=value, text=f"{verdict}\n{candidate.description}")
