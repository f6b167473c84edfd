# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that VMs and containers write in the same way, as a plan says them."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth

Config = t.Mapping[str, t.Any]
Data = dict[str, t.Any]

OWNER_TAG = "clusterwright"
#: Of a guest that was there before and was taken over: destroying it needs words of its own.
IMPORTED_TAG = "clusterwright-imported"
AS_IT_WAS = {
    "field": "*",
    "reason": "Taken over as it was.",
    "source": "explicit",
    "confidence": 1.0,
}

_TAG = re.compile(r"[a-z0-9_][a-z0-9_+.-]{0,63}")
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[KMGT]?)")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def options(value: t.Any, first: str = "") -> dict[str, str]:
    """Return a property string as a mapping; a part without a key gets the key ``first``."""
    pairs = (part.partition("=") for part in str(value).split(",") if part)
    return {
        key.strip() if sep else first: (value if sep else key).strip() for key, sep, value in pairs
    }


def odd(
    given: t.Mapping[str, str], fields: t.Container[str], defaults: t.Mapping[str, str]
) -> list[str]:
    """Return the options that are neither known fields nor what Proxmox VE takes by itself."""
    return [
        f"{key}={value}"
        for key, value in given.items()
        if key not in fields and defaults.get(key) != value
    ]


def keys_of(config: Config, pattern: re.Pattern[str]) -> list[str]:
    """Return the keys of a kind, by bus and number."""
    found = [key for key in config if pattern.fullmatch(key)]
    return sorted(found, key=lambda key: (key.rstrip("0123456789"), len(key), key))


def gib(given: t.Mapping[str, str]) -> int:
    """Return the size of a disk in whole GiB: the provider drops what is beyond them."""
    size = _SIZE.fullmatch(given.get("size", ""))
    return int(float(size["number"]) * _UNITS[size["unit"]]) // 2**30 if size else 0


def is_on(config: Config, key: str) -> bool:
    """Return whether a switch is on; one that is not written down is off."""
    return truth(config.get(key))


def tags(config: Config) -> list[str]:
    """Return the tags of a guest in their order."""
    return [tag for tag in re.split("[;, ]", str(config.get("tags") or "")) if tag]


def own_tags(config: Config) -> list[str]:
    """Return the tags of a guest but for those that say whose it is."""
    return [tag for tag in tags(config) if tag != OWNER_TAG and not tag.startswith("cw-")]


def startup(config: Config) -> Data | None:
    """Return the order at boot of the host, None for a guest without one."""
    if "startup" not in config:
        return None
    given = options(config["startup"], "order")
    # -1 is the provider's word for what is not given.
    return {"order": int(given.get("order", -1)), "up_delay_seconds": int(given.get("up", -1))}


def unsupported(config: Config) -> t.Iterator[str]:
    """Yield what any guest may have that a plan cannot say."""
    if "down" in options(config.get("startup", ""), "order"):
        yield "has a delay for shutting down, which a plan cannot say"
    wrong = [tag for tag in tags(config) if not _TAG.fullmatch(tag)]
    if wrong:
        yield f"has tags that a plan cannot say ({', '.join(wrong)})"
