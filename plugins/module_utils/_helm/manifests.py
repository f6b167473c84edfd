# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a release before and after, for people: secrets are never shown."""

from __future__ import annotations

import hashlib
import json
import typing as t

Data = dict[str, t.Any]


def read_all(text: str) -> list[Data]:
    """Return the objects of a YAML text; charts may use an anchor twice, as YAML allows."""
    import yaml

    fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Tolerant(yaml.SafeLoader):
        """Takes an anchor that is there already for a new one."""

        def compose_node(self, parent: t.Any, index: t.Any) -> t.Any:
            event: t.Any = self.peek_event()  # type: ignore[no-untyped-call]
            anchor = getattr(event, "anchor", None)
            if not isinstance(event, yaml.AliasEvent) and anchor in self.anchors:
                del self.anchors[anchor]
            return super().compose_node(parent, index)  # type: ignore[no-untyped-call]

    try:
        found = list(yaml.load_all(text, Loader=fast))
    except yaml.composer.ComposerError:
        found = list(yaml.load_all(text, Loader=Tolerant))
    return [item for item in found if isinstance(item, dict) and item]


def separated(text: str) -> str:
    """Return YAML text with a mark between documents; helm joins files of definitions without one.

    A key of the outermost level that is there a second time begins another document.
    """
    seen: set[str] = set()
    lines: list[str] = []
    for line in text.splitlines():
        key = line.partition(":")[0]
        if line.startswith("---"):
            seen.clear()
        elif ":" in line and line[:1].isalpha():
            if key in seen:
                lines.append("---")
                seen.clear()
            seen.add(key)
        lines.append(line)
    return "\n".join(lines) + "\n"


def same_values(before: t.Any, after: t.Any) -> bool:
    """Return whether two sets of values are the same plain data."""
    return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def difference(manifest: str, after: t.Sequence[Data], release: str) -> Data:
    """Return ``before`` and ``after`` of a diff: one YAML text each, in the same order."""
    before = read_all(manifest)
    return {
        "before_header": f"release {release}",
        "after_header": f"release {release}",
        "before": _text(before),
        "after": _text(after),
    }


def _text(items: t.Sequence[Data]) -> str:
    import yaml

    ordered = sorted(map(without_secrets, items), key=_key)
    return "".join(f"---\n{yaml.safe_dump(item, sort_keys=True)}" for item in ordered)


def _key(item: Data) -> tuple[str, str]:
    return str(item.get("kind", "")), str((item.get("metadata") or {}).get("name", ""))


def without_secrets(item: Data) -> Data:
    """Return an object; the values of a Secret are replaced by a short digest of each."""
    if item.get("kind") != "Secret":
        return item
    hidden = dict(item)
    for key in ("data", "stringData"):
        if isinstance(item.get(key), dict):
            hidden[key] = {name: _digest(value) for name, value in item[key].items()}
    return hidden


def _digest(value: t.Any) -> str:
    return f"(secret {hashlib.sha256(str(value).encode()).hexdigest()[:8]})"
