# SPDX-License-Identifier: GPL-3.0-or-later
"""What a saved plan would do, per machine, from Terraform's own JSON."""

from __future__ import annotations

import re
import typing as t
from dataclasses import asdict, dataclass, field, replace

from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.document import (
    public,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.fields import (
    judged,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.records import (
    content_sha256,
)

MACHINE_TYPES = {
    "proxmox_virtual_environment_vm": "vm",
    "proxmox_virtual_environment_container": "lxc",
    "proxmox_vm_qemu": "vm",
    "proxmox_lxc": "lxc",
}
#: Telmate's resources, which are planned and never applied.
PLANNED_ONLY = ("proxmox_vm_qemu", "proxmox_lxc")
Action = t.Literal["create", "update", "replace", "delete", "import", "none"]
ACTIONS: tuple[Action, ...] = ("create", "update", "replace", "delete")

#: Attributes that follow the running guest and are nobody's wish.
_OBSERVED = re.compile(
    r"^(ipv[46](_addresses)?|mac_addresses|network_interface_names|id|default_ipv[46]_address"
    r"|ssh_(host|port)|reboot_required|unused_disk|linked_vmid|current_node)\b"
)
#: Settings of the provider itself; Proxmox VE never sees them.
_PROVIDER_SIDE = re.compile(
    r"^(timeout_|stop_on_destroy|purge_on_destroy|delete_unreferenced|migrate|reboot|clone\b"
    r"|agent\.(timeout|wait_for_ip)|disk\.\d+\.import_from|operating_system\.template_file_id)"
)
_MAX_VALUE = 120
#: Values that all say "not set".
_NOTHING: tuple[t.Any, ...] = (None, "", [], {}, False, 0)


@dataclass(frozen=True)
class FieldChange:
    """One changed value; ``before`` and ``after`` are short texts without secrets."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class ResourceChange:
    """What happens to one resource.

    ``vmid`` is that of the guest that is there, else the one to come; ``new_vmid`` is another one
    that a machine gets when it is made anew.

    ``unfinished`` marks a machine that an interrupted run left half made: it is made again.
    """

    name: str
    address: str
    action: Action
    kind: str | None = None  # vm or lxc; None for what is no machine
    vmid: int | None = None
    new_vmid: int | None = None
    node: str | None = None
    guest_name: str | None = None
    tags: tuple[str, ...] = ()
    protected: bool = False
    imported: bool = False
    unfinished: bool = False
    restart: bool = False
    planned_only: bool = False
    fields: tuple[FieldChange, ...] = ()

    @property
    def made_vmid(self) -> int | None:
        """The VMID of the guest that is made."""
        return self.new_vmid or self.vmid

    @property
    def title(self) -> str:
        """How sentences and receipts name it."""
        return f"{self.name} (VMID {self.vmid})" if self.kind else self.address


@dataclass(frozen=True)
class Summary:
    """All changes of a plan. Counts are of resources; destructive are names of machines.

    ``document`` is what policies may see of the plan, see ``document.public``;
    ``content_sha256`` a digest of all that it does.
    """

    changes: tuple[ResourceChange, ...] = ()
    outputs_change: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    document: dict[str, t.Any] = field(default_factory=dict, repr=False)
    content_sha256: str = ""
    #: what exists, changed or not: VMIDs of machines, and all resources as receipts name them
    in_state: frozenset[int] = frozenset()
    there: tuple[str, ...] = ()

    @property
    def machines(self) -> list[ResourceChange]:
        """Changes of machines."""
        return [change for change in self.changes if change.kind is not None]

    @property
    def creates(self) -> list[ResourceChange]:
        """Machines that come into being, those made again after an interruption included."""
        return [change for change in self.machines if change.action in ("create", "replace")]

    @property
    def destructive(self) -> list[str]:
        """Names of the machines that would be deleted or replaced."""
        found = [c.name for c in self.machines if c.action in ("delete", "replace")]
        return sorted(found)

    @property
    def empty(self) -> bool:
        """Whether no resource changes."""
        return not any(self.counts.values())

    def as_data(self) -> dict[str, t.Any]:
        """Return plain data for results and reports."""
        rows = [
            {
                key: value
                for key, value in asdict(change).items()
                if key not in ("guest_name", "protected", "planned_only")
            }
            for change in self.changes
        ]
        return {
            "counts": dict(self.counts),
            "machines": [row for row in rows if row["kind"] is not None],
            "other": [row for row in rows if row["kind"] is None],
            "text": self.text(),
        }

    def text(self) -> str:
        """Return the summary for people, one line a change."""
        counted = ", ".join(f"{self.counts.get(name, 0)} to {name}" for name in ACTIONS)
        lines = [f"{counted}."] if not self.empty else ["No changes."]
        for change in self.changes:
            lines.append(_line(change))
            lines += [f"    {f.field}: {f.before} -> {f.after}" for f in change.fields]
        return "\n".join(lines) + "\n"


def summarise(plan: dict[str, t.Any], unfinished: t.Container[str] = ()) -> Summary:
    """Read ``terraform show -json PLANFILE``.

    Args:
        plan: the parsed JSON.
        unfinished: names of machines that an interrupted run of ours left half made.
    """
    changes = [
        change
        for entry in plan.get("resource_changes", [])
        if entry.get("mode", "managed") == "managed"
        for change in (_resource(entry, unfinished),)
        if change.action != "none"
    ]
    counts: dict[str, int] = {
        name: sum(change.action == name for change in changes) for name in ACTIONS
    }
    outputs = any(
        change.get("actions") != ["no-op"] for change in plan.get("output_changes", {}).values()
    )
    existing = [
        _resource(entry, ())
        for entry in plan.get("resource_changes", [])
        if entry.get("mode", "managed") == "managed" and entry["change"].get("before")
    ]
    return Summary(
        tuple(changes),
        outputs,
        counts,
        public(plan),
        content_sha256(plan),
        frozenset(change.vmid for change in existing if change.vmid is not None),
        tuple(change.title for change in existing),
    )


def drifted(plan: dict[str, t.Any]) -> list[ResourceChange]:
    """Read what changed outside of Terraform from ``show -json`` of a refresh-only plan."""
    found = [_resource(entry, ()) for entry in plan.get("resource_drift", [])]
    own = [replace(c, fields=tuple(f for f in c.fields if not _end_of_life(f))) for c in found]
    return [change for change in own if change.action == "delete" or change.fields]


def _end_of_life(changed: FieldChange) -> bool:
    """Return whether only our tag with the end of life came, went or changed."""
    if changed.field != "tags":
        return False
    sides = [set(text.split(", ")) for text in (changed.before, changed.after)]
    return all(tag.startswith("eol-") or tag == "(none)" for tag in sides[0] ^ sides[1])


def provider_side_only(change: ResourceChange) -> bool:
    """Return whether an update never reaches Proxmox VE."""
    return change.action in ("update", "import") and all(
        _PROVIDER_SIDE.match(changed.field) for changed in change.fields
    )


def _resource(entry: dict[str, t.Any], unfinished: t.Container[str]) -> ResourceChange:
    change = entry["change"]
    kind = MACHINE_TYPES.get(entry["type"])
    name = str(entry.get("index", entry.get("name", "")))
    before, after = change.get("before") or {}, change.get("after") or {}
    action = _action(change)
    tainted = entry.get("action_reason") == "replace_because_tainted"
    remade = kind is not None and action == "replace" and tainted and name in unfinished
    fields = tuple(_fields(change)) if action in ("update", "replace", "import") else ()
    now = before or after
    ids = [_number(_first(side, {}, "vm_id", "vmid")) if kind else None for side in (before, after)]
    return ResourceChange(
        name=name,
        address=entry["address"],
        action="create" if remade else action,
        kind=kind,
        vmid=ids[0] or ids[1],
        new_vmid=ids[1] if ids[0] and ids[1] != ids[0] else None,
        node=_first(after, before, "node_name", "target_node"),
        guest_name=_guest_name(now) if kind else None,
        tags=_tags(now.get("tags")),
        protected=bool(before.get("protection")),
        imported="importing" in change,
        unfinished=remade,
        restart=action == "update" and any(_restarts(f.field) for f in fields),
        planned_only=entry["type"] in PLANNED_ONLY,
        fields=fields,
    )


def _restarts(path: str) -> bool:
    row = judged(path)
    return row is not None and row.effect == "restart"


def _first(after: dict[str, t.Any], before: dict[str, t.Any], *names: str) -> t.Any:
    """Return the value under the first of the names, each provider has its own, that is set."""
    return next(
        (values[name] for values in (after, before) for name in names if values.get(name)), None
    )


def _tags(value: t.Any) -> tuple[str, ...]:
    """Return tags of a list, or of the text that Telmate's provider keeps."""
    found = re.split(r"[,;]", value) if isinstance(value, str) else value or ()
    return tuple(filter(None, found))


def _action(change: dict[str, t.Any]) -> Action:
    actions = change.get("actions") or ["no-op"]
    if len(actions) > 1:
        return "replace"
    if actions[0] in ("create", "update", "delete"):
        return t.cast("Action", actions[0])
    return "import" if "importing" in change else "none"


def _guest_name(values: dict[str, t.Any]) -> str | None:
    if values.get("name"):
        return str(values["name"])
    settings = values.get("initialization") or []
    return str(settings[0].get("hostname")) if settings and settings[0].get("hostname") else None


def _number(value: t.Any) -> int | None:
    return int(value) if isinstance(value, int | float | str) and str(value).isdigit() else None


def _fields(change: dict[str, t.Any]) -> t.Iterator[FieldChange]:
    before = dict(_leaves(change.get("before"), change.get("before_sensitive")))
    after = dict(_leaves(change.get("after"), change.get("after_sensitive")))
    unknown = {path for path, value in _leaves(change.get("after_unknown"), None) if value is True}
    for path in sorted((set(before) | set(after)) - unknown):
        old, new = before.get(path), after.get(path)
        same = old == new or (old in _NOTHING and new in _NOTHING)
        if not same and not _OBSERVED.match(path):
            yield FieldChange(path, _short(old), _short(new))


def _leaves(value: t.Any, sensitive: t.Any, path: str = "") -> t.Iterator[tuple[str, t.Any]]:
    """Yield dotted paths and values; the index of a list with one element is left out."""
    if sensitive is True:
        yield path, "(sensitive)"
    elif isinstance(value, dict):
        for key, item in value.items():
            below = sensitive.get(key) if isinstance(sensitive, dict) else None
            yield from _leaves(item, below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            below = (
                sensitive[number] if isinstance(sensitive, list) and sensitive[number:] else None
            )
            single = len(value) == 1 and not path.startswith(("disk", "network", "mount"))
            yield from _leaves(item, below, path if single else f"{path}.{number}")
    else:
        yield path, value


def _short(value: t.Any) -> str:
    if value in (None, "", [], {}):
        return "(none)"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + "…"


def _line(change: ResourceChange) -> str:
    signs = {"create": "+", "update": "~", "replace": "±", "delete": "-", "import": "<"}
    what = change.name if change.kind else change.address
    ids = f"{change.vmid}{f' -> {change.new_vmid}' if change.new_vmid else ''}"
    place = f" (VMID {ids} on {change.node})" if change.kind else ""
    notes = [
        note
        for note, given in (
            ("made again after an interrupted run", change.unfinished),
            ("imported", change.imported),
            ("effective after a restart", change.restart),
        )
        if given
    ]
    tail = f", {', '.join(notes)}" if notes else ""
    return f"  {signs.get(change.action, ' ')} {change.action} {what}{place}{tail}"
