# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Plan what happens to a k3s cluster; see the module's docs."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import (
    Cluster,
    Plan,
    plan_cluster,
    validate,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import (
    _changes,
    _kubeconfig,
    _token,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._files import (
    proxy_exceptions,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._gather import (
    another_cluster,
    checksums,
    gather,
    kubeconfig_path,
    token_path,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._hooks import (
    hook_problems,
    with_hooks,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import url

#: Steps that write nothing.
LOOKING = ("verify",)
#: Goals that write no kubeconfig, and the one whose hosts may all be others than it knows.
WITHOUT_KUBECONFIG = ("snapshot", "reset", "restore")
GOALS = ["validate", "cluster", *_changes.GOALS]


class ActionModule(ControllerAction):
    """Thin face of the planner."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "goal": {"type": "str", "choices": GOALS, "required": True},
        "approve": {"type": "str", "default": "auto"},
    }
    ERRORS = (_token.TokenError, _kubeconfig.KubeconfigError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return steps and stages, or fail with every problem at once."""
        goal, own = args["goal"], task_vars["__k3s"]
        problems = self._play_problems(task_vars, own)
        for name in task_vars["ansible_play_hosts_all"]:
            problems += [
                f"{name}: {text}"
                for text in task_vars["hostvars"][name].get("__k3s_problems") or ()
            ]
        if problems:
            return self._refused(list(dict.fromkeys(problems)))
        cluster = gather(task_vars, facts=goal != "validate")
        if goal == "validate":
            found = [
                *validate(cluster, task_vars["ansible_play_hosts_all"]),
                *hook_problems(own["hooks"]),
                *self._source_problems(own),
            ]
            return self._refused(found) if found else {"changed": False}
        if goal not in WITHOUT_KUBECONFIG:
            path = kubeconfig_path(task_vars)
            other = another_cluster(path, cluster)
            if other:
                return self._refused(
                    [
                        f"{path} holds another cluster called {cluster.name}, at {other}: set "
                        "k3s_cluster_name or k3s_kubeconfig_path to something else, or take it out."
                    ]
                )
        plan = self._plan(goal, cluster, task_vars)
        if plan.problems:
            return self._refused(list(plan.problems))
        return self._result(goal, plan, args["approve"], cluster, own) | self._places(cluster)

    @staticmethod
    def _places(cluster: Cluster) -> dict[str, t.Any]:
        """Return names and places that the task files need."""
        living = cluster.living or (cluster.founder,)
        return {
            "units": {host.name: host.unit for host in cluster.hosts},
            "binaries": {host.name: host.binary for host in cluster.hosts},
            "data_dirs": {host.name: host.data_dir for host in cluster.hosts},
            "first_address": cluster.founder.address,
            "endpoint": cluster.vip or cluster.founder.address,
            "port": cluster.port,
            "own_urls": {host.name: url(host.loopback, cluster.port) for host in cluster.hosts},
            "kubeconfig_host": living[0].name,
            "no_proxy": {host.name: proxy_exceptions(host) for host in cluster.hosts},
            "silent": [host.name for host in cluster.hosts if host.facts is None],
        }

    def _plan(self, goal: str, cluster: Cluster, task_vars: dict[str, t.Any]) -> Plan:
        own = task_vars["__k3s"]
        paths = [own["binary_src"]] if own["binary_src"] else []
        sources = checksums([*paths, *own["images_src"]])
        token = _token.read(token_path(task_vars))
        if goal == "cluster":
            return plan_cluster(cluster, sources, token, own.get("only") or ())
        return _changes.plan_change(goal, cluster, sources, token)

    def _result(
        self, goal: str, plan: Plan, approve: str, cluster: Cluster, own: t.Mapping[str, t.Any]
    ) -> dict[str, t.Any]:
        digest = plan.sha256()
        result: dict[str, t.Any] = {
            "changed": False,
            "steps": [step.line() for step in plan.steps],
            "receipts": _receipts(goal, plan, cluster),
            "stages": with_hooks(plan.stages(), own["hooks"]),
            "notes": list(plan.notes),
            "sha256": digest,
            "text": [*plan.lines(), *[f"Note: {note}" for note in plan.notes]],
        }
        needs_word = goal in _changes.APPROVED and bool(plan.steps)
        if needs_word and approve not in ("auto", digest) and not self._task.check_mode:
            text = "\n".join(plan.lines())
            why = (
                f"k3s_approve={approve} is not the sha256 of this plan: it changed since it was "
                "approved."
                if approve
                else "Nothing was changed yet."
            )
            result |= {
                "failed": True,
                "msg": f"{text}\n{why} Approve this plan with -e k3s_approve={digest}",
            }
        return result

    def _source_problems(self, own: t.Mapping[str, t.Any]) -> list[str]:
        paths = ([own["binary_src"]] if own["binary_src"] else []) + list(own["images_src"])
        found = checksums(paths)
        absent = [path for path, sha256 in found.items() if not sha256]
        snapshot = own.get("snapshot_src")
        if snapshot and not Path(snapshot).is_file():
            absent.append(snapshot)
        problems = [f"Not on the controller: {', '.join(absent)}."] if absent else []
        source, wanted = own["binary_src"], own["binary_sha256"]
        if source and wanted and found[source] not in ("", wanted):
            problems.append(
                f"The binary {source} has the checksum {found[source]} instead of {wanted}."
            )
        return problems

    def _play_problems(self, task_vars: dict[str, t.Any], own: t.Mapping[str, t.Any]) -> list[str]:
        play = getattr(getattr(self._task, "_parent", None), "_play", None)
        strategy = str(getattr(play, "strategy", "linear"))
        problems = []
        if strategy.rpartition(".")[2] not in ("linear", "debug", "mitogen_linear"):
            problems.append(
                f"The play uses strategy {strategy}; a cluster is formed step by step: use linear."
            )
        if len(task_vars["ansible_play_batch"]) < len(task_vars["ansible_play_hosts_all"]):
            problems.append(
                "The play runs over its hosts in batches (serial), or hosts failed before; a "
                "cluster is planned over all of its hosts at once: remove serial."
            )
        return problems

    @staticmethod
    def _refused(problems: list[str]) -> dict[str, t.Any]:
        return {
            "failed": True,
            "changed": False,
            "problems": problems,
            "msg": " ".join(problems),
        }


def _receipts(goal: str, plan: Plan, cluster: Cluster) -> list[dict[str, t.Any]]:
    """Return what is to be kept of each write before it is done: one of a kind for each host."""
    release = {host.name: str(host.fact.get("k3s_version", "")) for host in cluster.hosts}
    found: dict[tuple[str, str], dict[str, t.Any]] = {}
    for step in plan.steps:
        if step.action in LOOKING:
            continue
        what = f"k3s {goal} {step.action}"
        receipt = found.setdefault(
            (what, step.host),
            {
                "what": what,
                "target": step.host,
                "before": {"k3s": release[step.host]} if release.get(step.host) else {},
                "after": {"steps": []},
            },
        )
        receipt["after"]["steps"].append(step.reason)
    return list(found.values())
