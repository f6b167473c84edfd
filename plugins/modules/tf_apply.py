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

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import (
    Connection,
    connect,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.ends import (
    end_of,
    told,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import (
    PveError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.options import (
    INSECURE,
    argument_spec,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.environment import (
    secrets_in,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
    redact,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.options import (
    access_of,
    asked_purpose,
    run,
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
        purpose = asked_purpose(module.params, check=module.check_mode)
        connection = Connection.from_options(module.params, purpose)
        access = access_of(connection)
        secrets = secrets_in(access, module.params["backend_environment"])
        if module.params["state"] == "applied" and not module.check_mode:
            _warn_of_end(module, connection)
        result = run(module.params, connection, access, secrets, check=module.check_mode)
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


if __name__ == "__main__":
    main()
