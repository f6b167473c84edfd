# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of everything that asks a chart."""

from __future__ import annotations


class ModuleDocFragment:
    """A chart as it is pinned, and what it is rendered with."""

    DOCUMENTATION = r"""
requirements:
  - helm on the controller
  - PyYAML (Python package) on the controller
options:
  chart:
    description: The chart.
    type: dict
    required: true
    suboptions:
      name:
        description: Name of the chart.
        type: str
        required: true
      version:
        description: Its version.
        type: str
        required: true
      repository:
        description: Address of the folder of charts, V(https://…) or V(oci://…).
        type: str
        default: ""
      sha256:
        description: Checksum of the chart's archive; empty takes what the lock file says.
        type: str
        default: ""
  release:
    description: Name of the release.
    type: str
    required: true
  namespace:
    description: Namespace of the release.
    type: str
    required: true
  values:
    description: Values of the release.
    type: dict
    default: {}
  kubernetes_version:
    description: Version of Kubernetes, such as V(v1.34.12+k3s1); empty is helm's own.
    type: str
    default: ""
  charts_dir:
    description: Folder with charts by name that is used instead of the repository.
    type: path
    default: ""
  cache_dir:
    description: Folder that keeps fetched archives.
    type: path
    default: ~/.cache/clusterwright/charts
  lock_file:
    description:
      - JSON file that remembers the checksum of each chart and version; another one is refused.
      - Not used for charts of O(charts_dir).
    type: path
    default: ""
  binary_path:
    description: helm.
    type: path
    default: helm
"""
