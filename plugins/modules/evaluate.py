#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: evaluate
short_description: Score sizing and reading against case files
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Answers documented requirements of software and sentences as a person would ask them, and
    scores the answers. Of a requirement only its statement, kind and unit are seen.
  - A number is a hit when it is between the documented minimum and twice the recommendation (the
    number of machines when it is equal), and under when it is below the minimum.
  - Always 4 vCPU with 8 GiB, the category table alone and, beside a model, the rules alone are
    scored in the same run. All shares have their number of samples and a Wilson interval of 95 %.
  - This action runs on the controller and needs no Proxmox VE.
requirements:
  - pydantic
  - PyYAML
options:
  cases:
    description:
      - JSON files with cases, each a list or a mapping with the key C(cases).
      - A case has O(ignore:scale_statement), its requirement and the fields to score; or
        O(ignore:intent), the action and the facts that are expected; or O(ignore:text) with
        O(ignore:expect), what the whole plan of that sentence should be. The layout is told by
        that.
    type: list
    elements: str
    required: true
  directory:
    description: Folder that relative files are relative to; the working directory by default.
    type: path
  output:
    description: JSON file to write the result to.
    type: str
  provider:
    description: Model that proposes numbers; V(none) scores the rules alone and works offline.
    type: str
    choices: [none, gemini, openai, anthropic, ollama]
    default: none
  provider_settings:
    description: Settings of the provider, such as its model and time limit.
    type: dict
    default: {}
  knowledge_dirs:
    description: Folders with families that are added to the collection's.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    description: Scores and writes nothing.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Score the rules
  clusterwright.proxmox.evaluate:
    cases: [sizing_cases.json, intent_cases.json]
    output: result.json
"""

RETURN = r"""
result:
  description:
    - Shares per field in total, per software and per case, and those of the baselines.
    - The keys C(sizing), C(intents) and C(reading) are there when a file of that layout was given.
  returned: success
  type: dict
  sample:
    sizing:
      cases: 81
      vcpu: {scored: 63, hit: 0.98, hit_interval: [0.91, 1.0], under: 0.0}
table:
  description: The result as lines.
  returned: success
  type: list
  elements: str
  sample: ["Sizing, 81 cases"]
"""
