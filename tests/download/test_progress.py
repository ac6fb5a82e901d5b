"""A log gets a line for each tenth."""

from __future__ import annotations

import io

from transcriber.download.progress import LineReport, megabytes


def test_a_line_for_each_tenth() -> None:
    stream = io.StringIO()
    report = LineReport(stream)
    for done in range(0, 1001, 7):
        report.download("base", done * 1000, 1_000_000)
    report.download("base", 1_000_000, 1_000_000)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "base:   0 %, 0.0 MB of 1.0 MB"
    assert lines[-1] == "base: 100 %, 1.0 MB of 1.0 MB"


def test_a_download_that_starts_over_and_the_next_model_are_told() -> None:
    stream = io.StringIO()
    report = LineReport(stream)
    for name, done in (("base", 50), ("base", 0), ("base", 50), ("tiny", 50)):
        report.download(name, done, 100)
    report.note("something")
    assert len(stream.getvalue().splitlines()) == 5


def test_megabytes() -> None:
    assert megabytes(145262807) == "145.3 MB"
