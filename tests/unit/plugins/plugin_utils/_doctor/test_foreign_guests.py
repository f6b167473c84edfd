# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxmox VE itself refuses the writer every write on a guest of somebody else.

The calls are generated: every method of the API that writes below a guest's path in that version,
and those that name a guest in a field. What the provider and our own modules send is part of them,
which the integration test of the credentials checks against what was really sent.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator

import pytest
import requests
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor import examine
from fakepve import schema
from lab.pve import PveServer
from unit.plugins.plugin_utils._doctor.test_doctor import BEYOND, SITE, facts, made

#: Writes that name the guest in a field: method, path, fields.
BY_FIELD: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("PUT", "/pools", {"poolid": "clusterwright", "vms": "{vmid}"}),
    ("PUT", "/pools/clusterwright", {"vms": "{vmid}"}),
    ("POST", "/cluster/ha/resources", {"sid": "vm:{vmid}", "state": "stopped"}),
    ("PUT", "/cluster/ha/resources/vm:{vmid}", {"state": "stopped"}),
    ("DELETE", "/cluster/ha/resources/vm:{vmid}", {}),
    ("POST", "/cluster/backup", {"vmid": "{vmid}", "storage": "local", "schedule": "02:30"}),
    ("POST", "/cluster/replication", {"id": "{vmid}-0", "target": "pve2", "type": "local"}),
    ("POST", "/nodes/{node}/stopall", {"vms": "{vmid}"}),
    ("POST", "/nodes/{node}/migrateall", {"vms": "{vmid}", "target": "pve2"}),
)
#: What is sent as a POST and only reads for an auditor (the monitor's info and help).
READS = ("/agent/fsfreeze-status", "/agent/ping", "/monitor")


def writes(pve: PveServer, kind: str) -> list[tuple[str, str]]:
    """Methods and paths of a version that write below a guest's path."""
    below = f"/nodes/{{node}}/{kind}/{{vmid}}"
    return sorted(
        (method, template)
        for template, methods in schema.load().paths.items()
        for method in methods
        if method != "GET"
        and (template == below or template.startswith(f"{below}/"))
        and pve.state.features.knows(method, template)
        and not template.endswith(READS)
    )


@pytest.fixture(scope="module", params=["8.4", "9.1"])
def pve(request: pytest.FixtureRequest) -> Iterator[PveServer]:
    with PveServer(version=request.param) as server:
        yield server


def writer_of(pve: PveServer, site: dict[str, t.Any]) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(pve.ca_file)
    session.headers["Authorization"] = f"PVEAPIToken={made(pve, site)['writer']}"
    return session


@pytest.fixture(scope="module")
def session(pve: PveServer) -> requests.Session:
    return writer_of(pve, SITE)


def send(
    pve: PveServer, session: requests.Session, method: str, path: str, fields: dict[str, t.Any]
) -> requests.Response:
    how: dict[str, t.Any] = {"params" if method == "DELETE" else "data": fields}
    return session.request(method, f"{pve.endpoint}/api2/json{path}", timeout=30, **how)


@pytest.mark.parametrize("kind", ["qemu", "lxc"])
def test_every_write_below_a_foreign_guest_is_refused(
    pve: PveServer, session: requests.Session, kind: str
) -> None:
    assert len(writes(pve, kind)) > 21
    assert _done(pve, session, kind) == []


def _done(pve: PveServer, session: requests.Session, kind: str) -> list[tuple[str, str, int, str]]:
    """Return the writes below a foreign guest that are not refused."""
    guests = pve.state.vms if kind == "qemu" else pve.state.cts
    guest, done = next(guest for guest in guests if not guest.template), []
    for method, template in writes(pve, kind):
        path = template.replace("{node}", guest.node).replace("{vmid}", str(guest.vmid))
        answer = send(pve, session, method, re.sub(r"[{}]", "", path), {})
        if answer.status_code != 403:
            done.append((method, path, answer.status_code, answer.reason))
    return done


@pytest.mark.parametrize(
    ("method", "template", "fields"), BY_FIELD, ids=[f"{m} {p}" for m, p, _ in BY_FIELD]
)
def test_every_write_that_names_a_foreign_guest_is_refused(
    pve: PveServer,
    session: requests.Session,
    method: str,
    template: str,
    fields: dict[str, str],
) -> None:
    guest = next(guest for guest in pve.state.vms if not guest.template)
    here = {"node": guest.node, "vmid": str(guest.vmid)}
    filled = {name: text.format(**here) for name, text in fields.items()}
    answer = send(pve, session, method, template.format(**here), filled)
    assert answer.status_code in (403, 501), (answer.status_code, answer.reason)


#: Begin of a path -> the right that reaches guests of others there: there is no smaller one.
REACHES = {
    "/cluster/ha/": "Sys.Console",
    "/cluster/backup": "Sys.Modify",
    "/cluster/replication": "Datastore.Allocate",
}


@pytest.mark.parametrize("version", ["8.4", "9.1"])
def test_rights_for_more_than_guests_reach_no_further_than_doctor_says(version: str) -> None:
    """What Proxmox VE lets this writer do to others is what its `along` sentences name."""
    site = {**SITE, **BEYOND}
    with PveServer(version=version) as pve:
        session = writer_of(pve, site)
        token = session.headers["Authorization"].removeprefix("PVEAPIToken=")
        along = examine("writer", site, facts(pve, token)).along
        told = {name for name in REACHES.values() if any(name in text for text in along)}
        assert [_done(pve, session, kind) for kind in ("qemu", "lxc")] == [[], []]
        guest = next(guest for guest in pve.state.vms if not guest.template)
        here = {"node": guest.node, "vmid": str(guest.vmid)}
        reached = {}
        for method, template, fields in BY_FIELD:
            filled = {name: text.format(**here) for name, text in fields.items()}
            answer = send(pve, session, method, template.format(**here), filled)
            if answer.status_code not in (403, 501):
                names = (right for path, right in REACHES.items() if template.startswith(path))
                reached[f"{method} {template}"] = next(names, answer.reason)
    assert set(reached.values()) <= told, reached
    assert told - set(reached.values()) <= {"Datastore.Allocate"}
