"""Installing and unpacking binary packages, with scripts in place of apt and dpkg."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildkit import system_packages
from buildkit.errors import SourceError, ToolError
from buildkit.system_packages import install, provide_program, unpack_packages

# It checks that what apt writes goes to the private folder, and plays a server.
APT = """\
#!/bin/sh
set -eu
echo "$*" >> "$CALLS"
case " $* " in
    *" --download-only install "*)
        for name in Dir::State::Lists Dir::Cache; do
            case " $* " in *" -o $name="*) ;; *) echo "E: $name is the system's"; exit 100 ;; esac
        done
        cache=$(echo "$*" | sed -n 's/.* Dir::Cache=\\([^ ]*\\) .*/\\1/p')
        case " $* " in *" absent "*) echo "E: Unable to locate package"; exit 100 ;; esac
        echo one > "$cache/archives/one_1_amd64.deb"
        echo needed > "$cache/archives/needed_1_amd64.deb" ;;
    *" update "*) touch "$CALLS.updated" ;;
    *" install "*) [ -e "$CALLS.updated" ] || exit 100 ;;
esac
"""
DPKG = """\
#!/bin/sh
mkdir -p "$3/usr" && cp "$2" "$3/usr/$(cat "$2")"
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that lists how apt was called."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"apt-get": APT, "dpkg-deb": DPKG}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs) + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def test_packages_and_their_needs_are_unpacked_together(calls: Path, tmp_path: Path) -> None:
    root = tmp_path / "cache" / "root"
    root.mkdir(parents=True)
    (root / "old").write_text("")
    unpack_packages(["one"], root)
    assert sorted(str(p.relative_to(root)) for p in root.rglob("*")) == [
        "usr",
        "usr/needed",
        "usr/one",
    ]
    # Nothing else is left in the cache.
    assert [p.name for p in root.parent.iterdir()] == ["root"]


def test_a_package_that_apt_lacks_leaves_what_was_there(calls: Path, tmp_path: Path) -> None:
    root = tmp_path / "cache" / "root"
    root.mkdir(parents=True)
    (root / "old").write_text("")
    with pytest.raises(SourceError, match="absent: E: Unable to locate package"):
        unpack_packages(["absent"], root)
    assert (root / "old").exists()
    assert [p.name for p in root.parent.iterdir()] == ["root"]


def test_without_apt_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="no apt-get"):
        unpack_packages(["one"], tmp_path / "root")
    assert not install(["one"])


def test_only_root_installs_and_gets_new_lists_when_the_old_do_not_serve(
    calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not install(["one"])
    assert not calls.exists()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert install(["one", "two"])
    verbs = [line.split("--quiet ")[1] for line in calls.read_text().splitlines()]
    wanted = "install --no-install-recommends one two"
    assert verbs == [wanted, "update", wanted]


def test_sudo_is_asked_where_that_is_wanted(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    sudo = calls.with_name("bin") / "sudo"
    for code, installed in ((1, False), (0, True)):
        sudo.write_text(f'#!/bin/sh\n[ {code} = 0 ] || exit 1\nshift; exec "$@"\n')
        sudo.chmod(0o755)
        assert install(["one"], sudo=True) is installed
    assert not install(["one"])


def test_a_program_that_cannot_be_installed_is_unpacked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked = []

    def unpack(packages: list[str], folder: Path) -> None:
        unpacked.append((packages, folder))
        (folder / "usr/bin").mkdir(parents=True)
        (folder / "usr/bin/patch").touch()

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(system_packages, "install", lambda _: False)
    monkeypatch.setattr(system_packages, "unpack_packages", unpack)
    for _ in range(2):
        assert provide_program("patch", tmp_path) == tmp_path / "patch/usr/bin/patch"
    assert unpacked == [(["patch"], tmp_path / "patch")]
