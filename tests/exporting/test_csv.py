"""CSV by RFC 4180."""

from __future__ import annotations

import csv
import io

import pytest

from exporting.samples import HOSTILE, said
from transcriber.exporting.document import clean
from transcriber.exporting.formats import export


def rows(content: bytes) -> list[list[str]]:
    return [*csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)]


def test_rows_and_times() -> None:
    transcript = said(" Hi, you.", ' Say "no".')
    transcript["segments"][1] |= {"start": 3661.0005, "end": 3662.12345}
    assert export(transcript, "csv", title="talk") == (
        b'start,end,text\r\n0.000,1.000,"Hi, you."\r\n3661.001,3662.123,"Say ""no""."\r\n'
    )


def test_every_text_comes_back() -> None:
    found = rows(export(said(*HOSTILE), "csv", title="talk"))
    assert {len(row) for row in found} == {3}
    texts = [row[2].removeprefix("'") for row in found[1:]]
    assert texts == [clean(text).strip() for text in HOSTILE]


@pytest.mark.parametrize("sign", "=+-@")
def test_no_spreadsheet_computes_a_text(sign: str) -> None:
    transcript = said(f" {sign}SUM(A1)", f" a{sign}b")
    transcript["segments"][1]["speaker"] = f"{sign}A"
    header, *found = rows(export(transcript, "csv", title="talk"))
    assert header == ["start", "end", "speaker", "text"]
    assert [row[2:] for row in found] == [["", f"'{sign}SUM(A1)"], [f"'{sign}A", f"a{sign}b"]]


def test_only_the_header_where_nothing_is_said() -> None:
    assert export(said(), "csv", title="talk") == b"start,end,text\r\n"
