"""The AppImage runtime: what it promises to those who start an AppImage."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import random
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appimage_tools import (
    EXTRACTED,
    XZ,
    AppImageTools,
    Variables,
    content_of,
    make_app_dir,
    need_mounts,
    provide_checked_runtime,
    provide_tools,
    run,
    run_with_mounts,
)
from buildkit.places import CHECKOUT, build_cache
from buildkit.unpack import stamp_of
from debian_programs import debian_program
from native_build.appimage_runtime import MAGIC, MAGIC_OFFSET, build_runtime
from native_build.pack import DIGEST_SECTION, QUICKEST, Compression, with_section

pytestmark = pytest.mark.slow

BLOCK = 128 * 1024


@pytest.fixture(scope="module")
def tools() -> AppImageTools:
    return provide_tools()


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Return a folder that every user may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def app_dir(place: Path) -> Path:
    return make_app_dir(place / "AppDir")


@pytest.fixture(scope="module")
def appimage(tools: AppImageTools, app_dir: Path, place: Path) -> Path:
    return tools.pack(app_dir, place / "app.AppImage", update_information="zsync|https://a.example")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(params=["mounted", "extracted"])
def way(request: pytest.FixtureRequest, appimage: Path) -> Variables:
    """Return the variables for both ways of starting."""
    if request.param == "extracted":
        return EXTRACTED
    need_mounts(appimage)
    return {}


def cache_of(home: Path) -> Path:
    return home / ".cache/whisper-transcriber/appimage"


def extracted_names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if not path.name.endswith(".lock"))


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the complaint, which is one line and no more."""
    assert done.stdout == ""
    assert re.fullmatch(r"AppImage: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def await_that(condition: object, what: str) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class TestProgram:
    def test_it_is_an_appimage_of_type_2(self, tools: AppImageTools) -> None:
        head = tools.runtime.read_bytes()[: MAGIC_OFFSET + 3]
        assert head.startswith(b"\x7fELF")
        assert head[MAGIC_OFFSET:] == MAGIC

    def test_it_needs_nothing_of_the_machine(self, tools: AppImageTools) -> None:
        headers = run("readelf", "--program-headers", "--dynamic", tools.runtime).stdout
        assert "INTERP" not in headers
        assert "NEEDED" not in headers

    def test_memory_is_never_written_to_and_executed(self, tools: AppImageTools) -> None:
        headers = run("readelf", "--program-headers", "--wide", tools.runtime).stdout
        assert "GNU_STACK" in headers
        assert "RWE" not in headers

    def test_it_is_small(self, tools: AppImageTools) -> None:
        # A fiftieth of the smallest AppImage that we aim at would be 240 kB.
        assert tools.runtime.stat().st_size < 170_000

    def test_no_folder_of_this_machine_is_in_it(self, tools: AppImageTools) -> None:
        content = tools.runtime.read_bytes()
        for folder in (CHECKOUT, build_cache(), Path.home()):
            assert os.fsencode(folder) + b"/" not in content

    def test_another_folder_gives_the_same_bytes(
        self, tools: AppImageTools, tmp_path: Path
    ) -> None:
        trees = tmp_path / "other trees"
        parts = [tools.trees / name for name in ("musl", "zstd", "xz")]
        kept = {path.name for part in parts for path in (part, stamp_of(part))}
        shutil.copytree(
            tools.trees,
            trees,
            ignore=lambda folder, names: (
                [name for name in names if name not in kept] if Path(folder) == tools.trees else []
            ),
        )
        # The C library takes minutes, and nothing in it names its folder.
        shutil.copytree(tools.runtime.parent / "musl", tmp_path / "elsewhere/musl")
        again = build_runtime(trees, tmp_path / "elsewhere", tools=tools.toolchain)
        assert again.read_bytes() == tools.runtime.read_bytes()


class TestFiles:
    @pytest.mark.parametrize("compression", [QUICKEST, XZ], ids=["zstd", "xz"])
    def test_extraction_gives_the_files_back(
        self, tools: AppImageTools, app_dir: Path, tmp_path: Path, compression: Compression
    ) -> None:
        appimage = tools.pack(app_dir, tmp_path / "app.AppImage", compression=compression)
        done = run(appimage, "--appimage-extract", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert "squashfs-root/usr/lib/holes\n" in done.stdout
        assert content_of(tmp_path / "squashfs-root") == content_of(app_dir)

    @pytest.mark.parametrize("compression", [QUICKEST, XZ], ids=["zstd", "xz"])
    def test_the_mount_shows_the_files(
        self,
        tools: AppImageTools,
        app_dir: Path,
        appimage: Path,
        tmp_path: Path,
        compression: Compression,
    ) -> None:
        need_mounts(appimage)
        image = tools.pack(app_dir, tmp_path / "app.AppImage", compression=compression)
        with subprocess.Popen(
            [image, "--appimage-mount"], stdout=subprocess.PIPE, text=True
        ) as mounting:
            assert mounting.stdout
            mounted = Path(mounting.stdout.readline().rstrip("\n"))
            try:
                assert content_of(mounted) == content_of(app_dir)
                # Again, from other places than the beginning.
                with (mounted / "usr/lib/several-blocks").open("rb") as stream:
                    whole = (app_dir / "usr/lib/several-blocks").read_bytes()
                    for position in (len(whole) - 5, BLOCK - 3, 0, 5 * BLOCK + 1, len(whole) + 9):
                        stream.seek(position)
                        assert stream.read(70_000) == whole[position : position + 70_000]
                assert not (mounted / "no such file").exists()
                with pytest.raises(OSError, match="Read-only"):
                    (mounted / "new").touch()
            finally:
                mounting.terminate()
            assert mounting.wait() == 0
        await_that(lambda: not mounted.exists(), "the mount is still there")

    def test_extraction_takes_a_pattern_and_replaces_what_is_there(
        self, appimage: Path, app_dir: Path, tmp_path: Path
    ) -> None:
        for _ in range(2):
            done = run(appimage, "--appimage-extract", "usr/lib/one-*", cwd=tmp_path)
            assert done.returncode == 0, done.stderr
        found = {path.name for path in (tmp_path / "squashfs-root").rglob("*") if path.is_file()}
        assert found == {"one-block", "one-more"}
        for _ in range(2):
            done = run(appimage, "--appimage-extract", cwd=tmp_path)
            assert done.returncode == 0, done.stderr
        assert content_of(tmp_path / "squashfs-root") == content_of(app_dir)


class TestStart:
    def test_variables(self, appimage: Path, way: Variables, home: Path) -> None:
        done = run(appimage, "variables", home=home, cwd=home, **way)
        own, folder, name, here = done.stdout.splitlines()
        assert own == str(appimage)
        assert name == str(appimage)
        assert here == str(home)
        assert folder.startswith(str(cache_of(home))) == bool(way)

    def test_exit_codes_arguments_and_input_pass(
        self, appimage: Path, way: Variables, home: Path
    ) -> None:
        for code in (0, 1, 42, 255):
            assert run(appimage, "exit", str(code), home=home, **way).returncode == code
        words = ["", "a b", "--appimage-help", "ü", "*"]
        done = run(appimage, "echo", *words, home=home, **way)
        assert done.stdout == "".join(f"[{word}]" for word in words)
        assert run(appimage, "input", home=home, text="said", **way).stdout == "said"

    def test_death_by_a_signal_passes(self, appimage: Path, way: Variables, home: Path) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
            done = run(appimage, "die", str(int(number)), home=home, **way)
            assert done.returncode == -number

    def test_a_signal_reaches_the_program(self, appimage: Path, way: Variables, home: Path) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), **way}
        with subprocess.Popen(
            [appimage, "wait"], stdout=subprocess.PIPE, env=environment
        ) as started:
            assert started.stdout
            assert started.stdout.readline() == b"ready\n"
            started.terminate()
            assert started.wait() == 43

    def test_a_link_spaces_and_letters(
        self, appimage: Path, way: Variables, home: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "ein Ordner, größer als 世界"
        folder.mkdir()
        copy = folder / "App 'ü\" $x\\.AppImage"
        shutil.copy(appimage, copy)
        link = tmp_path / "a link"
        link.symlink_to(copy)
        done = run(link, "variables", home=home, **way)
        assert done.stdout.splitlines()[0] == str(copy)
        assert done.stdout.splitlines()[2] == str(link)
        assert run(copy, "file", "Grüße 世界", home=home, **way).stdout == "ü"

    def test_from_a_folder_without_the_right_to_write(
        self, appimage: Path, place: Path, way: Variables
    ) -> None:
        own = Path(tempfile.mkdtemp(dir=place))
        own.chmod(0o777)
        done = run(appimage, "file", "word", home=own, as_nobody=True, cwd=place, **way)
        assert (done.stdout, done.stderr) == ("word\n", "")
        shutil.rmtree(own)

    def test_closed_streams(self, appimage: Path, way: Variables, home: Path) -> None:
        for closed in ("<&-", ">&-", "2>&-", "<&- 2>&-", "<&- >&- 2>&-"):
            script = f'"$0" exit 7 {closed}'
            done = run("sh", "-c", script, appimage, home=home, **way)
            assert done.returncode == 7, closed

    def test_another_image_is_run_on_request(
        self, tools: AppImageTools, appimage: Path, way: Variables, home: Path
    ) -> None:
        done = run(tools.runtime, "value", "APPIMAGE", home=home, TARGET_APPIMAGE=appimage, **way)
        assert done.stdout == f"{appimage}\n"
        done = run(
            tools.runtime, "value", "TARGET_APPIMAGE", home=home, TARGET_APPIMAGE=appimage, **way
        )
        assert done.stdout == "\n"

    def test_an_empty_request_is_none(self, appimage: Path, home: Path) -> None:
        done = run(appimage, "echo", "a", home=home, TARGET_APPIMAGE="", **EXTRACTED)
        assert done.stdout == "[a]"

    def test_folders_beside_it_serve_as_home(
        self, appimage: Path, way: Variables, home: Path, tmp_path: Path
    ) -> None:
        copy = tmp_path / "moved.AppImage"
        shutil.copy(appimage, copy)
        for ending, variable in ((".home", "HOME"), (".config", "XDG_CONFIG_HOME")):
            before = run(copy, "value", variable, home=home, **way).stdout
            assert ending not in before
            made = run(copy, f"--appimage-portable-{ending[1:]}", home=home)
            assert made.stdout == f"{copy}{ending}\n"
            after = run(copy, "value", variable, home=home, **way).stdout
            assert after == f"{copy}{ending}\n"

    def test_without_proc(self, tools: AppImageTools, tmp_path: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can change the root folder")
        inner = tmp_path / "inner"
        inner.mkdir()
        # A chroot has no shell; the runtime itself is a program that runs there.
        shutil.copy(tools.runtime, inner / "AppRun")
        root = tmp_path / "root"
        (root / "tmp").mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        tools.pack(inner, root / "app.AppImage")
        for option in (("--appimage-extract-and-run",), ()):
            done = run("chroot", root, "/app.AppImage", *option, "--appimage-offset")
            assert done.stdout == f"{tools.runtime.stat().st_size}\n", done.stderr


class TestMount:
    def test_it_ends_with_the_program(self, appimage: Path, home: Path) -> None:
        need_mounts(appimage)
        for words in (["variables"], ["die", "9"]):
            run(appimage, *words, home=home, TMPDIR=home)
            await_that(lambda: not list(home.glob(".mount_*")), "the mount is still there")

    def test_it_stays_for_what_the_program_left_running(self, appimage: Path, home: Path) -> None:
        need_mounts(appimage)
        assert run(appimage, "leave", home=home).stdout == "word\n"

    def test_ctrl_c_does_not_take_the_files_away(self, appimage: Path, home: Path) -> None:
        need_mounts(appimage)
        with subprocess.Popen(
            [appimage, "survive"],
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home)},
            start_new_session=True,
        ) as started:
            assert started.stdout
            assert started.stdout.readline() == "ready\n"
            for number in (signal.SIGINT, signal.SIGHUP):
                # As a terminal does, to all of the group: who serves the files is in none of it.
                os.killpg(started.pid, number)
            assert started.stdout.read() == "word\n"
        await_that(lambda: not list(home.glob(".mount_*")), "the mount is still there")

    def test_a_caller_that_waits_for_no_child(self, appimage: Path, home: Path) -> None:
        need_mounts(appimage)
        code = (
            "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN);"
            "os.execv(sys.argv[1], sys.argv[1:])"
        )
        done = run(sys.executable, "-c", code, appimage, "value", "APPDIR", home=home)
        assert "/.mount_" in done.stdout

    def test_what_the_caller_has_open_is_not_kept_open(self, appimage: Path, home: Path) -> None:
        need_mounts(appimage)
        ours, theirs = os.pipe()
        reader = None
        with os.fdopen(ours, "rb") as pipe:
            with subprocess.Popen(
                [appimage, "wait"],
                stdout=subprocess.PIPE,
                env={"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home)},
                pass_fds=[theirs],
            ) as started:
                os.close(theirs)
                assert started.stdout
                assert started.stdout.readline() == b"ready\n"
                # A file that is open keeps the mount, and who serves it.
                (folder,) = home.glob(".mount_*")
                reader = (folder / "word").open()
                started.terminate()
            try:
                assert select.select([pipe], [], [], 5)[0], "somebody holds the pipe"
                assert pipe.read() == b""
            finally:
                reader.close()

    def test_with_fusermount(self, appimage: Path, place: Path) -> None:
        # Where every user finds it, and run as root as its package has it.
        programs = place / "programs"
        programs.mkdir()
        shutil.copy(debian_program("fusermount3", "fuse3"), programs)
        (programs / "fusermount3").chmod(0o4755)
        # For root alone, as in many containers, there is another way: nobody needs fusermount.
        script = """
            mount -t tmpfs none /mnt
            mknod /mnt/fuse c 10 229; chmod 666 /mnt/fuse
            mount --bind /mnt/fuse /dev/fuse
            PATH=$PATH:$FUSERMOUNT
            exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@" """
        variables: Variables = {"HOME": "/nonexistent", "FUSERMOUNT": programs}
        printed = run_with_mounts(script, appimage, "variables", **variables)
        if "/.mount_" not in printed:
            pytest.skip(f"fusermount cannot mount here: {printed}")
        assert printed.splitlines()[0] == str(appimage)
        left = run_with_mounts(
            # It is unmounted by a process that outlives the program for a moment.
            f'({script}); for n in $(seq 50); do grep -q "[.]mount_" /proc/mounts || break; '
            'sleep 0.2; done; grep -c "[.]mount_" /proc/mounts || true; ls -A "$TMPDIR"',
            *(appimage, "exit", "0"),
            TMPDIR=_shared(place),
            **variables,
        )
        assert left == "0\n"

    @pytest.mark.parametrize("mode", ["000", "absent"])
    def test_without_the_device_it_is_extracted(
        self, appimage: Path, home: Path, mode: str
    ) -> None:
        script = """
            mount -t tmpfs -o nodev none /mnt
            mknod /mnt/fuse c 10 229
            mount --bind /mnt/fuse /dev/fuse
            "$@" """
        if mode == "absent":
            script = 'mount -t tmpfs none /dev; "$@" 2>&1 </proc/self/fd/0'
        printed = run_with_mounts(script, appimage, "variables", HOME=home)
        assert str(cache_of(home)) in printed


def _shared(place: Path) -> Path:
    folder = Path(tempfile.mkdtemp(dir=place))
    folder.chmod(0o1777)
    return folder


class TestCache:
    def test_it_is_extracted_once(self, appimage: Path, home: Path) -> None:
        run(appimage, "exit", "0", home=home, **EXTRACTED)
        (name,) = extracted_names(cache_of(home))
        before = (cache_of(home) / name).stat()
        run(appimage, "--appimage-extract-and-run", "exit", "0", home=home)
        assert extracted_names(cache_of(home)) == [name]
        assert (cache_of(home) / name).stat() == before

    def test_it_is_named_after_the_content(
        self, tools: AppImageTools, appimage: Path, home: Path
    ) -> None:
        image = appimage.read_bytes()[tools.runtime.stat().st_size :]
        run(appimage, "exit", "0", home=home, **EXTRACTED)
        (name,) = extracted_names(cache_of(home))
        assert hashlib.sha256(image).hexdigest().startswith(name)

    def test_it_has_the_files_and_is_private(
        self, appimage: Path, app_dir: Path, home: Path
    ) -> None:
        run(appimage, "exit", "0", home=home, **EXTRACTED)
        (name,) = extracted_names(cache_of(home))
        assert content_of(cache_of(home) / name) == content_of(app_dir)
        assert stat.S_IMODE(cache_of(home).stat().st_mode) == 0o700

    def test_several_starts_at_once(self, appimage: Path, home: Path) -> None:
        def start(index: int) -> str:
            return run(appimage, "echo", str(index), home=home, **EXTRACTED).stdout

        with ThreadPoolExecutor(12) as pool:
            assert list(pool.map(start, range(12))) == [f"[{index}]" for index in range(12)]
        assert len(extracted_names(cache_of(home))) == 1

    def test_an_interrupted_extraction_is_replaced(self, appimage: Path, home: Path) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), **EXTRACTED}
        for delay in (0.001, 0.004, 0.01, 0.02, 0.04):
            started = subprocess.Popen([appimage, "exit", "0"], env=environment)
            time.sleep(delay)
            started.kill()
            started.wait()
        assert run(appimage, "file", "word", home=home, **EXTRACTED).stdout == "word\n"
        assert len(extracted_names(cache_of(home))) == 1

    @pytest.mark.parametrize("damage", ["missing", "longer", "touched", "mode", "link", "open"])
    def test_what_somebody_changed_is_extracted_again(
        self, appimage: Path, app_dir: Path, home: Path, damage: str
    ) -> None:
        run(appimage, "exit", "0", home=home, **EXTRACTED)
        (name,) = extracted_names(cache_of(home))
        root = cache_of(home) / name
        victim = root / "word"
        if damage == "missing":
            victim.unlink()
        elif damage == "longer":
            victim.write_text("other\nword\n")
        elif damage == "touched":
            victim.write_text("WORD\n")
        elif damage == "mode":
            (root / "AppRun").chmod(0o644)
        elif damage == "link":
            (root / "link").unlink()
            (root / "link").symlink_to("elsewhere")
        else:
            (root / "usr").chmod(0o777)
        assert run(appimage, "file", "word", home=home, **EXTRACTED).stdout == "word\n"
        assert content_of(root) == content_of(app_dir)
        assert extracted_names(cache_of(home)) == [name]

    def test_what_was_not_used_for_long_goes(self, appimage: Path, home: Path) -> None:
        cache = cache_of(home)
        cache.mkdir(parents=True, mode=0o700)
        days = {"a" * 32: 70, "b" * 32: 50}
        for name, age in days.items():
            (cache / name).mkdir()
            (cache / name / "file").touch()
            lock = cache / f"{name}.lock"
            lock.touch()
            then = time.time() - age * 86400
            os.utime(lock, (then, then))
        run(appimage, "exit", "0", home=home, **EXTRACTED)
        names = extracted_names(cache)
        assert "a" * 32 not in names
        assert "b" * 32 in names
        assert len(names) == 2

    def test_the_chosen_cache_comes_first(self, appimage: Path, home: Path) -> None:
        chosen = home / "chosen"
        done = run(appimage, "value", "APPDIR", home=home, XDG_CACHE_HOME=chosen, **EXTRACTED)
        assert done.stdout.startswith(f"{chosen}/whisper-transcriber/appimage/")
        # The specification has relative paths ignored.
        done = run(
            appimage, "value", "APPDIR", home=home, cwd=home, XDG_CACHE_HOME="x", **EXTRACTED
        )
        assert done.stdout.startswith(str(cache_of(home)))

    def test_no_home(self, appimage: Path, tmp_path: Path) -> None:
        homes: list[Variables] = [
            {},
            # Not one at the root: some program may have made it there.
            *({"HOME": home} for home in ("", str(tmp_path / "missing"), "relative")),
        ]
        for variables in homes:
            done = run(appimage, "value", "APPDIR", TMPDIR=tmp_path, **EXTRACTED, **variables)
            assert done.stdout.startswith(f"{tmp_path}/whisper-transcriber-{os.geteuid()}/")
            assert done.stderr == ""

    def test_a_home_that_cannot_be_written_to(self, appimage: Path, place: Path) -> None:
        home = Path(tempfile.mkdtemp(dir=place))
        home.chmod(0o555)
        shared = _shared(place)
        done = run(
            appimage, "value", "APPDIR", home=home, as_nobody=True, TMPDIR=shared, **EXTRACTED
        )
        assert done.stdout.startswith(f"{shared}/whisper-transcriber-")
        assert done.stderr == ""

    @pytest.mark.parametrize("reason", ["size=300k", "noexec", "ro"])
    def test_a_file_system_that_does_not_serve(
        self, appimage: Path, tmp_path: Path, reason: str
    ) -> None:
        bad, good = tmp_path / "bad", tmp_path / "good"
        bad.mkdir()
        good.mkdir()
        script = f'mount -t tmpfs -o {reason} none "$HOME"; "$@"; find "$HOME" -name AppRun'
        printed = run_with_mounts(
            script, appimage, "value", "APPDIR", HOME=bad, TMPDIR=good, **EXTRACTED
        )
        assert printed.startswith(f"{good}/whisper-transcriber-")
        # Nothing is left where there was no room.
        assert printed.count("\n") == 1

    def test_no_place_at_all_is_one_line(self, appimage: Path, tmp_path: Path) -> None:
        home = "/var/tmp/home"  # noqa: S108 - of a mount that this test makes
        copy = tmp_path / "app.AppImage"
        shutil.copy(appimage, copy)
        script = """
            mount --bind "$(dirname "$1")" /mnt
            mount -t tmpfs -o noexec none /var/tmp
            mount -t tmpfs -o noexec none /tmp
            mkdir "$HOME"
            code=0; /mnt/app.AppImage exit 0 || code=$?; echo $code """
        printed = run_with_mounts(script, copy, HOME=home, **EXTRACTED)
        assert "7" in printed.splitlines()
        assert printed.count("\n") == 2
        assert f"{home}/.cache/whisper-transcriber/appimage" in printed
        assert "noexec" in printed
        assert "XDG_CACHE_HOME" in printed

    @pytest.mark.parametrize("trap", ["link", "group", "file", "owner"])
    def test_a_folder_that_somebody_prepared_is_not_used(
        self, appimage: Path, place: Path, tmp_path: Path, trap: str
    ) -> None:
        shared, elsewhere = _shared(place), tmp_path / "elsewhere"
        prepared = shared / f"whisper-transcriber-{os.geteuid()}"
        elsewhere.mkdir()
        if trap == "link":
            prepared.symlink_to(elsewhere)
        elif trap == "group":
            prepared.mkdir()
            prepared.chmod(0o777)
        elif trap == "file":
            prepared.touch()
        elif os.geteuid() == 0:
            prepared.mkdir()
            os.chown(prepared, 65534, 65534)
        else:
            pytest.skip("only root can give a folder to somebody else")
        second = _shared(place)
        done = run(appimage, "value", "APPDIR", TMPDIR=shared, HOME=second, **EXTRACTED)
        assert done.stdout.startswith(f"{second}/.cache")
        done = run(appimage, "value", "APPDIR", TMPDIR=shared, **EXTRACTED)
        assert not done.stdout.startswith(str(shared))
        assert list(elsewhere.iterdir()) == []

    def test_root_does_not_use_the_home_of_another_user(
        self, appimage: Path, place: Path, tmp_path: Path
    ) -> None:
        if os.geteuid() != 0:
            pytest.skip("this is about root")
        home = Path(tempfile.mkdtemp(dir=place))
        os.chown(home, 65534, 65534)
        done = run(appimage, "value", "APPDIR", home=home, TMPDIR=tmp_path, **EXTRACTED)
        assert done.stdout.startswith(str(tmp_path))
        assert list(home.iterdir()) == []

    def test_a_start_is_noted(self, appimage: Path, home: Path) -> None:
        run(appimage, "exit", "0", home=home, **EXTRACTED)
        (lock,) = cache_of(home).glob("*.lock")
        then = time.time() - 50 * 86400
        os.utime(lock, (then, then))
        run(appimage, "exit", "0", home=home, **EXTRACTED)
        assert time.time() - lock.stat().st_mtime < 86400

    def test_what_is_being_unpacked_is_in_use(self, appimage: Path, home: Path) -> None:
        cache = cache_of(home)
        cache.mkdir(parents=True, mode=0o700)
        then = time.time() - 70 * 86400
        for name in ("a" * 32, "b" * 32):
            (cache / f"{name}.XXXXXX").mkdir()
            (cache / f"{name}.lock").touch()
            os.utime(cache / f"{name}.lock", (then, then))
        with (cache / f"{'a' * 32}.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            run(appimage, "exit", "0", home=home, **EXTRACTED)
        names = {path.name[:33] for path in cache.iterdir()}
        assert f"{'a' * 32}." in names
        # Nothing of it is left, not even what an interruption left.
        assert f"{'b' * 32}." not in names


class TestOptions:
    def test_help_names_all_options(self, appimage: Path) -> None:
        printed = run(appimage, "--appimage-help").stdout
        for name in (
            *("extract", "extract-and-run", "help", "mount", "offset", "portable-config"),
            *("portable-home", "signature", "updateinformation", "version"),
        ):
            assert f"  --appimage-{name} " in printed

    def test_version(self, appimage: Path) -> None:
        assert run(appimage, "--appimage-version").stdout.startswith("AppImage runtime ")

    def test_offset_is_where_the_image_begins(self, tools: AppImageTools, appimage: Path) -> None:
        offset = int(run(appimage, "--appimage-offset").stdout)
        assert offset == tools.runtime.stat().st_size
        assert appimage.read_bytes()[offset : offset + 4] == b"hsqs"

    def test_update_information_and_signature(self, appimage: Path) -> None:
        for option in ("updateinformation", "updateinfo"):
            done = run(appimage, f"--appimage-{option}")
            assert done.stdout == "zsync|https://a.example\n"
        assert run(appimage, "--appimage-signature").stdout == "\n"

    def test_what_is_unknown(self, appimage: Path) -> None:
        done = run(appimage, "--appimage-frobnicate")
        assert done.returncode == 2
        assert "--appimage-help" in one_line(done)

    def test_nothing_is_silently_lost(self, appimage: Path) -> None:
        done = run("sh", "-c", '"$0" --appimage-help > /dev/full', appimage)
        assert done.returncode == 7
        one_line(done)

    def test_a_pattern_that_matches_nothing(self, appimage: Path, tmp_path: Path) -> None:
        for words in (["nosuch"], ["word", "empty"]):
            done = run(appimage, "--appimage-extract", *words, cwd=tmp_path)
            assert done.returncode == 2
            assert words[-1] in one_line(done)

    def test_extraction_follows_no_link(self, appimage: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        for place in ("squashfs-root", "squashfs-root/usr"):
            folder = tmp_path / place.replace("/", "-")
            link = folder / place
            link.parent.mkdir(parents=True)
            link.symlink_to(elsewhere)
            done = run(appimage, "--appimage-extract", cwd=folder)
            assert done.returncode == 7
            assert list(elsewhere.iterdir()) == []

    def test_extraction_to_a_folder_without_the_right_to_write(
        self, appimage: Path, place: Path
    ) -> None:
        folder = Path(tempfile.mkdtemp(dir=place))
        folder.chmod(0o555)
        done = run(appimage, "--appimage-extract", cwd=folder, as_nobody=True)
        assert done.returncode == 7
        one_line(done)


class TestDamage:
    @pytest.mark.parametrize("left", [0, 40, 95, 5000, -1, -5000])
    def test_a_truncated_file(
        self, tools: AppImageTools, appimage: Path, home: Path, tmp_path: Path, left: int
    ) -> None:
        content = appimage.read_bytes()
        start = tools.runtime.stat().st_size
        damaged = tmp_path / "damaged.AppImage"
        damaged.write_bytes(content[: start + left if left >= 0 else left])
        damaged.chmod(0o755)
        done = run(damaged, "exit", "0", home=home, **EXTRACTED)
        assert done.returncode == 8
        assert "download it again" in one_line(done)

    def test_a_changed_byte_is_found_before_anything_is_unpacked(
        self, tools: AppImageTools, appimage: Path, home: Path, tmp_path: Path
    ) -> None:
        content = bytearray(appimage.read_bytes())
        content[tools.runtime.stat().st_size + 200_000] ^= 1
        damaged = tmp_path / "damaged.AppImage"
        damaged.write_bytes(content)
        damaged.chmod(0o755)
        done = run(damaged, "exit", "0", home=home, **EXTRACTED)
        assert done.returncode == 8
        one_line(done)
        assert extracted_names(cache_of(home)) == []
        done = run(damaged, "--appimage-extract", cwd=home)
        assert done.returncode == 8
        one_line(done)
        assert not (home / "squashfs-root").exists()

    @pytest.mark.parametrize("share", [0.001, 0.3, 0.6, 0.9])
    def test_a_damaged_page_is_one_line_where_it_is_mounted(
        self,
        tools: AppImageTools,
        appimage: Path,
        home: Path,
        tmp_path: Path,
        share: float,
    ) -> None:
        need_mounts(appimage)
        content = bytearray(appimage.read_bytes())
        start = tools.runtime.stat().st_size
        at = start + 96 + int(share * (len(content) - start))
        content[at : at + 4096] = bytes(byte ^ 0x5A for byte in content[at : at + 4096])
        damaged = tmp_path / "damaged.AppImage"
        damaged.write_bytes(content)
        damaged.chmod(0o755)
        done = run(damaged, "exit", "0", home=home)
        assert done.returncode == 8
        assert "download it again" in one_line(done)
        # What a whole one has left still serves.
        run(appimage, "exit", "0", home=home, **EXTRACTED)
        done = run(damaged, "exit", "3", home=home)
        assert (done.returncode, done.stderr) == (3, "")

    def test_a_file_that_is_none(self, tools: AppImageTools, tmp_path: Path) -> None:
        other = tmp_path / "other"
        for content in (b"", b"text", b"\x7fELF\x02" + bytes(60), os.urandom(500)):
            other.write_bytes(content)
            done = run(tools.runtime, "exit", "0", TARGET_APPIMAGE=other)
            assert done.returncode == 8
            one_line(done)
        done = run(tools.runtime, "exit", "0", TARGET_APPIMAGE=tmp_path / "missing")
        assert done.returncode == 8
        one_line(done)

    def test_without_apprun(self, tools: AppImageTools, tmp_path: Path, home: Path) -> None:
        (tmp_path / "empty").mkdir()
        appimage = tools.pack(tmp_path / "empty", tmp_path / "app.AppImage")
        done = run(appimage, home=home)
        assert done.returncode == 8
        assert "AppRun" in one_line(done)

    @pytest.mark.parametrize("compression", [QUICKEST, XZ], ids=["zstd", "xz"])
    def test_no_damage_crashes_the_reader(
        self, tools: AppImageTools, tmp_path: Path, compression: Compression
    ) -> None:
        checked = provide_checked_runtime()
        app_dir = make_app_dir(tmp_path / "AppDir")
        shutil.rmtree(app_dir / "many")
        (app_dir / "many").mkdir()
        for index in range(60):
            (app_dir / "many" / f"{index}").touch()
        good = tools.pack(app_dir, tmp_path / "good.AppImage", compression=compression)
        content = good.read_bytes()
        start = tools.runtime.stat().st_size
        draw = random.Random(4)
        codes = []
        for number in range(250):
            image = bytearray(content[start:])
            _damage(image, draw, number)
            victim = tmp_path / "victim"
            # Without the digest, by which all damage would be found at the first glance.
            victim.write_bytes(with_section(content[:start], DIGEST_SECTION, b"") + image)
            into = tmp_path / f"into-{number % 2}"
            shutil.rmtree(into, ignore_errors=True)
            into.mkdir()
            done = run(
                *(checked, "--appimage-extract"),
                cwd=into,
                TARGET_APPIMAGE=victim,
                # Leaks do not matter in a process that ends; a wish for too much memory is refused.
                ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1",
            )
            assert done.returncode in (0, 7, 8), (number, done.returncode, done.stderr[-3000:])
            if done.returncode:
                assert done.stderr.count("\n") == 1, (number, done.stderr)
            codes.append(done.returncode)
        # The damage was neither all harmless nor all found at the first glance.
        assert 10 < codes.count(0) < 240

    def test_no_damage_ends_who_serves_the_mount(
        self, tools: AppImageTools, appimage: Path, tmp_path: Path
    ) -> None:
        need_mounts(appimage)
        checked = provide_checked_runtime()
        content = appimage.read_bytes()
        start = tools.runtime.stat().st_size
        draw = random.Random(5)
        failures = 0
        for number in range(40):
            image = bytearray(content[start:])
            # The tables; the rest decides over the content of files alone.
            _damage(image, draw, 1)
            victim = tmp_path / "victim"
            victim.write_bytes(content[:start] + image)
            environment = {"TARGET_APPIMAGE": str(victim), "ASAN_OPTIONS": "detect_leaks=0"}
            with subprocess.Popen(
                [checked, "--appimage-mount"], stdout=subprocess.PIPE, text=True, env=environment
            ) as mounting:
                assert mounting.stdout
                mounted = mounting.stdout.readline().rstrip("\n")
                try:
                    failures += _read_all(mounted)
                    # Whoever serves it still answers, after the worst.
                    os.statvfs(mounted)
                finally:
                    mounting.terminate()
            assert mounting.wait() == 0, number
        assert failures


def _read_all(folder: str) -> int:
    """Read all files in a mounted image; return how many could not be read."""
    failures = 0

    def note(error: OSError) -> None:
        nonlocal failures
        # A damaged table may also take a file for a folder, or the other way round.
        another = (errno.ENOENT, errno.ELOOP, errno.EISDIR, errno.ENOTDIR)
        # Not ENOTCONN or ECONNABORTED, which would say that nobody serves the mount any more.
        assert error.errno in (errno.EIO, errno.ENOTSUP, *another), error
        failures += 1

    for place, _, names in os.walk(folder, onerror=note):
        # A damaged table may have a folder in itself.
        if place.count("/") > folder.count("/") + 6:
            break
        for name in names:
            try:
                with Path(place, name).open("rb") as stream:
                    while stream.read(1 << 20) and stream.tell() < 1 << 24:
                        pass
            except OSError as error:
                note(error)
    return failures


def _damage(image: bytearray, draw: random.Random, number: int) -> None:
    """Change a few bytes, mostly where the numbers are that the reader relies on."""
    tables = int.from_bytes(image[64:72], "little")
    for _ in range(draw.choice((1, 1, 2, 5, 30))):
        kind = number % 5
        if kind == 0:
            place = draw.randrange(96)
        elif kind in (1, 2):
            place = draw.randrange(tables, len(image))
        else:
            place = draw.randrange(len(image))
        image[place] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
    if kind == 4 and draw.random() < 0.3:
        del image[draw.randrange(len(image)) :]
