from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from packagers import command, lacking
from signatures.signer import Signer

from buildkit.errors import InputError, UsageError
from recipe_samples import DESCRIPTION
from release.common.artefacts import read_artefact
from release.common.description import Description
from release.recipes.install_script import make_install_script
from release_server import Server, serving
from scripts.layout import DISTRIBUTION
from transcriber.signatures.minisign import read_key

SHELLS = [
    *([name] for name in ("dash", "bash") if shutil.which(name)),
    *([[*command("busybox"), "sh"]] if not lacking("busybox") else []),
]

PROGRAM = """\
#!/bin/sh
# {edition}
case $1 in
  --version) echo "transcriber {version}" ;;
  man) echo manual ;;
  completion) echo "completion of $2" ;;
  --appimage-extract)
    mkdir -p squashfs-root/usr/share/applications
    mkdir -p squashfs-root/usr/share/icons/hicolor/scalable/apps
    printf 'Exec=transcriber desktop %%F\\nIcon=x\\n' \\
      >squashfs-root/usr/share/applications/whisper-transcriber.desktop
    echo icon >squashfs-root/usr/share/icons/hicolor/scalable/apps/whisper-transcriber.svg ;;
esac
"""

INSTALLED = {
    "bin/transcriber",
    "share/man/man1/transcriber.1",
    "share/bash-completion/completions/transcriber",
    "share/zsh/site-functions/_transcriber",
    "share/fish/vendor_completions.d/transcriber.fish",
    "share/applications/whisper-transcriber.desktop",
    "share/icons/hicolor/scalable/apps/whisper-transcriber.svg",
    "share/whisper-transcriber/installed",
}

TOOLS = (
    *("sh", "uname", "getconf", "sed", "cut", "tail", "head", "mkdir", "mktemp", "rm", "mv", "cp"),
    *("ln", "chmod", "cat", "grep", "sha256sum", "openssl", "minisign", "curl", "wget", "rmdir"),
)

USAGE, MISSING, FETCHED, STORED, LACKING, FORGED, SYSTEM = 2, 3, 5, 7, 8, 12, 20


class Release:
    """A release on a server of its own, and who installs it."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.description: Description = replace(DESCRIPTION, address=server.address)
        self.signer = Signer()
        self.signed = False
        self.prefix = folder / "a folder"
        self.tools = folder / "tools"

    def publish(self, version: str = "1.2.3", *, signed: bool = False) -> None:
        """Put the files of a release to the server, with its script."""
        self.description = replace(self.description, version=version)
        self.server.folder.mkdir(exist_ok=True)
        appimages = []
        for edition in ("ultra-lean", "lean"):
            path = self.server.folder / f"transcriber-{edition}-x86_64.AppImage"
            path.write_text(PROGRAM.format(edition=edition, version=version))
            appimages.append(read_artefact(path))
        sums = "".join(f"{one.sha256}  {one.name}\n" for one in appimages).encode()
        self.server.write("SHA256SUMS", sums)
        comment = f"whisper-transcriber {version}"
        self.server.write("SHA256SUMS.minisig", self.signer.signature(sums, comment))
        key = read_key(self.signer.key)
        assert key
        make_install_script(
            appimages,
            self.server.folder,
            description=self.description,
            keys=[key] if signed else [],
        )

    def without(self, *names: str) -> None:
        """Leave this machine nothing but what the script needs, without these."""
        shutil.rmtree(self.tools, ignore_errors=True)
        self.tools.mkdir()
        for name in set(TOOLS) - set(names):
            found = shutil.which(name)
            if found:
                (self.tools / name).symlink_to(found)

    def pretend(self, name: str, script: str) -> None:
        """Put another program in the place of one of the machine's."""
        self.without(name)
        (self.tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.tools / name).chmod(0o755)

    def command(self, *words: str, shell: Sequence[str] = ("sh",)) -> list[str]:
        path = shutil.which(shell[0])
        assert path
        script = self.server.folder / "install.sh"
        return [path, *shell[1:], str(script), "--prefix", str(self.prefix), *words]

    def environment(self) -> dict[str, str]:
        path = str(self.tools) if self.tools.is_dir() else os.environ["PATH"]
        return {"PATH": path, "HOME": str(self.folder / "home")}

    def run(self, *words: str, shell: Sequence[str] = ("sh",)) -> tuple[int, str]:
        """Run the script, and return its exit code and all that it said."""
        done = subprocess.run(
            self.command(*words, shell=shell),
            env=self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout

    def fails(self, code: int, *words: str) -> str:
        """Check that it fails with one line more than what it tells, and return that line."""
        found, said = self.run(*words)
        assert found == code, said
        assert "install.sh: " in said.splitlines()[-1], said
        return said.splitlines()[-1]

    def files(self) -> set[str]:
        found = self.prefix.rglob("*") if self.prefix.is_dir() else ()
        return {str(path.relative_to(self.prefix)) for path in found if not path.is_dir()}


@pytest.fixture
def release(tmp_path: Path) -> Iterator[Release]:
    with serving(tmp_path / "served") as server:
        yield Release(tmp_path, server)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: Path(words[-1]).name)
def test_installs_in_a_folder_with_a_blank(release: Release, shell: list[str]) -> None:
    release.publish(signed=True)
    code, said = release.run(shell=shell)
    assert code == 0, said
    assert release.files() == INSTALLED
    program = release.prefix / "bin/transcriber"
    assert program.stat().st_mode & 0o777 == 0o755
    assert "# ultra-lean\n" in program.read_text()
    assert (release.prefix / "share/man/man1/transcriber.1").read_text() == "manual\n"
    place = release.prefix / "share/bash-completion/completions/transcriber"
    assert place.read_text() == "completion of bash\n"
    entry = release.prefix / "share/applications/whisper-transcriber.desktop"
    assert entry.read_text() == f'Exec="{program}" desktop %F\nIcon=x\n'
    assert "not in your PATH" in said
    # The folder of the work is gone, and nothing was made elsewhere.
    assert {path.name for path in release.prefix.iterdir()} == {"bin", "share"}


@pytest.mark.parametrize("lacks", ["curl", "wget"])
def test_either_of_both_fetches(release: Release, lacks: str) -> None:
    release.publish(signed=True)
    release.without(lacks)
    assert release.run()[0] == 0
    assert release.files() == INSTALLED


def test_keeps_the_program_before(release: Release) -> None:
    release.publish("1.2.2")
    release.run()
    release.publish("1.2.3")
    code, said = release.run("--edition", "lean")
    assert code == 0, said
    program = release.prefix / "bin/transcriber"
    assert "# lean\n" in program.read_text() and "1.2.3" in program.read_text()
    assert "1.2.2" in (release.prefix / "bin/transcriber.previous").read_text()
    assert release.files() == INSTALLED | {"bin/transcriber.previous"}


def test_does_nothing_where_it_is_there_already(release: Release) -> None:
    release.publish()
    release.run()
    release.server.asked.clear()
    code, said = release.run()
    assert (code, "already" in said) == (0, True)
    assert not release.server.asked and release.files() == INSTALLED


@pytest.mark.parametrize("version", ["1.2.3", "1.2.2"])
def test_removes_what_it_installed_and_nothing_else(release: Release, version: str) -> None:
    release.publish(version)
    release.run()
    release.publish("1.2.3")
    release.run()
    (release.prefix / "bin/other").write_text("mine")
    assert release.run("--uninstall")[0] == 0
    assert release.files() == {"bin/other"}
    assert "nothing was installed" in release.fails(MISSING, "--uninstall")


def test_leaves_alone_what_came_another_way(release: Release) -> None:
    release.publish()
    (release.prefix / "bin").mkdir(parents=True)
    (release.prefix / "bin/transcriber").write_text("pip's")
    release.fails(MISSING, "--uninstall")
    assert release.files() == {"bin/transcriber"}


def change(release: Release) -> None:
    path = release.server.folder / "transcriber-ultra-lean-x86_64.AppImage"
    path.write_bytes(path.read_bytes() + b"#")


def cut_off(release: Release) -> None:
    release.server.cut.add("transcriber-ultra-lean-x86_64.AppImage")


def take_away(release: Release) -> None:
    (release.server.folder / "transcriber-ultra-lean-x86_64.AppImage").unlink()


@pytest.mark.parametrize("lacks", ["curl", "wget"])
@pytest.mark.parametrize(
    ("spoil", "codes"),
    [(change, {FORGED}), (cut_off, {FETCHED, FORGED}), (take_away, {FETCHED})],
)
def test_leaves_all_as_it_was_where_the_download_is_bad(
    release: Release, spoil: object, codes: set[int], lacks: str
) -> None:
    release.publish("1.2.2")
    release.run()
    before = {name: (release.prefix / name).read_bytes() for name in release.files()}
    release.publish("1.2.3", signed=True)
    assert callable(spoil)
    spoil(release)
    release.without(lacks)
    code, said = release.run()
    assert code in codes, said
    assert {name: (release.prefix / name).read_bytes() for name in release.files()} == before


@pytest.mark.parametrize("lacks", ["openssl", "minisign"])
def test_whoever_cannot_sign_is_refused_by_either_checker(release: Release, lacks: str) -> None:
    if not shutil.which("minisign") and lacks == "openssl":
        pytest.skip("this machine has no minisign")
    release.publish(signed=True)
    release.without(lacks)
    listed = (release.server.folder / "SHA256SUMS").read_bytes()
    right = (release.server.folder / "SHA256SUMS.minisig").read_bytes()
    other = Signer(seed=b"\x02" * 32)
    told = b"comment: whisper-transcriber 1.2.3"
    for name, content in (
        ("SHA256SUMS", listed + b"\n"),
        ("SHA256SUMS.minisig", other.signature(listed, "whisper-transcriber 1.2.3")),
        # The comment is signed, too.
        ("SHA256SUMS.minisig", right.replace(told, told + b"4")),
        ("SHA256SUMS.minisig", b"<html>no such page</html>\n"),
    ):
        before = (release.server.folder / name).read_bytes()
        release.server.write(name, content)
        assert "signed" in release.fails(FORGED)
        assert not release.prefix.exists()
        release.server.write(name, before)
    assert release.run()[0] == 0


@pytest.mark.parametrize("lacks", ["openssl", "minisign"])
def test_refuses_the_signature_of_another_release(release: Release, lacks: str) -> None:
    if not shutil.which("minisign") and lacks == "openssl":
        pytest.skip("this machine has no minisign")
    release.publish(signed=True)
    release.without(lacks)
    listed = (release.server.folder / "SHA256SUMS").read_bytes()
    old = release.signer.signature(listed, "whisper-transcriber 1.2.2")
    release.server.write("SHA256SUMS.minisig", old)
    assert "1.2.2" in release.fails(FORGED)
    newer = b"0" * 64 + listed[64:]
    release.server.write("SHA256SUMS", newer)
    signed = release.signer.signature(newer, "whisper-transcriber 1.2.3")
    release.server.write("SHA256SUMS.minisig", signed)
    assert "another" in release.fails(FORGED)


def test_says_what_it_could_not_check(release: Release) -> None:
    release.publish()
    assert "not signed" in release.run()[1]
    shutil.rmtree(release.prefix)
    release.publish(signed=True)
    release.without("minisign", "openssl")
    code, said = release.run()
    assert (code, "Neither minisign nor OpenSSL 3" in said) == (0, True)
    # The digest in the script counts all the same.
    shutil.rmtree(release.prefix)
    change(release)
    release.fails(FORGED)


@pytest.mark.parametrize(
    ("tool", "says", "wanted"),
    [
        ("uname", '[ "$1" = -s ] && echo Darwin || echo x86_64', "Darwin"),
        ("uname", '[ "$1" = -s ] && echo Linux || echo aarch64', "aarch64"),
        ("getconf", "exit 1", "another C library"),
        ("getconf", "echo glibc 2.30", "2.30"),
        ("getconf", "echo glibc 2.9", "2.9"),
    ],
)
def test_refuses_a_system_that_cannot_run_it(
    release: Release, tool: str, says: str, wanted: str
) -> None:
    release.publish()
    release.pretend(tool, says)
    assert wanted in release.fails(SYSTEM)
    assert not release.server.asked and not release.prefix.exists()


@pytest.mark.parametrize("libc", ["2.31", "2.100", "2.31-rc", "3.0"])
def test_takes_every_newer_library(release: Release, libc: str) -> None:
    release.publish()
    release.pretend("getconf", f"echo glibc {libc}")
    assert release.run()[0] == 0


def test_refuses_a_prefix_that_cannot_be_written(release: Release) -> None:
    release.publish()
    release.prefix.write_text("a file")
    assert "--prefix" in release.fails(STORED)
    release.prefix = Path("/proc/none/such")
    assert "--prefix" in release.fails(STORED)
    assert not release.server.asked


def test_refuses_what_does_not_start(release: Release) -> None:
    release.publish()
    program = release.server.folder / "transcriber-ultra-lean-x86_64.AppImage"
    program.write_text("#!/bin/sh\necho no such processor\nexit 8\n")
    make_install_script(
        [read_artefact(program)], release.server.folder, description=release.description, keys=[]
    )
    assert "no such processor" in release.fails(LACKING)
    assert not release.prefix.exists()


@pytest.mark.parametrize(
    "words", [["--edition", "fat"], ["--edition"], ["--prefix="], ["--frobnicate"], ["file"]]
)
def test_refuses_words_that_it_does_not_know(release: Release, words: list[str]) -> None:
    release.publish()
    release.fails(USAGE, *words)
    assert not release.prefix.exists()


def test_needs_a_home_or_a_prefix(release: Release) -> None:
    release.publish()
    script = release.server.folder / "install.sh"
    said = subprocess.run(
        ["sh", script],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, "--prefix" in said.stderr) == (USAGE, True)


def test_comes_through_a_pipe(release: Release) -> None:
    release.publish()
    text = (release.server.folder / "install.sh").read_bytes()
    # A part of it does nothing.
    for content in (text[: len(text) // 2], text[:-9]):
        done = subprocess.run(
            ["sh"], input=content, env=release.environment(), capture_output=True, check=False
        )
        assert not release.server.asked, done
    words = ["sh", "-s", "--", f"--prefix={release.prefix}", "--edition=lean"]
    subprocess.run(words, input=text, env=release.environment(), check=True)
    assert release.files() == INSTALLED


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: Path(words[-1]).name)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_leaves_nothing_when_it_is_interrupted(
    release: Release, shell: list[str], number: signal.Signals
) -> None:
    release.publish()
    release.server.stall.add("transcriber-ultra-lean-x86_64.AppImage")
    process = subprocess.Popen(
        release.command(shell=shell), env=release.environment(), stdout=subprocess.DEVNULL
    )
    end = time.monotonic() + 20
    while not release.server.stalled.is_set() and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(10) == 128 + number
    assert not release.prefix.exists()


@pytest.mark.skipif(bool(lacking("shellcheck")), reason=lacking("shellcheck"))
def test_shellcheck_finds_nothing(release: Release) -> None:
    release.publish(signed=True)
    script = release.server.folder / "install.sh"
    subprocess.run([*command("shellcheck"), "--shell=sh", script], check=True)


def test_pins_the_very_files(release: Release) -> None:
    release.publish()
    script = release.server.folder / "install.sh"
    program = read_artefact(release.server.folder / "transcriber-lean-x86_64.AppImage")
    assert script.read_text().count(program.sha256) == 1
    assert script.stat().st_mode & 0o777 == 0o755
    change(release)
    changed = read_artefact(release.server.folder / "transcriber-ultra-lean-x86_64.AppImage")
    assert changed.sha256 not in script.read_text()


def test_cannot_be_made_of_nothing_or_for_nowhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make appimages"):
        make_install_script([], tmp_path, description=DESCRIPTION)
    (tmp_path / "x.AppImage").write_text("x")
    found = read_artefact(tmp_path / "x.AppImage")
    with pytest.raises(InputError, match=r"x\.AppImage"):
        make_install_script([found], tmp_path, description=DESCRIPTION)
    named = read_artefact(
        (tmp_path / "x.AppImage").rename(tmp_path / "transcriber-lean-x86_64.AppImage")
    )
    with pytest.raises(UsageError, match="UPDATE_ADDRESS"):
        make_install_script([named], tmp_path, description=replace(DESCRIPTION, address=""))


@pytest.mark.slow
@pytest.mark.skipif(
    not (DISTRIBUTION / "transcriber-lean-x86_64.AppImage").is_file(),
    reason="`make appimages` makes the AppImages",
)
def test_installs_the_real_one(release: Release) -> None:
    release.server.folder.mkdir()
    names = [f"transcriber-{edition}-x86_64.AppImage" for edition in ("ultra-lean", "lean")]
    for name in names:
        (release.server.folder / name).symlink_to(DISTRIBUTION / name)
    version = subprocess.run(
        [DISTRIBUTION / names[0], "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    make_install_script(
        [read_artefact(release.server.folder / name) for name in names],
        release.server.folder,
        description=replace(release.description, version=version),
    )
    code, said = release.run()
    assert code == 0, said
    assert release.files() == INSTALLED
    program = release.prefix / "bin/transcriber"
    assert program.read_bytes() == (DISTRIBUTION / names[0]).read_bytes()
    assert (release.prefix / "share/man/man1/transcriber.1").read_text().startswith(".")
    entry = release.prefix / "share/applications/whisper-transcriber.desktop"
    assert f'Exec="{program}" desktop %F\n' in entry.read_text()
    if not lacking("desktop-file-validate"):
        subprocess.run([*command("desktop-file-validate"), entry], check=True)
