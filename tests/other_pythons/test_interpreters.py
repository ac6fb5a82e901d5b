from __future__ import annotations

import os
from pathlib import Path

import pytest

from transcriber.other_pythons.interpreters import (
    Interpreter,
    find_interpreters,
    inspect_interpreter,
    named_interpreter,
)
from transcriber.other_pythons.places import Surroundings

from .machines import Machine


def found(machine: Machine, around: Surroundings | None = None) -> dict[str, Interpreter]:
    """Return what is found, by its path on that machine."""
    interpreters = find_interpreters(around or machine.around())
    paths = [one.path.relative_to(machine.root).as_posix() for one in interpreters]
    assert len(set(paths)) == len(paths)
    return dict(zip(paths, interpreters, strict=True))


def inside(machine: Machine, interpreter: Interpreter) -> list[str]:
    return [path.relative_to(machine.root).as_posix() for path in interpreter.packages]


@pytest.mark.parametrize(
    ("prefix", "origin", "environment"),
    [
        ("home/me/.pyenv/versions/3.9.18", "pyenv", {}),
        ("srv/pyenv/versions/3.9.18", "pyenv", {"PYENV_ROOT": "/srv/pyenv"}),
        ("home/me/miniconda3", "conda", {}),
        ("home/me/miniforge3/envs/speech", "conda", {}),
        ("opt/conda", "conda", {}),
        ("srv/mamba/envs/speech", "conda", {"MAMBA_ROOT_PREFIX": "/srv/mamba"}),
        ("srv/active", "conda", {"CONDA_PREFIX": "/srv/active"}),
        ("srv/other", "conda", {"CONDA_EXE": "/srv/other/bin/conda"}),
        ("home/me/.local/share/uv/python/cpython-3.9.18-linux-x86_64-gnu", "uv", {}),
        ("srv/uv/cpython-3.9", "uv", {"UV_PYTHON_INSTALL_DIR": "/srv/uv"}),
        ("srv/data/uv/python/cpython-3.9", "uv", {"XDG_DATA_HOME": "/srv/data"}),
        ("home/me/.asdf/installs/python/3.9.18", "asdf", {}),
        ("home/me/.local/share/mise/installs/python/3.9.18", "mise", {}),
        ("opt/python", "system", {}),
        ("srv/python", "PATH", {"PATH": "/nowhere:/srv/python/bin"}),
        ("usr/local", "system", {}),
    ],
)
def test_an_installation_is_found(
    machine: Machine, prefix: str, origin: str, environment: dict[str, str]
) -> None:
    machine.installation(prefix, 9)
    around = machine.around(environment)
    (interpreter,) = found(machine, around).values()
    assert interpreter.path.parent == machine.root / prefix / "bin"
    assert interpreter.version == (3, 9)
    assert interpreter.origin == origin
    assert inside(machine, interpreter)[0] == f"{prefix}/lib/python3.9/site-packages"


@pytest.mark.parametrize(
    ("prefix", "origin", "environment", "folder"),
    [
        ("srv/mine", "active environment", {"VIRTUAL_ENV": "/srv/mine"}, "home/me"),
        ("home/me/project/.venv", "environment beside", {}, "home/me/project"),
        ("home/me/project/venv", "environment beside", {}, "home/me/project/inner/most"),
        ("home/me/.local/share/uv/tools/whisper", "uv", {}, "home/me"),
        ("srv/tools/whisper", "uv", {"UV_TOOL_DIR": "/srv/tools"}, "home/me"),
        ("home/me/.local/share/pipx/venvs/whisper", "pipx", {}, "home/me"),
        ("home/me/.local/pipx/venvs/whisper", "pipx", {}, "home/me"),
        ("srv/pipx/venvs/whisper", "pipx", {"PIPX_HOME": "/srv/pipx"}, "home/me"),
        ("home/me/.cache/pypoetry/virtualenvs/it-py3.9", "poetry", {}, "home/me"),
        ("home/me/.virtualenvs/it", "virtualenvwrapper", {}, "home/me"),
        ("srv/envs/it", "virtualenvwrapper", {"WORKON_HOME": "/srv/envs"}, "home/me"),
    ],
)
@pytest.mark.parametrize("key", ["version", "version_info"])
def test_an_environment_is_found(
    machine: Machine,
    prefix: str,
    origin: str,
    environment: dict[str, str],
    folder: str,
    key: str,
) -> None:
    machine.installation("srv/base", 9)
    machine.environment(prefix, "srv/base", 9, key=key)
    around = machine.around(environment, folder)
    (interpreter,) = found(machine, around).values()
    # The link is not followed: it is what makes the environment.
    assert interpreter.path == machine.root / prefix / "bin/python"
    assert (interpreter.version, interpreter.origin) == ((3, 9), origin)
    assert inside(machine, interpreter) == [f"{prefix}/lib/python3.9/site-packages"]


def test_environments_that_conda_has_noted(machine: Machine) -> None:
    machine.installation("data/envs/one", 10)
    machine.installation("data/envs/two", 11)
    listed = machine.home / ".conda/environments.txt"
    listed.parent.mkdir()
    listed.write_text("/data/envs/one\n\n/data/envs/gone\n/data/envs/two\n")
    assert list(found(machine)) == ["data/envs/one/bin/python3", "data/envs/two/bin/python3"]


def test_one_python_of_many_names_is_found_once(machine: Machine) -> None:
    machine.python("usr/bin/python3.11", "python3", "python")
    (machine.root / "bin").symlink_to("usr/bin")
    around = machine.around({"PATH": "/bin:/usr/bin:/usr/bin"})
    assert len(found(machine, around)) == 1


def test_two_environments_of_one_python_are_two(machine: Machine) -> None:
    machine.installation("srv/base", 12)
    for name in ("one", "two"):
        machine.environment(f"home/me/.virtualenvs/{name}", "srv/base", 12)
    assert len(found(machine)) == 2


def test_several_pythons_in_one_folder(machine: Machine) -> None:
    for minor in (8, 10, 13):
        machine.python(f"usr/bin/python3.{minor}")
    machine.python("usr/bin/python3-config")
    machine.python("usr/bin/python3.8-dbg")
    versions = [interpreter.version for interpreter in found(machine).values()]
    assert sorted(versions) == [(3, 8), (3, 10), (3, 13)]


def test_scripts_that_stand_for_a_python_are_passed_over(machine: Machine) -> None:
    machine.python("home/me/.pyenv/shims/python3.9", content=b"#!/usr/bin/env bash\n")
    assert found(machine, machine.around({"PATH": "/home/me/.pyenv/shims"})) == {}


@pytest.mark.parametrize("broken", ["link", "folder", "mode"])
def test_what_cannot_be_started_is_passed_over(machine: Machine, broken: str) -> None:
    path = machine.root / "usr/bin/python3.9"
    path.parent.mkdir(parents=True)
    if broken == "link":
        path.symlink_to("nowhere")
    elif broken == "folder":
        path.mkdir()
    else:
        path.touch(mode=0o644)
    assert found(machine) == {}


def test_the_folders_of_debian(machine: Machine) -> None:
    machine.python("usr/bin/python3.11", "python3")
    for path in (
        "usr/lib/python3/dist-packages",
        "usr/local/lib/python3.11/dist-packages",
        "home/me/.local/lib/python3.11/site-packages",
        "home/me/.local/lib/python3.12/site-packages",
    ):
        (machine.root / path).mkdir(parents=True)
    (interpreter,) = found(machine).values()
    assert inside(machine, interpreter) == [
        "home/me/.local/lib/python3.11/site-packages",
        "usr/local/lib/python3.11/dist-packages",
        "usr/lib/python3/dist-packages",
    ]


def test_a_user_may_not_want_packages_of_his_own(machine: Machine) -> None:
    machine.python("usr/bin/python3.11")
    (machine.home / ".local/lib/python3.11/site-packages").mkdir(parents=True)
    (interpreter,) = found(machine, machine.around({"PYTHONNOUSERSITE": "1"})).values()
    assert interpreter.packages == ()


def test_an_environment_that_sees_the_systems_packages(machine: Machine) -> None:
    base = machine.installation("srv/base", 11)
    own = machine.environment("home/me/.venv", "srv/base", 11, shared=True)
    (interpreter,) = found(machine).values()
    assert interpreter.packages == (own, base)


def test_folders_that_path_files_add(machine: Machine) -> None:
    packages = machine.installation("opt/python", 11)
    for name in ("relative", "absolute", "added", "ignored"):
        (machine.root / name).mkdir()
    up = os.path.relpath(machine.root, packages)
    (packages / "some.pth").write_text(
        f"# {machine.root}/ignored\n{up}/relative\n{machine.root}/absolute\n/not/there\n"
        f"import site; site.addsitedir('{machine.root}/added')\nimport os; os.getcwd()\n"
    )
    (interpreter,) = found(machine).values()
    assert [path.name for path in interpreter.packages[1:]] == ["relative", "absolute", "added"]


def test_a_version_that_no_name_tells(machine: Machine) -> None:
    machine.python("opt/python/bin/python3")
    (machine.root / "opt/python/lib/python3.12").mkdir(parents=True)
    (interpreter,) = found(machine).values()
    assert interpreter.version == (3, 12)


def test_a_version_that_nothing_tells(machine: Machine) -> None:
    path = machine.python("opt/python/bin/python3")
    for minor in (11, 12):
        (machine.root / f"opt/python/lib/python3.{minor}").mkdir(parents=True)
    assert inspect_interpreter(path, "name", machine.around()) is None
    assert found(machine) == {}


def test_a_python_is_named_by_its_path_its_environment_or_its_name(machine: Machine) -> None:
    executable = machine.python("srv/some/bin/python3.9", "python3")
    around = machine.around({"PATH": "/nowhere:/srv/some/bin"})
    assert named_interpreter(executable, around) == executable
    assert named_interpreter(machine.root / "srv/some", around) == executable.with_name("python3")
    assert named_interpreter(Path("python3.9"), around) == executable
    assert named_interpreter(machine.root / "srv", around) is None
    assert named_interpreter(Path("python3.8"), around) is None


def test_a_machine_without_anything(machine: Machine) -> None:
    nobody = Surroundings(root=machine.root, environment={}, home=None, folder=machine.root)
    assert find_interpreters(nobody) == []
