#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: llm_size
short_description: Turn a request for infrastructure into a sized and placed plan
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Reads a sentence (or takes a request that was read already), sizes it by documented rules,
    places it on the hosts of a Proxmox VE cluster and returns a plan in which every number has
    its reason, source and confidence.
  - What was asked for explicitly is in the plan unchanged, or the request is refused with a
    reason. The site profile is checked against the facts before anything is planned.
  - Without a model the same input gives the same plan. Nothing is ever changed.
  - This action runs on the controller.
requirements:
  - pydantic
  - PyYAML
  - regopy
  - pydantic-ai-slim with the extra of the provider, for a provider other than V(none)
options:
  intent:
    description:
      - What is wanted, in plain words.
      - Mutually exclusive with O(request); one of them is needed.
    type: str
  request:
    description:
      - A request as a file holds it or as this module returns it, one list of things (machines, a
        cluster, applications) and of changes. Its JSON Schema is part of the documentation of the
        collection.
    type: dict
  previous_request:
    description:
      - The request that O(previous_plan) was made for. With it the new things of O(intent) or
        O(request) are added to that plan, and documented minimums are known for its changes.
    type: dict
  answers:
    description:
      - What a person replied to the questions that O(intent) raised, in order. They are read
        together with it.
    type: list
    elements: str
    default: []
  reading:
    description:
      - With V(strict) words that were not understood are asked about. With V(accept) they are set
        aside, and the plan says so; a contradiction is still asked about.
    type: str
    choices: [strict, accept]
    default: strict
  insist:
    description:
      - Keep what was asked for although it is below a documented minimum. The plan says so. Without
        it such a request is refused.
    type: bool
    default: false
  snapshot:
    description:
      - Facts of the Proxmox VE cluster, C(ansible_facts.proxmox) of
        M(clusterwright.proxmox.proxmox_facts).
      - Without them the plan is not verified and cannot be applied.
    type: dict
    default: {}
  site:
    description:
      - The site profile with storages, network, template and keys.
      - Its JSON Schema is part of the documentation of the collection.
    type: dict
    required: true
  deployment:
    description: Name of the deployment. By default one is made from the request.
    type: str
  provider:
    description: Model that proposes numbers; V(none) uses the rules alone and works offline.
    type: str
    choices: [none, gemini, openai, anthropic, ollama]
    default: none
  provider_settings:
    description:
      - Settings of the provider, each with a default. C(model), C(base_url), C(temperature),
        C(timeout_seconds), C(max_seconds), C(max_output_tokens), C(max_tokens), C(max_requests),
        C(max_rounds), C(max_cost), C(input_price), C(output_price), C(required), C(api_key_file),
        C(cache_dir), C(roles), C(offline).
      - C(roles) gives C(identify) (what is unknown software like?) or C(size) (which numbers?) a
        C(model) or C(temperature) of its own.
      - With C(offline) only answers of C(cache_dir) are used. It is on in check mode unless it is
        set to C(false).
      - The key comes from the environment (E(GEMINI_API_KEY), E(OPENAI_API_KEY),
        E(ANTHROPIC_API_KEY)) or a private file, never from here.
    type: dict
    default: {}
  previous_plan:
    description:
      - Plan of the same deployment. Its machines keep their names, ids, hosts and addresses, and
        the changes of O(intent) or O(request) are changes of it.
    type: dict
  reserved:
    description: What other deployments hold although the facts may not show it yet.
    type: dict
    default: {}
    suboptions:
      vmids:
        description: Ids that are never given to a machine.
        type: list
        elements: int
        default: []
      addresses:
        description: IP addresses that are never given to a machine.
        type: list
        elements: str
        default: []
      names:
        description: Names that are never given to a machine.
        type: list
        elements: str
        default: []
      vrrp_router_ids:
        description: VRRP router ids that are never given to a cluster.
        type: list
        elements: int
        default: []
      pci_mappings:
        description: PCI mappings that are in use, each as C(MAPPING@NODE).
        type: list
        elements: str
        default: []
      networks:
        description: Networks of pods and services; no machine gets an address inside.
        type: list
        elements: str
        default: []
      ha_rules:
        description: Names of HA rules that are never given.
        type: list
        elements: str
        default: []
      backup_jobs:
        description: Names of backup jobs that are never given.
        type: list
        elements: str
        default: []
  require_ready:
    description:
      - Fail with the reason when the plan cannot be used as it is, because something must be asked
        first or it is refused.
      - With V(false) such a plan is returned, see RV(plan.status).
    type: bool
    default: true
attributes:
  check_mode:
    description:
      - Returns the same result without changing anything.
      - Without O(provider_settings) C(offline=false) no model is asked; answers that were kept are
        used, else the rules decide with a warning.
    support: full
  diff_mode:
    description: Shows what changed; nothing ever does.
    support: N/A
seealso:
  - module: clusterwright.proxmox.proxmox_facts
  - module: clusterwright.proxmox.tf_render
"""

EXAMPLES = r"""
- name: Collect the facts
  clusterwright.proxmox.proxmox_facts:
    depth: addresses

- name: Size a sentence
  clusterwright.proxmox.llm_size:
    intent: HA cluster with monitoring
    snapshot: "{{ ansible_facts.proxmox }}"
    site: "{{ site }}"
  register: sized

- name: Plan without a Proxmox VE at hand
  clusterwright.proxmox.llm_size:
    intent: PostgreSQL for 100 concurrent users
    site: "{{ site }}"
    require_ready: false
  register: sketched
"""

RETURN = r"""
request:
  description: What was understood; fields that were not said are empty.
  returned: success
  type: dict
  sample: {answer: plan, things: [{type: cluster, id: t1, ha: true}]}
plan:
  description:
    - The plan. RV(plan.status) is V(ready), V(ask) or V(refused); the last two only when
      O(require_ready=false).
  returned: success
  type: dict
  contains:
    status:
      description: Whether the plan can be rendered.
      type: str
      returned: always
      sample: ready
    summary:
      description: The plan, the question or the refusal in a sentence.
      type: str
      returned: always
      sample: "ha-cluster: development k3s cluster of 3 server with 4 vCPU, 8 GiB."
    machines:
      description: Machines, complete for rendering, each number with its reason.
      type: list
      elements: dict
      returned: always
      sample: [{name: ha-cluster-server-1, vmid: 20000, node: pve1}]
    questions:
      description: What has to be answered first, each with id, text and choices.
      type: list
      elements: dict
      returned: always
      sample: [{id: change.whose, text: "Which of servers, workers is meant?"}]
    cluster:
      description: The k3s cluster made of the machines.
      type: dict
      returned: when a cluster was asked for
      sample: {servers: [ha-cluster-server-1], agents: [], vip: null}
table:
  description: The plan as lines of text for a person.
  returned: success
  type: list
  elements: str
  sample: ["MACHINE              VMID   NODE"]
findings:
  description: What the checks have to say, each with id, severity, field and message.
  returned: success
  type: list
  elements: dict
  sample:
    - id: capacity.reduced
      severity: warning
      field: machines
      message: They do not fit.
      source: capacity rules
status:
  description: V(ask) or V(refused).
  returned: failure
  type: str
  sample: ask
msg:
  description: The plan's summary, the question or the reason of the refusal.
  returned: always
  type: str
  sample: "ha-cluster: development k3s cluster of 3 server with 4 vCPU, 8 GiB."
"""
