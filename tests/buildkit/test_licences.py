"""Licence texts: all there, and those of the licences that are stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.components import Component
from buildkit.errors import BuildError, InputError
from buildkit.licences import PHRASES, RUNTIME_PLACES, Texts, collect_licences, identifiers
from torch_build.components import PLACES

MIT = "Permission is hereby granted, free of charge, to any\nperson obtaining a copy of this ...\n"
BSD = "Redistributions of source code must retain\n# Neither the name of the ...\n"


def component(name: str, licence: str) -> Component:
    return Component(name=name, version="1", licence=licence, purpose="", supplier="")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for name, content in {
        "fmtlib/LICENSE.rst": MIT,
        "fmtlib/LICENSES/ignored": "a folder of a usual name",
        "pytorch/LICENSE": BSD,
        "pytorch/NOTICE": "Caffe2",
        "pytorch/README.md": "not a licence",
        "pocketfft/include/pocketfft_hdronly.h": f"/*\n{BSD}*/\n\n#ifndef GUARD\nint code;\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def test_texts_go_to_a_folder_for_each_component(sources: Path, tmp_path: Path) -> None:
    output = tmp_path / "licences"
    (output / "removed").mkdir(parents=True)
    written = collect_licences(
        (component("pytorch", "BSD-3-Clause"), component("fmtlib", "MIT")),
        output,
        sources=sources,
        system=tmp_path,
    )
    names = [path.relative_to(output).as_posix() for path in written]
    assert names == ["fmtlib/LICENSE.rst", "pytorch/LICENSE", "pytorch/NOTICE"]
    assert (output / "fmtlib/LICENSE.rst").read_text() == MIT
    assert not (output / "removed").exists()


def test_the_text_of_a_header_is_its_first_comment(sources: Path, tmp_path: Path) -> None:
    (written,) = collect_licences(
        (component("pocketfft", "BSD-3-Clause"),),
        tmp_path / "licences",
        sources=sources,
        system=tmp_path,
        places=PLACES,
    )
    assert written.name == "pocketfft_hdronly.h.txt"
    assert written.read_text() == BSD


def test_texts_of_the_runtime_libraries_come_from_the_sysroot(
    sources: Path, tmp_path: Path
) -> None:
    system = tmp_path / "system"
    for pattern, text in zip(
        RUNTIME_PLACES["libomp"].patterns,
        ("---- LLVM Exceptions to the Apache 2.0 License ----", "Apache License\n  Version 2.0,"),
        strict=True,
    ):
        (system / pattern).parent.mkdir(parents=True)
        (system / pattern).write_text(text)
    licensed = component("libomp", "Apache-2.0 WITH LLVM-exception")
    written = collect_licences((licensed,), tmp_path / "licences", sources=sources, system=system)
    assert [path.name for path in written] == ["Apache-2.0", "copyright"]
    (system / "usr/share/common-licenses/Apache-2.0").unlink()
    with pytest.raises(InputError, match=r"libomp is missing.*Apache-2\.0"):
        collect_licences((licensed,), tmp_path / "licences", sources=sources, system=system)


@pytest.mark.parametrize(
    ("name", "licence", "message"),
    [
        ("sleef", "BSL-1.0", "licence text of sleef is missing"),
        ("fmtlib", "BSD-3-Clause", r"LICENSE\.rst of fmtlib .* is not the text of BSD-3-Clause"),
        ("fmtlib", "MIT AND Unheard-Of", "Unheard-Of of fmtlib is not known"),
    ],
)
def test_a_missing_or_wrong_text_stops_and_removes_nothing(
    sources: Path, tmp_path: Path, name: str, licence: str, message: str
) -> None:
    output = tmp_path / "licences"
    output.mkdir()
    (output / "kept").write_text("")
    with pytest.raises(BuildError, match=message):
        collect_licences((component(name, licence),), output, sources=sources, system=tmp_path)
    assert (output / "kept").exists()


def test_two_texts_of_one_name_are_not_mixed_up(sources: Path, tmp_path: Path) -> None:
    (sources / "pytorch/part").mkdir()
    (sources / "pytorch/part/LICENSE").write_text(BSD + "else")
    places = {"both": Texts(source="pytorch", patterns=("LICENSE", "part/LICENSE"))}
    with pytest.raises(BuildError, match="two different licence texts named LICENSE"):
        collect_licences(
            (component("both", "BSD-3-Clause"),),
            tmp_path / "licences",
            sources=sources,
            system=tmp_path,
            places=places,
        )


def test_identifiers_are_told_from_operators() -> None:
    expression = "(GPL-3.0-or-later WITH GCC-exception-3.1 OR MIT) AND BSL-1.0"
    assert identifiers(expression) == ["GPL-3.0-or-later", "GCC-exception-3.1", "MIT", "BSL-1.0"]
    assert set(identifiers(expression)) <= PHRASES.keys()
