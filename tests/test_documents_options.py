"""Every option of the program, its sub-commands and variables are in the documentation."""

from __future__ import annotations

import functools
import re

import pytest
from conftest import Run
from documents import CHECKOUT

OPTIONS = CHECKOUT / "docs" / "options.md"

JOBS = ("list", "add", "cancel", "pause", "resume", "remove", "export")

COMMANDS: list[list[str]] = [
    [],
    *(["models", word] for word in ("list", "fetch", "verify", "import", "remove", "path")),
    *(["cuda", word] for word in ("status", "fetch", "import", "remove")),
    *(["jobs", word] for word in JOBS),
    *([word] for word in ("ui", "serve", "watch", "live", "dictate", "doctor", "verify")),
    *([word] for word in ("self-update", "completion", "man")),
]


def options_in(text: str) -> set[str]:
    """Return the long options that a text names, all in the same spelling."""
    return {name.replace("-", "_") for name in re.findall(r"(?<![\w-])--([a-z][\w-]*)", text)}


def whole_help(run: Run, command: list[str]) -> str:
    """Return all that the help of the program, or of a sub-command, says."""
    return _asked_once(run, *command, "--help" if command else "--help-all")


@functools.cache
def _asked_once(run: Run, *words: str) -> str:
    done = run(*words)
    assert done.returncode == 0
    return str(done.stdout)


def rows(begin: str) -> str:
    """Return the rows of the page's tables that begin so."""
    lines = OPTIONS.read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if line.startswith(f"| `{begin}"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words) or "transcriber")
def test_every_option_of_the_help_is_documented(run: Run, command: list[str]) -> None:
    help_text = whole_help(run, command).partition("exit codes:")[0]
    documented = options_in(rows(" ".join(command) if command else "--"))
    assert options_in(help_text) - {"help"} == documented - {"help"}


def test_all_help_is_spelt_as_the_short_help_spells_it(run: Run) -> None:
    for text in (whole_help(run, []), run("--help").stdout, OPTIONS.read_text("utf-8")):
        assert "--help-all" in text
        assert "--help_all" not in text


def test_every_subcommand_is_documented(run: Run) -> None:
    for name in ("models", "cuda", "jobs"):
        told = set(re.findall(r"(?m)^    (\w+) ", run(name, "--help").stdout))
        assert told == {words[1] for words in COMMANDS if words and words[0] == name}


def test_every_option_that_a_document_names_exists(run: Run) -> None:
    known = {"help"}
    for command in COMMANDS:
        known |= options_in(whole_help(run, command))
    for path in [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]:
        lines = path.read_text("utf-8").splitlines()
        # Other programs have options of their own.
        others = [
            *("sha256sum", "nvidia-smi", "--appimage", "benchmarks", "systemctl", "install.sh"),
            *("podman", "--read-only", "keep-id", "--index", "snap ", "flatpak", "brew"),
            *("--prefix", "--uninstall"),
        ]
        text = "\n".join(line for line in lines if not any(other in line for other in others))
        assert options_in(text) - known == set(), path.name


def test_every_variable_of_the_program_is_documented() -> None:
    sources = (CHECKOUT / "transcriber").rglob("*.py")
    pattern = re.compile(r"\bTRANSCRIBER_[A-Z_]*[A-Z]\b")
    used = {name for path in sources for name in pattern.findall(path.read_text("utf-8"))}
    assert used == set(pattern.findall(OPTIONS.read_text("utf-8")))


def test_every_exit_code_of_the_help_is_documented(run: Run) -> None:
    told = whole_help(run, []).partition("exit codes:")[2].partition("\n\n")[0]
    codes = {
        code
        for line in re.findall(r"(?m)^  (\d[\d, ]*?)  ", told)
        for code in re.findall(r"\d+", line)
    }
    text = (CHECKOUT / "docs" / "scripts.md").read_text("utf-8")
    table = text.partition("| exit code |")[2].partition("\n\n")[0]
    documented = {
        code for row in table.splitlines() for code in re.findall(r"\d+", row.split("|")[1])
    }
    assert codes == documented
