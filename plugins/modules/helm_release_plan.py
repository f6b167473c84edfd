#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a release may be written, and what would change."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release_plan
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Tells whether a release may be written, and what would change
description:
  - Asked before every write to a release. Name, namespace, chart and our mark together say whose a
    release is; a release, an object or a running operation of somebody else is refused, with the
    cause and what to do.
  - Changes nothing in the cluster.
extends_documentation_fragment:
  - clusterwright.proxmox.cluster
  - clusterwright.proxmox.chart
attributes:
  check_mode:
    description: Nothing is ever changed; in check mode it reports what would be.
    support: full
  diff_mode:
    description: Shows how the objects of the release would change, secrets left out.
    support: full
  platform:
    description: Where it runs.
    platforms: posix
    support: full
options:
  owner:
    description: Name that our mark carries, such as the deployment's.
    type: str
    required: true
  state:
    description: V(absent) asks whether the release may be removed.
    type: str
    choices: [present, absent]
    default: present
  crds_chart:
    description: Chart that only holds definitions and precedes the release, as O(chart).
    type: dict
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
        description: Address of the folder of charts.
        type: str
        default: ""
      sha256:
        description: Checksum of the chart's archive.
        type: str
        default: ""
  adopt:
    description: Take over what exists and is not ours, as long as the chart is the same.
    type: bool
    default: false
  busy_seconds:
    description: For how long a pending operation of somebody else counts as one that runs.
    type: int
    default: 900
  failure:
    description:
      - What helm said when it failed. The module then fails with one sentence, and with what the
        cluster says about the release's pods.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: See whether traefik may be installed
  clusterwright.proxmox.helm_release_plan:
    kubeconfig: deployments/demo/kubeconfig
    release: traefik
    namespace: traefik
    chart: {name: traefik, version: 41.3.0, repository: "https://traefik.github.io/charts"}
    owner: demo
"""

RETURN = r"""
action:
  description: V(install), V(upgrade), V(recover) or V(adopt); V(none) for nothing to remove.
  type: str
  returned: success
recovery:
  description: What precedes, V(uninstall) or V(rollback), empty for nothing.
  type: str
  returned: success
chart_path:
  description: Archive or folder of the chart on the controller.
  type: str
  returned: when the release has to be there
crds_file:
  description:
    - YAML file on the controller with the definitions that helm itself does not bring up to date;
      empty when there are none.
  type: str
  returned: when the release has to be there
needed:
  description: Whether helm has anything to do.
  type: bool
  returned: success
reason:
  description: What was found, in one sentence.
  type: str
  returned: success
foreign:
  description: Objects that are taken over.
  type: list
  elements: dict
  returned: success
mark:
  description: The ConfigMap to write before helm starts.
  type: dict
  returned: success
mark_done:
  description: The ConfigMap to write when helm has ended.
  type: dict
  returned: success
context:
  description: Context of the kubeconfig that was asked, by its name.
  type: str
  returned: success
namespace_ours:
  description: Whether the namespace was made by us, or has to be made.
  type: bool
  returned: success
"""

import datetime
import typing as t
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm import (
    chart as charts,
    release as releases,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.errors import (
    HelmError,
    explain,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.manifests import (
    difference,
    same_values,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes import access
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)

Data = dict[str, t.Any]
SPEC: Data = {
    **access.SPEC,
    **charts.SPEC,
    "crds_chart": {"type": "dict", "options": charts.CHART},
    "owner": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "adopt": {"type": "bool", "default": False},
    "busy_seconds": {"type": "int", "default": 900},
    "failure": {"type": "str", "default": ""},
}


def wanted_of(params: Data) -> releases.Wanted:
    """Return the release that the options describe."""
    return releases.Wanted(
        name=params["release"],
        namespace=params["namespace"],
        chart=params["chart"]["name"],
        owner=params["owner"],
        adopt=params["adopt"],
        busy_seconds=params["busy_seconds"],
    )


def plan_absent(cluster: access.Cluster, params: Data) -> Data:
    """Return whether the release may be removed.

    Raises:
        ApiError: the API does not answer.
        HelmError: the release may not be touched.
    """
    wanted = wanted_of(params)
    found = releases.look(cluster, wanted.name, wanted.namespace)
    if found.status == "absent":
        reason = f"{wanted.name} is not installed in {wanted.namespace}."
        return {"action": "none", "needed": bool(found.mark), "reason": reason, "diff": {}}
    verdict = releases.judge(wanted, found)
    if verdict.action == "refuse":
        raise HelmError(verdict.reason)
    return {
        "action": verdict.action,
        "needed": True,
        "reason": verdict.reason,
        "namespace_ours": found.namespace_ours,
        "diff": difference(found.manifest, [], wanted.name),
    }


def plan_present(cluster: access.Cluster, params: Data, *, write: bool) -> Data:
    """Return whether the release may be written, and what would change.

    Raises:
        ApiError: the API does not answer.
        HelmError: the release may not be written, or its chart cannot be had.
    """
    wanted = wanted_of(params)
    asked = {**params, "kubernetes_version": params["kubernetes_version"] or cluster.version()}
    rendered = charts.ask(asked, write=write)
    crds = list(rendered.crds)
    if params["crds_chart"]:
        own = {**asked, "chart": params["crds_chart"], "values": {}}
        before = charts.ask(own, write=write)
        crds += [*before.crds, *before.manifests]
    found = releases.look(cluster, wanted.name, wanted.namespace)
    foreign: list[Data] = []
    if found.status == "absent" or wanted.adopt:
        every = [*rendered.manifests, *crds]
        named = [charts.identity(item, wanted.namespace) for item in every]
        marked = releases.marked_crds(cluster, wanted.name)
        foreign = releases.strangers(cluster, wanted, [i for i in named if i["name"] not in marked])
    verdict = releases.judge(wanted, found, foreign)
    if verdict.action == "refuse":
        raise HelmError(verdict.reason)
    version = rendered.version
    needed = (
        verdict.action != "upgrade"
        or found.status != "deployed"
        or found.version.removeprefix("v") != version.removeprefix("v")
        or not same_values(found.values, params["values"])
        or bool(found.mark.get("operation"))
        or not releases.defined(cluster, crds)
    )
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {
        "action": verdict.action,
        "recovery": verdict.recovery,
        "needed": needed,
        "reason": verdict.reason,
        "foreign": foreign,
        "mark": releases.mark_of(wanted, found, version, now),
        "mark_done": releases.mark_of(wanted, found, version, ""),
        "namespace_ours": found.namespace_ours or found.namespace_phase == "absent",
        "chart_path": str(rendered.path),
        "crds_file": releases.write_crds(crds, wanted, Path(params["cache_dir"])),
        "diff": difference(found.manifest, rendered.manifests, wanted.name) if needed else {},
    }


def explained(cluster: access.Cluster, params: Data) -> str:
    """Return one sentence for a failure, with what the cluster says about it."""
    where = {"release": params["release"], "namespace": params["namespace"]}
    sentence = explain(params["failure"], **where, chart=params["chart"]["name"])
    try:
        events = cluster.list("v1", "Event", params["namespace"], fields="type=Warning")
    except ApiError:
        return sentence
    if not events:
        return sentence
    last = max(events, key=lambda item: str(item.get("lastTimestamp") or ""))
    about = last.get("involvedObject", {})
    said = " ".join(str(last.get("message", "")).split())[:300]
    return f"{sentence} Last warning there: {about.get('kind')} {about.get('name')}: {said}"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        cluster = access.Cluster(module.params["kubeconfig"], module.params["context"])
        if module.params["failure"]:
            module.fail_json(msg=explained(cluster, module.params))
        if module.params["state"] == "absent":
            result = plan_absent(cluster, module.params)
        else:
            result = plan_present(cluster, module.params, write=not module.check_mode)
    except (ApiError, HelmError) as error:
        module.fail_json(msg=str(error))
    except ImportError as error:
        module.fail_json(msg=f"A Python package is missing on the controller: {error}.")
    changed = module.check_mode and result["needed"]
    module.exit_json(changed=changed, context=cluster.context, **result)


if __name__ == "__main__":
    main()
