# SPDX-License-Identifier: GPL-3.0-or-later
"""Load over time: the load of now, repeated as often as a timeframe has rows."""

from __future__ import annotations

import time
from typing import Any

from lab.pve.wire import Params

NODE_PRESSURES = (
    "pressurecpusome",
    "pressureiofull",
    "pressureiosome",
    "pressurememoryfull",
    "pressurememorysome",
)
GUEST_PRESSURES = (*NODE_PRESSURES, "pressurecpufull")


def history_rows(timeframe: str, series: str) -> tuple[int, int]:
    """Number of rows and seconds between them of a timeframe."""
    if series == "8.4":
        steps = {"hour": 60, "day": 1800, "week": 10800, "month": 43200, "year": 604800}
        return 70, steps[timeframe]
    sizes = {
        "hour": (60, 60),
        "day": (1440, 60),
        "week": (336, 1800),
        "month": (1440, 1800),
        "year": (1440, 21600),
        "decade": (570, 604800),
    }
    return sizes[timeframe]


def repeated(row: Params, timeframe: str, series: str) -> list[Params]:
    """The row at each time of the timeframe, oldest first."""
    rows, step = history_rows(timeframe, series)
    now = int(time.time())
    first = now - now % step - step * (rows - 1)
    return [{"time": first + step * n, **row} for n in range(rows)]


class History:
    """Mixin: `rrddata` of nodes, guests and storages."""

    def _lab_routes_history(self: Any) -> list[tuple[str, str, Any]]:
        return [
            ("GET", "/nodes/{node}/rrddata", self.node_history),
            ("GET", "/nodes/{node}/qemu/{vmid}/rrddata", self.guest_history),
            ("GET", "/nodes/{node}/storage/{storage}/rrddata", self.storage_history),
        ]

    async def node_history(self: Any, v: Params, user: str) -> list[Params]:
        load = self.node_load(v["node"])
        row = {
            "cpu": load["cpu"],
            "maxcpu": load["maxcpu"],
            "loadavg": load["cpu"] * load["maxcpu"],
            "iowait": 0,
            "memtotal": load["maxmem"],
            "memused": load["mem"],
            "swaptotal": 0,
            "swapused": 0,
            "roottotal": load["maxdisk"],
            "rootused": load["disk"],
            "netin": 0,
            "netout": 0,
        }
        if self.series != "8.4":
            row |= {"arcsize": 0, "memavailable": load["maxmem"] - load["mem"]}
            row |= dict.fromkeys(NODE_PRESSURES, 0)
        return repeated(row, v["timeframe"], self.series)

    async def guest_history(self: Any, v: Params, user: str) -> list[Params]:
        vm = self.find_guest(v)
        use = self.guest_usage(vm)
        row = {key: use[key] for key in ("maxmem", "maxdisk", "disk")}
        row["maxcpu"] = int(vm.config.get("cores", 1)) * int(vm.config.get("sockets", 1))
        if vm.status == "running":
            row |= {key: use[key] for key in ("cpu", "mem", "netin", "netout")}
            row |= {"diskread": 0, "diskwrite": 0}
            if self.series != "8.4":
                row |= {"memhost": use["memhost"], **dict.fromkeys(GUEST_PRESSURES, 0)}
        return repeated(row, v["timeframe"], self.series)

    async def storage_history(self: Any, v: Params, user: str) -> list[Params]:
        total, used, _ = self._space(self._store(v["storage"]))
        return repeated({"total": total, "used": used}, v["timeframe"], self.series)
