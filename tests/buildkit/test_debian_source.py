"""Downloading a source package with the machine's own apt configuration."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from buildkit.debian_addresses import archive_addresses
from buildkit.debian_source import download_source, source_archives
from buildkit.debian_suites import download_pinned, open_suites
from buildkit.errors import SourceError, ToolError

ONE_LINE = """\
# deb http://commented.invalid/debian suite main
deb [arch=amd64 signed-by=/keys/a.gpg] http://archive.invalid/debian suite main contrib
deb-src [arch=amd64 signed-by=/keys/a.gpg] http://archive.invalid/debian suite main contrib
deb\thttp://archive.invalid/security suite/updates main
debris
"""
PARAGRAPHS = """\
# A comment
Types: deb
URIs: http://archive.invalid/debian
Suites: suite suite-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 Types: deb

types:  deb deb-src
Enabled: no
URIs: http://other.invalid/debian
Suites: suite
Components: main
"""

DIGEST = "b" * 63
"""All of a digest but its last character, which is the number of the version."""

# It checks that the options are complete, and plays a server that has the package or lacks it.
APT = """\
#!/bin/sh
set -eu
for name in Dir::Etc::SourceList Dir::Etc::SourceParts Dir::State::Lists Dir::Cache; do
    case " $* " in *" -o $name="*) ;; *) echo "E: $name is the system's"; exit 100 ;; esac
done
lists=$(echo "$*" | sed -n 's/.* Dir::State::Lists=\\([^ ]*\\) .*/\\1/p')
case " $* " in
    *" update "*)
        kinds=${SERVES:-$(cat "$lists"/../sources.list.d/*.list | sed 's/ .*//')}
        for suite in suite one two; do
            case "${OFFLINE:-}$kinds" in
                deb-src*) ending=source_Sources.lz4 ;;
                deb*) ending=binary-amd64_Packages.lz4 ;;
                *) continue ;;
            esac
            touch "$lists/archive.invalid_debian_dists_${suite}_main_$ending"
        done
        echo "Hit: one"; echo "W: Failed to fetch two"; echo "E: Some index files failed"
        exit 100 ;;
    *" showsrc --only-source there ")
        for version in 3-1 2-4 2-3; do
            echo "Package: there"; echo "Version: $version"; echo "Checksums-Sha256:"
            echo " aaaa$version 7 there_$version.dsc"
            echo " DIGEST${version%-*} 8 there_${version%-*}.orig.tar.gz"; echo
        done ;;
    *" source --download-only --tar-only there=2-4 ") echo content > there_2.orig.tar.gz ;;
    *" source --download-only --tar-only there ") echo content > there_1.orig.tar.gz ;;
    *" source --download-only --tar-only broken ")
        echo cont > broken_1.orig.tar.gz; echo "E: Hash Sum mismatch"; exit 100 ;;
    *) echo "Reading package lists..."; echo "E: Unable to find a source package"; exit 100 ;;
esac
""".replace("DIGEST", DIGEST)


def configuration(folder: Path) -> Path:
    listed = folder / "apt" / "sources.list.d"
    listed.mkdir(parents=True)
    (folder / "apt" / "sources.list").write_text(ONE_LINE)
    (listed / "a.sources").write_text(PARAGRAPHS)
    (listed / "b.sources.disabled").write_text(PARAGRAPHS)
    (listed / "c.list").write_text("# nothing\n")
    return folder / "apt"


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder to download to, on a machine with another apt."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("apt-get", "apt-cache"):
        (programs / name).write_text(APT)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs) + os.pathsep + os.environ["PATH"])
    folder = tmp_path / "download"
    folder.mkdir()
    return folder


def test_both_forms_of_lists_keep_all_but_the_type(tmp_path: Path) -> None:
    texts = source_archives(configuration(tmp_path))
    assert texts[0] == (
        ".list",
        "deb-src [arch=amd64 signed-by=/keys/a.gpg] http://archive.invalid/debian suite main "
        "contrib\ndeb-src\thttp://archive.invalid/security suite/updates main\n",
    )
    expected = PARAGRAPHS.replace("Types: deb\nURIs", "Types: deb-src\nURIs").replace(
        "types:  deb deb-src", "Types: deb-src"
    )
    assert texts[1:] == [(".sources", expected)]


def test_a_package_is_found_although_another_archive_fails(apt: Path, tmp_path: Path) -> None:
    archive = download_source("there", apt, sources=configuration(tmp_path))
    assert archive == apt / "there_1.orig.tar.gz"
    assert archive.read_text() == "content\n"


def test_what_apt_says_about_a_missing_package_is_passed_on(apt: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"absent: E: Unable to find a source package$"):
        download_source("absent", apt, sources=configuration(tmp_path))


def test_without_any_list_the_network_is_to_blame_and_not_the_package(
    apt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFLINE", "1")
    with pytest.raises(SourceError, match=r"absent: W: Failed to fetch two$"):
        download_source("absent", apt, sources=configuration(tmp_path))


def test_an_archive_that_apt_complains_about_is_not_used(apt: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"broken: E: Hash Sum mismatch$"):
        download_source("broken", apt, sources=configuration(tmp_path))


def test_a_machine_without_apt_is_told_apart(
    apt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(ToolError, match="no apt-get"):
        download_source("there", apt, sources=configuration(tmp_path))


def test_a_machine_whose_apt_has_no_archive_is_told_apart(apt: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="names no package archive"):
        download_source("there", apt, sources=tmp_path / "empty")


def test_the_addresses_of_both_forms_are_those_of_whole_archives(tmp_path: Path) -> None:
    sources = configuration(tmp_path)
    (sources / "sources.list").write_text(
        "deb [arch=amd64 signed-by=/keys/a.gpg] http://one.invalid/debian/ suite main contrib\n"
        "deb http://one.invalid/debian suite-updates main # a comment\n"
        "deb http://security.invalid/debian-security suite-security main\n"
        "deb http://tools.invalid/apt suite tools\n"
        "deb cdrom:[Some]/ suite main\n"
    )
    (sources / "sources.list.d" / "d.sources").write_text(
        "Types: deb\nURIs: http://two.invalid/debian\n http://three.invalid/debian\n"
        "Suites: suite\nComponents: main non-free\n"
    )
    # Of a.sources the first paragraph has an inline key, and the second is not enabled.
    assert archive_addresses(sources) == [
        "http://one.invalid/debian",
        "http://archive.invalid/debian",
        "http://two.invalid/debian",
        "http://three.invalid/debian",
    ]


def test_suites_of_another_release_are_asked_of_the_machines_archive(
    apt: Path, tmp_path: Path
) -> None:
    options = open_suites(apt, ["one", "two"], sources=configuration(tmp_path))
    (listed,) = (apt / "sources.list.d").iterdir()
    # Debian's keys are named where the machine has them.
    lines = [re.sub(r"\[.*\] ", "", line) for line in listed.read_text().splitlines()]
    assert lines == [
        "deb-src http://archive.invalid/debian one main",
        "deb-src http://archive.invalid/debian two main",
    ]
    assert f"Dir::State::Lists={apt / 'lists'}" in options


def test_binary_packages_are_asked_for_as_such(apt: Path, tmp_path: Path) -> None:
    options = open_suites(apt, ["one"], sources=configuration(tmp_path), kind="deb")
    (listed,) = (apt / "sources.list.d").iterdir()
    line = re.sub(r"\[.*\] ", "", listed.read_text())
    assert line == "deb http://archive.invalid/debian one main\n"
    assert f"Dir::State::Lists={apt / 'lists'}" in options


@pytest.mark.parametrize(("kind", "other"), [("deb", "deb-src"), ("deb-src", "deb")])
def test_lists_of_the_other_kind_do_not_count(
    apt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, other: str
) -> None:
    monkeypatch.setenv("SERVES", other)
    with pytest.raises(SourceError, match="have any of Debian's suites one"):
        open_suites(apt, ["one"], sources=configuration(tmp_path), kind=kind)


def test_the_version_is_the_one_that_has_the_pinned_file(apt: Path, tmp_path: Path) -> None:
    options = open_suites(apt, ["one"], sources=configuration(tmp_path))
    into = tmp_path / "into"
    into.mkdir()
    path = download_pinned(
        "there", "there_2.orig.tar.gz", DIGEST + "2", folder=into, options=options
    )
    assert path.read_text() == "content\n"
    with pytest.raises(SourceError, match=r"no there_2.orig.tar.gz of there, it has 3-1, 2-4, 2-3"):
        download_pinned("there", "there_2.orig.tar.gz", "c" * 64, folder=into, options=options)
    with pytest.raises(SourceError, match="it has no version"):
        download_pinned("absent", "absent.tar.gz", DIGEST + "2", folder=into, options=options)
    with pytest.raises(SourceError, match="cannot download the source package there"):
        download_pinned("there", "there_3.orig.tar.gz", DIGEST + "3", folder=into, options=options)


def test_an_archive_without_the_suite_is_told_apart(
    apt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFLINE", "1")
    with pytest.raises(SourceError, match=r"suites one \(W: Failed to fetch two\): set "):
        open_suites(apt, ["one"], sources=configuration(tmp_path))


def test_a_machine_without_an_archive_has_no_suites(apt: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="names no package archive"):
        open_suites(apt, ["one"], sources=tmp_path / "empty")
