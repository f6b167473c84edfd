# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of roles: what their argument_specs say, and names that no role reads."""

from __future__ import annotations

import difflib
import json
import os
import typing as t
from pathlib import Path


def entry_options(role: Path) -> dict[str, dict[str, t.Any]]:
    """Return {entry point: {option: its argument spec}} of the role in folder ``role``.

    Raises:
        LookupError: there is no such role.
    """
    import yaml  # not at the top: files below plugins/ are also read where it is missing

    path = role / "meta" / "argument_specs.yml"
    if not path.is_file():
        raise LookupError(f"There is no role {role.name} with argument specs.")
    specs = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    return {entry: _options(spec.get("options") or {}) for entry, spec in specs.items()}


def _options(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    kept = ("type", "elements", "choices", "required", "options", "default")
    result: dict[str, t.Any] = {}
    for name, spec in options.items():
        result[name] = {key: spec[key] for key in kept if key in spec}
        if "options" in spec:
            result[name]["options"] = _options(spec["options"])
    return result


def from_text(value: t.Any, kind: str) -> t.Any:
    """Return what a text of the command line or of a survey means for an option of type ``kind``.

    An empty text is an answer that was not given (None); a list may be JSON. Everything else is
    for Ansible's own conversion.
    """
    if not isinstance(value, str) or kind in ("str", "path", "raw"):
        return value
    text = value.strip()
    if not text:
        return None
    if kind == "list" and text.startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return value
    return value


def given_or_empty(spec: t.Mapping[str, t.Any], values: t.Mapping[str, t.Any], name: str) -> t.Any:
    """Return an option's value; lists and dictionaries that nobody gave are empty."""
    value = values.get(name)
    if value is None:
        return {"list": [], "dict": {}}.get(spec.get("type", "str"))
    return value


#: options with these endings name files of the controller
_CONTROLLER = ("_src", "_file", "_path", "_fetch_dir", "_diagnostics_dir", "_directory")


def absolute(name: str, value: t.Any) -> t.Any:
    """Return controller paths as absolute ones, from where the command was given."""
    if not name.endswith(_CONTROLLER):
        return value
    if isinstance(value, list):
        return [absolute(name, item) for item in value]
    return os.path.abspath(value) if isinstance(value, str) and value else value


def strangers(
    names: t.Iterable[str], prefix: str, known: set[str], others: t.Mapping[str, str]
) -> list[str]:
    """Return a sentence for each variable that looks like an option and is none.

    ``others``: {name that other projects use: option to use instead}.
    """
    found = []
    for name in sorted(names):
        if name in others:
            found.append(f"{name} is not read here; use {others[name]}.")
        elif name.startswith(prefix) and name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75)
            if near:
                found.append(f"{name} is no option; did you mean {near[0]}?")
    return found
