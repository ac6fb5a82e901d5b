"""Put the signatures of published AppImages into those of one's own build, to compare both.

GnuPG's signature lies in the AppImage, in two sections that nothing runs, and only the owner of the
key can make it. ``python -m native_build.published_signatures DIST PUBLISHED`` copies it from each
AppImage in the folder PUBLISHED to the one of the same name in DIST, and writes the zsync file and
the list of digests there anew. All else must be the same by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from buildkit.commands import ending_in_one_line
from buildkit.elf_sections import elf_sections
from buildkit.files import atomic_writer
from native_build.pack import KEY_SECTION, SIGNATURE_SECTION, with_section, write_digests
from native_build.zsync_file import write_zsync
from transcriber.signatures.checking import LIST
from transcriber.signatures.digest_list import read_digests


def with_signature_of(built: bytes, published: bytes) -> bytes:
    """Return an AppImage with the signature and the key of another, and no other byte of it.

    Raises
    ------
    BuildError
        When one of them is no AppImage, or lacks a section.
    """
    sections = {section.name: section for section in elf_sections(published)}
    for name in (SIGNATURE_SECTION, KEY_SECTION):
        section = sections.get(name)
        content = published[section.offset :][: section.size] if section else b""
        built = with_section(built, name, content)
    return built


def take_signatures(folder: Path, published: Path) -> list[str]:
    """Take the signatures of all AppImages that are in both folders, and return their names.

    Parameters
    ----------
    folder : Path
        What was built, with its list of digests.
    published : Path
        What somebody else has built.

    Raises
    ------
    BuildError
        When a file is no AppImage or cannot be written.
    OSError
        When one cannot be read.
    """
    taken = []
    for path in sorted(folder.glob("*.AppImage")):
        other = published / path.name
        if not other.is_file():
            continue
        before = path.read_bytes()
        after = with_signature_of(before, other.read_bytes())
        if after != before:
            with atomic_writer(path) as stream:
                stream.write(after)
            write_zsync(path, path.with_name(f"{path.name}.zsync"))
            taken.append(path.name)
    digests = folder / LIST
    write_digests([folder / name for name in read_digests(digests.read_bytes())], digests)
    return taken


def main(words: Sequence[str]) -> int:
    """Take the signatures, say whose, and return the exit code."""

    def work() -> int:
        for name in take_signatures(*map(Path, words)):
            print(f"{name}: GnuPG's signature is taken from the published file")
        return 0

    return ending_in_one_line("native", work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
