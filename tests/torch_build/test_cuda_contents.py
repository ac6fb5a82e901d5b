"""What is read of the kernels in an object."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from torch_build.cuda import contents
from torch_build.cuda.contents import Kernel, by_architecture, list_kernels, write_report
from torch_build.cuda.toolkit import Toolkit

# As cuobjdump -elf prints it, shortened.
PRINTED = """\

Fatbin elf code:
================
arch = sm_80
code version = [1,7]
host = linux
compile_size = 64bit

64bit elf: type=2, abi=7, sm=80, toolkit=124, flags = 0x500550
Sections:
Index Offset   Size ES Align        Type        Flags Link     Info Name
    1     40     9e  0  1            STRTAB       0    0        0 .shstrtab
    b    700    180  0 80          PROGBITS       6    3 10000008 .text._Z3addPfi
    c    900     80  0 80          PROGBITS       6    3 10000009 .text._Z5scaleIfEvPT_

.section .strtab

Fatbin elf code:
================
arch = sm_90a
code version = [1,7]
Sections:
    b    700   1000  0 80          PROGBITS       6    3 10000008 .text._Z3addPfi

Fatbin ptx code:
================
arch = sm_90
code version = [8,4]
"""

TOOLKIT = Toolkit(root=Path("cuda"), host_compiler=Path("g++"))


@pytest.fixture(autouse=True)
def cuobjdump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "capture", lambda command, environment: PRINTED)


def test_kernels_are_those_with_machine_code() -> None:
    assert list_kernels(Path("unit.o"), toolkit=TOOLKIT) == [
        Kernel(name="_Z3addPfi", architecture="80", size=0x180),
        Kernel(name="_Z5scaleIfEvPT_", architecture="80", size=0x80),
        Kernel(name="_Z3addPfi", architecture="90", size=0x1000),
    ]


def test_bytes_are_added_up_by_architecture() -> None:
    kernels = list_kernels(Path("unit.o"), toolkit=TOOLKIT)
    assert by_architecture(kernels) == {"80": 0x200, "90": 0x1000}
    assert by_architecture([]) == {}


def test_the_report_has_the_kernels_of_all_objects(tmp_path: Path) -> None:
    write_report([Path("one.o"), Path("other.o")], tmp_path / "report.json", toolkit=TOOLKIT)
    report = json.loads((tmp_path / "report.json").read_text())
    assert len(report["kernels"]) == 6
    assert report["bytes"] == {"80": 0x400, "90": 0x2000}
