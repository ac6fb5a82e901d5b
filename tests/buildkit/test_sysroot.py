"""The root that everything is compiled for: pins, download, unpacking, and what is refused."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from buildkit import sysroot as module
from buildkit.debian_suites import open_suites
from buildkit.errors import RecipeError, SourceError, StorageError, ToolError
from buildkit.package_pins import Package, PackagePins, read_pins
from buildkit.places import build_cache
from buildkit.sysroot import OPENMP, PINS, Sysroot, provide_sysroot, sysroot_in

# It plays a server that has the packages of a folder, and one without network.
APT = """\
#!/bin/sh
set -eu
echo "$*" >> "$CALLS"
[ -z "${OFFLINE:-}" ] || { echo "E: no network"; exit 100; }
while [ "$1" != download ]; do shift; done
shift
for wanted; do
    file=$(echo "${wanted%%=*}_${wanted#*=}_amd64.deb" | sed 's/:/%3a/')
    cp "$SHELF/$file" . || { echo "E: Version '${wanted#*=}' was not found"; exit 100; }
done
"""


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder with the packages of a server, on a machine with another apt."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("this machine has no dpkg-deb")
    programs, folder = tmp_path / "bin", tmp_path / "shelf"
    programs.mkdir()
    folder.mkdir()
    (programs / "apt-get").write_text(APT)
    (programs / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs) + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("SHELF", str(folder))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))

    def opened(
        _: Path, suites: Sequence[str], *, sources: Path, kind: str, components: str
    ) -> list[str]:
        assert (*suites, kind, components) == ("old", "deb", "main")
        return ["-o", "private"]

    monkeypatch.setattr(module, "open_suites", opened)
    return folder


def made(shelf: Path, name: str, version: str, **links: str) -> Package:
    """Put a package on the shelf that has one file and `links`, and return its pin."""
    tree = shelf.parent / f"tree of {name}"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n"
        "Maintainer: nobody <nobody@invalid>\nDescription: for a test\n"
    )
    (tree / "usr/lib").mkdir(parents=True)
    (tree / "usr/lib" / name).write_text(version)
    for link, target in links.items():
        (tree / "usr/lib" / link).symlink_to(target)
    path = shelf / f"{name}_{version.replace(':', '%3a')}_amd64.deb"
    words: list[str | Path] = ["dpkg-deb", "--root-owner-group", "--build", tree, path]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    size = path.stat().st_size
    return Package(name=name, version=version, size=size, sha256=digest, purpose="a test")


def of(*packages: Package) -> PackagePins:
    return PackagePins(suite="old", packages=packages)


def links_outside(root: Path) -> list[str]:
    """Return the symbolic links below `root` that lead out of it."""
    links = [path for path in root.rglob("*") if path.is_symlink()]
    targets = {path: os.path.normpath(path.parent / path.readlink()) for path in links}
    return [str(path) for path, target in targets.items() if not Path(target).is_relative_to(root)]


def test_the_pins_are_read_with_their_reasons() -> None:
    pins = read_pins(PINS)
    assert pins.suite == "bullseye"
    packages = {package.name: package for package in pins.packages}
    # Newer than this, and the wheel needs a newer system.
    assert packages["libc6"].version.startswith("2.31-")
    assert packages["libc6-dev"].version == packages["libc6"].version
    assert packages["libcrypt1"].file == "libcrypt1_1%3a4.4.18-4_amd64.deb"
    for package in pins.packages:
        assert re.fullmatch("[0-9a-f]{64}", package.sha256) and package.size > 0
        assert package.purpose


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('suite = "old"\n', "packages"),
        ("[packages]\n", "suite"),
        ('suite = "old"\n[packages.one]\nversion = "1"\n', "sha256"),
        ('suite = "old"\n[packages.one]\nurl = "1"\n', "url"),
        ("suite =", "Invalid value"),
    ],
)
def test_a_faulty_pin_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pins.toml").write_text(text)
    with pytest.raises(RecipeError, match=rf"pins\.toml: .*{message}.*correct the pin"):
        read_pins(tmp_path / "pins.toml")


def test_the_folder_is_another_for_other_packages(tmp_path: Path) -> None:
    one = Package(name="one", version="1", size=1, sha256="ab" * 32, purpose="why")
    root = sysroot_in(tmp_path, of(one)).root
    assert root.is_relative_to(tmp_path)
    assert sysroot_in(tmp_path, of(replace(one, purpose="another reason"))).root == root
    for others in ((replace(one, sha256="cd" * 32),), (one, replace(one, name="two")), ()):
        assert sysroot_in(tmp_path, of(*others)).root != root


def test_the_packages_are_downloaded_and_unpacked_once(shelf: Path, tmp_path: Path) -> None:
    pins = of(made(shelf, "one", "1:1.0~deb+1"), made(shelf, "two", "2"))
    cache = tmp_path / "cache"
    found = provide_sysroot(cache, pins=pins)
    assert found == sysroot_in(cache, pins)
    assert (found.root / "usr/lib/one").read_text() == "1:1.0~deb+1"
    assert (found.root / "usr/lib/two").read_text() == "2"
    # A program of another user's is compiled with it, too.
    assert found.root.stat().st_mode & 0o555 == 0o555
    for package in pins.packages:
        (cache / package.sha256).unlink()
    assert provide_sysroot(cache, pins=pins) == found
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call == "-o private download one=1:1.0~deb+1 two=2"
    # Nothing else is left beside it.
    assert [path.name for path in found.root.parent.iterdir()] == [found.root.name]


def test_the_cache_keeps_the_packages(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = made(shelf, "one", "1"), made(shelf, "two", "2")
    provide_sysroot(tmp_path / "cache", pins=of(one, two))
    monkeypatch.setenv("OFFLINE", "1")
    found = provide_sysroot(tmp_path / "cache", pins=of(one))
    assert (found.root / "usr/lib/one").exists() and not (found.root / "usr/lib/two").exists()


def test_a_package_with_another_digest_is_refused(shelf: Path, tmp_path: Path) -> None:
    one, two = made(shelf, "one", "1"), made(shelf, "two", "2")
    shutil.copy(shelf / two.file, shelf / one.file)
    pins = of(one, two)
    with pytest.raises(SourceError, match=r"one_1_amd64\.deb .*not have the pinned sha256"):
        provide_sysroot(tmp_path / "cache", pins=pins)
    assert not any(sysroot_in(tmp_path / "cache", pins).root.parent.iterdir())


def test_a_damaged_package_in_the_cache_is_replaced(shelf: Path, tmp_path: Path) -> None:
    one = made(shelf, "one", "1")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / one.sha256).write_text("damaged")
    assert (provide_sysroot(tmp_path / "cache", pins=of(one)).root / "usr/lib/one").exists()


def test_what_the_archive_lacks_is_named(shelf: Path, tmp_path: Path) -> None:
    one = made(shelf, "one", "1")
    with pytest.raises(SourceError, match=r"cannot download one=3: E: Version '3' was not"):
        provide_sysroot(tmp_path / "cache", pins=of(replace(one, version="3")))
    assert not any((tmp_path / "cache/sysroot").iterdir())


def test_what_cannot_be_unpacked_leaves_nothing(shelf: Path, tmp_path: Path) -> None:
    (shelf / "one_1_amd64.deb").write_text("no package")
    digest = hashlib.sha256(b"no package").hexdigest()
    one = Package(name="one", version="1", size=10, sha256=digest, purpose="a test")
    with pytest.raises(ToolError, match=r"cannot unpack one_1_amd64\.deb: "):
        provide_sysroot(tmp_path / "cache", pins=of(one))
    assert not any((tmp_path / "cache/sysroot").iterdir())


def test_a_cache_that_cannot_be_written_is_named(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(StorageError, match="cache"):
        provide_sysroot(tmp_path / "cache", pins=of(made(shelf, "one", "1")))


def test_another_checkout_may_be_quicker(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = of(made(shelf, "one", "1"))
    root = sysroot_in(tmp_path / "cache", pins).root

    def meanwhile(unpacked: Path) -> None:
        shutil.copytree(unpacked, root)

    monkeypatch.setattr(module, "make_links_relative", meanwhile)
    assert (provide_sysroot(tmp_path / "cache", pins=pins).root / "usr/lib/one").exists()
    assert [path.name for path in root.parent.iterdir()] == [root.name]


def test_no_link_leads_to_the_machines_own_files(shelf: Path, tmp_path: Path) -> None:
    links = {"whole": "/usr/lib/one", "beside": "one", "folder": "/usr", "absent": "/no/such"}
    root = provide_sysroot(tmp_path / "cache", pins=of(made(shelf, "one", "1", **links))).root
    library = root / "usr/lib"
    assert not links_outside(root)
    assert (library / "whole").resolve() == library / "one" == (library / "beside").resolve()
    assert (library / "folder").resolve() == root / "usr"
    # What a package that is not here has stays absent, whatever the machine has there.
    assert (library / "absent").is_symlink() and not (library / "absent").exists()
    assert (library / "beside").readlink() == Path("one")


def test_the_real_one_has_what_the_build_takes_from_it() -> None:
    found = sysroot_in(build_cache(), read_pins(PINS))
    if not found.root.is_dir():
        pytest.skip("`make torch` unpacks it")
    check(found)


def check(found: Sysroot) -> None:
    assert found.openmp_library.read_bytes().startswith(b"\x7fELF")
    assert (found.openmp_include / "omp.h").is_file()
    assert found.openmp_include.is_relative_to(found.root / OPENMP)
    (library,) = found.root.glob("lib/x86_64-linux-gnu/libc-*.so")
    assert library.name == "libc-2.31.so"
    for name in ("libstdc++.a", "libgcc.a", "libgcc_eh.a"):
        assert (found.root / "usr/lib/gcc/x86_64-linux-gnu/10" / name).is_file()
    assert not links_outside(found.root)


@pytest.mark.slow
def test_it_comes_from_the_real_archive(tmp_path: Path) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("this machine has no apt")
    pins = read_pins(PINS)
    (tmp_path / "apt").mkdir()
    try:
        open_suites(tmp_path / "apt", [pins.suite], kind="deb")
    except SourceError as error:
        pytest.skip(f"the package archive cannot be reached: {error}")
    check(provide_sysroot(tmp_path / "cache", pins=pins))
    for package in pins.packages:
        assert (tmp_path / "cache" / package.sha256).stat().st_size == package.size
