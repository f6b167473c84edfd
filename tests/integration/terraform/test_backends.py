# SPDX-License-Identifier: GPL-3.0-or-later
"""The state on a server that two controllers share, with Terraform's own back ends."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
from integration.terraform.backends import SERVERS, Backend
from integration.terraform.conftest import Lab
from integration.terraform.test_failures import kill_tree, wait_for
from unit.plugins.plugin_utils._render.samples import machine


@pytest.fixture(scope="module", params=sorted(SERVERS))
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """A running server."""
    with SERVERS[request.param](tmp_path_factory.mktemp(request.param)) as found:
        yield found


def controllers(lab: Lab, backend: Backend, name: str) -> tuple[Lab, Lab, dict[str, t.Any]]:
    """Return two controllers that rendered the same deployment, and the options of both."""
    second = Lab(lab.pve, lab.tools, lab.folder / "second", lab.token)
    for each in (lab, second):
        each.render(
            machine(f"{name}-1", 20001),
            deployment=name,
            backend=backend.name,
            backend_settings=backend.settings(name),
        )
    return lab, second, {"backend_environment": backend.environment}


def test_second_controller_is_refused_while_the_first_applies(lab: Lab, backend: Backend) -> None:
    first, second, options = controllers(lab, backend, "busy")
    planned = first.run("planned", "busy", **options)
    assert not planned.get("failed"), planned["msg"]
    lab.pve.faults.set("slow", method="POST", path="*/clone", seconds=3600, times=1)
    process = first.start("applied", "busy", approved_sha256=planned["plan_sha256"], **options)
    wait_for(lambda: not lab.pve.faults.listing())
    refused = second.run("planned", "busy", **options)
    assert refused["failed"] and "state is locked" in refused["msg"], refused["msg"]
    kill_tree(process.pid)
    process.wait()


def test_life_cycle_with_the_state_on_the_server(lab: Lab, backend: Backend) -> None:
    before = lab.guests()
    first, second, options = controllers(lab, backend, "life")
    planned = first.run("planned", "life", **options)
    assert not planned.get("failed"), planned["msg"]
    applied = first.run("applied", "life", approved_sha256=planned["plan_sha256"], **options)
    assert not applied.get("failed"), applied["msg"]
    assert not (first.directory("life") / "terraform.tfstate").exists()

    again = second.run("planned", "life", **options)
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
    assert second.run("absent", "life", consent=["life-1"], **options)["changed"]
    assert lab.guests() == before

    for path in lab.folder.rglob("*"):
        if path.is_file() and "providers" not in path.parts:
            assert backend.secret.encode() not in path.read_bytes(), path
    for result in (planned, applied, again):
        assert backend.secret not in str(result)


def test_server_that_does_not_answer_is_one_sentence(lab: Lab, backend: Backend) -> None:
    settings, environment = backend.nowhere
    lab.render(machine(), backend=backend.name, backend_settings=settings)
    result = lab.run("planned", backend_environment=environment)
    assert result["failed"] and "The state backend cannot be used" in result["msg"], result["msg"]
    assert backend.secret not in str(result)


def test_wrong_credentials_are_one_sentence(lab: Lab, backend: Backend) -> None:
    lab.render(machine(), backend=backend.name, backend_settings=backend.settings("demo"))
    result = lab.run("planned", backend_environment=backend.refused)
    assert result["failed"] and "The state backend cannot be used" in result["msg"], result["msg"]
    assert backend.secret not in str(result)
