"""The desktop entry by which a desktop knows who asks it for a key.

From version 1.21, xdg-desktop-portal gives global keys only to programs with an application id. A
program without a sandbox gets one by saying so, where a desktop entry of that name can be found;
an AppImage that was only copied somewhere has none. GNOME takes only ids with a dot in them.
"""

from __future__ import annotations

from pathlib import Path

from transcriber.beside import appimage_file, own_command
from transcriber.files import atomic_writer
from transcriber.paths import data_home

APPLICATION = "whisper_transcriber.dictation"


def entry_text(command: list[str]) -> str:
    """Return the entry that runs `command`, hidden from menus.

    The quoting is that of the Desktop Entry Specification, "The Exec key".
    """
    words = " ".join(map(_quoted, command))
    return (
        "[Desktop Entry]\nType=Application\nName=Whisper Transcriber\n"
        f"Icon=whisper-transcriber\nExec={words} dictate toggle\nNoDisplay=true\n"
    )


def write_entry() -> Path:
    """Write the entry into the user's folder of applications, whatever it was before.

    An entry whose program is not there any more counts as none.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    appimage = appimage_file()
    command = [str(appimage)] if appimage else own_command()
    path = data_home() / "applications" / f"{APPLICATION}.desktop"
    with atomic_writer(path) as stream:
        stream.write(entry_text(command).encode())
    return path


def _quoted(word: str) -> str:
    for special in '\\"`$':
        word = word.replace(special, f"\\{special}")
    # A backslash is doubled once more, since the whole is a value of type string.
    return '"' + word.replace("\\", "\\\\").replace("%", "%%") + '"'
