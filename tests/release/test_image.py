"""The image for containers: its layout, and the real one run by crun."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard
from packagers import command, lacking
from utterance import Utterance

from appimage_tools import reason_without_namespaces
from buildkit.errors import InputError
from buildkit.package_pins import read_pins
from buildkit.places import CHECKOUT, build_cache
from buildkit.sysroot import PINS, sysroot_in
from native_build.contents import BILL
from native_build.editions import ULTRA_LEAN
from release.common.description import read_description
from release.image.image import CUDA, image_name, make_image
from release.image.layers import Entry, file, folder, make_layer
from release.image.system import LIBRARIES, LIBRARY_FOLDER, LOADER, TEXTS
from scripts.layout import DISTRIBUTION, TRIAL
from test_program_tree import make_program

PROGRAM = CHECKOUT / "build/native/program" / ULTRA_LEAN.name
LIMIT = 12_600_000
"""Bytes of the image; 12.5 million are aimed at."""


def system_in(folder: Path) -> Path:
    for name in (*LIBRARIES, LOADER):
        path = folder / LIBRARY_FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for name in TEXTS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("the licence of the C library")
    return folder


def program_in(folder: Path) -> Path:
    program = make_program(folder)
    component = {
        "bom-ref": "pkg:generic/transcriber@1",
        "name": "transcriber",
        "licenses": [{"expression": "MIT"}],
    }
    bill = {
        "serialNumber": "urn:uuid:00000000-0000-5000-8000-000000000000",
        "metadata": {"component": component},
        "components": [],
    }
    (program / BILL).write_text(json.dumps(bill))
    return program


def small_image(folder: Path, edition: str = "ultra-lean") -> Path:
    return make_image(
        program_in(folder / "program"),
        folder / "out",
        description=read_description(address="https://example.org/x"),
        edition=edition,
        system=system_in(folder / "system"),
    )


class Layout:
    """An image that is read as OCI has it; each digest is checked."""

    def __init__(self, path: Path) -> None:
        with tarfile.open(path) as archive:
            self.files = {
                member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
                for member in archive
                if member.isfile()
            }
        [self.entry] = self.json("index.json")["manifests"]
        self.manifest = json.loads(self.blob(self.entry))
        self.configuration = json.loads(self.blob(self.manifest["config"]))

    def json(self, name: str) -> Any:
        return json.loads(self.files[name])

    def blob(self, descriptor: dict[str, Any]) -> bytes:
        content = self.files["blobs/" + descriptor["digest"].replace(":", "/")]
        assert descriptor["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert descriptor["size"] == len(content)
        return content

    def layers(self) -> list[bytes]:
        found = []
        for descriptor in self.manifest["layers"]:
            assert descriptor["mediaType"].endswith(".tar+zstd")
            reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(self.blob(descriptor)))
            found.append(reader.read())
        names = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in found]
        assert names == self.configuration["rootfs"]["diff_ids"]
        return found

    def members(self) -> dict[str, tarfile.TarInfo]:
        return {
            member.name: member
            for layer in self.layers()
            for member in tarfile.open(fileobj=io.BytesIO(layer))
        }


def test_every_digest_fits_and_all_is_there(tmp_path: Path) -> None:
    image = Layout(small_image(tmp_path))
    members = image.members()
    assert image.entry["annotations"]["org.opencontainers.image.ref.name"] == (
        "transcriber:ultra-lean"
    )
    for name in ("usr/bin/transcriber", f"lib64/{LOADER}", "etc/passwd", "etc/nsswitch.conf"):
        assert name in members, name
    assert {name: members[name].mode for name in ("tmp", "models", "data")} == dict.fromkeys(
        ("tmp", "models", "data"), 0o1777
    )
    # No shell, no owner, no date.
    assert not [name for name in members if name.endswith(("/sh", "/bash", "/busybox"))]
    assert {(one.uid, one.gid, one.uname, one.mtime) for one in members.values()} == {(0, 0, "", 0)}
    assert "created" not in image.configuration


def test_the_configuration_says_what_runs_and_for_whom(tmp_path: Path) -> None:
    settings = Layout(small_image(tmp_path)).configuration["config"]
    assert settings["Entrypoint"] == ["/usr/bin/transcriber"]
    assert settings["Cmd"][:3] == ["serve", "--host", "0.0.0.0"]  # noqa: S104
    assert settings["Volumes"] == {"/models": {}, "/data": {}}
    assert settings["User"] != "0" and settings["StopSignal"] == "SIGTERM"
    assert settings["Labels"]["org.opencontainers.image.version"] == read_description().version
    # That of the C library, too.
    assert "LGPL-2.1-or-later" in settings["Labels"]["org.opencontainers.image.licenses"]
    assert not [word for word in settings["Env"] if "NVIDIA" in word]
    with_gpu = Layout(small_image(tmp_path / "gpu", CUDA)).configuration["config"]
    assert "NVIDIA_VISIBLE_DEVICES=all" in with_gpu["Env"]


def test_the_bill_has_the_c_library(tmp_path: Path) -> None:
    path = small_image(tmp_path)
    bill = json.loads(path.with_suffix(".cdx.json").read_text())
    assert bill["metadata"]["component"]["type"] == "container"
    assert "glibc" in {one["name"] for one in bill["components"]}
    assert bill["serialNumber"] != "urn:uuid:00000000-0000-5000-8000-000000000000"


def test_two_makes_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = small_image(tmp_path / "one").read_bytes()
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    mask = os.umask(0o077)
    try:
        second = small_image(tmp_path / "another of some length").read_bytes()
    finally:
        os.umask(mask)
        monkeypatch.delenv("TZ")
        time.tzset()
    assert first == second


def test_folders_come_before_what_is_in_them() -> None:
    layer = make_layer(
        [file("a/b/c", b"text"), Entry(path="a/d", mode=0o600, content=b""), folder("e")]
    )
    content = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(layer.blob)).read()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        names = archive.getnames()
    assert names == ["a", "a/b", "a/b/c", "a/d", "e"]


def test_a_system_that_lacks_a_library_is_told(tmp_path: Path) -> None:
    system = system_in(tmp_path / "system")
    (system / LIBRARY_FOLDER / LIBRARIES[0]).unlink()
    with pytest.raises(InputError, match=LIBRARIES[0]):
        make_image(
            program_in(tmp_path / "program"),
            tmp_path,
            description=read_description(),
            edition="lean",
            system=system,
        )


needs_a_program = pytest.mark.skipif(
    not (PROGRAM / BILL).is_file(), reason="there is no native program: make native"
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = TRIAL / "packages" / image_name(ULTRA_LEAN.name)
    if made.is_file():
        return made
    return make_image(
        PROGRAM,
        tmp_path_factory.mktemp("image"),
        description=read_description(),
        edition=ULTRA_LEAN.name,
        system=sysroot_in(build_cache(), read_pins(PINS)).root,
    )


@pytest.fixture(scope="module")
def bundle(image: Path) -> Iterator[Path]:
    """Return a folder with the image unpacked, as runtimes take it."""
    # Not pytest's own, which no other user may enter.
    work = build_cache() / "systems" / "image"
    shutil.rmtree(work, ignore_errors=True)
    (work / "rootfs").mkdir(parents=True)
    for layer in Layout(image).layers():
        with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
            archive.extractall(work / "rootfs", filter="tar")
    yield work
    shutil.rmtree(work)


ENVIRONMENT = ("PATH=/usr/bin", "HOME=/data", "XDG_CACHE_HOME=/var/cache", "XDG_DATA_HOME=/data")

IN_CHROOT = """\
user=$1 models=$2; shift 2
mount --bind rootfs rootfs && mount -o remount,bind,ro rootfs
mount -t proc proc rootfs/proc
for folder in dev tmp data; do mount -t tmpfs -o mode=1777 none rootfs/$folder; done
mknod -m 666 rootfs/dev/null c 1 3
mknod -m 666 rootfs/dev/urandom c 1 9
mount --bind "$models" rootfs/models
exec env -i "$@"
"""
"""A shell script that runs a command as a container would, where no runtime starts."""


def contained(
    bundle: Path, *words: str | Path, user: int, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run the program in the image, its root read-only; `folder` is ``/models``.

    By crun, and where it does not start, as with two generations of control groups at once, by
    chroot.
    """
    program = ["/usr/bin/transcriber", *map(str, words)]
    in_memory = {"type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]}
    configuration = {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": user, "gid": 0},
            "args": program,
            "env": ENVIRONMENT,
            "cwd": "/data",
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": True},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            *({"destination": place, **in_memory} for place in ("/dev", "/tmp", "/data")),  # noqa: S108
            {"destination": "/models", "type": "bind", "source": str(folder), "options": ["rbind"]},
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "network")]},
    }
    (bundle / "config.json").write_text(json.dumps(configuration))
    by_crun = [
        *(*command("crun"), "--root", f"{bundle}/state", "--cgroup-manager=disabled"),
        *("run", f"test-{os.getpid()}"),
    ]
    done = _run(by_crun, bundle)
    if "cgroups in hybrid mode" not in done.stderr:
        return done
    alone = ["unshare", *("--mount", "--pid", "--net", "--ipc", "--fork")]
    script = ["sh", "-ec", IN_CHROOT, "sh", str(user), str(folder)]
    inside = [
        shutil.which("chroot") or "/usr/sbin/chroot",
        f"--userspec={user}:0",
        "rootfs",
        *program,
    ]
    return _run([*alone, *script, *ENVIRONMENT, *inside], bundle)


def _run(words: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.mark.slow
@needs_a_program
def test_it_is_small(image: Path) -> None:
    assert image.stat().st_size <= LIMIT


@pytest.mark.slow
@needs_a_program
@pytest.mark.skipif(bool(lacking("skopeo")), reason=lacking("skopeo"))
def test_skopeo_reads_and_copies_it(image: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    said = subprocess.run(
        [*command("skopeo"), "--policy", policy, "inspect", f"oci-archive:{image}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(json.loads(said.stdout)["Layers"]) == 2
    subprocess.run(
        [
            *command("skopeo"),
            "--policy",
            policy,
            "copy",
            f"oci-archive:{image}",
            f"dir:{tmp_path}/copy",
        ],
        capture_output=True,
        check=True,
    )
    assert (tmp_path / "copy/manifest.json").is_file()


needs_crun = pytest.mark.skipif(bool(lacking("crun")), reason=lacking("crun"))


@pytest.mark.slow
@needs_a_program
@needs_crun
def test_it_runs_as_any_user_with_its_root_read_only(
    bundle: Path, models: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    reason = reason_without_namespaces()
    if reason or os.geteuid():
        pytest.skip(reason or "a container as another user needs root")
    folder = bundle / "models"
    folder.mkdir()
    shutil.copy(models / "tiny.en.pt", folder)
    shutil.copy(utterances[0].path, folder / "speech.wav")
    for path in (folder, *folder.iterdir()):
        path.chmod(0o777)
    said = contained(bundle, "--version", user=12345, folder=folder)
    assert said.returncode == 0 and said.stdout.startswith("transcriber "), said.stderr
    words = ("/models/speech.wav", "--model", "tiny.en", "--model_dir", "/models", "--offline")
    more = ("--threads", "1", "-f", "json", "-o")
    done = contained(bundle, *words, *more, "/models", user=12345, folder=folder)
    assert done.returncode == 0, done.stderr
    subprocess.run(
        [
            DISTRIBUTION / ULTRA_LEAN.appimage,
            *(utterances[0].path, "--model", "tiny.en", "--model_dir", models, "--offline"),
            *(*more, tmp_path),
        ],
        capture_output=True,
        timeout=200,
        check=True,
    )
    [expected] = tmp_path.glob("*.json")
    assert (folder / "speech.json").read_bytes() == expected.read_bytes()
    # Nobody can reach it from outside without a key.
    served = contained(bundle, "serve", "--host", "0.0.0.0", user=12345, folder=folder)  # noqa: S104
    assert served.returncode == 2
    assert "set a key" in served.stderr and served.stderr.count("\n") == 1
