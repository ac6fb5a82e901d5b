"""Sessions of a desktop for a test: sound servers, an X server, a Wayland compositor, a bus.

All of it is Debian's, unpacked by the set-up (`scripts.desktops`) or installed on the machine::

    with desktop() as session:
        session.start_x_server()
        session.offer("xclip")
        subprocess.run(["xclip", "-o"], env=session.environment)
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scripts.layout import DESKTOPS

_LIBRARIES = (
    "usr/lib/x86_64-linux-gnu",
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu/pulseaudio",
    "usr/lib/pulse-*/modules",
)

_PLACES = {
    "XKB_CONFIG_ROOT": "usr/share/X11/xkb",
    "PIPEWIRE_CONFIG_DIR": "usr/share/pipewire",
    "PIPEWIRE_MODULE_DIR": "usr/lib/x86_64-linux-gnu/pipewire-0.3",
    "SPA_PLUGIN_DIR": "usr/lib/x86_64-linux-gnu/spa-0.2",
    "WIREPLUMBER_MODULE_DIR": "usr/lib/x86_64-linux-gnu/wireplumber-0.4",
    "WIREPLUMBER_CONFIG_DIR": "usr/share/wireplumber",
    "WIREPLUMBER_DATA_DIR": "usr/share/wireplumber",
    "ALSA_CONFIG_DIR": "usr/share/alsa",
    "ALSA_PLUGIN_DIR": "usr/lib/x86_64-linux-gnu/alsa-lib",
    "ESPEAK_DATA_PATH": "usr/lib/x86_64-linux-gnu",
}
"""Variables by which programs find what they load."""

_OF_THE_USER = (
    *("DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DBUS_SESSION_BUS_ADDRESS"),
    *("PULSE_SERVER", "PULSE_SINK", "PULSE_SOURCE", "PIPEWIRE_REMOTE", "PIPEWIRE_RUNTIME_DIR"),
    *("XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
    *("XDG_STATE_HOME", "XDG_CACHE_HOME", "ALSA_CONFIG_PATH"),
)
"""What could lead a test to the desktop of whoever runs it."""

_SECONDS = 20.0
"""For a server to start, on a machine that is busy."""

_BASIC = ("cat", "rm")
"""What each machine has; wl-copy runs them."""

_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"""


def lacking(*programs: str) -> str:
    """Return why tests that need `programs` cannot run here, or nothing.

    For ``pytest.mark.skipif(bool(lacking("Xvfb")), reason=lacking("Xvfb"))``.
    """
    missing = [name for name in programs if _find(name) is None]
    return f"no {', '.join(missing)}: `make setup` gets it, or says why it cannot" * bool(missing)


@contextlib.contextmanager
def desktop() -> Iterator[Desktop]:
    """Give a session in which nothing runs yet, and end all that was started in it."""
    # Not pytest's folder: the path of a socket may have a hundred characters.
    with tempfile.TemporaryDirectory(prefix="desk-", ignore_cleanup_errors=True) as folder:
        session = Desktop(Path(folder))
        try:
            yield session
        finally:
            session.close()


class Desktop:
    """A session of its own: a home, a folder for sockets, and the servers that are started.

    Attributes
    ----------
    folder : Path
        Holds all of it.
    environment : dict of str to str
        What a program is to be run with; on its ``PATH`` is what was offered, and `_BASIC`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._servers: list[subprocess.Popen[bytes]] = []
        for name in ("bin", "home", "run"):
            (folder / name).mkdir(mode=0o700)
        kept = {name: text for name, text in os.environ.items() if name not in _OF_THE_USER}
        self.environment = {
            **kept,
            "PATH": str(folder / "bin"),
            "HOME": str(folder / "home"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
        }
        self.offer(*_BASIC)

    def offer(self, *programs: str) -> None:
        """Put `programs` on the session's ``PATH``."""
        for name in programs:
            found = _find(name)
            assert found, f"there is no {name}"
            starter = self.folder / "bin" / name
            variables = _surroundings(found)
            words = " ".join(f"{key}='{text}'" for key, text in variables.items())
            starter.write_text(f'#!/bin/sh\n{words} exec "{found}" "$@"\n')
            starter.chmod(0o755)

    def start(self, program: str, *words: str, pass_fds: Sequence[int] = ()) -> None:
        """Start a server of the unpacked packages; what it says goes into a file beside it."""
        found = _find(program)
        assert found, f"there is no {program}"
        with (self.folder / f"{program}.log").open("ab") as log:
            server = subprocess.Popen(
                [*(["unshare", "--user"] if _drops_root(program) else []), found, *words],
                env={**self.environment, "PATH": os.defpath, **_surroundings(found)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=pass_fds,
                # Xvfb finds xkbcomp from there.
                cwd=DESKTOPS if _is_unpacked(found) else self.folder,
                start_new_session=True,
            )
        self._servers.append(server)

    def start_x_server(self, *, cookie: bytes = b"") -> str:
        """Start Xvfb, 640 by 480; return its ``DISPLAY``.

        Parameters
        ----------
        cookie : bytes
            Sixteen bytes that clients must know; they find them by ``XAUTHORITY``.
        """
        words = list[str]()
        if cookie:
            path = self.folder / "Xauthority"
            fields = (socket.gethostname().encode(), b"", b"MIT-MAGIC-COOKIE-1", cookie)
            entry = b"".join(struct.pack(">H", len(field)) + field for field in fields)
            # 65535: good for each host and display.
            path.write_bytes(struct.pack(">H", 65535) + entry)
            words += ["-auth", str(path)]
            self.environment["XAUTHORITY"] = str(path)
        keyboards = DESKTOPS / "usr/share/X11/xkb"
        if _is_unpacked(_find("Xvfb") or ""):
            words += ["-xkbdir", str(keyboards)]
        reading, writing = os.pipe()
        try:
            screen = ("-screen", "0", "640x480x24", "-nolisten", "tcp", "-displayfd", str(writing))
            self.start("Xvfb", *screen, *words, pass_fds=(writing,))
        finally:
            os.close(writing)
        with os.fdopen(reading) as stream:
            number = stream.readline().strip()
        assert number, self.log("Xvfb")
        self.environment["DISPLAY"] = f":{number}"
        return self.environment["DISPLAY"]

    def start_wayland(self) -> str:
        """Start Sway without a screen; return its ``WAYLAND_DISPLAY``."""
        configuration = self.folder / "sway.conf"
        configuration.write_text("xwayland disable\n")
        self.environment |= {
            "WLR_BACKENDS": "headless",
            "WLR_LIBINPUT_NO_DEVICES": "1",
            "WLR_RENDERER": "pixman",
        }
        self.start("sway", "-c", str(configuration))
        run = self.folder / "run"
        self._await("sway", lambda: list(run.glob("wayland-[0-9]")))
        [found] = run.glob("wayland-[0-9]")
        self.environment["WAYLAND_DISPLAY"] = found.name
        return found.name

    def start_bus(self) -> str:
        """Start a session bus; return its address."""
        place = self.folder / "run/bus"
        configuration = self.folder / "bus.conf"
        configuration.write_text(_BUS.format(socket=place))
        self.start("dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile")
        self._await("dbus-daemon", lambda: _listens(place))
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={place}"
        return self.environment["DBUS_SESSION_BUS_ADDRESS"]

    def start_pulseaudio(self) -> None:
        """Start PulseAudio: the sink ``speakers``, and the source ``microphone``.

        What is played into the sink ``cable`` is what that microphone hears. Both are the
        defaults. The description of the microphone is ``Desk microphone``.
        """
        place = self.folder / "run/native"
        described = "source_properties=device.description='Desk\\ microphone'"
        modules = [
            f"module-native-protocol-unix socket={place} auth-anonymous=1",
            "module-null-sink sink_name=cable rate=48000 norewinds=1",
            "module-null-sink sink_name=speakers rate=48000 norewinds=1",
            f"module-remap-source source_name=microphone master=cable.monitor {described}",
        ]
        script = self.folder / "pulse.pa"
        lines = [f"load-module {module}" for module in modules]
        lines += ["set-default-sink speakers", "set-default-source microphone"]
        script.write_text("\n".join(lines) + "\n")
        quiet = ("--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--realtime=no")
        folder = next(DESKTOPS.glob("usr/lib/pulse-*/modules"), None)
        own = ["-p", str(folder)] if folder and _is_unpacked(_find("pulseaudio") or "") else []
        self.start("pulseaudio", "-n", *quiet, "--high-priority=no", *own, "-F", str(script))
        self.environment["PULSE_SERVER"] = f"unix:{place}"
        self.offer("pactl")
        self._await(
            "pulseaudio", lambda: "microphone" in self.run("pactl", "get-default-source").stdout
        )

    def start_pipewire(self) -> None:
        """Start PipeWire with the same: ``speakers``, ``cable`` and ``microphone``."""
        self.start_bus()
        self.start("pipewire")
        self._await("pipewire", (self.folder / "run/pipewire-0").exists)
        self.start("wireplumber")
        self.offer("pw-cli", "pw-link", "pw-metadata")
        for name, kind, text in (
            ("speakers", "Audio/Sink", "Desk speakers"),
            ("cable", "Audio/Sink", "Cable"),
            ("microphone", "Audio/Source/Virtual", "Desk microphone"),
        ):
            about = f'node.name={name} media.class={kind} node.description="{text}"'
            shape = "factory.name=support.null-audio-sink audio.position=[MONO] object.linger=true"
            self.run("pw-cli", "create-node", "adapter", f"{{ {about} {shape} }}")
        link = ("pw-link", "cable:monitor_MONO", "microphone:input_MONO")
        self._await("pipewire", lambda: not self.run(*link).returncode)
        self.choose("sink", "speakers")
        self.choose("source", "microphone")

    def choose(self, kind: str, name: str) -> None:
        """Make something of PipeWire the default: a ``sink`` or a ``source``."""
        wish = (f"default.configured.audio.{kind}", f'{{ "name": "{name}" }}')
        self.run("pw-metadata", "0", *wish, "Spa:String:JSON")
        told = ("pw-metadata", "0", f"default.audio.{kind}")
        self._await("wireplumber", lambda: f'"{name}"' in self.run(*told).stdout)

    def log(self, program: str) -> str:
        """Return what a server has said so far."""
        return (self.folder / f"{program}.log").read_text(errors="replace")

    def close(self) -> None:
        """End the servers, the last first."""
        for server in reversed(self._servers):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
        self._servers.clear()

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run what was offered."""
        return subprocess.run(
            [self.folder / "bin" / program, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def _await(self, program: str, ready: Callable[[], object]) -> None:
        end = time.monotonic() + _SECONDS
        while not ready():
            assert self._servers[-1].poll() is None, self.log(program)
            assert time.monotonic() < end, f"{program} does not get ready: {self.log(program)}"
            time.sleep(0.05)


def _listens(place: Path) -> bool:
    # The socket is there before anybody listens at it.
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(place)) == 0


def _find(program: str) -> str | None:
    unpacked = DESKTOPS / "usr/bin" / program
    if (DESKTOPS / "set-up.json").is_file() and unpacked.is_file():
        return str(unpacked)
    return shutil.which(program)


def _is_unpacked(path: str) -> bool:
    return Path(path).is_relative_to(DESKTOPS)


def _drops_root(program: str) -> bool:
    # Sway wants to be sure that it cannot become root.
    return program == "sway" and os.geteuid() == 0


def _surroundings(path: str) -> dict[str, str]:
    """Return the variables with which an unpacked program finds what is unpacked beside it."""
    if not _is_unpacked(path):
        return {}
    places = [(name, DESKTOPS / path) for name, path in _PLACES.items()]
    folders = [str(found) for pattern in _LIBRARIES for found in DESKTOPS.glob(pattern)]
    return {
        "LD_LIBRARY_PATH": ":".join(folders),
        # What the machine has itself was not unpacked.
        **{name: str(path) for name, path in places if path.exists()},
    }
