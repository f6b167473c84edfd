# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Terraform provider: apply, a second plan without changes, destroy to nothing."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab.pve import PveServer
from lab.tools import ensure

CONFIGURATIONS = Path(__file__).parent / "terraform"
NO_CHANGES = 0
# What a token needs to make and remove the clone; to look at its EFI disk it needs Datastore.Audit.
LEAST_PRIVILEGES = (
    *("VM.Allocate", "VM.Audit", "VM.Clone", "VM.PowerMgmt", "VM.GuestAgent.Audit", "SDN.Use"),
    *("VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Cloudinit", "VM.Config.Disk"),
    *("VM.Config.Memory", "VM.Config.Network", "VM.Config.Options"),
    *("Datastore.AllocateSpace", "Datastore.Audit"),
)
# What it needs beside that for one of each kind.
PRIVILEGES_FOR_EVERYTHING = (
    *LEAST_PRIVILEGES,
    *("Datastore.Allocate", "Datastore.AllocateTemplate", "Sys.AccessNetwork"),
    "VM.Config.HWType",
    *("Pool.Allocate", "Pool.Audit", "SDN.Allocate", "SDN.Audit", "Sys.Audit", "Sys.Console"),
    *("Sys.Modify", "Permissions.Modify", "User.Modify", "Realm.AllocateUser"),
)


def environment(server: PveServer) -> dict[str, str]:
    tools = ensure(("terraform", "provider"))
    kept = {k: v for k, v in os.environ.items() if k not in ("SSL_CERT_DIR", "PROXMOX_VE_USERNAME")}
    return {
        **kept,
        "TF_CLI_CONFIG_FILE": str(tools.terraform_cli_config),
        "TF_VAR_pve_major": server.state.series.partition(".")[0],
        "CHECKPOINT_DISABLE": "1",
        "PROXMOX_VE_ENDPOINT": f"{server.endpoint}/",
        "SSL_CERT_FILE": str(server.ca_file),
    }


def run(
    folder: Path, settings: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    binary = str(ensure(("terraform",)).terraform)
    command = [binary, *arguments, "-no-color", "-input=false"]
    return subprocess.run(
        command, cwd=folder, env=settings, capture_output=True, text=True, check=False
    )


def terraform(folder: Path, settings: dict[str, str], *arguments: str) -> int:
    ended = run(folder, settings, *arguments)
    assert ended.returncode in (0, 2), f"{arguments[0]}: {ended.stdout[-2000:]}{ended.stderr}"
    return ended.returncode


def everything(server: PveServer) -> dict[str, Any]:
    """What of the cluster's state Terraform may have changed."""
    state = server.state
    return {
        "guests": {guest.vmid for guest in state._guests()},
        "volumes": {name: set(store["volumes"]) for name, store in state.storages.items()},
        "pools": {name: set(vmids) for name, vmids in state.pools.items()},
        "network": copy.deepcopy(state.sdn),
        "ha": (dict(state.ha_resources), dict(state.ha_rules), dict(state.ha_groups)),
        "backup": set(state.backup_jobs),
        "accounts": (set(state.access.users), set(state.access.roles), set(state.access.acl)),
    }


def with_token(server: PveServer) -> dict[str, str]:
    renamed = {"VM.GuestAgent.Audit": "VM.Monitor"} if server.state.series == "8.4" else {}
    held = [renamed.get(privilege, privilege) for privilege in PRIVILEGES_FOR_EVERYTHING]
    return {"PROXMOX_VE_API_TOKEN": server.make_token(privileges=held)}


def with_password(server: PveServer) -> dict[str, str]:
    return {"PROXMOX_VE_USERNAME": "root@pam", "PROXMOX_VE_PASSWORD": server.root_password}


@pytest.mark.parametrize("version", ["8.4", "9.1"])
@pytest.mark.parametrize("login", [with_token, with_password])
def test_apply_plan_destroy(
    tmp_path: Path, version: str, login: Callable[[PveServer], dict[str, str]]
) -> None:
    shutil.copy(CONFIGURATIONS / "everything" / "main.tf", tmp_path)
    with PveServer(version=version) as server:
        settings = environment(server) | login(server)
        before = everything(server)
        terraform(tmp_path, settings, "init")
        terraform(tmp_path, settings, "apply", "-auto-approve")
        applied = everything(server)
        assert {900, 950} < applied["guests"] - before["guests"]
        assert terraform(tmp_path, settings, "plan", "-detailed-exitcode") == NO_CHANGES
        address = (tmp_path / "terraform.tfstate").read_text()
        assert '"10.77.0.31"' in address
        terraform(tmp_path, settings, "destroy", "-auto-approve")
        assert everything(server) == before
        assert not server.state.crashes


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    shutil.copy(CONFIGURATIONS / "clone" / "main.tf", tmp_path)
    return tmp_path


def test_least_privileges(clone: Path) -> None:
    with PveServer() as server:
        before = everything(server)
        token = server.make_token(privileges=LEAST_PRIVILEGES)
        settings = environment(server) | {"PROXMOX_VE_API_TOKEN": token}
        before["accounts"] = everything(server)["accounts"]
        terraform(clone, settings, "init")
        terraform(clone, settings, "apply", "-auto-approve")
        assert terraform(clone, settings, "plan", "-detailed-exitcode") == NO_CHANGES
        terraform(clone, settings, "destroy", "-auto-approve")
        assert everything(server) == before


@pytest.mark.parametrize("missing", ["SDN.Use", "VM.Config.CPU"])
def test_missing_privilege_is_named(clone: Path, missing: str) -> None:
    with PveServer() as server:
        held = [privilege for privilege in LEAST_PRIVILEGES if privilege != missing]
        token = server.make_token(privileges=held)
        settings = environment(server) | {"PROXMOX_VE_API_TOKEN": token}
        terraform(clone, settings, "init")
        ended = run(clone, settings, "apply", "-auto-approve")
        assert ended.returncode == 1
        said = " ".join(ended.stderr.split())
        assert "received an HTTP 403 response" in said
        assert f", {missing})" in said
