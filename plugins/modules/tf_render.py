#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: tf_render
short_description: Render a plan into a Terraform directory
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Copies the static, reviewed root module of a Terraform provider into the directory and writes
    the plan's values as data beside it, into C(terraform.tfvars.json) and C(backend.tf.json).
    Text of a plan is never evaluated by Terraform.
  - The same plan gives the same bytes. Files are private (0600 in a directory of 0700) and
    written whole or not at all.
  - With O(outputs) it also returns the inventory of the machines, after checking that plan and
    outputs agree.
  - This action runs on the controller.
options:
  plan:
    description: Plan with status V(ready) and without findings of severity error.
    type: dict
    required: true
  directory:
    description: Terraform directory of the deployment. It may hold no Terraform files of others.
    type: path
    required: true
  terraform_provider:
    description:
      - Terraform provider to render for. V(bpg) is bpg/proxmox, tested by applying it.
      - V(telmate) is Telmate/proxmox 3.0.2-rc07. Its root module is validated and planned by
        Terraform against the schema that the provider's sources publish; it was never applied,
        neither to a real nor to a simulated Proxmox VE, and the policies and the role
        P(clusterwright.proxmox.terraform#role) let only V(bpg) change anything.
      - What Telmate/proxmox lacks is refused with one sentence before anything is written, that is
        HA with limits and rules, backup jobs, replication, the firewall of a guest, disks from an
        image and taking over existing guests.
      - Releases of Telmate/proxmox up to 3.0.2-rc04 ask for the privilege C(VM.Monitor), which
        Proxmox VE 9 does not have; the root module switches that check off.
    type: str
    choices: [bpg, telmate]
    default: bpg
  backend:
    description: Where Terraform keeps its state.
    type: str
    choices: [local, pg, s3, http]
    default: local
  backend_settings:
    description:
      - Settings of the backend by Terraform's names, such as C(bucket). Credentials are refused
        here and come from the environment.
      - The state of V(pg) is in the schema C(clusterwright_DEPLOYMENT) unless C(schema_name) is
        given.
      - V(http) needs C(lock_address) and C(unlock_address) too, since Terraform would work
        without a lock, and two runs could write one state at once.
    type: dict
    default: {}
  pve_major:
    description: Major version of Proxmox VE. HA resources are placed by groups on 8, by rules on 9.
    type: int
    choices: [8, 9]
    default: 9
  allow_empty:
    description:
      - Render a plan without machines, with which all machines of the deployment would go.
        Otherwise that is refused.
    type: bool
    default: false
  agent_timeout_seconds:
    description:
      - How long a VM on DHCP may take to tell its address through the QEMU guest agent, after its
        start and at every read, from 5 to 3600.
      - A VM whose agent stays silent has no address afterwards; with O(outputs) it is named in the
        error.
    type: int
    default: 120
  outputs:
    description: Outputs of M(clusterwright.proxmox.tf_apply) for this plan.
    type: dict
  inventory_path:
    description: File to write the inventory to, as JSON. Its name ends in C(.json) or C(.yml).
    type: path
attributes:
  check_mode:
    description: Writes nothing and tells what would change.
    support: full
  diff_mode:
    description: Shows the difference of each file.
    support: full
"""

EXAMPLES = r"""
- name: Render the plan
  clusterwright.proxmox.tf_render:
    plan: "{{ sized.plan }}"
    directory: deployments/demo/terraform

- name: Render with the state in PostgreSQL (PG_CONN_STR is given to tf_apply)
  clusterwright.proxmox.tf_render:
    plan: "{{ sized.plan }}"
    directory: deployments/demo/terraform
    backend: pg

- name: Render for Telmate/proxmox, to be planned
  clusterwright.proxmox.tf_render:
    plan: "{{ sized.plan }}"
    directory: deployments/demo/terraform
    terraform_provider: telmate

- name: Write the inventory after an apply
  clusterwright.proxmox.tf_render:
    plan: "{{ sized.plan }}"
    directory: deployments/demo/terraform
    outputs: "{{ applied.outputs }}"
    inventory_path: deployments/demo/inventory.json
"""

RETURN = r"""
unwritten:
  description: In check mode, the files that would be written, by name; null for one to remove.
  returned: always
  type: dict
  sample: {}
directory:
  description: Terraform directory.
  returned: success
  type: str
  sample: deployments/demo/terraform
files:
  description: Names of all rendered files.
  returned: success
  type: list
  elements: str
  sample: [backend.tf.json, vms.tf, terraform.tfvars.json]
inventory:
  description: Inventory of the machines in the shape of the C(yaml) inventory plug-in.
  returned: when O(outputs) is given
  type: dict
  sample:
    all:
      children:
        cw_demo:
          children:
            servers:
              hosts:
                demo-server-1:
                  ansible_host: 10.0.0.5
                  ansible_user: debian
                  cw_deployment: demo
                  cw_role: server
                  node: pve1
                  vmid: 20001
"""
