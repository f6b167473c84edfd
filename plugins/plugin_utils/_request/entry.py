# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that are no sentence: a JSON object, and the entry point ``/ai-provision``."""

from __future__ import annotations

import json
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Finding,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import (
    MAX_LENGTH,
    clean,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.structured import (
    read_structured,
)

COMMAND = "/ai-provision"
FIELDS = ("git_repo", "app_description")
_FIELD = re.compile(r"^\s*(?P<name>[A-Za-z_][\w-]*)\s*:[ \t]*(?P<value>.*?)\s*$")


def read_json(text: str) -> Request | None:
    """Return the request of a JSON object, a refusal when it does not fit, None for other text."""
    if not text.lstrip().startswith("{") or text.lstrip().startswith(("{{", "{%", "{#")):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    try:
        return read_structured(data)
    except ContractError as error:
        return refusal(text, "json", str(error))


def app_description(text: str) -> str | None:
    """Return the description in an ``/ai-provision`` text, None when the text is none.

    Raises:
        ContractError: the text is one but not exactly ``git_repo`` (an HTTPS link) followed by
            ``app_description``.
    """
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if not lines or not re.match(rf"{COMMAND}(?:\s|$)", lines[0].strip()):
        return None
    first = lines[0].strip().removeprefix(COMMAND).strip()
    fields: list[tuple[str, str]] = []
    for line in [first, *lines[1:]] if first else lines[1:]:
        match = _FIELD.match(line)
        if match is None:
            raise ContractError(f"{line.strip()[:60]!r} is no field; write {' and '.join(FIELDS)}.")
        fields.append((match["name"], match["value"].strip("\"'")))
    names = tuple(name for name, _value in fields)
    if names != FIELDS:
        raise ContractError(
            f"{COMMAND} takes exactly {FIELDS[0]} and then {FIELDS[1]}, not"
            f" {', '.join(names)[:120] or 'nothing'}."
        )
    repository, description = (value for _name, value in fields)
    if not re.fullmatch(r"https://[\w.-]+(?::\d+)?/[\w./~-]+", repository):
        raise ContractError(f"git_repo {repository[:80]!r} is no HTTPS link to a repository.")
    if not description:
        raise ContractError("app_description is empty; say what the application is and its load.")
    return description


def refusal(text: str, rule: str, message: str) -> Request:
    """Return a refusal of a text that does not have the form it begins with."""
    finding = Finding(id=f"request.{rule}", severity="error", field="text", message=message)
    cleaned, findings = clean(text[:MAX_LENGTH])
    return Request(text=cleaned, answer="refuse_invalid", findings=(*findings, finding))
