# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents tell what the records say, nothing more, and what they name exists."""

from __future__ import annotations

import json
import re
import shlex
import typing as t
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.action.documents import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.action.llm_size import (
    ActionModule as LlmSize,
)
from ansible_collections.clusterwright.proxmox.plugins.lookup.addons import ABOUT
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _catalogue, _documents
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._commands import commands
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    site,
    snapshot,
)

ROOT = Path(__file__).resolve().parents[4]
NAMES = ("README.md", "ARCHITECTURE.md", "RUNBOOK.md", "TROUBLESHOOTING.md", "DECISIONS.md")
HOSTILE = "<script>alert(1)</script> | [x](http://e) `rm -rf /` {{ 7 * 7 }} **b**"
INTENTS = {
    "ha": "HA cluster with monitoring",
    "small": "dev cluster",
    "machine": "vm with 2 cores and 4 GB called web1",
    "software": "PostgreSQL for 100 concurrent users",
}
CANARY = "Canary-7f3a9"


@pytest.fixture(params=INTENTS)
def given(request: pytest.FixtureRequest, run_action: t.Any, tmp_path: Path) -> dict[str, t.Any]:
    """The arguments for a deployment whose plan was applied, with its secrets beside it."""
    facts = to_data(snapshot())
    sized = run_action(
        LlmSize,
        intent=INTENTS[request.param],
        site=to_data(site()),
        snapshot=facts,
        deployment="lab",
    )
    plan = sized["plan"]
    assert plan["status"] == "ready", plan["summary"]
    applied = {"plan": plan, "request": sized["request"], "snapshot": facts}
    (tmp_path / "applied.json").write_text(json.dumps(applied))
    hosts = {
        machine["name"]: {"ansible_host": f"192.0.2.{number}", "ansible_user": "ops"}
        for number, machine in enumerate(plan["machines"], 11)
    }
    inventory = {"all": {"children": {"cw_lab": {"children": {"vms": {"hosts": hosts}}}}}}
    (tmp_path / "inventory.json").write_text(json.dumps(inventory))
    for name in ("kubeconfig", "k3s.token", "grafana.password", "terraform.tfstate"):
        (tmp_path / name).write_text(CANARY)
    found = _catalogue.resolve([item["name"] for item in plan["addons"]])
    releases = [_catalogue.release_of(chosen, found) for chosen in found.entries]
    return {
        "directory": str(tmp_path),
        "commands": commands({"args": ["clusterwright.proxmox.provision"]}, (), "lab"),
        "addons": [{key: release[key] for key in ABOUT} for release in releases],
        "kubeconfig": f"{tmp_path}/kubeconfig" if plan["cluster"] else "",
    }


def change(given: dict[str, t.Any], how: t.Callable[[dict[str, t.Any]], object]) -> None:
    path = Path(given["directory"]) / "applied.json"
    applied = json.loads(path.read_text())
    how(applied)
    path.write_text(json.dumps(applied))


def written(given: dict[str, t.Any]) -> dict[str, str]:
    folder = Path(given["directory"]) / "docs"
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_written_once_and_again_only_where_something_changed(
    run_action: t.Any, given: dict[str, t.Any]
) -> None:
    first = run_action(ActionModule, **given)
    assert first["changed"] is True, first
    assert set(first["written"]) == {*NAMES, "architecture.svg", "inventory.yml", "index.html"}
    assert run_action(ActionModule, **given)["changed"] is False
    # Facts of another day are no change.
    change(given, lambda a: a["snapshot"]["nodes"][0].update(memory_used_mib=1))
    assert run_action(ActionModule, **given)["changed"] is False
    change(given, lambda a: a["plan"].update(summary="Another."))
    assert run_action(ActionModule, **given)["written"] == ["README.md", "index.html"]


def test_dry_run_says_what_it_would_write(run_action: t.Any, given: dict[str, t.Any]) -> None:
    result = run_action(ActionModule, check_mode=True, **given)
    assert result["changed"] and len(result["diff"]) == 8
    assert not (Path(given["directory"]) / "docs").exists()


@pytest.mark.parametrize("engine", _catalogue.ENGINES)
def test_add_ons_for_an_engine_of_gitops(
    run_action: t.Any, given: dict[str, t.Any], engine: str
) -> None:
    found = _catalogue.resolve(["headlamp", "prometheus"])
    releases = [_catalogue.release_of(chosen, found) for chosen in found.entries]
    run_action(ActionModule, **given, gitops=engine, releases=releases)
    folder = Path(given["directory"]) / "docs" / "gitops"

    def files() -> set[str]:
        return {str(path.relative_to(folder)) for path in folder.rglob("*.yaml")}

    assert files() == set(_catalogue.gitops(releases, engine))
    result = run_action(ActionModule, **given, gitops=engine, releases=releases)
    assert result["changed"] is False
    # What is not brought any more goes, what somebody put there stays.
    (folder / "own.yaml").write_text("own")
    result = run_action(ActionModule, **given, gitops=engine, releases=releases[1:])
    assert files() == {*_catalogue.gitops(releases[1:], engine), "own.yaml"}
    assert "gitops/own.yaml" not in result["written"] and result["changed"]
    other = {"argocd": "flux", "flux": "argocd"}[engine]
    run_action(ActionModule, **given, gitops=other, releases=releases)
    assert files() == {*_catalogue.gitops(releases, other), "own.yaml"}


def test_no_plan_is_one_sentence(run_action: t.Any, tmp_path: Path) -> None:
    result = run_action(ActionModule, directory=str(tmp_path), commands={})
    assert result["failed"] and "There is no plan" in result["msg"]


def test_no_secret_is_told(run_action: t.Any, given: dict[str, t.Any]) -> None:
    def hide(applied: dict[str, t.Any]) -> None:
        applied["request"]["text"] += f" password: {CANARY}"
        for addon in applied["plan"]["addons"]:
            addon["values"] = {"adminPassword": CANARY}
            addon["settings"] = {"anything": CANARY}

    change(given, hide)
    run_action(ActionModule, **given)
    assert not [name for name, text in written(given).items() if CANARY in text]


def tokens(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def test_every_number_is_of_a_record(run_action: t.Any, given: dict[str, t.Any]) -> None:
    run_action(ActionModule, **given)
    folder = Path(given["directory"])
    applied = json.loads((folder / "applied.json").read_text())
    records = json.dumps([applied, given, json.loads((folder / "inventory.json").read_text())])
    known = tokens(records)
    # Sums, and amounts in the unit that a person reads.
    machines = applied["plan"]["machines"]
    sizes = {m["memory_mib"] for m in machines} | {sum(m["memory_mib"] for m in machines)}
    sizes |= {node["memory_mib"] for node in applied["snapshot"]["nodes"]}
    known |= {token for size in sizes for token in (f"{size / 1024:g}", str(size))}
    cluster = applied["plan"]["cluster"] or {"servers": [], "agents": []}
    known |= {
        str(len(machines)),
        str(len(cluster["servers"])),
        str((len(cluster["servers"]) - 1) // 2),
        *(str(m["cores"] * m["sockets"]) for m in machines),
        str(sum(m["cores"] * m["sockets"] for m in machines)),
        *(str(sum(d["size_gib"] for d in m["disks"])) for m in machines),
        str(sum(d["size_gib"] for m in machines for d in m["disks"])),
    }
    # Names of groups, and what the rules and checks say by themselves.
    known |= {str(sum(m["group"] == g for m in machines)) for g in {m["group"] for m in machines}}
    known |= tokens(" ".join(alert["mend"] + alert["summary"] for alert in _catalogue.alerts()))
    known |= {"3"}  # k3s
    for name in NAMES:
        unknown = tokens(written(given)[name]) - known
        assert not {token for token in unknown if f"{float(token):g}" not in known}, name


def test_names_of_playbooks_variables_and_files_exist(
    run_action: t.Any, given: dict[str, t.Any]
) -> None:
    run_action(ActionModule, **given)
    texts = written(given)
    playbooks = {path.stem for path in ROOT.glob("playbooks/*.yml")}
    sources = "".join(
        path.read_text("utf-8")
        for folder in ("roles/*/defaults/main.yml", "plugins/plugin_utils/_commands.py")
        for path in ROOT.glob(folder)
    )
    for name in NAMES:
        text = texts[name]
        assert set(re.findall(r"clusterwright\.proxmox\.(\w+)", text)) <= playbooks, name
        for variable in re.findall(r" -e '?(\w+)=", text):
            assert re.search(rf"\b{variable}\b", sources), variable
        for target in re.findall(r"\]\(([^)]+)\)", text):
            assert target in texts, target
        for block in re.findall(r"^~~~~sh\n(.*?)\n~~~~$", text, re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                assert shlex.split(line, comments=True)[0] in (
                    "ansible-playbook", "kubectl", "export", "ssh",
                ), line  # fmt: skip
    assert set(re.findall(r'href="#([^"]+)"', texts["index.html"])) <= set(
        re.findall(r'id="([^"]+)"', texts["index.html"])
    )


def test_machines_stand_in_every_place(run_action: t.Any, given: dict[str, t.Any]) -> None:
    run_action(ActionModule, **given)
    texts = written(given)
    applied = json.loads((Path(given["directory"]) / "applied.json").read_text())
    said = parsed(texts["architecture.svg"]).said
    for machine in applied["plan"]["machines"]:
        assert machine["name"] in said
        for name in ("README.md", "ARCHITECTURE.md", "RUNBOOK.md", "index.html", "inventory.yml"):
            assert machine["name"] in texts[name], name
    assert yaml.safe_load(texts["inventory.yml"])["all"]["children"]
    for check in (check["name"] for addon in given["addons"] for check in addon["checks"]):
        assert check in texts["TROUBLESHOOTING.md"]
    assert "{" not in texts["TROUBLESHOOTING.md"]
    if any(addon["name"] == "prometheus" for addon in given["addons"]):
        assert all(alert["alert"] in texts["RUNBOOK.md"] for alert in _catalogue.alerts())


class Balanced(HTMLParser):
    """Knows which elements are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def parsed(text: str) -> Balanced:
    parser = Balanced()
    parser.feed(text)
    assert not parser.open
    return parser


def test_texts_of_others_are_only_text(run_action: t.Any, given: dict[str, t.Any]) -> None:
    def harm(applied: dict[str, t.Any]) -> None:
        applied["plan"]["summary"] = HOSTILE
        applied["request"]["text"] = HOSTILE
        for machine in applied["plan"]["machines"]:
            machine["node"] = HOSTILE
            for why in machine["why"]:
                why["reason"] = HOSTILE

    change(given, harm)
    result = run_action(ActionModule, **given, stand_ins=[HOSTILE])
    assert not result.get("failed"), result
    texts = written(given)
    for name in ("index.html", "architecture.svg"):
        assert "script" not in parsed(texts[name]).seen
    for name in NAMES:
        outside = re.sub(r"`` .*? ``|`[^`]*`", "", texts[name])
        assert "<script" not in outside.replace("\\<script", ""), name
        assert not re.search(r"(?<!\\)\]\(http", outside), name


def test_the_picture_says_what_may_fail() -> None:
    machines = [
        {"name": f"s{n}", "node": node, "vmid": 100 + n, "disks": [], "nics": [], "role": "server"}
        for n, node in enumerate(("pve1", "pve1", "pve2"))
    ]
    plan = {
        "deployment": "x",
        "machines": machines,
        "cluster": {
            "servers": ["s0", "s1", "s2"], "version": "v1", "cni": "flannel", "pod_cidr": "p",
            "service_cidr": "s", "vip": "192.0.2.9",
        },
    }  # fmt: skip
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._documents import _pages

    blocks = _pages.architecture(_documents.Given(plan, {}, {}, {}))
    said = "\n".join(block.markdown() for block in blocks)
    assert "3 servers hold the cluster's state; 1 of them may fail" in said
    assert "Without the host pve1 (s0, s1) the cluster stops" in said
    assert "Without the host pve2 (s2) the cluster goes on" in said
