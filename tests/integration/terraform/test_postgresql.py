# SPDX-License-Identifier: GPL-3.0-or-later
"""The state in a real PostgreSQL, shared by two controllers."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.terraform.conftest import Lab
from integration.terraform.test_failures import kill_tree, wait_for
from unit.plugins.plugin_utils._render.samples import machine

PASSWORD = secrets.token_urlsafe(24)


def program(name: str) -> str:
    """Path of a PostgreSQL program; Debian keeps some of them off PATH."""
    found = shutil.which(name)
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    assert found or places, f"{name} is missing: install PostgreSQL (Debian package postgresql)."
    return found or str(places[0])


def as_postgres(*command: str) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else [*command]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Connection string of a PostgreSQL server of its own."""
    folder = tmp_path_factory.mktemp("pg")
    data, port = folder / "data", free_port()
    password_file = folder / "password"
    password_file.write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (folder, password_file):
            shutil.chown(path, "postgres")
        for parent in folder.parents[:2]:
            parent.chmod(parent.stat().st_mode | 0o011)
    subprocess.run(
        as_postgres(
            *(program("initdb"), "-D", str(data), "-U", "tf", "-A", "scram-sha-256"),
            f"--pwfile={password_file}",
        ),
        check=True,
        capture_output=True,
        cwd="/",
    )
    control = (program("pg_ctl"), "-D", str(data), "-w")
    settings = f"-h 127.0.0.1 -p {port} -k {folder}"
    subprocess.run(
        as_postgres(*control, "-l", str(folder / "log"), "-o", settings, "start"),
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )
    yield f"postgres://tf:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=disable"
    subprocess.run(
        as_postgres(*control, "-m", "immediate", "stop"),
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )


def test_two_controllers_share_one_state(lab: Lab, database: str) -> None:
    backend = {"backend_environment": {"PG_CONN_STR": database}}
    lab.render(machine(), backend="pg")
    second = Lab(lab.pve, lab.tools, lab.folder / "second", lab.token)
    second.render(machine(), backend="pg")
    planned = lab.run("planned", **backend)
    assert not planned.get("failed"), planned["msg"]
    lab.pve.faults.set("slow", method="POST", path="*/clone", seconds=3600, times=1)
    process = lab.start("applied", approved_sha256=planned["plan_sha256"], **backend)
    wait_for(lambda: not lab.pve.faults.listing())
    refused = second.run("planned", **backend)
    assert refused["failed"] and "state is locked" in refused["msg"], refused["msg"]
    kill_tree(process.pid)
    process.wait()


def test_life_cycle_with_the_state_in_the_database(lab: Lab, database: str) -> None:
    backend = {"backend_environment": {"PG_CONN_STR": database}}
    before = lab.guests()
    directory = lab.render(machine("pg-1", 20001), deployment="pg", backend="pg")
    planned = lab.run("planned", "pg", **backend)
    assert not planned.get("failed"), planned["msg"]
    applied = lab.run("applied", "pg", approved_sha256=planned["plan_sha256"], **backend)
    assert not applied.get("failed"), applied["msg"]
    assert not (directory / "terraform.tfstate").exists()

    other = Lab(lab.pve, lab.tools, lab.folder / "other", lab.token)
    other.render(machine("pg-1", 20001), deployment="pg", backend="pg")
    again = other.run("planned", "pg", **backend)
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
    assert other.run("absent", "pg", consent=["pg-1"], **backend)["changed"]
    assert lab.guests() == before

    for path in [*lab.folder.rglob("*"), *other.folder.rglob("*")]:
        if path.is_file() and "providers" not in path.parts:
            assert PASSWORD.encode() not in path.read_bytes(), path
    for result in (planned, applied, again):
        assert PASSWORD not in str(result)


def test_unreachable_database_is_one_sentence(lab: Lab) -> None:
    lab.render(machine(), backend="pg")
    address = f"postgres://tf:{PASSWORD}@127.0.0.1:{free_port()}/postgres?sslmode=disable"
    result = lab.run("planned", backend_environment={"PG_CONN_STR": address})
    assert result["failed"] and "state backend" in result["msg"], result["msg"]
    assert PASSWORD not in str(result)
