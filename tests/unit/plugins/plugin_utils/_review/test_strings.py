# SPDX-License-Identifier: GPL-3.0-or-later
"""Each known hostile string in each place where it could get in, and secrets on every way out."""

from __future__ import annotations

import base64
import json
import logging
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Plan,
    errors,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render import render
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report import html_report
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size_data
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._model.stub import (
    agree,
    form,
    larger,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._review.hostile import (  # noqa: E501
    PAGES,
    STRINGS,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._review.partners import (  # noqa: E501
    Json,
    app,
    in_turn,
    reviewed,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._review.test_hostile import (  # noqa: E501
    CANARY,
    SECRETS,
    sizes,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._review.test_hostile import (  # noqa: E501
    SITE as SITES,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    guest,
    plan,
    request,
    site,
    snapshot,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.rules import (  # noqa: E501
    broken,
)

BODY = b"\0\0\0\x0bssh-ed25519\0\0\0 " + b"\1" * 32
SITE = site(
    vmid_range=(500, 600),
    environments=to_data(SITES)["environments"],
    ssh_public_keys=[f"ssh-ed25519 {base64.b64encode(BODY).decode()} test"],
)
FACTS = snapshot(3)
WANTED = app(text="audiobookshelf")
RULES = plan(WANTED, FACTS, SITE)
CLUSTER = plan(request(ha=True, text="HA cluster"), FACTS, SITE)
FIELDS = ("id", "count", "cores", "memory_mib", "disk_gib")


def keys_of(value: t.Any, path: str = "") -> set[str]:
    """Return the paths of all keys; names of machines and places in lists are one star."""
    if isinstance(value, dict):
        named = path in (".vms", ".containers")
        return {
            found
            for key, item in value.items()
            for found in (f"{path}.{key}", *keys_of(item, f"{path}.{'*' if named else key}"))
            if not (named and found == f"{path}.{key}")
        }
    if isinstance(value, list):
        return {found for item in value for found in keys_of(item, f"{path}[]")}
    return set()


def tfvars(result: Plan) -> Json:
    """Return the generated variables of a plan."""
    data: Json = json.loads(render(result)["terraform.tfvars.json"])
    return data


def inside(result: Plan) -> None:
    """Assert that a plan is inside policy and capacity and renders what rules render."""
    assert result.status == "ready", result.summary
    assert errors(result.findings) == []
    assert broken(result, FACTS, SITE) == []
    assert keys_of(tfvars(result)) == keys_of(tfvars(RULES))


@pytest.mark.parametrize("text", STRINGS)
def test_a_reason_stays_in_the_explanation(text: str) -> None:
    def answer(prompt: Json) -> str:
        rows = json.loads(larger(prompt))
        for row in rows["groups"]:
            row["reason"] = f"mark {text} mark"
        return json.dumps(rows)

    result = reviewed(WANTED, FACTS, SITE, answer)
    inside(result)
    assert sizes(result) == sizes(reviewed(WANTED, FACTS, SITE, larger))
    assert "mark" not in json.dumps(tfvars(result))
    assert "mark" in html_report({"plan": to_data(result), "request": None})


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("text", [*STRINGS, "100", "-1", "1e9", 100, -1, 10**9])
def test_a_field_holds_its_type_or_is_not_used(field: str, text: t.Any) -> None:
    def answer(prompt: Json) -> str:
        rows = json.loads(form(prompt))
        rows["groups"][0][field] = text
        return json.dumps(rows)

    result = reviewed(WANTED, FACTS, SITE, answer)
    inside(result)
    if not isinstance(text, int):
        assert sizes(result) == sizes(RULES)


@pytest.mark.parametrize("name", ["name", "vmid", "node", "storage", "template", "provisioner"])
@pytest.mark.parametrize("text", STRINGS)
def test_a_field_that_the_form_has_not_makes_it_unused(name: str, text: str) -> None:
    def answer(prompt: Json) -> str:
        rows = json.loads(larger(prompt))
        rows["groups"][0][name] = text
        return json.dumps(rows)

    result = reviewed(WANTED, FACTS, SITE, answer)
    inside(result)
    assert sizes(result) == sizes(RULES)


@pytest.mark.parametrize("page", [*PAGES, *STRINGS, "[" * 1_000_000, '{"groups":' * 1_000_000])
def test_an_answer_that_is_no_form_leaves_the_rules(page: str) -> None:
    result = reviewed(WANTED, FACTS, SITE, lambda _prompt: page)
    inside(result)
    assert sizes(result) == sizes(RULES)
    assert any(finding.source == "review" for finding in result.findings)


@pytest.mark.parametrize("text", STRINGS)
def test_free_text_of_the_cluster_changes_no_size_and_reaches_no_prompt(text: str) -> None:
    loud = guest(300, "quiet", "pve1", tags=[f"mark {text}"], pool=f"mark {text}")
    noisy = snapshot(3, guests=[{**loud, "name": f"mark {text}"}], pools=[f"mark {text}"])
    quiet = snapshot(3, guests=[guest(300, "quiet", "pve1")])
    for script in (None, larger):
        seen: list[str] = []
        made = [
            plan(WANTED, facts, SITE)
            if script is None
            else reviewed(WANTED, facts, SITE, script, prompts=seen)
            for facts in (quiet, noisy)
        ]
        assert sizes(made[0]) == sizes(made[1])
        assert "mark" not in "".join(seen)


def kinds_of(variables: Json) -> set[str]:
    """Return the keys of variables, whatever the machines are called."""
    return {re.sub(r"\.machines\.[^.\[]+", ".machines.*", key) for key in keys_of(variables)}


@pytest.mark.parametrize("text", STRINGS)
def test_a_sentence_with_it_never_becomes_anything_but_a_plan_or_a_refusal(text: str) -> None:
    facts = to_data(FACTS)
    try:
        read, made = size_data(site=to_data(SITE), snapshot=facts, intent=f"HA cluster {text}")
    except ContractError as error:
        assert "\n" not in str(error)
        return
    if made.status != "ready":
        assert made.machines == ()
        return
    assert broken(made, FACTS, SITE) == []
    assert kinds_of(tfvars(made)) == kinds_of(tfvars(CLUSTER))
    assert [thing.type for thing in read.things][:1] == ["cluster"]


WAYS: dict[str, t.Callable[[Json], str]] = {
    "agrees": agree,
    "quotes what it got": lambda prompt: json.dumps({"groups": prompt["request"]}),
    "answers with the secret": lambda _prompt: f"password: {CANARY}",
    "puts it into a reason": lambda prompt: larger(prompt).replace(
        "The request mentions heavy use.", f"{SECRETS[1]} and {SECRETS[3]}"
    ),
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("way", ["agrees", "quotes what it got"])
def test_a_secret_of_the_sentence_gets_nowhere(
    secret: str, way: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wanted = app(text=f"HA cluster, {secret}")
    seen: list[str] = []
    cache = tmp_path / "cache"
    scripts = in_turn(WAYS[way], agree)
    result = reviewed(wanted, FACTS, SITE, scripts, prompts=seen, cache_dir=str(cache))
    kept = [path.read_text(encoding="utf-8") for path in cache.rglob("*.json")]
    page = html_report({"plan": to_data(result), "request": to_data(wanted)})
    ways_out = [*seen, *kept, caplog.text, json.dumps(to_data(result)), page]
    assert seen and kept
    for text in ways_out:
        assert CANARY.lower() not in text.lower()


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_that_a_model_invents_is_not_passed_on(
    way: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cache = tmp_path / "cache"
    result = reviewed(WANTED, FACTS, SITE, in_turn(WAYS[way], agree), cache_dir=str(cache))
    kept = [path.read_text(encoding="utf-8") for path in cache.rglob("*.json")]
    for text in [*kept, caplog.text, json.dumps(to_data(result))]:
        assert CANARY not in text


@pytest.mark.parametrize("secret", SECRETS)
def test_an_exception_quotes_no_secret(secret: str) -> None:
    place = to_data(site())
    bad: list[Json] = [
        {"intent": "HA cluster", "site": {"token": secret}},
        {"site": place, "request": {"text": secret, "kind": secret}},
        {"intent": "HA cluster", "site": place, "provider": secret},
        {
            "intent": "HA cluster",
            "site": place,
            "provider": "openai",
            "provider_settings": {"base_url": secret, "model": "x"},
        },
    ]
    for arguments in bad:
        with pytest.raises((ContractError, RuntimeError)) as raised:
            size_data(**arguments)
        assert CANARY not in str(raised.value)
        assert raised.value.__cause__ is None
