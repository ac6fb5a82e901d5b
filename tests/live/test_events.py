from __future__ import annotations

import json

from transcriber.live.events import Event, Final, Heard, Partial, Slow


def test_what_programs_are_told() -> None:
    events: list[Event] = [
        Final(number=2, start=1.234, end=5.678, text="Ja.", language="de", segments=[]),
        Partial(start=1.234, text="J"),
        Heard(seconds=1.26, level=0.12345, behind=0.01),
        Slow(behind=6.66),
    ]
    assert [json.loads(json.dumps(event.told())) for event in events] == [
        {"event": "final", "id": 2, "start": 1.23, "end": 5.68, "text": "Ja.", "language": "de"},
        {"event": "partial", "start": 1.23, "text": "J"},
        {"event": "level", "level": 0.123, "seconds": 1.3, "behind": 0.0},
        {"event": "slow", "behind": 6.7},
    ]
