#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ansible module: existing guests as a plan."""

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_plan
short_description: Describe existing guests as they are, as machines of a plan
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Reads the configurations of existing VMs and containers and returns the plan of a deployment
    with them in it, for M(clusterwright.proxmox.tf_apply) to import.
  - Each value is what the guest has, in the words of the Terraform provider, so that nothing of it
    changes but its tags. One that the collection did not make gets the tag
    C(clusterwright-imported). A disk is counted in whole GiB, as the provider does.
  - What a guest has and a plan cannot say is refused with one sentence that names it, for all
    guests at once. Templates are refused, and so is a guest that does not run, is locked or belongs
    to another deployment.
  - A container must have its number of cores, its memory, its swap and its system written down,
    since Proxmox VE and the provider take different values for none.
  - CD-ROM drives, unused disks, display, CPU weight, SMBIOS UUID and high availability stay as they
    are, outside of the plan; so do the rules and the policies of a firewall, and the pool and the
    console of a container.
  - Nothing is ever changed.
  - A token needs C(VM.Audit) on the guests and, where the guest agent is on,
    C(VM.GuestAgent.Audit) (C(VM.Monitor) on Proxmox VE 8).
options:
  deployment:
    description: Name of the deployment.
    type: str
    required: true
  imports:
    description:
      - Name of each guest to its VMID. The name is the one that the guest has.
      - A guest that the plan has already stays as it is there.
    type: dict
    required: true
  plan:
    description: Plan of the deployment, when it has one already. Its machines stay.
    type: dict
  environment:
    description: Environment of a new deployment whose guests carry no tag of one (C(env-NAME)).
    type: str
    choices: [production, staging, development, test]
    default: development
extends_documentation_fragment:
  - clusterwright.proxmox.api
attributes:
  check_mode:
    description: Can run in check mode and return the same result without changing anything.
    support: full
  diff_mode:
    description: Shows what changed; nothing ever does.
    support: N/A
  platform:
    description: Where it can run.
    support: full
    platforms: posix
seealso:
  - module: clusterwright.proxmox.tf_render
  - module: clusterwright.proxmox.tf_apply
"""

EXAMPLES = r"""
- name: Describe two guests, connection from the environment
  clusterwright.proxmox.guest_plan:
    deployment: shop
    environment: production
    imports:
      web-prod-01: 104
      web-prod-02: 105
  register: adopted

- name: Render them
  clusterwright.proxmox.tf_render:
    plan: "{{ adopted.plan }}"
    directory: deployments/shop/terraform

- name: Take them over
  clusterwright.proxmox.tf_apply:
    directory: deployments/shop/terraform
    state: imported
    imports:
      web-prod-01: 104
      web-prod-02: 105
"""

RETURN = r"""
plan:
  description: Plan of the deployment with the guests in it.
  returned: success
  type: dict
  sample:
    schema_version: 1
    deployment: shop
    status: ready
    summary: "Taken over as they were: web-prod-01."
    environment: production
    kind: vm
    machines:
      - name: web-prod-01
        vmid: 104
        kind: vm
        node: pve1
        cores: 2
        memory_mib: 4096
        disks:
          - {interface: scsi0, storage: ceph-vm, size_gib: 32, ssd: true}
        nics:
          - {bridge: vmbr0, model: virtio, mac_address: "BC:24:11:00:00:01"}
adopted:
  description: Names of the machines that were not in the plan before.
  returned: success
  type: list
  elements: str
  sample: [web-prod-01]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._environments import (
    ENVIRONMENTS,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.adopt import (
    AdoptError,
    adopt,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import (
    Connection,
    connect,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.options import (
    INSECURE,
    argument_spec,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_spec(),
            "deployment": {"type": "str", "required": True},
            "imports": {"type": "dict", "required": True},
            "plan": {"type": "dict"},
            "environment": {
                "type": "str",
                "choices": list(ENVIRONMENTS),
                "default": "development",
            },
        },
        supports_check_mode=True,
    )
    options = module.params
    if not options["validate_certs"]:
        module.warn(INSECURE)
    wrong = [name for name, vmid in options["imports"].items() if not str(vmid).isdecimal()]
    if wrong or not options["imports"]:
        module.fail_json(
            msg=f"imports gives no VMID for {', '.join(wrong) or 'any guest'}: write name: VMID."
        )
    imports = {str(name): int(vmid) for name, vmid in options["imports"].items()}
    before = {machine["name"] for machine in (options["plan"] or {}).get("machines", ())}
    try:
        client = connect(Connection.from_options(options, "reader"))
        try:
            plan = adopt(
                client, imports, options["deployment"], options["plan"], options["environment"]
            )
        finally:
            client.close()
    except (AdoptError, PveError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, plan=plan, adopted=sorted(set(imports) - before))


if __name__ == "__main__":
    main()
