# SPDX-License-Identifier: GPL-3.0-or-later
"""What a version of Proxmox VE knows: paths, parameters and permission rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from fakepve import schema as pve_schema

from lab.pve.permissions import privileges_of
from lab.pve.wire import Params, split_list

RELEASES = {"8.4": "8.4.1", "9.1": "9.1.8"}
QEMU = {"8.4": "9.2.0", "9.1": "10.1.2"}
_LACKS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "versions.yml").read_text())

_TEXT = {"type": "string", "optional": 1}
# The newest schema describes HA rules by alternatives; these are all of their parameters.
_RULE: dict[str, Any] = {
    "additionalProperties": 0,
    "properties": {
        "rule": {"type": "string", "format": "pve-configid"},
        "type": {"type": "string", "enum": ["node-affinity", "resource-affinity"]},
        "resources": {"type": "string", "format": "pve-ha-resource-id-list"},
        "nodes": {**_TEXT, "format": "pve-ha-node-list"},
        "affinity": {**_TEXT, "enum": ["positive", "negative"]},
        "strict": {"type": "boolean", "optional": 1},
        "disable": {"type": "boolean", "optional": 1},
        "comment": {**_TEXT, "maxLength": 4096},
    },
}
_RULE_UPDATE = {
    "additionalProperties": 0,
    "properties": {
        **_RULE["properties"],
        "resources": {**_RULE["properties"]["resources"], "optional": 1},
        "delete": {**_TEXT, "maxLength": 4096},
        "digest": {**_TEXT, "maxLength": 64},
    },
}
_OWN_PARAMETERS = {
    ("POST", "/cluster/ha/rules"): _RULE,
    ("PUT", "/cluster/ha/rules/{rule}"): _RULE_UPDATE,
}


class Version:
    """One of the releases that a simulated cluster can be ("8.4" or "9.1")."""

    def __init__(self, release: str) -> None:
        if release not in RELEASES:
            raise ValueError(
                f"Version '{release}' cannot be simulated; choose one of {', '.join(RELEASES)}."
            )
        self.series = release
        self.number = RELEASES[release]
        self._lacks = _LACKS[release]

    def knows(self, method: str, template: str) -> bool:
        """True if this version has the path (whatever its methods)."""
        absent = self._lacks["absent_paths"]
        if any(template == path or template.startswith(path + "/") for path in absent):
            return False
        return f"{method} {template}" not in self._lacks["absent_methods"]

    def parameters(self, method: str, template: str, info: Params) -> Params:
        """The parameter schema of a method in this version."""
        spec: Params = _OWN_PARAMETERS.get((method, template)) or info.get("parameters") or {}
        absent = self._lacks["absent_parameters"].get(f"{method} {template}", [])
        if not absent:
            return spec
        kept = {k: x for k, x in spec["properties"].items() if k not in absent}
        return {**spec, "properties": kept}

    def permissions(self, method: str, match: pve_schema.Match) -> Any:
        return match.methods[method].get("permissions")

    def refine(self, method: str, template: str, values: Params, errors: Params) -> None:
        """What the generic schema check cannot know of this version."""
        if template.startswith("/access/roles") and "privs" in values:
            unknown = [p for p in split_list(values["privs"]) if p not in privileges_of(self.series)]
            errors.pop("privs", None)
            if unknown:
                errors["privs"] = f"invalid format - invalid privilege '{unknown[0]}'\n"
