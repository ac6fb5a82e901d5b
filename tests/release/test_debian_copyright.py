from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import InputError
from debian_samples import make_whole_program
from native_build.contents import BILL
from release.common.description import read_description
from release.debian.copyright import debian_licence, make_copyright


def make_text(program: Path) -> str:
    return make_copyright(program / "licences", program / BILL, read_description())


def stanzas(text: str) -> dict[str, str]:
    parts = text.split("\n\nFiles: ")
    return {part.splitlines()[0]: part for part in parts[1:]}


def test_has_a_paragraph_for_each_part(tmp_path: Path) -> None:
    found = stanzas(make_text(make_whole_program(tmp_path / "program")))
    assert set(found) == {"*", "zstd/*", "py/*"}
    assert "License: Expat\n MIT License\n .\n Copyright" in found["*"]
    assert "Copyright:\n Copyright (c) 2020 Meta\n" in found["zstd/*"]
    assert "License: BSD-3-Clause\n Copyright (c) 2020 Meta\n .\n Do  what" in found["zstd/*"]


def test_refers_to_texts_that_debian_has_but_keeps_what_is_beside_them(tmp_path: Path) -> None:
    part = stanzas(make_text(make_whole_program(tmp_path / "program")))["py/*"]
    assert "/usr/share/common-licenses/Apache-2.0" in part
    assert "Definitions" not in part
    assert part.count("Copyright 2017 Somebody Else") == 2


def test_a_text_that_debian_has_takes_nothing_of_the_next_with_it(tmp_path: Path) -> None:
    program = make_whole_program(tmp_path / "program")
    full = (
        "GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007\nEND OF TERMS AND CONDITIONS\n\n"
        "   How to Apply These Terms to Your New Programs\n\nSay so."
    )
    (program / "licences/zstd/GPL-3").write_text(full)
    (program / "licences/zstd/copyright").write_text("An exception.")
    part = stanzas(make_text(program))["zstd/*"]
    assert part.index("common-licenses/GPL-3") < part.index("\n An exception.")
    assert "Say so." not in part


def test_what_machines_read_has_no_empty_line_in_a_text(tmp_path: Path) -> None:
    program = make_whole_program(tmp_path / "program")
    (program / "licences/zstd/NOTICE").write_text("\n\nfirst\n \n\t\nlast\n\n")
    text = make_text(program)
    for paragraph in text.split("\n\n"):
        names = [line for line in paragraph.splitlines() if not line.startswith(" ")]
        assert all(": " in name or name.endswith(":") for name in names), paragraph
    assert " first\n .\n .\n last" in text


def test_a_part_that_no_bill_names_keeps_its_text(tmp_path: Path) -> None:
    program = make_whole_program(tmp_path / "program")
    (program / "licences/zstd").rename(program / "licences/other")
    assert "License: other-licence\n" in stanzas(make_text(program))["other/*"]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("MIT", "Expat"),
        ("MPL-2.0 AND MIT", "MPL-2.0 and Expat"),
        ("LGPL-2.1-or-later", "LGPL-2.1+"),
        ("blessing", "public-domain"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 with LLVM exception"),
    ],
)
def test_writes_licences_as_debian_does(expression: str, words: str) -> None:
    assert debian_licence(expression) == words


def test_says_that_the_bill_is_damaged(tmp_path: Path) -> None:
    program = make_whole_program(tmp_path / "program")
    (program / BILL).write_text("{")
    with pytest.raises(InputError, match="make appimages"):
        make_text(program)
