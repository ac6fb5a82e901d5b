"""The libraries under Python: what is in them, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import ToolError
from native_build.libraries import make, run_in
from native_parts import output_of, part, places_in


def test_a_recipe_that_fails_says_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no such option"):
        run_in(tmp_path, {}, "sh", "-c", "echo no such option; exit 1")


def test_a_recipe_runs_in_its_folder_with_its_environment(tmp_path: Path) -> None:
    run_in(tmp_path, {"WORD": "here"}, "sh", "-c", 'echo "$WORD" > made')
    assert (tmp_path / "made").read_text() == "here\n"


def test_make_is_asked_for_the_targets_and_gets_the_compiler_by_name(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("wanted:\n\techo $(CC) > $@\nother:\n\tfalse\n")
    make(tmp_path, {"CC": "other"}, "wanted")
    assert (tmp_path / "wanted").read_text() == "clang\n"


def test_a_machine_without_make_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="cannot start make"):
        make(tmp_path, {})


@pytest.fixture(scope="module")
def archives() -> dict[str, Path]:
    folder = part("python") / "libraries/lib"
    return {path.stem.removeprefix("lib"): path for path in folder.glob("*.a")}


def _names(archive: Path, *options: str) -> set[str]:
    return set(output_of("nm", "--no-sort", "--format=just-symbols", *options, archive).split())


@pytest.mark.slow
def test_the_archives_are_these(archives: dict[str, Path]) -> None:
    assert set(archives) == {"z", "ffi", "ssl", "crypto", "sqlite3"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("archive", "name"),
    [
        ("z", "inflate"),
        ("ffi", "ffi_prep_closure_loc"),
        # Calls back into Python without memory that is both written to and executed.
        ("ffi", "ffi_tramp_alloc"),
        ("ssl", "TLS_client_method"),
        ("crypto", "EVP_sha256"),
    ],
)
def test_what_the_program_uses_is_there(archives: dict[str, Path], archive: str, name: str) -> None:
    assert name in _names(archives[archive], "--defined-only")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["DES_encrypt1", "BF_encrypt", "SSL_CTX_set_srp_username", "ENGINE_init", "Camellia_encrypt"],
)
def test_what_no_server_of_today_speaks_is_not(archives: dict[str, Path], name: str) -> None:
    assert not any(name in _names(archives[one], "--defined-only") for one in ("ssl", "crypto"))


@pytest.mark.slow
def test_each_function_can_be_left_out_by_itself(archives: dict[str, Path]) -> None:
    for archive in archives.values():
        assert output_of("objdump", "-h", archive).count(" .text.") > 20, archive.name


@pytest.mark.slow
def test_no_folder_of_this_machine_is_in_an_archive(archives: dict[str, Path]) -> None:
    assert places_in({name: path.read_bytes() for name, path in archives.items()}) == []
