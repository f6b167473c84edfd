# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that doctor prints make credentials with which it finds nothing to say."""

from __future__ import annotations

import datetime
import re
import shlex
import typing as t
from collections.abc import Iterator

import pytest
import requests
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import client, collect
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.ends import end_of
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor import (
    commands,
    examine,
    not_ours_to_change,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor._wanted import (
    CREDENTIALS,
)
from lab.pve import PveServer

SITE: dict[str, t.Any] = {
    "storages": {"default": "ceph-vm", "containers": "local-lvm"},
    "network": {"bridge": "vmbr0"},
    "template": {"name": "debian-12-cloud"},
}
DECADE = 4_000_000_000


@pytest.fixture(params=["8.4", "9.1"])
def pve(request: pytest.FixtureRequest) -> Iterator[PveServer]:
    with PveServer(version=request.param) as server:
        yield server


def connection(pve: PveServer, token: str) -> client.Connection:
    identity, _, secret = token.partition("=")
    options = {"api_host": pve.endpoint, "api_token_id": identity, "api_token_secret": secret}
    return client.Connection.from_options({**options, "ca_path": str(pve.ca_file)})


def facts(pve: PveServer, token: str) -> dict[str, t.Any]:
    return collect.collect(client.connect(connection(pve, token)), depth="addresses")


def pveum(pve: PveServer, commands: t.Iterable[str]) -> dict[str, str]:
    """Do what the commands of ``pveum`` do, by the API as root; return the tokens by user."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(pve.ca_file)
    session.headers["Authorization"] = f"PVEAPIToken={pve.make_token('root@pam', 'admin')}"
    tokens: dict[str, str] = {}
    for command in commands:
        words = shlex.split(command)
        assert words.pop(0) == "pveum"
        options = {}
        while len(words) > 2 and words[-2].startswith("--"):
            value, name = words.pop(), words.pop()
            options[name.removeprefix("--")] = value
        match words:
            case ["pool", "add", name]:
                call = ("POST", "/pools", {"poolid": name})
            case ["role", "add", name]:
                call = ("POST", "/access/roles", {"roleid": name, **options})
            case ["user", "add", name]:
                call = ("POST", "/access/users", {"userid": name, **options})
            case ["acl", "modify", path]:
                call = ("PUT", "/access/acl", {"path": path, **options})
            case ["user", "token", "add", name, token]:
                call = ("POST", f"/access/users/{name}/token/{token}", options)
            case _:
                raise AssertionError(command)
        method, path, fields = call
        answer = session.request(method, f"{pve.endpoint}/api2/json{path}", data=fields, timeout=30)
        assert answer.status_code == 200, (command, answer.reason)
        if words[:2] == ["user", "token"]:
            data = answer.json()["data"]
            tokens[words[3]] = f"{data['full-tokenid']}={data['value']}"
    return tokens


def made(pve: PveServer, site: dict[str, t.Any] = SITE) -> dict[str, str]:
    """Both tokens, made by the commands that an administrator is told."""
    admin = facts(pve, pve.make_token())
    tokens = pveum(pve, commands(site, admin, DECADE))
    return {re.sub(r".*-(\w+)@pve", r"\1", user): token for user, token in tokens.items()}


BEYOND: dict[str, t.Any] = {
    "environments": {"production": {"ha": True}},
    "backups": [{"name": "nightly"}],
    "replication": {"schedule": "*/15"},
}


@pytest.mark.parametrize("more", [{}, BEYOND], ids=["plain", "ha-backups-replication"])
def test_what_the_commands_make_is_right(pve: PveServer, more: dict[str, t.Any]) -> None:
    site = {**SITE, **more}
    tokens = made(pve, site)
    assert set(tokens) == {"reader", "writer"}
    for credential in CREDENTIALS:
        found = examine(credential, site, facts(pve, tokens[credential]))
        assert (found.missing, found.excess) == ((), ())
        wanted = bool(more) and credential == "writer"
        assert bool(found.along) is wanted, "what comes with a right on / is said"


def test_rights_on_everything_reach_nothing_below(pve: PveServer) -> None:
    held = facts(pve, made(pve, {**SITE, **BEYOND})["writer"])["privileges"]
    assert {"Sys.Console", "Sys.Modify"} <= set(held["/"])
    below = set(held["/*"])
    assert not {"Sys.Console", "Sys.Modify"} & below


def test_the_reader_is_no_writer(pve: PveServer) -> None:
    made_again = made(pve)["reader"]
    found = examine("writer", SITE, facts(pve, made_again))
    assert [text.rpartition(" on ")[2] for text in found.missing] == [
        "/pool/clusterwright.",
        "/vms/9000.",
        "/storage/ceph-vm.",
        "/storage/local-lvm.",
        "/sdn/zones/localnetwork/vmbr0.",
    ]
    told = commands(SITE, facts(pve, made_again), 0)
    assert "pveum pool add clusterwright" not in told


def test_an_administrator_is_told_what_the_token_could_do(pve: PveServer) -> None:
    found = examine("writer", SITE, facts(pve, pve.make_token()))
    assert found.missing == ()
    assert "On / it could give itself and others any right, destroy any guest, stop" in str(
        found.excess
    )


def test_they_end(pve: PveServer) -> None:
    tokens = made(pve)
    user = tokens["writer"].partition("!")[0]
    assert pve.state.access.users[user].fields["expire"] in (DECADE, str(DECADE))


def test_a_guest_outside_the_pool_is_not_taken_over(pve: PveServer) -> None:
    tokens = made(pve)
    foreign = next(guest for guest in pve.state.vms if not guest.template)
    held = facts(pve, tokens["writer"])
    [told] = not_ours_to_change([foreign.vmid, 999], SITE, held)
    assert "VM.Config.Disk, VM.Config.Options" in told and f"--vms {foreign.vmid}" in told
    assert not_ours_to_change([foreign.vmid], SITE, facts(pve, pve.make_token())) == []
    inside = [{**g, "pool": "clusterwright"} for g in held["guests"]]
    assert not_ours_to_change([foreign.vmid], SITE, {**held, "guests": inside}) == []


@pytest.mark.parametrize(
    ("user_days", "token_days", "soon"),
    [(None, None, False), (29, None, True), (None, 29, True), (31, 29, True), (31, 31, False)],
)
def test_what_ends_within_a_month_is_said(
    pve: PveServer, user_days: int | None, token_days: int | None, *, soon: bool
) -> None:
    token = made(pve)["reader"]
    user, _, name = token.partition("=")[0].partition("!")
    now = datetime.datetime.now(datetime.UTC)

    def end(days: int | None) -> int:
        return int((now + datetime.timedelta(days=days)).timestamp()) if days else 0

    account = pve.state.access.users[user]
    account.fields["expire"], account.tokens[name].expire = end(user_days), end(token_days)
    connected = client.connect(connection(pve, token))
    ends = end_of(connected, f"{user}!{name}")
    found = {**facts(pve, token), "credentials": [{"identity": user, "ends": ends}] if ends else []}
    told = examine("reader", SITE, found).ending
    first = min((days for days in (user_days, token_days) if days), default=0)
    assert bool(told) is soon
    assert not soon or f"{now + datetime.timedelta(days=first):%Y-%m-%d}" in told[0]
