# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles, paths and tokens decide as in Proxmox VE."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab.pve import PveServer
from lab.pve.permissions import ROOT, Access, AclEntry, Token, User, builtin_roles, privileges_of
from unit.lab.pve.conftest import Client

CLONE = {"newid": 300, "full": 1}
CLONE_PRIVILEGES = ["VM.Clone", "VM.Allocate", "Datastore.AllocateSpace", "SDN.Use", "VM.Audit"]
PATHS = st.sampled_from(["/", "/vms", "/vms/100", "/storage", "/storage/local", "/pool/lab"])


def access_with(*entries: AclEntry) -> Access:
    access = Access.for_version("9.1")
    access.users["a@pve"] = User(tokens={"sep": Token("x"), "full": Token("y", privsep=False)})
    access.groups["ops"] = {"comment": "", "users": {"a@pve"}}
    access.acl.update(entries)
    return access


def grant(path: str, role: str, subject: str = "a@pve", **fields: bool) -> AclEntry:
    kind = "token" if "!" in subject else "group" if "@" not in subject else "user"
    return AclEntry(path, kind, subject, role, **fields)


@pytest.mark.parametrize(
    ("entries", "path", "privilege", "held"),
    [
        ([grant("/", "PVEVMAdmin")], "/vms/100", "VM.Clone", True),
        ([grant("/vms", "PVEVMUser", propagate=False)], "/vms/100", "VM.PowerMgmt", False),
        ([grant("/vms", "PVEVMUser", propagate=False)], "/vms", "VM.PowerMgmt", True),
        ([grant("/", "PVEAdmin"), grant("/vms", "NoAccess")], "/vms/100", "VM.Audit", False),
        ([grant("/", "PVEVMAdmin"), grant("/vms", "PVEAuditor")], "/vms/1", "VM.Clone", False),
        ([grant("/vms", "PVEVMUser", "ops")], "/vms/100", "VM.PowerMgmt", True),
        ([grant("/vms", "PVEVMUser", "ops")], "/storage", "VM.PowerMgmt", False),
        (
            [grant("/vms", "PVEVMAdmin", "ops"), grant("/vms", "PVEAuditor")],
            "/vms/100",
            "VM.Clone",
            False,
        ),
    ],
)
def test_grants(entries: list[AclEntry], path: str, privilege: str, held: bool) -> None:
    assert (privilege in access_with(*entries).held("a@pve", path)) == held


ENTRIES = st.builds(
    grant,
    PATHS,
    st.sampled_from(sorted(builtin_roles("9.1"))),
    st.sampled_from(["a@pve", "a@pve!sep", "a@pve!full", "ops"]),
    propagate=st.booleans(),
)


@given(st.lists(ENTRIES, max_size=6), PATHS)
def test_tokens_never_hold_more_than_their_user(entries: list[AclEntry], path: str) -> None:
    access = access_with(*entries)
    user = access.held("a@pve", path)
    assert access.held("a@pve!sep", path) <= user
    assert access.held("a@pve!full", path) == user
    assert access.held("a@pve!gone", path) == frozenset()


@pytest.mark.parametrize("version", ["8.4", "9.1"])
def test_roles_of_a_version(version: str) -> None:
    known = privileges_of(version)
    roles = builtin_roles(version)
    assert roles["Administrator"] == known
    assert ("VM.Monitor" in roles["PVEVMAdmin"]) == (version == "8.4")
    assert ("VM.GuestAgent.Audit" in roles["PVEAuditor"]) == (version == "9.1")
    assert Access.for_version(version).held(ROOT, "/x") == known


@pytest.mark.parametrize("missing", CLONE_PRIVILEGES)
def test_clone_without_a_privilege(server: PveServer, missing: str) -> None:
    privileges = [p for p in CLONE_PRIVILEGES if p != missing]
    client = Client(server, server.make_token(privileges=privileges))
    path = "/nodes/pve1/qemu/300/config" if missing == "VM.Audit" else "/nodes/pve1/qemu/9000/clone"
    if missing == "VM.Audit":
        client.task("POST", "/nodes/pve1/qemu/9000/clone", **CLONE)
        status, reason = client.refusal("GET", path)
    else:
        status, reason = client.refusal("POST", path, **CLONE)
    assert status == 403
    assert missing in reason or reason == "Permission check failed"


def test_least_privileges_suffice_to_clone(server: PveServer) -> None:
    client = Client(server, server.make_token(privileges=CLONE_PRIVILEGES))
    assert client.task("POST", "/nodes/pve1/qemu/9000/clone", **CLONE) == "OK"


def test_lists_are_filtered_not_refused(server: PveServer) -> None:
    client = Client(server, server.make_token(role="PVEVMUser", path="/vms/101"))
    listed = client.data("GET", "/cluster/resources")
    assert [r["vmid"] for r in listed if "vmid" in r] == [101]
    assert not [r for r in listed if r["type"] == "storage"]
    assert client.data("GET", "/storage") == []
    assert client.refusal("GET", "/nodes/pve1/status") == (
        403,
        "Permission check failed (/nodes/pve1, Sys.Audit)",
    )


def test_pool_members_are_reached_through_the_pool(server: PveServer) -> None:
    client = Client(server, server.make_token(role="PVEVMUser", path="/pool/production"))
    assert client.data("GET", "/nodes/pve1/qemu/100/config")["name"] == "nas"
    assert client.refusal("GET", "/nodes/pve2/qemu/101/config")[0] == 403


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [("cores", "2", 200), ("args", "-x", 500), ("lock", "backup", 500)],
)
def test_tokens_are_never_root(server: PveServer, key: str, value: str, status: int) -> None:
    client = Client(server, server.make_token(ROOT))
    client.task("POST", "/nodes/pve1/qemu/9000/clone", **CLONE)
    assert client.call("PUT", "/nodes/pve1/qemu/300/config", **{key: value}).status_code == status


def test_accounts_made_by_the_api(client: Client, server: PveServer) -> None:
    client.data("POST", "/access/roles", roleid="Small", privs="VM.Audit,VM.PowerMgmt")
    client.data("POST", "/access/users", userid="bot@pve", comment="bot")
    token = client.data("POST", "/access/users/bot@pve/token/tk", privsep=0)
    client.data("PUT", "/access/acl", path="/vms", roles="Small", users="bot@pve")
    bot = Client(server, f"{token['full-tokenid']}={token['value']}")
    assert bot.data("GET", "/access/permissions")["/vms"] == {"VM.Audit": 1, "VM.PowerMgmt": 1}
    client.data("DELETE", "/access/users/bot@pve/token/tk")
    assert bot.refusal("GET", "/version") == (401, "Authentication failed!")
