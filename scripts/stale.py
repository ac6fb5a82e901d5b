"""What a look at a pin finds, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum


class State(Enum):
    """How a pin is: `HELD` is one that is behind for a reason."""

    CURRENT = "current"
    HELD = "held"
    BEHIND = "behind"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found about a pin.

    Attributes
    ----------
    what : str
        Its name.
    state : State
        How it is.
    text : str
        What there is to say, behind its name.
    newest : str
        The newest version, where that can be held off.
    """

    what: str
    state: State
    text: str
    newest: str = ""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A reason not to follow a package.

    Attributes
    ----------
    until : str
        The newest version that was looked at: one that is newer is behind again.
    reason : str
        Why.
    """

    until: str
    reason: str


def with_held(findings: Iterable[Finding], held: Mapping[str, Held]) -> list[Finding]:
    """Return `findings` with those marked as held that nobody needs to look at again."""
    told = []
    for finding in findings:
        holding = held.get(finding.what)
        if finding.state is State.BEHIND and holding and holding.until == finding.newest:
            text = f"{finding.text}, held: {holding.reason}"
            told.append(replace(finding, state=State.HELD, text=text))
        else:
            told.append(finding)
    return told


def report(findings: Iterable[Finding]) -> str:
    """Return a line for each finding that is not current, the worst last, and one that counts."""
    listed = list(findings)
    order = list(State)
    lines = [
        f"{one.state.value:8}{one.what} {one.text}\n"
        for one in sorted(listed, key=lambda one: order.index(one.state))
        if one.state is not State.CURRENT
    ]
    counts = (f"{sum(one.state is state for one in listed)} {state.value}" for state in State)
    return f"{''.join(lines)}{len(listed)} pins: {', '.join(counts)}\n"


def is_stale(findings: Iterable[Finding]) -> bool:
    """Tell whether somebody has to look at any of `findings`."""
    return any(one.state in {State.BEHIND, State.UNKNOWN} for one in findings)
