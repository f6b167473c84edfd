# SPDX-License-Identifier: GPL-3.0-or-later
"""What a version of Proxmox VE knows: paths, parameters and permission rules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from fakepve import schema as pve_schema

from lab.pve.permissions import privileges_of
from lab.pve.wire import Params, parse_properties, split_list

RELEASES = {"8.4": "8.4.1", "9.1": "9.1.8"}
QEMU = {"8.4": "9.2.0", "9.1": "10.1.2"}
_LACKS: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "versions.yml").read_text())

WORDS = ("yes", "no", "on", "off")
TOKEN_ID = re.compile(r"[A-Za-z][A-Za-z0-9.\-_]+")
JOB_ID = re.compile(r"[1-9]\d{2,8}-\d{1,9}")
CIDR = re.compile(r"[^/]+/\d+")
CPU_TYPES = (
    *("486", "athlon", "core2duo", "coreduo", "pentium", "pentium2", "pentium3", "phenom"),
    *("host", "max", "kvm32", "kvm64", "qemu32", "qemu64"),
    *("x86-64-v2", "x86-64-v2-AES", "x86-64-v3", "x86-64-v4"),
)
# Models come in variants (-IBRS, -v2, -noTSX, …); their families tell them from typing errors.
CPU_FAMILIES = (
    *("Broadwell", "Cascadelake", "Conroe", "Cooperlake", "EPYC", "GraniteRapids", "Haswell"),
    *("Icelake", "IvyBridge", "KnightsMill", "Nehalem", "Opteron_G", "Penryn", "SandyBridge"),
    *("SapphireRapids", "SierraForest", "Skylake", "Westmere"),
)
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
GUEST = "/nodes/{node}/qemu/{vmid}/"
MONITORED = ("agent/", "monitor")
KEPT = [
    f"keep-{what}" for what in ("all", "last", "hourly", "daily", "weekly", "monthly", "yearly")
]


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
        self._parameters: dict[tuple[str, str], Params] = {}

    def knows(self, method: str, template: str) -> bool:
        """True if this version has the path (whatever its methods)."""
        absent = self._lacks["absent_paths"]
        if any(template == path or template.startswith(path + "/") for path in absent):
            return False
        return f"{method} {template}" not in self._lacks["absent_methods"]

    def parameters(self, method: str, template: str, info: Params) -> Params:
        """The parameter schema of a method in this version."""
        if (method, template) not in self._parameters:
            spec: Params = _OWN_PARAMETERS.get((method, template)) or info.get("parameters") or {}
            absent = self._lacks["absent_parameters"].get(f"{method} {template}", [])
            kept = {
                name: {k: x for k, x in declared.items() if x is not None}
                for name, declared in spec.get("properties", {}).items()
                if name not in absent
            }
            self._parameters[method, template] = {**spec, "properties": kept}
        return self._parameters[method, template]

    def permissions(self, method: str, match: pve_schema.Match) -> Any:
        """The permission rule of a method; None: root@pam only."""
        if (method, match.template) == ("GET", "/cluster/options"):
            return {"user": "all"}
        rule = match.methods[method].get("permissions")
        if self.series != "8.4":
            return rule
        return rule_of_8(method, match.template, rule)

    def refine(self, template: str, spec: Params, values: Params, errors: Params) -> None:
        """What the generic schema check does not find, or says in other words."""
        for name, declared in spec.get("properties", {}).items():
            if declared.get("type") == "boolean" and str(values.get(name)).lower() in WORDS:
                errors[name] = f"type check ('boolean') failed - got '{values[name]}'"
        if "tokenid" in values and not TOKEN_ID.fullmatch(str(values["tokenid"])):
            errors["tokenid"] = "value does not match the regex pattern"
        if "replication" in template and not JOB_ID.fullmatch(str(values.get("id", "100-0"))):
            errors["id"] = f"invalid format - invalid replication job id '{values['id']}'\n"
        if template.endswith("/subnets") and not CIDR.fullmatch(str(values.get("subnet", "0/0"))):
            text = "value does not look like a valid CIDR network"
            errors["subnet"] = f"invalid format - {text}\n"
        for key in parse_properties(str(values.get("prune-backups", ""))):
            if key not in KEPT:
                errors["prune-backups"] = (
                    f"invalid format - format error\nprune-backups.{key}: property is not defined"
                    " in schema and the schema does not allow additional properties\n"
                )
        if "dhcp-range" in values:
            self._check_ranges(values["dhcp-range"], errors)
        if "cpu" in values and "cpu" not in errors:
            refusal = unknown_cpu(str(values["cpu"]))
            errors.update({"cpu": refusal} if refusal else {})
        if template.startswith("/access/roles") and "privs" in values:
            unknown = [
                p for p in split_list(values["privs"]) if p not in privileges_of(self.series)
            ]
            errors.pop("privs", None)
            if unknown:
                errors["privs"] = f"invalid format - invalid privilege '{unknown[0]}'\n"

    @staticmethod
    def _check_ranges(given: Any, errors: Params) -> None:
        for number, text in enumerate(given if isinstance(given, list) else [given]):
            name = f"dhcp-range[{number}]"
            for key in ("start-address", "end-address"):
                if key not in parse_properties(text):
                    errors.pop("dhcp-range", None)
                    errors[name] = (
                        f"invalid format - format error\n{name}.{key}:"
                        " property is missing and it is not optional\n"
                    )


def rule_of_8(method: str, template: str, rule: Any) -> Any:
    """A permission rule before agents and replication had privileges of their own."""
    if template.startswith(GUEST) and template.removeprefix(GUEST).startswith(MONITORED):
        return {"check": ["perm", "/vms/{vmid}", ["VM.Monitor"]]}
    if "replication" in template and method != "GET":
        return {"check": ["perm", "/storage", ["Datastore.Allocate"]]}
    return rule


def unknown_cpu(text: str) -> str | None:
    """The refusal of a CPU type that is no built-in one, or None."""
    name = parse_properties(text, "cputype").get("cputype", "")
    if not name or name.startswith("custom-") or name in CPU_TYPES:
        return None
    if any(name.startswith(family) for family in CPU_FAMILIES):
        return None
    return (
        f"invalid format - Built-in cputype '{name}' is not defined (missing 'custom-' prefix?)\n"
    )
