"""The Debian package on whole systems: installed, upgraded, removed, and judged by lintian."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from debian_systems import SUITES, make_system, run_in_copy
from utterance import Utterance

from buildkit.places import CHECKOUT
from debian_samples import make_small_deb
from native_build.editions import EDITIONS
from release.common.description import read_description
from release.debian.package import TEMPLATES, make_deb
from scripts.layout import DISTRIBUTION
from transcriber import __version__

pytestmark = pytest.mark.slow

EDITION = "ultra-lean"

LIFE = """\
found() { find / -xdev ! -path '/var/log/*' ! -path '/var/lib/dpkg/*' | sort; }
found > /tmp/before
dpkg --install /mnt/old.deb
test -f /usr/lib/whisper-transcriber/gone
dpkg --install /mnt/new.deb
test ! -e /usr/lib/whisper-transcriber/gone
transcriber --version
dpkg --verify whisper-transcriber
for place in man/man1/transcriber.1.gz bash-completion/completions/transcriber \
    zsh/vendor-completions/_transcriber fish/vendor_completions.d/transcriber.fish \
    applications/whisper-transcriber.desktop; do test -s "/usr/share/$place"; done
# Neither turned on nor, as there is no systemd, started.
test -z "$(find /etc/systemd -name 'transcriber*')"

# What systemd makes where somebody turned it on and started it.
mkdir -p /etc/systemd/system/multi-user.target.wants
for kind in lib cache; do
    mkdir -p /var/$kind/private/transcriber/some
    ln -s private/transcriber /var/$kind/transcriber
done
unit=multi-user.target.wants/transcriber.service
ln -s /usr/lib/systemd/system/transcriber.service "/etc/systemd/system/$unit"
dpkg --remove whisper-transcriber
test ! -e /usr/bin/transcriber
test -d /var/lib/private/transcriber/some
dpkg --purge whisper-transcriber
rmdir /var/lib/private /var/cache/private
rmdir -p --ignore-fail-on-non-empty /etc/systemd/system/multi-user.target.wants
found > /tmp/after
diff /tmp/before /tmp/after && echo nothing remains
"""

SERVICE = r"""
mkdir -p /run/systemd/system
for name in systemctl deb-systemd-invoke; do
    printf '#!/bin/sh\necho "${0##*/} $*" >> /tmp/asked\n' > /usr/local/sbin/$name
    chmod 755 /usr/local/sbin/$name
done
asked() { echo "$1:"; touch /tmp/asked; cat /tmp/asked; rm /tmp/asked; }
exec 3>&1 > /tmp/log
dpkg --install /mnt/1.2.2.deb
asked installed >&3
dpkg --install /mnt/1.2.3.deb
asked upgraded >&3
dpkg --remove whisper-transcriber
asked removed >&3
"""
"""With what notes what systemd is asked for."""

ALONE = """\
apt-get install --yes --no-install-recommends /mnt/new.deb
dpkg-query --show --showformat '${Status}' whisper-transcriber
"""

TRANSCRIBE = """\
dpkg --install /mnt/new.deb
transcriber --model /mnt/tiny.en.pt --threads 1 -f json -o /mnt /mnt/speech.wav
"""

LINTIAN = """\
lintian --allow-root --display-info --pedantic --show-overrides \
    --fail-on error,warning,info,pedantic /mnt/new.deb
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package of the real program, and an older one."""
    program = CHECKOUT / "build/native/program" / EDITION
    if not program.is_dir():
        pytest.skip("there is no program: `make appimages` builds it")
    folder = tmp_path_factory.mktemp("packages")
    # apt's own user reads here.
    folder.chmod(0o755)
    made = make_deb(
        program,
        folder / "made",
        description=read_description(address="https://example.org/transcriber"),
        changelog=CHECKOUT / "CHANGELOG.md",
    )
    assert made.stat().st_size < 11_000_000
    made.rename(folder / "new.deb")
    shutil.copy(make_small_deb(folder / "older", "0.0.9", others=["gone"]), folder / "old.deb")
    return folder


@pytest.mark.parametrize("suite", SUITES)
def test_comes_and_goes(work: Path, suite: str) -> None:
    said = run_in_copy(make_system(suite), LIFE, work)
    assert f"transcriber {__version__}\n" in said
    assert said.endswith("nothing remains\n")


def test_the_service_is_restarted_and_stopped_but_never_started(tmp_path: Path) -> None:
    for version in ("1.2.2", "1.2.3"):
        made = make_small_deb(tmp_path / version, version)
        made.rename(tmp_path / f"{version}.deb")
    assert run_in_copy(make_system("bookworm"), SERVICE, tmp_path).splitlines() == [
        "installed:",
        "upgraded:",
        # Of the old version's script, and of the new one's.
        "systemctl --system daemon-reload",
        "systemctl --system daemon-reload",
        "systemctl --quiet is-active transcriber.service",
        "deb-systemd-invoke restart transcriber.service",
        "removed:",
        "deb-systemd-invoke stop transcriber.socket transcriber.service",
        "systemctl --system daemon-reload",
    ]


@pytest.mark.parametrize("suite", [SUITES[0], SUITES[-1]])
def test_apt_installs_the_file_without_a_network(work: Path, suite: str) -> None:
    said = run_in_copy(make_system(suite), ALONE, work)
    assert said.endswith("install ok installed")


def test_writes_the_transcript_of_the_appimage(
    work: Path, models: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    appimage = DISTRIBUTION / EDITIONS[EDITION].appimage
    if not appimage.is_file():
        pytest.skip("there is no AppImage: `make appimages` builds it")
    shutil.copy(utterances[0].path, work / "speech.wav")
    shutil.copy(models / "tiny.en.pt", work / "tiny.en.pt")
    words = ["--model", str(work / "tiny.en.pt"), "--threads", "1", "-f", "json"]
    subprocess.run(
        [appimage, *words, "-o", tmp_path, work / "speech.wav"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "APPIMAGE_EXTRACT_AND_RUN": "1"},
        capture_output=True,
        timeout=300,
        check=True,
    )
    run_in_copy(make_system("bookworm"), TRANSCRIBE, work, limit=300)
    assert (work / "speech.json").read_bytes() == (tmp_path / "speech.json").read_bytes()


def test_lintian_has_nothing_to_say_but_what_is_overridden(work: Path) -> None:
    # debootstrap does not find by itself what the last of these provides.
    system = make_system("trixie", packages=("lintian", "perl-openssl-defaults"), name="lintian")
    lines = run_in_copy(system, LINTIAN, work).splitlines()
    assert [line for line in lines if line[:2] in ("E:", "W:", "I:", "P:")] == []
    overridden = {line.split()[2] for line in lines if line.startswith("O: ")}
    listed = (TEMPLATES / "lintian-overrides").read_text().splitlines()
    assert overridden == {line.split()[1] for line in listed if not line.startswith("#")}
