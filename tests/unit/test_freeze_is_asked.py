# SPDX-License-Identifier: GPL-3.0-or-later
"""Every playbook that writes asks first whether something is frozen: found by walking its tasks."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
from unit.task_files import documents

TOP = Path(__file__).resolve().parents[2]
OURS = "clusterwright.proxmox."
PLAYBOOKS = sorted(path.stem for path in (TOP / "playbooks").glob("*.yml"))
#: Ways to change a cluster, a guest or a host from the controller, and with which arguments.
WRITERS: dict[str, tuple[str, ...]] = {
    f"{OURS}tf_apply": ("applied", "absent", "imported", "rolled_back", "released"),
    f"{OURS}guest_tags": (),
    f"{OURS}credentials": (),
    f"{OURS}helm_release_cleanup": (),
    "kubernetes.core.helm": (),
    "kubernetes.core.k8s": (),
}
#: What runs on hosts of an inventory and writes nothing there; everything else counts as a write.
HARMLESS = {
    *(f"ansible.builtin.{name}" for name in ("debug", "set_fact", "assert", "fail", "pause")),
    *(f"ansible.builtin.{name}" for name in ("setup", "stat", "slurp", "meta", "add_host")),
    *(f"ansible.builtin.{name}" for name in ("wait_for_connection", "wait_for", "set_stats")),
    *(f"{OURS}{name}" for name in ("role_options", "k3s_plan", "k3s_facts", "k3s_host_info")),
    *(f"{OURS}{name}" for name in ("run", "k8s_checks", "prometheus_targets_info", "records")),
}
LOCAL = ("localhost",)
#: Among the variables of a task: it runs in check mode, whatever the playbook does.
DRY = "check_mode"
PARTS = ("block", "rescue", "always")
INCLUDES = ("import_tasks", "include_tasks", "import_role", "include_role")


Data = dict[str, t.Any]


@dataclass(frozen=True)
class Step:
    """A task as it comes: its module, what it is given, and where it runs."""

    module: str
    given: Data
    local: bool
    variables: Data

    @property
    def asks(self) -> bool:
        """Whether the judge is asked about freezes here."""
        if self.module == f"{OURS}approval":
            return True
        writing = self.given.get("status") in ("PROVISIONING", "CONFIGURING")
        return self.module == f"{OURS}run" and self.given.get("state") == "stage" and writing

    @property
    def wanted(self) -> str:
        """The state that the task asks for."""
        state = str(self.given.get("state", ""))
        return str(self.variables.get("__terraform_state", state)) if "{{" in state else state

    @property
    def takes_over(self) -> bool:
        """Whether guests are taken over as they are: only their tags change."""
        return self.wanted == "imported"

    @property
    def writes(self) -> bool:
        """Whether something outside of the controller is changed."""
        if self.variables[DRY]:
            return False
        if self.module in WRITERS:
            states = WRITERS[self.module]
            return not states or self.wanted in states
        return not self.local and self.module not in HARMLESS


def load(path: Path) -> t.Any:
    return (documents(path) or [None])[0] or []


def short(name: str) -> str:
    return name.rpartition(".")[2]


def tasks_of(items: t.Any, folder: Path, local: bool, variables: Data) -> t.Iterator[Step]:
    """Give the tasks of a file with everything that they take in, in order."""
    for item in items or []:
        here = local or item.get("delegate_to") in LOCAL
        given = {**variables, **(item.get("vars") or {})}
        given[DRY] = variables.get(DRY) or item.get("check_mode") is True
        parts = [part for part in PARTS if part in item]
        for part in parts:
            yield from tasks_of(item[part], folder, here, given)
        module = next((key for key in item if "." in key), "")
        value = item.get(module)
        if short(module) in INCLUDES:
            yield from taken_in(module, value, folder, here, given)
        elif module and not parts:
            found = {key: v for key, v in value.items()} if isinstance(value, dict) else {}
            # Of a merged anchor only the mapping that was written is known to the loader.
            yield Step(module, found, here, given)


def taken_in(
    module: str, value: t.Any, folder: Path, local: bool, variables: Data
) -> t.Iterator[Step]:
    if short(module).endswith("tasks"):
        file = value if isinstance(value, str) else value["file"]
        if file.startswith("{{"):
            yield Step("tasks of the user", {}, local, variables)
            return
        if "{{" in file:
            for path in sorted((folder / file.partition("{{")[0]).glob("*.yml")):
                yield from tasks_of(load(path), path.parent, local, variables)
            return
        path = (folder / file).resolve()
        yield from tasks_of(load(path), path.parent, local, variables)
        return
    name = str(value["name"])
    if not name.startswith(OURS) or "{{" in name:
        # A role that the site or the catalogue names does what it likes.
        yield Step(f"role {name}", {}, False, {**variables})
        return
    tasks = TOP / "roles" / short(name) / "tasks"
    path = tasks / f"{value.get('tasks_from', 'main')}.yml"
    yield from tasks_of(load(path), tasks, local, variables)


def steps_of(playbook: Path) -> t.Iterator[Step]:
    """Give every task of a playbook in the order it may run in."""
    for play in load(playbook):
        imported = play.get("ansible.builtin.import_playbook")
        if imported:
            yield from steps_of(playbook.parent / imported)
            continue
        local = play["hosts"] in LOCAL
        for role in play.get("roles") or []:
            yield from taken_in("import_role", {"name": role["role"]}, TOP, local, {DRY: False})
        yield from tasks_of(play.get("tasks"), playbook.parent, local, {DRY: False})


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_freeze_is_asked_for_before_the_first_write(playbook: str) -> None:
    asked = False
    for step in steps_of(TOP / f"playbooks/{playbook}.yml"):
        asked = asked or step.asks
        assert asked or not step.writes, f"{playbook} writes with {step.module} and asked nobody"


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_the_environments_are_asked_before_anything_changes_or_goes(playbook: str) -> None:
    judged = False
    for step in steps_of(TOP / f"playbooks/{playbook}.yml"):
        judged = judged or step.module == f"{OURS}approval"
        changes = step.writes and step.module == f"{OURS}tf_apply" and not step.takes_over
        assert judged or not changes, f"{playbook} changes what there is and nobody approved it"


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_who_asks_names_every_environment_that_is_touched(playbook: str) -> None:
    for step in steps_of(TOP / f"playbooks/{playbook}.yml"):
        given = step.given.get("environments")
        assert not step.asks or given == "{{ pipeline_environments }}", step


def test_the_walk_finds_the_playbooks_that_write() -> None:
    found = {
        name
        for name in PLAYBOOKS
        if any(step.writes for step in steps_of(TOP / f"playbooks/{name}.yml"))
    }
    writing = {"doctor", "provision", "apply", "destroy", "import", "release", "retire", "undo"}
    k3s = {f"k3s_{name}" for name in ("add", "cluster", "remove", "replace", "reset", "restore")}
    k3s |= {f"k3s_{name}" for name in ("rollback", "rotate", "snapshot", "upgrade")}
    assert found >= writing | k3s
    assert not found & {"size", "status", "list", "plans", "diff", "audit", "drift"}
