# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module ``tf_apply``, and what they ask for, done."""

from __future__ import annotations

import os
import shutil
import typing as t
from functools import partial
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import (
    Connection,
    connect,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.credential import (
    Purpose,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import (
    changes,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.cluster import (
    ClusterGuests,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.deployment import (
    Deployment,
    not_rendered,
    rendered,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.environment import (
    Access,
    environment_for,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.ground import (
    Result,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guards import (
    Approval,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.lock import (
    hold,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.process import (
    Terraform,
    run_process,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.purpose import (
    purpose_of,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.records import (
    VARIABLES,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.scratch import (
    scratch,
)

Options = t.Mapping[str, t.Any]


def asked_purpose(options: Options, *, check: bool) -> Purpose:
    """Return which of the two credentials the options need."""
    variables = Path(options["directory"]) / VARIABLES
    text = options["unwritten"].get(VARIABLES) or (
        variables.read_text(encoding="utf-8") if variables.is_file() else ""
    )
    return purpose_of(options["state"], text, check=check)


def run(
    options: Options,
    connection: Connection,
    access: Access,
    secrets: tuple[str, ...],
    *,
    check: bool,
) -> Result:
    """Do what the options ask for.

    Args:
        options: of the module, validated.
        connection: to Proxmox VE.
        access: what Terraform gets of it.
        secrets: values that no message may hold.
        check: work in a copy of the directory, and change nothing.

    Raises:
        TerraformError: it could not be done.
        PveError: the API refuses.
    """
    directory = Path(options["directory"]).resolve()
    unwritten = options["unwritten"] if check else {}
    if check and options["state"] in ("planned", "applied"):
        if not unwritten and not rendered(directory):
            return not_rendered()
    elif not directory.is_dir():
        raise TerraformError(f"{directory} is not a directory: run tf_render first.")
    terraform = Terraform(
        run=run_process,
        binary=_binary(options["binary"]),
        directory=directory,
        environment=environment_for(access, os.environ, options["backend_environment"]),
        secrets=secrets,
    )
    guests = ClusterGuests(partial(connect, connection))
    if check or options["state"] == "drift":
        with scratch(terraform, unwritten) as copy:
            return _state(Deployment(copy, guests), options, check=True)
    with hold(directory, options["state"]) as descriptor:
        terraform = terraform.with_run(partial(run_process, keep_open=(descriptor,)))
        return _state(Deployment(terraform, guests), options, check=False)


def _state(deployment: Deployment, options: Options, *, check: bool) -> Result:
    """Do what the option ``state`` asks for."""
    wanted: dict[str, t.Callable[[], Result]] = {
        "planned": deployment.preview if check else deployment.planned,
        "applied": partial(_applied, deployment, options, check=check),
        "drift": partial(changes.drift, deployment),
        "absent": partial(
            changes.absent,
            deployment,
            options["consent"],
            approved=options["approved_guests"],
            check=check,
        ),
        "imported": partial(_imported, deployment, options, check=check),
        "rolled_back": partial(changes.rolled_back, deployment, check=check),
        "released": partial(changes.released, deployment, options["release"], check=check),
    }
    return wanted[options["state"]]()


def _applied(deployment: Deployment, options: Options, *, check: bool) -> Result:
    if check and not options["approved_sha256"]:
        return deployment.preview()
    provenance = options["provenance"]
    approval = Approval(
        sha256=options["approved_sha256"],
        consent=tuple(options["consent"]),
        max_plan_age_seconds=options["max_plan_age_seconds"],
        facts_at=provenance.get("facts_collected_at"),
        max_facts_age_seconds=options["max_facts_age_seconds"],
        verified=bool(provenance.get("verified", True)),
    )
    return deployment.applied(approval, check=check)


def _imported(deployment: Deployment, options: Options, *, check: bool) -> Result:
    wrong = [name for name, vmid in options["imports"].items() if not str(vmid).isdecimal()]
    if wrong:
        raise TerraformError(f"imports gives {', '.join(wrong)} no VMID: write name: VMID.")
    wanted = {str(name): int(vmid) for name, vmid in options["imports"].items()}
    return changes.imported(deployment, wanted, check=check)


def access_of(connection: Connection) -> Access:
    """Return what Terraform gets of a connection."""
    return Access(
        endpoint=connection.endpoint,
        user=connection.user,
        password=connection.password,
        token_id=connection.token_id,
        token_secret=connection.token_secret,
        ca_path=connection.ca_path,
        validate_certs=connection.validate_certs,
    )


def _binary(given: str | None) -> str:
    found = given or shutil.which("terraform") or shutil.which("tofu")
    if found is None:
        raise TerraformError(
            "Neither terraform nor tofu is on PATH: install one of them, 1.10 or newer, or name "
            "its path in binary."
        )
    return found
