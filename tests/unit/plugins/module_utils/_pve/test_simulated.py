# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of the simulated Proxmox VE: real HTTPS, real permissions, both major versions."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import (
    client,
    collect,
    errors,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Snapshot,
    parse,
)
from lab.pve import PveServer


@pytest.fixture(scope="module", params=["8.4", "9.1"])
def server(request: pytest.FixtureRequest) -> t.Iterator[PveServer]:
    with PveServer(version=request.param) as running:
        yield running


def connect(server: PveServer, token: str) -> client.Client:
    identity, secret = token.split("=", 1)
    return client.connect(
        client.Connection.from_options(
            {
                "api_host": server.endpoint,
                "api_token_id": identity,
                "api_token_secret": secret,
                "ca_path": str(server.ca_file),
            }
        )
    )


def test_facts_with_a_token_that_sees_all(server: PveServer) -> None:
    api = connect(server, server.make_token())
    server.clear_calls()
    basic = parse(Snapshot, collect.collect(api))
    assert len(server.calls) == basic.source.calls <= 5 + 4 * len(basic.nodes)
    full = parse(Snapshot, collect.collect(api, depth="addresses"))
    assert [item for item in full.missing if item.id == "facts.forbidden"] == []
    assert [item.vmid for item in full.guests] == [item.vmid for item in basic.guests]
    assert {"iso", "vztmpl"} <= {item.content for item in full.volumes}
    assert full.quorate and full.cluster == "lab"


def test_facts_with_a_token_that_sees_only_guests(server: PveServer) -> None:
    token = server.make_token("narrow@pve", "t", privileges=["VM.Audit"], path="/vms")
    result = parse(Snapshot, collect.collect(connect(server, token)))
    said = {(item.id, item.field) for item in result.missing}
    assert {("facts.forbidden", "quorate"), ("facts.filtered", "storages")} <= said
    assert len(result.guests) > 0 and result.storages == ()
    assert next(item for item in result.missing if item.field == "quorate").message.startswith(
        "narrow@pve!t lacks the privilege Sys.Audit on /,"
    )


def test_a_wrong_secret_is_one_refused_request(server: PveServer) -> None:
    token = server.make_token().partition("=")[0] + "=00000000-0000-4000-8000-000000000000"
    api = connect(server, token)
    with pytest.raises(errors.UnauthorizedError, match="does not accept the API token"):
        collect.collect(api)
    assert api.calls == 1
