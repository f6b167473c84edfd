# SPDX-License-Identifier: GPL-3.0-or-later
"""A drawing of hosts, machines and networks, made from plan and facts."""

from __future__ import annotations

import html
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import gib

Data = dict[str, t.Any]
#: Sizes of the drawing in its own units.
WIDTH, BOX, GAP, LINE = 220, 62, 12, 18
COLOURS = {"server": "#2563b0", "agent": "#1d6f38"}
OTHER = "#55616e"


def drawing(plan: Data, snapshot: Data) -> str:
    """Return an SVG: a column for each Proxmox VE host that gets machines, then the network."""
    hosts: dict[str, list[Data]] = {}
    for machine in plan["machines"]:
        hosts.setdefault(machine["node"], []).append(machine)
    columns = sorted(hosts)
    tallest = max((len(hosts[name]) for name in columns), default=0)
    top = 3 * LINE + 12
    height = top + tallest * (BOX + GAP) + 3 * LINE
    width = max(len(columns), 1) * (WIDTH + GAP) + GAP
    known = {node["name"]: node for node in snapshot.get("nodes") or []}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{html.escape(_told(plan, hosts))}" font-family="sans-serif"'
        ' font-size="13">',
        f"<title>{html.escape(plan['deployment'])}</title>",
    ]
    for index, name in enumerate(columns):
        left = GAP + index * (WIDTH + GAP)
        room = top - LINE + tallest * (BOX + GAP)
        parts += _host(left, room, name, known.get(name))
        parts += [
            line
            for row, machine in enumerate(hosts[name])
            for line in _machine(left, top + row * (BOX + GAP), machine)
        ]
    parts += _network(plan, width, height)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _host(left: int, height: int, name: str, host: Data | None) -> list[str]:
    parts = [
        f'<rect x="{left}" y="8" width="{WIDTH}" height="{height}" rx="8" fill="none"'
        f' stroke="{OTHER}"/>',
        _text(left + 12, 8 + LINE, name, "600", OTHER),
    ]
    if host and host.get("memory_mib"):
        size = f"{host.get('cpus', 0)} threads, {gib(host['memory_mib'])}"
        parts.append(_text(left + 12, 8 + 2 * LINE, size, "400", OTHER))
    return parts


def _machine(left: int, top: int, machine: Data) -> list[str]:
    colour = COLOURS.get(machine["role"], OTHER)
    size = f"{machine['cores'] * machine['sockets']} vCPU, {gib(machine['memory_mib'])}"
    return [
        f'<rect x="{left + 8}" y="{top}" width="{WIDTH - 16}" height="{BOX}" rx="6"'
        f' fill="none" stroke="{colour}" stroke-width="2"/>',
        _text(left + 16, top + LINE, machine["name"], "600", colour),
        _text(left + 16, top + 2 * LINE, size, "400", OTHER),
        _text(left + 16, top + 3 * LINE, _address(machine), "400", OTHER),
    ]


def _network(plan: Data, width: int, height: int) -> list[str]:
    y = height - 2 * LINE
    bridges = sorted({nic["bridge"] for m in plan["machines"] for nic in m.get("nics") or []})
    said = f"network {', '.join(bridges)}" if bridges else "no network"
    cluster = plan.get("cluster") or {}
    if cluster.get("vip"):
        said += f" · API at {cluster['vip']}"
    if cluster.get("load_balancer_range"):
        said += f" · services at {cluster['load_balancer_range']}"
    return [
        f'<line x1="{GAP}" y1="{y}" x2="{width - GAP}" y2="{y}" stroke="{OTHER}"'
        ' stroke-width="3"/>',
        _text(GAP, y + LINE, said, "400", OTHER),
    ]


def _text(x: int, y: int, said: str, weight: str, colour: str) -> str:
    return (
        f'<text x="{x}" y="{y}" font-weight="{weight}" fill="{colour}">{html.escape(said)}</text>'
    )


def _address(machine: Data) -> str:
    nics = machine.get("nics") or []
    return str(nics[0]["address"]).partition("/")[0] if nics else "no address"


def _told(plan: Data, hosts: t.Mapping[str, list[Data]]) -> str:
    places = "; ".join(
        f"{name}: {', '.join(m['name'] for m in machines)}" for name, machines in hosts.items()
    )
    return f"{plan['deployment']}: {places or 'no machines'}"
