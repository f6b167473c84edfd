# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings, keys, answers and redaction."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import (
    ProviderError,
    _form,
    open_partner,
    read_settings,
    redact,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._answer import (
    AnswerError,
    read_object,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._form import (
    plain,
    read_sizes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._settings import (
    api_key,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._form import (
    schema as reading_form,
)

GOOD = {
    "groups": [
        {"id": "g1", "count": 1, "cores": 2, "memory_mib": 2048, "disk_gib": 20, "reason": "Fine."}
    ]
}
TEXT = json.dumps(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"```json\n{TEXT}\n```",
        f"```\n{TEXT}\n```",
        f"Here it is:\n```json\n{TEXT}\n```\nIs there anything else?",
        f'<think>Maybe {{"groups": []}} is better.</think>{TEXT}',
        f"The answer: {TEXT} and that is all.",
        f"\ufeff\n{TEXT}".replace("\ufeff", ""),
    ],
)
def test_an_answer_is_used_however_it_is_wrapped(text: str) -> None:
    assert read_object(text) == GOOD
    assert read_sizes(text, ["g1"]).numbers["g1"]["memory_mib"] == 2048


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no JSON object"),
        ("null", "no JSON object"),
        ("[1]", "no JSON object"),
        ("I cannot.", "no JSON object"),
        (TEXT[:-4], "no JSON object"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": NaN}', "number that is none"),
        ('{"a": -Infinity}', "number that is none"),
        ('{"a": 1e309}', "number that is none"),
        ('{"a":' * 40 + "1" + "}" * 40, "deeper"),
        ('{"a": "' + "x" * 70_000 + '"}', "longer"),
        ('{"a": ' + "9" * 5000 + "}", "no JSON object"),
    ],
)
def test_an_answer_that_is_none_is_said_to_be(text: str, sentence: str) -> None:
    with pytest.raises(AnswerError, match=sentence):
        read_object(text)


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"cores": 0}, "model.range", "g1.cores"),
        ({"cores": True}, "model.range", "g1.cores"),
        ({"cores": "4"}, "model.range", "g1.cores"),
        ({"memory_mib": 2048.5}, "model.range", "g1.memory_mib"),
        ({"memory_mib": 10**9}, "model.range", "g1.memory_mib"),
        ({"id": "g9"}, "model.group", "groups.id"),
        ({"node": "pve1"}, "model.answer", "groups"),
    ],
)
def test_one_wrong_field_makes_the_whole_form_unused(
    change: dict[str, t.Any], rule: str, field: str
) -> None:
    row = {**GOOD["groups"][0], **change}
    sizes = read_sizes(json.dumps({"groups": [row]}), ["g1"])
    assert [(f.id, f.field) for f in sizes.findings] == [(rule, field)]
    assert sizes.numbers == {}


def test_a_group_that_is_left_out_is_found() -> None:
    assert [f.id for f in read_sizes(TEXT, ["g1", "g2"]).findings] == ["model.incomplete"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"api_key": "abc"}, "environment variable"),
        ({"Token": "abc"}, "environment variable"),
        ({"modle": "x"}, "has no modle"),
        ({"max_rounds": 11}, "max_rounds"),
        ({"temperature": 9}, "temperature"),
        ({"roles": {"size": {"temperature": 9}}}, "temperature"),
        ({"roles": {"approve": {}}}, "roles"),
        ({"roles": {"size": {"api_key": "abc"}}}, "roles.size.api_key"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"base_url": "file:///etc/passwd"}, "no http or https"),
        ({"base_url": "https://user:pw@host/"}, "credentials"),
        ({"base_url": "https://host/?key=x"}, "query"),
    ],
)
def test_wrong_settings_are_one_sentence(settings: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(ProviderError, match=sentence) as raised:
        read_settings(settings)
    assert "abc" not in str(raised.value)
    assert "pw@" not in str(raised.value)


def test_the_key_comes_from_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("sk-secret\n", encoding="utf-8")
    settings = read_settings({"api_key_file": str(file)})
    file.chmod(0o644)
    with pytest.raises(ProviderError, match="chmod 600"):
        api_key(settings, "X", needed=True)
    file.chmod(0o600)
    assert api_key(settings, "X", needed=True) == "sk-secret"
    file.write_text("", encoding="utf-8")
    with pytest.raises(ProviderError, match="holds no key"):
        api_key(settings, "X", needed=True)
    file.unlink()
    with pytest.raises(ProviderError, match="cannot be read"):
        api_key(settings, "X", needed=True)


@pytest.mark.parametrize(
    ("provider", "module", "variable"),
    [
        ("gemini", "google", "GEMINI_API_KEY"),
        ("openai", "openai", "OPENAI_API_KEY"),
        ("anthropic", "anthropic", "ANTHROPIC_API_KEY"),
    ],
)
def test_a_missing_library_or_key_is_one_sentence(
    provider: str, module: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ProviderError, match=variable):
        open_partner(provider, read_settings({}))
    monkeypatch.setenv(variable, "x")
    monkeypatch.setitem(sys.modules, f"pydantic_ai.models.{module}", None)
    with pytest.raises(ProviderError, match=r"pip install 'pydantic-ai-slim\["):
        open_partner(provider, read_settings({}))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("3 VMs with 4 cores and 8 GiB", "3 VMs with 4 cores and 8 GiB"),
        ("a token server for 100 users", "a token server for 100 users"),
        ("password manager for 20 people", "password manager for 20 people"),
        ("my password is hunter2, 2 VMs", "my password is [redacted], 2 VMs"),
        ("key AIzaSyA-1234567890abcdef ok", "key [redacted] ok"),
        ("see https://u:p@host/x", "see https://[redacted]host/x"),
    ],
)
def test_redaction_takes_secrets_and_leaves_words(text: str, kept: str) -> None:
    assert redact(text) == kept


def test_known_secrets_are_taken_out_wherever_they_are() -> None:
    assert redact("x abc123 y", ["abc123"]) == "x [redacted] y"


def test_a_reason_is_plain_text() -> None:
    assert plain("{{ lookup('pipe','id') }} <b>\x1b[31m$(id)`") == "lookup('pipe','id') b 31m (id)"


def fields_of(schema: t.Any, path: str = "") -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """Yield each field of a schema with its place."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from fields_of(part, f"{path}.{name}")
    if "items" in schema:
        yield from fields_of(schema["items"], f"{path}[]")


FORMS = {
    "reading": reading_form(),
    "sizes": _form.sizes_schema(["g1", "g2"]),
    "families": _form.families_schema(["u1"], ["table-web"], ["users"]),
}
ENDS = {"array": "maxItems", "string": "maxLength"}


@pytest.mark.parametrize("name", FORMS)
def test_every_list_and_text_of_a_form_has_an_end(name: str) -> None:
    for path, field in fields_of(FORMS[name]):
        end = ENDS.get(field["type"])
        assert end is None or end in field or "enum" in field, path
        if field["type"] == "object":
            assert field["required"] == list(field["properties"]), path
            assert field["additionalProperties"] is False, path
