#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a chart makes and needs with the values that are used."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_chart_info
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Tells what a chart makes and needs with the values that are used
description:
  - Fetches a chart as it is pinned, once, and renders it with the values and the version of
    Kubernetes that it will be installed with.
  - Fails with one sentence when the chart cannot be had, is not the pinned one, or refuses values
    or Kubernetes.
extends_documentation_fragment:
  - clusterwright.proxmox.chart
attributes:
  check_mode:
    description: Nothing of a cluster is ever changed; the chart is fetched in check mode as well.
    support: full
  diff_mode:
    description: Nothing is ever changed.
    support: none
  platform:
    description: Where it runs.
    platforms: posix
    support: full
options:
  images_dir:
    description: Folder with the image archives that machines import; empty where they pull.
    type: path
    default: ""
"""

EXAMPLES = r"""
- name: Ask what cert-manager needs
  clusterwright.proxmox.helm_chart_info:
    chart: {name: cert-manager, version: v1.21.1, repository: "https://charts.jetstack.io"}
    release: cert-manager
    namespace: cert-manager
    values: {crds: {enabled: true}}
    kubernetes_version: v1.34.12+k3s1
"""

RETURN = r"""
path:
  description: Archive or folder of the chart on the controller.
  type: str
  returned: success
sha256:
  description: Its checksum.
  type: str
  returned: success
images:
  description: Images of all its containers. What an operator pulls later is not among them.
  type: list
  elements: str
  returned: success
missing_images:
  description: Those that O(images_dir) does not hold; none without that folder.
  type: list
  elements: str
  returned: success
objects:
  description: What it makes, hooks left out, with C(api_version), C(kind), C(namespace), C(name).
  type: list
  elements: dict
  returned: success
crds:
  description: Names of the definitions of the chart's C(crds) folder, which helm never updates.
  type: list
  elements: str
  returned: success
"""

import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm import chart as charts
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.errors import HelmError

SPEC: dict[str, t.Any] = {**charts.SPEC, "images_dir": {"type": "path", "default": ""}}


def tell(params: dict[str, t.Any], *, write: bool) -> dict[str, t.Any]:
    """Return what the module returns.

    Raises:
        HelmError: the chart cannot be had or refuses what it is given.
    """
    found = charts.ask(params, write=write)
    images = found.images
    there = charts.tags_in(Path(params["images_dir"])) if params["images_dir"] else set(images)
    return {
        "path": str(found.path),
        "sha256": found.sha256,
        "images": images,
        "missing_images": sorted(set(images) - there),
        "objects": [charts.identity(item, params["namespace"]) for item in found.manifests],
        "crds": sorted(item["metadata"]["name"] for item in found.crds),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        result = tell(module.params, write=not module.check_mode)
    except HelmError as error:
        module.fail_json(msg=str(error))
    except ImportError as error:
        module.fail_json(msg=f"A Python package is missing on the controller: {error}.")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
