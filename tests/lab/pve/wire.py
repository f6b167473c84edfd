# SPDX-License-Identifier: GPL-3.0-or-later
"""Wire types and property strings: how values look in requests and answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from fakepve import schema as pve_schema
from fakepve.model import PveError, TaskError
from fakepve.routing import die, param_error, split_list

__all__ = [
    "GIB",
    "MIB",
    "Params",
    "PveError",
    "Reply",
    "TaskError",
    "config_value",
    "die",
    "format_properties",
    "format_size",
    "natural_order",
    "param_error",
    "parse_properties",
    "parse_size",
    "shell_number",
    "split_list",
    "tag_list",
]

Params = dict[str, Any]
MIB = 1024**2
GIB = 1024**3
UNITS = {"": 1, "K": 1024, "M": MIB, "G": GIB, "T": 1024**4}


@dataclass
class Reply:
    """An answer with keys beside `data` (such as `total` of a log) or a status of its own."""

    data: Any
    extra: dict[str, Any] = field(default_factory=dict)


def config_value(template: str, key: str, value: Any) -> Any:
    """`value` as the API writes it in the answer of `GET template`: number or string."""
    returns = pve_schema.load().paths[template]["GET"]["returns"].get("properties", {})
    declared = returns.get(key) or returns.get(re.sub(r"\d+$", "[n]", key)) or {}
    kind = declared.get("type")
    if kind in ("integer", "boolean"):
        return shell_number(value)
    return str(int(value)) if isinstance(value, bool) else str(value)


def shell_number(value: Any) -> Any:
    """An int or float where the text is one, else the text itself."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    try:
        return int(value)
    except ValueError:
        try:
            return float(value)
        except ValueError:
            return value


def parse_properties(text: str, default_key: str | None = None) -> dict[str, str]:
    """`key=value,…` as a dict; one value without a key goes under `default_key`."""
    out: dict[str, str] = {}
    for part in str(text).split(","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if equals:
            out[key] = value
        elif default_key is not None:
            out[default_key] = part
    return out


def format_properties(options: dict[str, Any], default_key: str | None = None) -> str:
    """The property string PVE stores: the default key bare and first, the others sorted."""
    parts = []
    if default_key is not None and default_key in options:
        parts.append(str(options[default_key]))
    parts += [f"{key}={options[key]}" for key in sorted(options) if key != default_key]
    return ",".join(parts)


def parse_size(text: Any) -> int:
    """Bytes in a size such as "8G", "512M" or "1048576" (bytes)."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", str(text).strip())
    if not found:
        raise die(f"unable to parse size '{text}'")
    return int(float(found.group(1)) * UNITS[found.group(2)])


def format_size(size: int) -> str:
    """The largest unit that divides the number of bytes, as PVE prints sizes."""
    for unit in ("T", "G", "M", "K"):
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]}{unit}"
    return str(size)


def tag_list(text: Any) -> str:
    """Tags as PVE stores them: lower case, unique, sorted, joined by semicolons."""
    return ";".join(sorted({tag.lower() for tag in re.split(r"[;,\s]+", str(text)) if tag}))


def natural_order(key: str) -> tuple[str, int]:
    """Sort key that puts scsi2 before scsi10."""
    found = re.fullmatch(r"(\D+)(\d+)", key)
    return (found.group(1), int(found.group(2))) if found else (key, 0)
