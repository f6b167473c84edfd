# SPDX-License-Identifier: GPL-3.0-or-later
"""One reference for draft and check: what the rules draft passes, what is mutated is found."""

from __future__ import annotations

import copy
import functools
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Plan,
    Request,
    Site,
    Snapshot,
    parse,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    load_knowledge,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review import review
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._review.partners import (  # noqa: E501
    task,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    guest,
    node,
    request,
    site,
    snapshot,
    storage,
)

NODES = [f"pve{number}" for number in range(1, 13)]
LARGE = snapshot(
    [node(name, cpus=256, memory_mib=4 * 1024 * 1024) for name in NODES],
    [storage("tank", name, shared=True, type="rbd", available_gib=900_000) for name in NODES],
)
CONTRACTS: dict[str, tuple[type[t.Any], t.Callable[[], t.Any]]] = {
    "plan": (Plan, lambda: review(task(request(ha=True), snapshot(3), site()))),
    "request": (Request, lambda: request(ha=True, text="x")),
    "site": (Site, site),
    "snapshot": (Snapshot, lambda: snapshot(2, guests=[guest(300, "a", "pve1")])),
}


@pytest.mark.parametrize("family", sorted(load_knowledge().families))
def test_the_draft_of_every_family_passes_the_check(family: str) -> None:
    wanted = request(kind="app", apps=[{"family": family}], environment="production")
    made = review(task(wanted, LARGE, site()))
    assert made.status == "ready", made.summary
    assert [f for f in made.findings if f.severity == "error"] == []
    assert parse(Plan, to_data(made)) == made
    assert [cycle.number for cycle in made.rounds] == list(range(1, len(made.rounds) + 1))


@functools.cache
def sample(name: str) -> t.Any:
    """Return valid data of a contract."""
    return to_data(CONTRACTS[name][1]())


def places(
    schema: t.Any, data: t.Any, path: tuple[t.Any, ...] = ()
) -> t.Iterator[tuple[t.Any, ...]]:
    """Yield the path of every required field that the data has."""
    definitions = schema.get("$defs", {})

    def walk(part: t.Any, value: t.Any, at: tuple[t.Any, ...]) -> t.Iterator[tuple[t.Any, ...]]:
        if "$ref" in part:
            part = definitions[part["$ref"].rpartition("/")[2]]
        for option in part.get("anyOf", ()):
            if value is not None and option.get("type") != "null":
                yield from walk(option, value, at)
        if isinstance(value, dict) and "properties" in part:
            for name in part.get("required", ()):
                yield (*at, name)
            for name, inner in part["properties"].items():
                if name in value:
                    yield from walk(inner, value[name], (*at, name))
        elif isinstance(value, list) and value and "items" in part:
            yield from walk(part["items"], value[0], (*at, 0))

    yield from walk(schema, data, path)


REQUIRED = [
    (name, path)
    for name, (contract, _make) in CONTRACTS.items()
    for path in places(contract.model_json_schema(), sample(name))
]


@pytest.mark.parametrize(("name", "path"), REQUIRED, ids=str)
def test_a_required_field_that_is_missing_is_named(name: str, path: tuple[t.Any, ...]) -> None:
    data = copy.deepcopy(sample(name))
    holder = functools.reduce(lambda value, key: value[key], path[:-1], data)
    del holder[path[-1]]
    with pytest.raises(ContractError) as raised:
        parse(CONTRACTS[name][0], data)
    assert ".".join(map(str, path)) in str(raised.value)


@pytest.mark.parametrize(("name", "path"), REQUIRED, ids=str)
@pytest.mark.parametrize("wrong", [[[0]], {"x": 1}], ids=["list", "object"])
def test_a_required_field_of_another_type_is_named(
    name: str, path: tuple[t.Any, ...], wrong: t.Any
) -> None:
    data = copy.deepcopy(sample(name))
    holder = functools.reduce(lambda value, key: value[key], path[:-1], data)
    holder[path[-1]] = wrong
    with pytest.raises(ContractError) as raised:
        parse(CONTRACTS[name][0], data)
    assert str(path[-1]) in str(raised.value)


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_field_that_nobody_knows_is_named(name: str) -> None:
    with pytest.raises(ContractError, match="surprise"):
        parse(CONTRACTS[name][0], {**sample(name), "surprise": 1})
