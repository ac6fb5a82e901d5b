from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from advisory_samples import FACTS, advisory
from buildkit.errors import InputError, RecipeError, ToolError
from native_build.advisories import Advisory
from native_build.build_facts import disabled_modules
from native_build.evidence import (
    BuildFacts,
    called_symbols,
    defined_symbols,
    lines_of,
    operator_names,
    prove,
    words_of,
)
from native_build.ffmpeg import CONFIGURED, OBJECTS, write_lists
from torch_build.recipe import EDITS

NM = Path(shutil.which("nm") or "nm")


def absent(**kind: tuple[str, ...]) -> Advisory:
    return advisory(state="code_not_present", component="openssl", **kind)


HOLDING: list[tuple[Advisory, str]] = [
    (advisory(), "Mended in 3.5.7; this is 3.5.7."),
    (advisory(release="3.5.1"), "Mended in 3.5.1"),
    (advisory(patches=("mends-it.patch",)), "Mended by Debian's mends-it.patch."),
    (advisory(id="CVE-2026-0003", component="ffmpeg", edit=True), "Mended by an edit"),
    (absent(modules=("tarfile", "html.*")), "No module in the program has the name tarfile or"),
    (absent(symbols=("ossl_quic_port*",)), "No function in its libraries"),
    (absent(objects=("libavcodec/rasc.o",)), "No file among those"),
    (absent(configured=("VOBSUB_DEMUXER",)), "No part of its configuration"),
    (absent(operators=("aten::lstm_cell",)), "No operator of the stripped PyTorch"),
    (absent(calls=("DTLS_*",)), "No function that is called"),
    (advisory(state="code_not_reachable"), ""),
    (advisory(state="exploitable", severity="low"), ""),
]


@pytest.mark.parametrize(("one", "proof"), HOLDING)
def test_what_holds_is_told(one: Advisory, proof: str) -> None:
    assert prove(one, FACTS).startswith(proof)


BROKEN: list[tuple[Advisory, str]] = [
    (advisory(release="3.5.9"), "mended in 3.5.9, and 3.5.7 is pinned"),
    (advisory(release="3.10"), "mended in 3.10"),
    (advisory(patches=("other.patch",)), "the patch other.patch is not applied"),
    (advisory(component="ffmpeg", edit=True), "no edit of ffmpeg begins"),
    (absent(modules=("zip*",)), "zipfile is there, a module"),
    (absent(symbols=("ossl_quic_*",)), "ossl_quic_tls_new is there, a function"),
    (absent(objects=("libavcodec/c*.o",)), "libavcodec/cook.o is there"),
    (absent(configured=("COOK_DECODER",)), "COOK_DECODER is there"),
    (absent(operators=("aten::add",)), "aten::add is there"),
    (absent(calls=("TLS_*",)), "TLS_client_method is there"),
]


@pytest.mark.parametrize(("one", "message"), BROKEN)
def test_what_does_not_hold_stops_the_build(one: Advisory, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        prove(one, FACTS)
    assert one.id in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["modules", "symbols", "objects", "operators", "calls"])
def test_nothing_is_absent_where_nothing_is_known(kind: str) -> None:
    unknown: dict[str, Any] = {"versions": FACTS.versions}
    with pytest.raises(RecipeError, match=f"nothing is known of its {kind}"):
        prove(absent(**{kind: ("anything",)}), BuildFacts(**unknown))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    source = tmp_path / "a.c"
    source.write_text("int inflate(void);\nint kept;\nint ours(void) { return inflate(); }\n")
    compiler = shutil.which("cc") or shutil.which("clang") or "gcc"
    subprocess.run([compiler, "-c", source, "-o", tmp_path / "a.o"], check=True)
    made = tmp_path / "liba.a"
    subprocess.run(["ar", "rcs", made, tmp_path / "a.o"], check=True)
    return made


def test_symbols_of_a_real_archive(archive: Path) -> None:
    assert defined_symbols(NM, [archive]) == {"kept", "ours"}


def test_calls_of_a_real_archive(archive: Path) -> None:
    found = called_symbols(NM, [archive])
    assert "inflate" in found
    assert found.isdisjoint({"ours", "kept"})


def test_calls_of_sources(tmp_path: Path) -> None:
    source = tmp_path / "b.c"
    source.write_text("void b(void) { mount(1); }\n")
    assert {"b", "mount"} <= words_of([source])


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "lib.a"
    broken.write_text("text")
    with pytest.raises(ToolError):
        defined_symbols(NM, [broken])


def test_ffmpeg_tells_of_what_it_is_made(tmp_path: Path) -> None:
    objects, output = tmp_path / "objects", tmp_path / "program"
    for folder in (objects / "libavcodec", output, tmp_path / "source"):
        folder.mkdir(parents=True)
    (objects / "source").symlink_to(tmp_path / "source")
    for made in (objects / "libavcodec/cook.o", tmp_path / "source/other.o"):
        made.touch()
    (objects / "config.h").write_text("#define CONFIG_SMALL 1\n#define HAVE_MMX 1\n")
    (objects / "config_components.h").write_text(
        "#define CONFIG_COOK_DECODER 1\n#define CONFIG_RASC_DECODER 0\n"
    )
    write_lists(objects, output)
    assert lines_of(output / OBJECTS) == {"libavcodec/cook.o"}
    assert lines_of(output / CONFIGURED) == {"COOK_DECODER", "SMALL"}


def test_a_list_that_the_part_lacks(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"objects.txt: No such file .* build the part again"):
        lines_of(tmp_path / "objects.txt")


def test_the_operators_are_those_of_the_build() -> None:
    found = operator_names(EDITS.with_name("operators.yaml"))
    assert {"aten::add", "aten::_softmax"} <= found
    assert not any("." in name for name in found)


def test_modules_in_c_that_are_left_out() -> None:
    found = disabled_modules()
    assert {"_bz2", "_lzma", "_asyncio"} <= found
    assert found.isdisjoint({"zlib", "_ssl", "*disabled*"})
