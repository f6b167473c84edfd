# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that come as text mean what typed ones mean: every option of every role entry point."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path
from unittest import mock

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.role_options import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._options import entry_options

ROLES = Path(__file__).resolve().parents[3] / "roles"
TEXTS = ("str", "path", "raw")
SAMPLES: dict[str, list[tuple[t.Any, list[str]]]] = {
    "bool": [(True, ["true", "yes", "1", "True"]), (False, ["false", "no", "0", "False"])],
    "int": [(30, ["30"]), (0, ["0"])],
    "float": [(0.5, ["0.5"]), (2.0, ["2"])],
    "dict": [({"a": "b"}, ['{"a": "b"}', "a=b"])],
    "list of str": [(["a", "b"], ["a,b", '["a", "b"]']), (["a"], ["a"])],
    "list of path": [(["/a", "/b"], ["/a,/b"])],
    "list of dict": [([{"a": "b"}], ['[{"a": "b"}]'])],
}


def cases() -> t.Iterator[t.Any]:
    for role in sorted(path.parents[1] for path in ROLES.glob("*/meta/argument_specs.yml")):
        for entry, options in entry_options(role).items():
            for name, spec in options.items():
                if spec.get("type", "str") not in TEXTS and "options" not in spec:
                    yield pytest.param(
                        role.name, entry, name, spec, id=f"{role.name}-{entry}-{name}"
                    )


def read(role: str, entry: str, values: dict[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
    """Return the typed options and the problems that the action finds."""
    action = ActionModule.__new__(ActionModule)
    action._templar = mock.Mock(template=lambda value: value)
    found = action.act({"role": role, "entry": entry, "strict": False, "other_names": {}}, values)
    facts = found["ansible_facts"]
    return facts[f"__{role}"], facts[f"__{role}_problems"]


@pytest.mark.parametrize(("role", "entry", "name", "spec"), cases())
def test_text_means_what_a_typed_value_means(
    role: str, entry: str, name: str, spec: dict[str, t.Any]
) -> None:
    kind = spec["type"] + (f" of {spec.get('elements', 'str')}" if spec["type"] == "list" else "")
    option = name.removeprefix(f"{role}_")
    for typed, texts in SAMPLES[kind]:
        if "choices" in spec:
            continue
        for value in (typed, *texts):
            options, problems = read(role, entry, {name: value})
            assert options[option] == typed and type(options[option]) is type(typed), value
            assert not [text for text in problems if "missing required" not in text]
    empty, _problems = read(role, entry, {name: ""})
    assert empty[option] != ""


@pytest.mark.parametrize(("role", "entry", "name", "spec"), cases())
def test_a_text_that_means_nothing_is_told(
    role: str, entry: str, name: str, spec: dict[str, t.Any]
) -> None:
    if spec["type"] in ("bool", "int", "float", "dict"):
        _options, problems = read(role, entry, {name: "banana"})
        assert [text for text in problems if name in text]


def test_the_k3s_role_reads_its_options_in_one_place() -> None:
    options = {name for entry in entry_options(ROLES / "k3s").values() for name in entry}
    read_raw = re.compile(r"(?<![\w.])k3s_\w+")
    for path in [*(ROLES / "k3s/tasks").rglob("*.yml"), *(ROLES / "k3s/vars").glob("*.yml")]:
        text = re.sub(r"(?m)^\s*#.*$|clusterwright\.proxmox\.k3s_\w+:?", "", path.read_text())
        if path.name == "main.yml" and path.parent.name == "vars":
            continue
        assert not options & set(read_raw.findall(text)), path


def test_json_is_not_needed_to_say_nothing() -> None:
    options, problems = read("k3s", "main", {"k3s_hooks": json.dumps([]), "k3s_agents": ""})
    assert options["hooks"] == [] and options["agents"] == [] and not problems


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("k3s_binary_src", "k3s", str(Path("k3s").resolve())),
        ("k3s_images_src", "a.tar,/b.tar", [str(Path("a.tar").resolve()), "/b.tar"]),
        ("k3s_binary_dir", "bin", "bin"),
        ("k3s_binary_src", "", ""),
    ],
)
def test_files_of_the_controller_are_found_from_where_one_stands(
    name: str, value: str, expected: t.Any
) -> None:
    assert read("k3s", "main", {name: value})[0][name.removeprefix("k3s_")] == expected
