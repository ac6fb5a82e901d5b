"""Completion in a real bash: what readline has parted, offers and writes."""

from __future__ import annotations

import os
import pty
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from native_build.terminal_files import write_terminal_files
from transcriber.commands.terminal_files import COMPLETIONS
from transcriber.options.parser import make_parser
from transcriber.subcommands import SUBCOMMANDS


class Bash:
    """An interactive bash on a terminal of its own: what it has typed, readline completes."""

    def __init__(self, script: Path, place: Path) -> None:
        self.offers, self.line = place.parent / "offers", place.parent / "line"
        start = place.parent / "start"
        hosts = place.parent / "hosts"
        hosts.write_text("127.0.0.1 listhost\n")
        start.write_text(
            f"source {script}\n"
            'told() { _transcriber "$@"; printf "%s\\n" "${COMPREPLY[@]}" '
            f">{self.offers}; }}\n"
            f'line() {{ printf %s "$READLINE_LINE" >{self.line}.new; '
            f"mv {self.line}.new {self.line}; READLINE_LINE=; }}\n"
            "complete -o filenames -F told transcriber\n"
            f"HOSTFILE={hosts} NAME=talks\n"
            "bind 'set bell-style none'; bind 'set page-completions off'\n"
            "bind -x '\"\\C-o\": line'\n"
        )
        self.terminal, there = pty.openpty()
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--rcfile", start, "-i"],
            cwd=place,
            env={**os.environ, "TERM": "dumb", "INPUTRC": "/dev/null", "HOME": str(place)},
            stdin=there,
            stdout=subprocess.DEVNULL,
            stderr=there,
            start_new_session=True,
        )
        os.close(there)
        self._type("\x0f")

    def complete(self, typed: str) -> tuple[set[str], str]:
        """Return what is offered for a line, and what becomes of it."""
        self.offers.unlink(missing_ok=True)
        line = self._type(f"{typed}\t\x0f")
        return {*self.offers.read_text().splitlines()} - {""}, line

    def _type(self, keys: str) -> str:
        self.line.unlink(missing_ok=True)
        os.write(self.terminal, keys.encode())
        for _ in range(12_000):
            # A terminal that nobody reads becomes full.
            if select.select([self.terminal], [], [], 0.005)[0]:
                os.read(self.terminal, 1 << 16)
            if self.line.exists():
                return self.line.read_text()
        raise AssertionError(f"bash does not answer to {keys!r}")

    def close(self) -> None:
        os.close(self.terminal)
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bash]:
    folder = tmp_path_factory.mktemp("bash")
    write_terminal_files(folder / "made")
    place = folder / "place"
    (place / "talks").mkdir(parents=True)
    for name in ("talk.mp3", "my talk.wav", "list.txt", "talks/a.mp3", "-loud.mp3", "a=b.wav"):
        (place / name).touch()
    (place / "play.pt").touch()
    shell = Bash(folder / "made" / COMPLETIONS["bash"], place)
    yield shell
    shell.close()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("mod", {"models"}),
        ("t", {"talk.mp3", "talks"}),
        (r"my\ t", {"my talk.wav"}),
        ("talk.mp3 --quiet t", {"talk.mp3", "talks"}),
        ("--quiet m", {"my talk.wav"}),
        ("--output_f", {"--output_format"}),
        ("--language d", {"da", "de", "danish", "dutch"}),
        ("--language ger", {"german"}),
        ("--language Ger", {"german"}),
        ("--language=d", {"da", "de", "danish", "dutch"}),
        ("--language de ta", {"talk.mp3", "talks"}),
        ("--language=de ta", {"talk.mp3", "talks"}),
        ("--device c", {"cpu", "cuda"}),
        ("--device=", {"auto", "cpu", "cuda"}),
        ("--model tin", {"tiny", "tiny.en"}),
        ("--model=ba", {"base", "base.en"}),
        ("--model tu", {"turbo"}),
        ("--model ./pl", {"./play.pt"}),
        ("--model=pl", {"play.pt"}),
        ("-f s", {"srt"}),
        ("-f srt,v", {"srt,vtt"}),
        ("-f srt,do", {"srt,docx"}),
        ("--output-format=srt,v", {"srt,vtt"}),
        ("--word_timestamps ", {"True", "False"}),
        ("--word_timestamps ta", {"talk.mp3", "talks"}),
        ("--word_timestamps --mult", {"--multilingual"}),
        ("--output_dir t", {"talks"}),
        ("--output_dir=t", {"talks"}),
        ("--help-", {"--help-all"}),
        ("--output-d", {"--output-dir"}),
        ("--output", {"--output_dir", "--output_format"}),
        ("--hotwords ", set()),
        ("--hotwords doctor --mo", {"--model", "--model_dir", "--model_mirror"}),
        ("--hotwords 'a doctor' --device=c", {"cpu", "cuda"}),
        ("-o models pl", {"play.pt"}),
        ("-- -l", {"-loud.mp3"}),
        ("-- models l", {"list.txt"}),
        ("@li", {"@list.txt"}),
        ("@./li", {"@./list.txt"}),
        ("talk.mp3 @t", {"@talk.mp3", "@talks"}),
        ("@my", {r"@my\ talk.wav"}),
        ("h", {"help"}),
        ("help ", {*SUBCOMMANDS}),
        ("help models f", {"fetch"}),
        ("help doctor --", set()),
        ("models f", {"fetch"}),
        ("models fetch tin", {"tiny", "tiny.en"}),
        ("models fetch tiny tin", {"tiny", "tiny.en"}),
        ("models path --model_dir x tin", {"tiny", "tiny.en"}),
        ("models path tiny ", set()),
        ("models list --j", {"--json"}),
        ("doctor --backend s", {"system"}),
        ("doctor --model-", {"--model-dir"}),
        ("doctor --output", set()),
        ("verify t", {"talk.mp3", "talks"}),
        ("completion ", {*COMPLETIONS}),
    ],
    # A set has no order, and each process that takes part in a run must name its tests alike.
    ids=lambda value: value if isinstance(value, str) else " ".join(sorted(value)),
)
def test_bash_offers(bash: Bash, typed: str, offered: set[str]) -> None:
    assert bash.complete(f"transcriber {typed}")[0] == offered


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("@li", "@list.txt "),
        ("@./li", "@./list.txt "),
        ("@talks", "@talks/"),
        ("@nothing", "@nothing"),
        ("@listh", "@listh"),
        ('"@li', '"@list.txt" '),
        ("--model=ba", "--model=base"),
        ("--model=./pl", "--model=./play.pt "),
        ("--output_dir=t", "--output_dir=talks/"),
        ("-f srt,v", "-f srt,vtt "),
        ("--language=ger", "--language=german "),
        ("a=", "a=b.wav "),
        (r"my\ t", r"my\ talk.wav "),
        ('"my t', '"my talk.wav" '),
        ("~/li", "~/list.txt "),
        ("$NAME/a", "$NAME/a.mp3 "),
        ("models fetch tu", "models fetch turbo "),
    ],
)
def test_bash_writes(bash: Bash, typed: str, line: str) -> None:
    assert bash.complete(f"transcriber {typed}")[1] == f"transcriber {line}"


def test_bash_offers_subcommands_and_recordings_first(bash: Bash) -> None:
    offered, _ = bash.complete("transcriber ")
    assert offered >= {*SUBCOMMANDS, "help", "talk.mp3", "talks", "my talk.wav"}
    assert bash.complete("transcriber -")[0] >= set(make_parser()._option_string_actions) - {
        "--help_all"
    }
