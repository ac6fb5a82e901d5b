"""The size report: its parts add up, and it says what the linker did."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from buildkit.archive import write_zip
from buildkit.errors import BuildError, InputError
from buildkit.linker_map import LinkerMap, parse_map
from torch_build.size_components import Rule
from torch_build.size_report import measure, write_size_report
from torch_build.size_tables import Size, SizeReport, render

COMPILER = shutil.which("clang++-19") or shutil.which("clang++")
LINKER = shutil.which("ld.lld-19") or shutil.which("ld.lld")
needs_linker = pytest.mark.skipif(
    not (COMPILER and LINKER), reason="no clang++ and ld.lld on this machine"
)

RULES = (
    Rule(component="kernels, AVX2", pattern=r"avx2"),
    Rule(component="core", pattern=r"^core/"),
)
EXTENSION = "torch/_C.cpython-311-x86_64-linux-gnu.so"
CORE = """
namespace ns {
int table[1000] = {1};
int zeros[5000];
__attribute__((noinline)) int twice(int x) { return table[x] + zeros[x]; }
__attribute__((noinline)) int same(int x) { return table[x] + zeros[x]; }
}
extern "C" const char *entry(int x) { return "a string" + ns::twice(x) + ns::same(x + 1); }
extern "C" int unused(int x) { return x; }
"""
KERNEL = 'extern "C" int kernel(int x) { return x * 3; }'


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    """A stripped shared library and the linker's map."""
    folder = tmp_path_factory.mktemp("linked")
    assert COMPILER and LINKER
    objects = []
    for name, source in {"core": CORE, "kernel.AVX2": KERNEL}.items():
        target = folder / "CMakeFiles/core.dir" / f"{name}.cpp.o"
        target.parent.mkdir(parents=True, exist_ok=True)
        objects.append(str(target.relative_to(folder)))
        flags = ["-O1", "-fPIC", "-ffunction-sections", "-fdata-sections", "-x", "c++", "-"]
        subprocess.run(
            [COMPILER, *flags, "-c", "-o", str(target)], input=source, text=True, check=True
        )
    options = ["-shared", "--gc-sections", "--icf=all", "--strip-all", "-Map=map", "-o", "lib.so"]
    roots = ["--version-script=exports", *objects]
    (folder / "exports").write_text("{ global: entry; kernel; local: *; };")
    subprocess.run([LINKER, *options, *roots], cwd=folder, check=True)
    return (folder / "lib.so").read_bytes(), (folder / "map").read_text()


def report_of(library: bytes, text: str) -> SizeReport:
    members = {
        EXTENSION: library,
        "torch/__init__.py": b"import os\n",
        "torch/lib/libomp.so.5": b"x",
    }
    return measure(members, parse_map(text.splitlines()), 10, rules=RULES)


@needs_linker
def test_every_table_adds_up(linked: tuple[bytes, str]) -> None:
    report = report_of(*linked)
    assert sum(size.bytes for size in report.files) == report.unpacked
    assert sum(size.bytes for size in report.components) == report.unpacked
    assert sum(size.bytes for size in report.sections) == len(linked[0])
    assert sum(size.bytes for size in report.objects) == len(linked[0])
    assert report.unpacked == len(linked[0]) + 11
    assert 0 < report.packed < report.unpacked


@needs_linker
def test_bytes_go_to_the_object_that_brought_them(linked: tuple[bytes, str]) -> None:
    report = report_of(*linked)
    objects = {size.name: size.bytes for size in report.objects}
    # The table of a thousand numbers is in the file, the five thousand zeros are not.
    assert 4000 < objects["core/core.cpp.o"] < 8000
    assert 0 < objects["core/kernel.AVX2.cpp.o"] < 200
    assert report.memory_only >= 20_000
    components = {size.name: size.bytes for size in report.components}
    assert components["core"] == objects["core/core.cpp.o"]
    assert components["kernels, AVX2"] == objects["core/kernel.AVX2.cpp.o"]
    assert components["merged constants"] >= len("a string")
    assert (components["Python files"], components["OpenMP runtime"]) == (10, 1)
    table = next(size for size in report.components if size.name == "core")
    # A table of zeros packs well: the bytes compressed are those of this object.
    assert table.packed is not None
    assert table.packed < 1000


@needs_linker
def test_symbols_are_the_largest_of_the_file(linked: tuple[bytes, str]) -> None:
    names = [size.name for size in report_of(*linked).symbols]
    assert names[0] == "ns::table"
    assert "ns::zeros" not in names
    assert not any("unused" in name for name in names)
    assert "ns::same(int) (and 1 more names)" in names


@needs_linker
def test_the_map_of_another_link_is_noticed(linked: tuple[bytes, str]) -> None:
    library, text = linked
    lines = text.splitlines()
    index = next(i for i, line in enumerate(lines) if "(.text.kernel)" in line)
    address, load, _, *rest = lines[index].split()
    lines[index] = f"{address:>16} {load:>16} {'ffffff':>8} {rest[0]:>5} {'':8}{rest[1]}"
    with pytest.raises(BuildError, match="not that of the library"):
        report_of(library, "\n".join(lines))


@needs_linker
def test_the_report_is_written_twice_the_same_and_names_no_folder(
    linked: tuple[bytes, str], tmp_path: Path
) -> None:
    library, text = linked
    folder = tmp_path / "checkout"
    wheel = tmp_path / "torch-2.6.0-cp311-cp311-linux_x86_64.whl"
    write_zip(wheel, {EXTENSION: library})
    texts = []
    for number in (1, 2):
        root = folder.with_name(f"checkout{number}")
        (tmp_path / "map").write_text(text.replace(".dir/", f".dir{root}/"))
        output = tmp_path / str(number)
        write_size_report(wheel, tmp_path / "map", output, roots=[root], rules=RULES)
        texts.append([(output / f"size-report.{end}").read_text() for end in ("json", "md")])
    assert texts[0] == texts[1]
    content = json.loads(texts[0][0])
    assert content["wheel"] == wheel.stat().st_size
    assert content["files"][0]["name"] == EXTENSION
    assert str(tmp_path) not in "".join(texts[0])
    assert "| `ns::table` |" in texts[0][1]


def test_a_wheel_without_its_extension_module_is_reported() -> None:
    with pytest.raises(BuildError, match="0 extension modules"):
        measure({"torch/__init__.py": b""}, LinkerMap(inputs=(), symbols=()), 1)


def test_a_missing_map_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the linker's map"):
        write_size_report(tmp_path / "wheel", tmp_path / "map", tmp_path)


def test_the_text_shows_tables_with_and_without_packed_bytes() -> None:
    report = SizeReport(
        wheel=1234,
        unpacked=5,
        packed=4,
        files=(Size(name="torch/a|b.py", bytes=5, packed=64),),
        components=(Size(name="padding", bytes=5), Size(name="core", bytes=3, packed=60)),
        sections=(),
        objects=tuple(Size(name=f"{number}.o", bytes=1) for number in range(103)),
        memory_only=0,
        symbols=(),
    )
    text = render(report, "w.whl")
    assert "- the wheel: 1,234\n" in text
    assert "| 5 | 64 | `torch/a\\|b.py` |" in text
    assert "| 5 | | `padding` |" in text
    assert "| 1 | `99.o` |" in text
    assert "`100.o`" not in text
    assert "3 object files more bring 3 bytes" in text
