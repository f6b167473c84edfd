#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: deployment_commit
short_description: Commit what is applied of a deployment to a git repository
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Copies what says what is applied (the applied record, the inventory, the documents, Terraform's
    root module and variables) to a folder of the deployment's name in the repository, and commits
    that folder alone. Where nothing changed, there is no commit.
  - State, keys, tokens and passwords stay where they are. A file that holds a value of theirs is
    refused and nothing is committed.
  - This action runs on the controller.
requirements:
  - git on the controller
options:
  directory:
    description: Folder of the deployment.
    type: path
    required: true
  repository:
    description: Folder of the repository; made when nothing is there.
    type: path
    required: true
  remote:
    description: Remote to push the commit to, by name or address; empty never pushes.
    type: str
    default: ""
  message:
    description: Message of the commit.
    type: str
    required: true
  secrets:
    description: Values that may be in no file.
    type: list
    elements: str
    default: []
  secret_files:
    description: Files whose values may be in none either; one that is not there is passed over.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    description: Commits nothing.
    support: full
  diff_mode:
    description: Has no difference to show; git has.
    support: none
"""

EXAMPLES = r"""
- name: Commit what is applied
  clusterwright.proxmox.deployment_commit:
    directory: deployments/demo
    repository: /srv/git/deployments
    message: "demo: run 2d0c6e3e"
"""

RETURN = r"""
committed:
  description: Whether there is a new commit.
  returned: success
  type: bool
  sample: true
"""
