#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: tf_policy
short_description: Judge a plan, and what Terraform would make of it, by the policies
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Judges a plan by the collection's Rego policies and by those in O(site)'s C(policy_dirs).
  - With O(terraform) they see as C(input.terraform) what Terraform would really change.
  - A finding of severity C(error) fails the task, in check mode too. Others become warnings unless
    the plan shows them already.
  - This action runs on the controller and changes nothing. It needs the Python package regopy.
options:
  plan:
    description: Plan as M(clusterwright.proxmox.llm_size) returns it.
    type: dict
    required: true
  site:
    description: Site profile; its C(policy_dirs) name folders with further policies.
    type: dict
    required: true
  terraform:
    description: RV(clusterwright.proxmox.tf_apply#module:plan_json) of the saved plan.
    type: dict
  changes_only:
    description:
      - Leave out what the policies find in the plan without O(terraform).
      - For destroying, where it does not matter whether the machines may be as they are.
    type: bool
    default: false
  request:
    description: Request behind the plan, for policies about what was asked.
    type: dict
  snapshot:
    description: Facts of M(clusterwright.proxmox.proxmox_facts).
    type: dict
attributes:
  check_mode:
    description: Can run in check mode and does the same.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
seealso:
  - module: clusterwright.proxmox.tf_apply
  - module: clusterwright.proxmox.approval
"""

EXAMPLES = r"""
- name: Save a Terraform plan
  clusterwright.proxmox.tf_apply:
    directory: deployments/demo/terraform
    state: planned
  register: planned

- name: Judge it
  clusterwright.proxmox.tf_policy:
    plan: "{{ sized.plan }}"
    request: "{{ sized.request }}"
    site: "{{ site }}"
    terraform: "{{ planned.plan_json }}"
"""

RETURN = r"""
status:
  description: C(allowed), or C(refused) when there is a finding of severity C(error).
  returned: always
  type: str
  sample: allowed
findings:
  description: All findings with id, severity, field, message and source, errors first.
  returned: always
  type: list
  elements: dict
  sample:
    - id: team.web.no-deletes
      severity: error
      field: proxmox_virtual_environment_vm.machine["web-1"]
      message: web-1 would be deleted; the web team does that by hand.
      source: policy web
"""
