#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: tf_apply
short_description: Plan and apply a rendered deployment with Terraform or OpenTofu
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Plans, applies, checks, destroys and imports the machines that
    M(clusterwright.proxmox.tf_render) rendered into a directory.
  - Only the saved plan whose sha256 was approved is applied. Deletes and replacements need
    consent that names each machine.
  - A VMID or name that a foreign guest bears is an error before anything is changed, and only
    guests with the tags of the deployment are changed or destroyed.
  - One run per deployment. A second one is refused while the first holds the lock.
  - Credentials reach Terraform by its environment only. They are in no file, no argument and no
    result. The state file holds the values of the machines, public keys included; it is private
    (0600 in a directory of 0700).
  - Runs where it is called. The binary, the provider (or its mirror) and the directory are there.
options:
  directory:
    description: Terraform directory of the deployment.
    type: path
    required: true
  state:
    description:
      - V(planned) saves a plan and sums it up. It resumes an interrupted run. Half-made machines
        of that run are made again.
      - V(applied) applies the saved plan when it is the approved one, unchanged and not stale.
      - V(drift) tells what was changed outside of Terraform, and how severe that is.
      - V(absent) destroys the deployment's machines, all of them named in O(consent).
      - V(imported) takes existing guests into the state, unchanged except for the tags.
      - V(rolled_back) destroys what the last unfinished run created and nothing else.
      - V(released) takes the machines in O(release) out of the state. The guests stay as they are.
    type: str
    choices: [planned, applied, drift, absent, imported, rolled_back, released]
    default: planned
  approved_sha256:
    description: Value of RV(plan_sha256) that was approved. A plan without changes needs none.
    type: str
    default: ""
  consent:
    description: Names of exactly the machines that may be deleted or replaced.
    type: list
    elements: str
    default: []
  approved_guests:
    description:
      - For O(state=absent), RV(guests) of the dry run that was looked at. When a guest is no
        longer like that, nothing is destroyed.
    type: dict
    default: {}
  imports:
    description: For O(state=imported), machine name to VMID.
    type: dict
    default: {}
  release:
    description: For O(state=released), names of the machines to let go; empty means all of them.
    type: list
    elements: str
    default: []
  max_plan_age_seconds:
    description: How old a saved plan may be when it is applied.
    type: int
    default: 3600
  provenance:
    description:
      - The plan's own C(provenance). A plan that was not verified against a cluster, or whose
        facts are older than O(max_facts_age_seconds), creates nothing.
    type: dict
    default: {}
  max_facts_age_seconds:
    description: How old the facts behind a plan may be when it creates machines.
    type: int
    default: 3600
  unwritten:
    description:
      - In check mode, the files that M(clusterwright.proxmox.tf_render) would have written or
        removed, its RV(clusterwright.proxmox.tf_render#module:unwritten).
    type: dict
    default: {}
  backend_environment:
    description:
      - Environment variables of the state backend, such as C(PG_CONN_STR) or
        C(AWS_SECRET_ACCESS_KEY).
    type: dict
    default: {}
  binary:
    description:
      - Terraform or OpenTofu 1.10 or newer, by name or path. The first one of both is taken by
        default.
    type: str
extends_documentation_fragment:
  - clusterwright.proxmox.api
attributes:
  check_mode:
    description: Plans in a copy of the directory and changes nothing, there or on Proxmox VE.
    support: full
  diff_mode:
    description: Shows the summary of the plan.
    support: full
"""

EXAMPLES = r"""
- name: Plan
  clusterwright.proxmox.tf_apply:
    directory: deployments/demo/terraform
    state: planned
  register: planned

- name: Apply the plan that was approved
  clusterwright.proxmox.tf_apply:
    directory: deployments/demo/terraform
    state: applied
    approved_sha256: "{{ planned.plan_sha256 }}"
  register: applied

- name: Destroy the two machines of a deployment
  clusterwright.proxmox.tf_apply:
    directory: deployments/demo/terraform
    state: absent
    consent: [demo-web-1, demo-web-2]

- name: Take over an existing VM
  clusterwright.proxmox.tf_apply:
    directory: deployments/demo/terraform
    state: imported
    imports:
      web-prod-01: 104
"""

RETURN = r"""
plan_sha256:
  description: sha256 of the saved plan file, to be approved; empty in check mode.
  returned: when O(state=planned)
  type: str
  sample: 4f1d4b0ce1a2d6a2a8a0f7b1c0a4d9f3e2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7
plan_file:
  description: Path of the saved plan.
  returned: when O(state=planned) and not in check mode
  type: str
  sample: deployments/demo/terraform/plan.tfplan
summary:
  description:
    - C(counts) of resources to create, update, replace and delete; C(machines) and C(other) with
      action, VMID, node and changed fields each; C(text) for people.
  returned: when there is a plan
  type: dict
  sample:
    counts: {create: 1, update: 0, replace: 0, delete: 0}
    machines:
      - name: demo-web-1
        action: create
        vmid: 20001
        node: pve1
    other: []
    text: "1 to create, 0 to update, 0 to replace, 0 to delete.\n"
destructive:
  description: Names of the machines that the plan deletes or replaces.
  returned: when there is a plan
  type: list
  elements: str
  sample: []
plan_json:
  description:
    - C(terraform show -json) of the plan for M(clusterwright.proxmox.tf_policy), with
      C(resource_changes), C(output_changes) and C(planned_values). What Terraform calls sensitive
      is replaced.
  returned: when O(state=planned), or in check mode when O(state=applied), or when O(state=absent)
  type: dict
  sample:
    resource_changes:
      - address: proxmox_virtual_environment_vm.machine["demo-web-1"]
        type: proxmox_virtual_environment_vm
        change: {actions: [create], before: null, after: {vm_id: 20001}}
applied:
  description:
    - Whether the plan is what exists now. A run can fail all the same, when the cluster differs
      from the plan in something else.
  returned: when O(state=applied) and Terraform came to its end, not in check mode
  type: bool
outputs:
  description: Outputs of the root module.
  returned: when O(state=applied) or O(state=imported), and not in check mode
  type: dict
  sample:
    deployment: demo
    machines:
      demo-web-1: {kind: vm, vmid: 20001, node: pve1, address: 10.0.0.5, tags: [clusterwright]}
drift:
  description: What was changed outside of Terraform, with severity C(high), C(medium) or C(low).
  returned: when O(state=drift)
  type: list
  elements: dict
  sample:
    - name: demo-web-1
      what: changed
      severity: medium
      fields: [{field: memory.dedicated, before: "2048", after: "4096"}]
rolled_back:
  description: Names of the machines that were destroyed.
  returned: when O(state=rolled_back)
  type: list
  elements: str
  sample: [demo-web-2]
writes:
  description: What the plan would do, in the form of RV(receipts), to be announced before.
  returned: when there is a plan
  type: list
  elements: dict
  sample: [{what: create, target: demo-web-1 (VMID 20001)}]
there:
  description: What exists of the deployment, changed or not, as RV(receipts) name it.
  returned: when there is a plan
  type: list
  elements: str
  sample: [demo-web-1 (VMID 20001)]
receipts:
  description:
    - What each write came to, for M(clusterwright.proxmox.run). C(outcome) is C(happened), C(not)
      or C(unknown). After a failure each guest was looked at once more.
  returned: when something was written, also on failure
  type: list
  elements: dict
  sample:
    - what: update
      target: demo-web-1 (VMID 20001)
      before: {memory.dedicated: "2048"}
      after: {memory.dedicated: "4096"}
      outcome: happened
guests:
  description: Configuration of each guest of the deployment by VMID, without secrets.
  returned: when O(state=absent)
  type: dict
  sample: {"20001": {digest: 5d0c3f, memory: "2048", node: pve1}}
released:
  description: Names of the machines that were taken out of the state.
  returned: when O(state=released)
  type: list
  elements: str
  sample: [web-prod-01]
imported:
  description: Names of the machines that were imported.
  returned: when O(state=imported)
  type: list
  elements: str
  sample: [web-prod-01]
"""

import datetime
import os
import shutil
import typing as t
from functools import partial
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import (
    Connection,
    connect,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.credential import (
    Purpose,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.ends import end_of, told
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.options import (
    INSECURE,
    argument_spec,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import changes
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
    secrets_in,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
    redact,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.ground import (
    Result,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guards import (
    Approval,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.lock import hold
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


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_spec(),
            "directory": {"type": "path", "required": True},
            "state": {
                "type": "str",
                "choices": [
                    "planned",
                    "applied",
                    "drift",
                    "absent",
                    "imported",
                    "rolled_back",
                    "released",
                ],
                "default": "planned",
            },
            "approved_sha256": {"type": "str", "default": ""},
            "consent": {"type": "list", "elements": "str", "default": []},
            "approved_guests": {"type": "dict", "default": {}},
            "imports": {"type": "dict", "default": {}},
            "release": {"type": "list", "elements": "str", "default": []},
            "max_plan_age_seconds": {"type": "int", "default": 3600},
            "provenance": {"type": "dict", "default": {}},
            "max_facts_age_seconds": {"type": "int", "default": 3600},
            "unwritten": {"type": "dict", "default": {}},
            "backend_environment": {"type": "dict", "default": {}, "no_log": True},
            "binary": {"type": "str"},
        },
        supports_check_mode=True,
    )
    if not module.params["validate_certs"]:
        module.warn(INSECURE)
    secrets: tuple[str, ...] = ()
    try:
        connection = Connection.from_options(module.params, _purpose(module))
        access = _access(connection)
        secrets = secrets_in(access, module.params["backend_environment"])
        if module.params["state"] == "applied" and not module.check_mode:
            _warn_of_end(module, connection)
        result = _run(module, connection, access, secrets)
    except TerraformError as error:
        # Ansible shows the whole result of a failure; the sentence holds what a person needs, the
        # rest is for the records.
        kept = ("applied", "receipts")
        more = {key: error.result[key] for key in kept if error.result.get(key)}
        module.fail_json(msg=redact(str(error), secrets), **more)
    except PveError as error:
        module.fail_json(msg=redact(str(error), secrets))
    except OSError as error:
        where = error.filename or module.params["directory"]
        module.fail_json(msg=f"{where} cannot be used: {error.strerror}.")
    else:
        module.exit_json(**result)


def _warn_of_end(module: AnsibleModule, connection: Connection) -> None:
    """Say that the credential that writes ends soon."""
    client = connect(connection)
    try:
        ends = end_of(client, connection.identity)
    finally:
        client.close()
    if text := told(connection.identity, ends, datetime.datetime.now(datetime.UTC)):
        module.warn(text)


def _purpose(module: AnsibleModule) -> Purpose:
    """Return which of the two credentials this run needs."""
    variables = Path(module.params["directory"]) / VARIABLES
    text = module.params["unwritten"].get(VARIABLES) or (
        variables.read_text(encoding="utf-8") if variables.is_file() else ""
    )
    return purpose_of(module.params["state"], text, check=module.check_mode)


def _run(
    module: AnsibleModule, connection: Connection, access: Access, secrets: tuple[str, ...]
) -> Result:
    options = module.params
    directory = Path(options["directory"]).resolve()
    unwritten = options["unwritten"] if module.check_mode else {}
    if module.check_mode and options["state"] in ("planned", "applied"):
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
    if module.check_mode or options["state"] == "drift":
        with scratch(terraform, unwritten) as copy:
            return _state(Deployment(copy, guests), options, check=True)
    with hold(directory, options["state"]) as descriptor:
        terraform = terraform.with_run(partial(run_process, keep_open=(descriptor,)))
        return _state(Deployment(terraform, guests), options, check=False)


def _state(deployment: Deployment, options: dict[str, t.Any], *, check: bool) -> Result:
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


def _applied(deployment: Deployment, options: dict[str, t.Any], *, check: bool) -> Result:
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


def _imported(deployment: Deployment, options: dict[str, t.Any], *, check: bool) -> Result:
    wrong = [name for name, vmid in options["imports"].items() if not str(vmid).isdecimal()]
    if wrong:
        raise TerraformError(f"imports gives {', '.join(wrong)} no VMID: write name: VMID.")
    wanted = {str(name): int(vmid) for name, vmid in options["imports"].items()}
    return changes.imported(deployment, wanted, check=check)


def _access(connection: Connection) -> Access:
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


if __name__ == "__main__":
    main()
