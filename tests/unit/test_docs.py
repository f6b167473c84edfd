# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents name exists: links, make targets, playbooks, variables, pinned versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("tests/lab/**/README.md")]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
DEFAULTS = "".join(
    path.read_text(encoding="utf-8") for path in ROOT.glob("roles/*/defaults/main.yml")
)


def anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "http://")):
            continue
        path, _hash, section = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if section and linked.suffix == ".md":
            titles = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert section in {anchor(title) for title in titles}, target


def test_the_incidents_are_in_the_readme_and_each_has_a_test() -> None:
    stories = yaml.safe_load((ROOT / "tests/incidents/stories.yml").read_text(encoding="utf-8"))
    tests = (ROOT / "tests/incidents/test_incidents.py").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[([a-z ]+)\]\((https://\S+)\) \| (.+) \|$", README, re.MULTILINE)
    assert rows == [
        (name.replace("_", " "), told["address"], told["story"]) for name, told in stories.items()
    ]
    assert set(re.findall(r"^def test_(\w+)\(", tests, re.MULTILINE)) == set(stories)


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"[`\n]make ([a-z][a-z-]+)", README)) <= targets


def test_playbooks_exist() -> None:
    there = {path.stem for path in ROOT.glob("playbooks/*.yml")}
    named = set(re.findall(r"clusterwright\.proxmox\.([a-z0-9_]+)\s+-i", README))
    table = re.findall(r"^\| (`[a-z0-9_]+`(?:, `[a-z0-9_]+`)*) \|", README, re.MULTILINE)
    listed = {name for cell in table for name in re.findall(r"`([a-z0-9_]+)`", cell)}
    assert listed == there
    assert named <= there


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"-e '?\{?\"?([a-z_]+)[\"=]", README))))
def test_variables_are_read_somewhere(variable: str) -> None:
    sources = [DEFAULTS, *(p.read_text(encoding="utf-8") for p in ROOT.glob("playbooks/*.yml"))]
    # Read untemplated by the action `intent`.
    sentences = ("intent", "intent_file", "answer", "refine", "request")
    assert variable in sentences or any(re.search(rf"\b{variable}\b", s) for s in sources)


def test_every_role_entry_point_has_its_arguments() -> None:
    for role in sorted(ROOT.glob("roles/*/tasks")):
        specs = yaml.safe_load((role.parent / "meta/argument_specs.yml").read_text("utf-8"))
        imported = {
            name
            for path in role.rglob("*.yml")
            for name in re.findall(
                r"(?:import|include)_tasks: (?:\.\./)?(\w+)\.yml", path.read_text("utf-8")
            )
        }
        entry_points = {path.stem for path in role.glob("*.yml")} - imported
        assert entry_points <= set(specs["argument_specs"]), role.parent.name
