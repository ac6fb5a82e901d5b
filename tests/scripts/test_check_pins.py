"""What is behind: Debian's packages through the real apt, and packages of Python."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from debian_archive import DebianArchive, apt_for, patch_of, write_debian

from buildkit.errors import RecipeError
from buildkit.package_pins import Package, PackagePins, read_pins
from buildkit.places import CHECKOUT
from buildkit.sources import Archive, Patches, read_sources
from scripts import stale_python
from scripts.check_pins import (
    PACKAGE_LISTS,
    SOURCE_LISTS,
    python_pins,
    read_held,
    requirement_files,
)
from scripts.stale import Finding, Held, State, is_stale, report, with_held
from scripts.stale_debian import check_packages, check_sources, newest_of, with_security
from scripts.stale_python import PythonPin, check_python, newest_in, pins_in

needs_apt = pytest.mark.skipif(
    shutil.which("apt-get") is None, reason="this machine has no apt-get"
)

PINS = CHECKOUT / "pins.toml"


def archive(name: str, version: str, *, suite: str = "new", patched: bool = True) -> Archive:
    """Return a pin of a source with one patch that is applied and one that is not."""
    pin = Patches(
        version=version,
        file=f"{name}_{version}.debian.tar.xz",
        size=1,
        sha256="00",
        content_sha256="00",
        applied=("one.patch",),
        left_out={"a test": ("two.patch",)},
    )
    return Archive(
        name=name,
        version="1",
        supplier="nobody",
        licence="MIT",
        purpose="an example",
        ships=True,
        file=f"{name}_1.orig.tar.xz",
        size=1,
        sha256="00",
        upstream="",
        content_sha256="00",
        package=name,
        suites=(suite,),
        patches=pin if patched else None,
    )


def serve(debian: DebianArchive, suite: str, name: str, version: str, *patches: str) -> None:
    """Let an archive have a version of a source package."""
    file = f"{name}_{version}.debian.tar.xz"
    debian.root.mkdir(parents=True, exist_ok=True)
    path = debian.root.parent / file
    write_debian(path, {patch: patch_of("a", "b", "c") for patch in patches})
    files = {f"{name}_{version.partition('-')[0]}.orig.tar.xz": b"x", file: path.read_bytes()}
    debian.add_source(suite, name, version, files)


@pytest.fixture
def debian(tmp_path: Path) -> DebianArchive:
    return DebianArchive(tmp_path / "mirror/debian")


@pytest.fixture
def apt(debian: DebianArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return apt_for(debian.root, tmp_path / "apt", monkeypatch)


@needs_apt
def test_a_source_is_compared_with_its_suite_and_its_security_updates(
    debian: DebianArchive, apt: Path, tmp_path: Path
) -> None:
    for name in ("same", "mended", "moved"):
        serve(debian, "new", name, "1-1", "one.patch", "two.patch")
    serve(debian, "new", "moved", "2-1")
    # Another suite, which none of these follows.
    serve(debian, "newer", "same", "9-1")
    security = DebianArchive(tmp_path / "mirror/debian-security")
    serve(security, "new-security", "mended", "1-2", "one.patch", "two.patch", "CVE.patch")
    pins = [archive(name, "1-1") for name in ("same", "mended", "moved", "absent")]
    pins.append(archive("same", "9-1", suite="newer"))
    same, mended, moved, absent, newer = check_sources(pins, apt_sources=apt)
    assert (same.state, newer.state) == (State.CURRENT, State.CURRENT)
    assert mended.state is State.BEHIND
    assert mended.text == "is 1-1, the suite has 1-2; new patches: CVE.patch"
    assert (moved.state, moved.text) == (State.BEHIND, "is 1-1, the suite has 2-1")
    assert absent.state is State.UNKNOWN


@needs_apt
def test_a_revision_without_a_new_patch_or_that_is_gone_says_so(
    debian: DebianArchive, apt: Path
) -> None:
    for name in ("plain", "gone", "bare"):
        serve(debian, "new", name, "1-1", "one.patch")
        serve(debian, "new", name, "1-2", "one.patch")
    (debian.root / "pool/gone/gone_1-2.debian.tar.xz").unlink()
    pins = [archive("plain", "1-1"), archive("gone", "1-1"), archive("bare", "1", patched=False)]
    plain, gone, bare = check_sources(pins, apt_sources=apt)
    assert plain.text.endswith("; no new patch")
    assert "; its patches cannot be read: apt cannot download" in gone.text
    # A source without patches is as new as the newest revision of the same archive.
    assert bare.state is State.CURRENT


@needs_apt
def test_a_binary_package_is_compared_with_its_suite(debian: DebianArchive, apt: Path) -> None:
    debian.add_binary("new", "libone++6", "1:2-1")

    def pin(name: str, version: str) -> Package:
        return Package(name=name, version=version, size=1, sha256="00", purpose="a test")

    packages = (pin("libone++6", "1:1-1"), pin("absent", "1"))
    old, absent = check_packages(PackagePins(suite="new", packages=packages), apt_sources=apt)
    assert (old.state, old.newest) == (State.BEHIND, "1:2-1")
    assert absent.state is State.UNKNOWN
    (same,) = check_packages(
        PackagePins(suite="new", packages=(pin("libone++6", "1:2-1"),)), apt_sources=apt
    )
    assert same.state is State.CURRENT


def test_releases_have_updates_for_security_and_others_have_not() -> None:
    assert with_security(["trixie", "sid"]) == ["trixie", "trixie-security", "sid"]
    assert with_security(["a", "a-security"]) == ["a", "a-security"]
    assert newest_of(["1-1", "1-10", "1-9"]) == "1-10"
    assert newest_of([]) == ""


def test_the_answer_of_pip_is_read() -> None:
    assert newest_in("WARNING: x\nsome-thing (1.2.post1)\nAvailable versions: 1.2, 1.1\n") == (
        "1.2.post1"
    )
    assert newest_in("ERROR: No matching distribution found for x") == ""


def test_python_packages_are_asked_for_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def run(command: list[str], *, limit: float) -> tuple[int, str]:
        asked.append(command[-1])
        return 0, {"one": "one (1.1)\n", "two": "two (2)\n"}.get(command[-1], "ERROR: none\n")

    monkeypatch.setattr(stale_python, "run_quietly", run)
    pins = [
        PythonPin(name=name, version=version)
        for name, version in (("two", "2"), ("one", "1"), ("one", "1"), ("three", "3"))
    ]
    one, three, two = check_python(pins)
    assert sorted(asked) == ["one", "three", "two"]
    assert (one.state, one.newest) == (State.BEHIND, "1.1")
    assert (three.state, three.text) == (State.UNKNOWN, "has no version: ERROR: none")
    assert two.state is State.CURRENT


def test_a_pin_is_held_up_to_the_version_that_was_looked_at() -> None:
    behind = Finding(what="one", state=State.BEHIND, text="is 1", newest="2")
    held = {"one": Held(until="2", reason="a test")}
    (found,) = with_held([behind], held)
    assert (found.state, found.text) == (State.HELD, "is 1, held: a test")
    newer = Finding(what="one", state=State.BEHIND, text="is 1", newest="3")
    assert with_held([newer], held) == [newer]
    assert not is_stale([found]) and is_stale([newer])


def test_the_report_has_a_line_for_what_is_not_current() -> None:
    findings = [
        Finding(what="a", state=State.BEHIND, text="is old"),
        Finding(what="b", state=State.CURRENT, text="is 1"),
        Finding(what="c", state=State.HELD, text="is held"),
    ]
    assert report(findings) == (
        "held    c is held\nbehind  a is old\n3 pins: 1 current, 1 held, 1 behind, 0 unknown\n"
    )


def test_all_lists_are_looked_at(tmp_path: Path) -> None:
    sources = [read_sources(path) for path in SOURCE_LISTS]
    names = {pin.name for pin in python_pins(sources, PINS)}
    # From requirements, from wheels and archives of sources, and from what the set-up downloads.
    assert {"openai-whisper", "nuitka", "torch", "pybind11", "numpy", "silero-vad"} <= {
        name.lower() for name in names
    }
    for path in requirement_files():
        lines = [one for one in path.read_text().splitlines() if "==" in one and one[0] != "#"]
        assert len(pins_in(path)) == len(lines), path
    assert all(read_pins(path).packages for path in PACKAGE_LISTS)


def test_what_is_held_is_pinned_and_has_a_reason(tmp_path: Path) -> None:
    sources = [read_sources(path) for path in SOURCE_LISTS]
    known = {pin.name for pin in python_pins(sources, PINS)}
    known |= {archive.name for one in sources for archive in one.archives}
    for path in PACKAGE_LISTS:
        pins = read_pins(path)
        known |= {f"{package.name} of {pins.suite}" for package in pins.packages}
    held = read_held(PINS)
    assert held and set(held) <= known
    assert all(one.until and one.reason for one in held.values())
    (tmp_path / "pins.toml").write_text('[held.one]\nwhy = "x"\n')
    with pytest.raises(RecipeError, match="correct the table held"):
        read_held(tmp_path / "pins.toml")
