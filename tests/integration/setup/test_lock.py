# SPDX-License-Identifier: GPL-3.0-or-later
"""`make setup` takes what is locked, with the oldest and the newest pip, from a newer index."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from .index import Release, index

ROOT = Path(__file__).resolve().parents[3]
PIPS = {
    "oldest": "pip==23.2.1",  # in the first releases of Python 3.11 and 3.12
    "newest": "pip",
}
CLIENT = Release("client", "1.0", requires=("auth[requests]>=1.0",))
AUTH = Release("auth", "1.0", extras={"requests": ("transport>=1.0",)})
TRANSPORT = Release("transport", "1.0")
LATER = (
    Release("client", "2.0", requires=("auth[requests]>=2.0",)),
    Release("auth", "2.0", extras={"requests": ("transport>=2.0",)}),
    Release("transport", "2.0"),
)
LOCKED = {
    "with extras": CLIENT.locked() + AUTH.locked("[requests]") + TRANSPORT.locked(),
    "without extras": CLIENT.locked() + AUTH.locked() + TRANSPORT.locked(),
}


@pytest.fixture(scope="module", params=PIPS)
def environment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a virtual environment and in that a certain pip."""
    folder = tmp_path_factory.mktemp(request.param)
    venv.create(folder / ".venv", with_pip=True)
    pip = [folder / ".venv/bin/python", "-m", "pip", "install", "--quiet", PIPS[request.param]]
    subprocess.run([*pip, "--upgrade"], check=True)
    return folder


@pytest.fixture
def empty_environment(environment: Path) -> Iterator[Path]:
    """The same, with nothing but that pip."""
    yield environment
    names = ["client", "auth", "transport"]
    command = [environment / ".venv/bin/python", "-m", "pip", "uninstall", "--yes", *names]
    subprocess.run(command, check=True, capture_output=True)


def make(folder: Path, target: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a target of the project's Makefile in a folder that holds nothing else of it."""
    shutil.copy(ROOT / "Makefile", folder)
    ambient = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIP_", "UV_", "MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", "--no-print-directory", f"PYTHON={sys.executable}", target],
        cwd=folder,
        env={**ambient, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def make_setup(folder: Path, lock: str, address: str) -> subprocess.CompletedProcess[str]:
    """Install a lock file as `make setup` does."""
    (folder / ".venv/.installed").unlink(missing_ok=True)
    (folder / "requirements-dev.txt").write_text(lock)
    return make(
        folder,
        ".venv/.installed",
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL=address,
        PIP_NO_CACHE_DIR="1",
    )


def installed(folder: Path) -> dict[str, str]:
    """Return what an environment holds beside its pip."""
    command = [folder / ".venv/bin/python", "-m", "pip", "list", "--format=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {one["name"]: one["version"] for one in json.loads(done.stdout)}
    return {name: found[name] for name in found.keys() - {"pip", "setuptools", "wheel"}}


@pytest.mark.parametrize("form", LOCKED)
def test_the_locked_releases_are_installed(empty_environment: Path, form: str) -> None:
    with index(CLIENT, AUTH, TRANSPORT, *LATER) as address:
        done = make_setup(empty_environment, LOCKED[form], address)
    assert done.returncode == 0, done.stdout + done.stderr
    assert installed(empty_environment) == {"client": "1.0", "auth": "1.0", "transport": "1.0"}


def test_a_lock_file_that_lacks_a_package_is_refused(empty_environment: Path) -> None:
    with index(CLIENT, AUTH, TRANSPORT, *LATER) as address:
        done = make_setup(empty_environment, CLIENT.locked() + TRANSPORT.locked(), address)
    assert done.returncode != 0
    assert "client 1.0 requires auth" in done.stdout + done.stderr
    assert not (empty_environment / ".venv/.installed").exists()


def test_a_file_that_is_not_the_locked_one_is_refused(empty_environment: Path) -> None:
    changed = Release("transport", "1.0", requires=("client",))
    with index(CLIENT, AUTH, changed) as address:
        done = make_setup(empty_environment, LOCKED["with extras"], address)
    assert done.returncode != 0
    assert "HASHES" in done.stdout + done.stderr
    assert installed(empty_environment) == {}


def test_a_second_lock_of_the_same_changes_nothing(tmp_path: Path) -> None:
    """`make lock` brings its own uv, names extras, and keeps what is locked."""
    (tmp_path / "requirements-dev.in").write_text("client\n")
    lock = tmp_path / "requirements-dev.txt"
    with index(CLIENT, AUTH, TRANSPORT) as address:
        done = make(tmp_path, "lock", UV_DEFAULT_INDEX=address, **packages_of_this_machine())
    assert done.returncode == 0, done.stdout + done.stderr
    first = lock.read_text()
    assert [line.split()[0] for line in first.splitlines() if "==" in line] == [
        "auth[requests]==1.0",
        "client==1.0",
        "transport==1.0",
    ]
    with index(CLIENT, AUTH, TRANSPORT, *LATER) as address:
        settings = {"UV_DEFAULT_INDEX": address, **packages_of_this_machine()}
        assert make(tmp_path, "lock", **settings).returncode == 0
        assert lock.read_text() == first
        assert make(tmp_path, "lock", UPGRADE="1", **settings).returncode == 0
    assert "client==2.0" in lock.read_text()


def packages_of_this_machine() -> dict[str, str]:
    """Where this machine's pip finds real packages."""
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
