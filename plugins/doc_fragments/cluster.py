# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of everything that talks to a Kubernetes cluster."""

from __future__ import annotations


class ModuleDocFragment:
    """One kubeconfig and one context; nothing of the environment is used."""

    DOCUMENTATION = r"""
requirements:
  - kubernetes (Python package) on the controller
options:
  kubeconfig:
    description: File that names the cluster and holds the credentials.
    type: path
    required: true
  context:
    description: Context of the kubeconfig; empty takes its current one.
    type: str
    default: ""
"""
