# SPDX-License-Identifier: GPL-3.0-or-later
"""State that only the answers of a recording tell: what its lists hold was there before."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from lab.pve.conformance.records import Record
from lab.pve.permissions import AclEntry, Token, User
from lab.pve.server import PveServer
from lab.pve.wire import GIB

CONTAINER = re.compile(r"/nodes/([^/]+)/lxc/(\d+)/config")
LOCKED = re.compile(r"/nodes/[^/]+/(?:qemu|lxc)/(\d+)/config")
CONTENT = re.compile(r"/nodes/([^/]+)/storage/([^/]+)/content")
SPACE = ("storage", "total", "used", "avail", "used_fraction", "enabled")
NO_OPTIONS = ("digest", "lock")


def answers(records: list[Record], path: str) -> Iterator[Any]:
    """The data of the successful answers to GET `path` without parameters."""
    for record in records:
        asked = record.method == "GET" and record.path == path and not record.params
        if asked and record.status == 200 and record.data:
            yield record.data


def first(records: list[Record], path: str) -> Any:
    return next(answers(records, path), [])


def listed(records: list[Record], *types: str) -> list[Any]:
    """The entries of these types in the first list of resources."""
    return [item for item in first(records, "/cluster/resources") if item["type"] in types]


def place_containers(server: PveServer, records: list[Record]) -> None:
    """Containers that show a configuration although no request made them."""
    state = server.state
    for record in records:
        found = CONTAINER.fullmatch(record.path)
        if not found or record.method != "GET" or not isinstance(record.data, dict):
            continue
        vmid = int(found[2])
        made = any(str(r.params.get("vmid")) == found[2] and r.status == 200 for r in records)
        if state.guest(vmid) is None and not made:
            config = {k: x for k, x in record.data.items() if k not in NO_OPTIONS}
            state.add_ct(vmid, config.get("hostname"), node=found[1], config=config)


def place_all(server: PveServer, records: list[Record]) -> None:
    """Everything that the lists of a recording without changes hold."""
    place_storages(server, records)
    place_accounts(server, records)
    place_pools(server, records)
    place_network(server, records)
    state = server.state
    for guest in listed(records, "qemu", "lxc"):
        if "hastate" in guest:
            sid = f"{'vm' if guest['type'] == 'qemu' else 'ct'}:{guest['vmid']}"
            state.ha_resources[sid] = {"state": guest["hastate"]}
    for item in first(records, "/cluster/ha/resources"):
        state.ha_resources[item["sid"]] = without(item, "sid", "type", "digest")
    for item in first(records, "/cluster/ha/rules"):
        state.ha_rules[item["rule"]] = without(item, "rule", "digest", "order")
    for item in first(records, "/cluster/ha/groups"):
        state.ha_groups[item["group"]] = without(item, "group", "type", "digest")
    for item in first(records, "/cluster/backup"):
        state.backup_jobs[item["id"]] = without(item, "type", "next-run")
    for item in first(records, "/cluster/mapping/pci"):
        state.pci_mappings[item["id"]] = without(item, "id", "type", "digest")


def without(item: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in keys}


def place_storages(server: PveServer, records: list[Record]) -> None:
    storages = server.state.storages
    for item in first(records, "/storage"):
        options = without(item, "storage", "digest")
        new = {"active": 1, "files": set(), "volumes": {}, "total": 251 * GIB}
        storages.setdefault(item["storage"], new).update(options)
    for item in listed(records, "storage"):
        options = {"type": item["plugintype"], "content": item["content"], "shared": item["shared"]}
        store = storages.setdefault(item["storage"], {"files": set(), "volumes": {}, **options})
        if item.get("maxdisk"):
            store.update(active=1, total=item["maxdisk"], base_used=item["disk"])
    for node in server.state.nodes:
        for item in first(records, f"/nodes/{node}/storage"):
            options = without(item, *SPACE) | ({} if item["enabled"] else {"disable": 1})
            storages.setdefault(item["storage"], {"files": set(), "volumes": {}, **options})
    for record in records:
        found = CONTENT.fullmatch(record.path)
        if not found or record.status != 200 or found[2] not in storages:
            continue
        for item in record.data or []:
            name = item["volid"].partition(":")[2]
            storages[found[2]]["volumes"].setdefault(name, without(item, "volid", "parent"))


def place_accounts(server: PveServer, records: list[Record]) -> None:
    access = server.state.access
    for item in first(records, "/access/roles"):
        access.roles[item["roleid"]] = frozenset(filter(None, item["privs"].split(",")))
    for item in first(records, "/access/users"):
        fields = without(item, "userid", "realm-type", "groups", "tokens")
        user = access.users.setdefault(item["userid"], User(fields))
        shown = first(records, f"/access/users/{item['userid']}")
        for name, token in ((shown or {}).get("tokens") or {}).items():
            user.tokens[name] = Token("x", bool(token["privsep"]), comment=token.get("comment"))
    for item in first(records, "/access/groups"):
        users = set(filter(None, item.get("users", "").split(",")))
        access.groups[item["groupid"]] = {"comment": item.get("comment", ""), "users": users}
    for item in first(records, "/access/acl"):
        entry = AclEntry(
            item["path"], item["type"], item["ugid"], item["roleid"], bool(item["propagate"])
        )
        access.acl.add(entry)


def place_pools(server: PveServer, records: list[Record]) -> None:
    for item in listed(records, "pool"):
        server.state.pools.setdefault(item["pool"], set())
    for guest in listed(records, "qemu", "lxc"):
        if "pool" in guest:
            server.state._pool_join(guest["pool"], guest["vmid"])
    for item in first(records, "/pools"):
        server.state.pools.setdefault(item["poolid"], set())
        server.state._pool_meta(item["poolid"])["comment"] = item.get("comment")
        for member in _members(records, item["poolid"]):
            if "vmid" in member:
                server.state._pool_join(item["poolid"], member["vmid"])


def _members(records: list[Record], pool: str) -> list[Any]:
    """The members of a pool, by its own path or by the list asked for one pool."""
    for record in records:
        if record.path == "/pools" and record.params == {"poolid": pool} and record.data:
            return list(record.data[0]["members"])
    shown = first(records, f"/pools/{pool}")
    return list(shown["members"]) if shown else []


def place_options(server: PveServer, records: list[Record]) -> None:
    """Options of the cluster, objects in the words of a request."""
    shown = without(first(records, "/cluster/options") or {}, "allowed-tags", "mac_prefix")
    for key, value in shown.items():
        text = ",".join(f"{k}={x}" for k, x in value.items()) if isinstance(value, dict) else value
        server.state.options[key] = text


def place_locks(server: PveServer, records: list[Record]) -> None:
    """Guests whose configuration carries a lock."""
    for record in records:
        found = LOCKED.fullmatch(record.path)
        if found and isinstance(record.data, dict) and record.data.get("lock"):
            server.state.guest(int(found[1])).lock = record.data["lock"]


def _applied_vnets(records: list[Record]) -> list[Any]:
    wanted = (r for r in records if r.path == "/cluster/sdn/vnets" and r.params == {"running": "1"})
    return next((list(record.data) for record in wanted if record.data), [])


def place_network(server: PveServer, records: list[Record]) -> None:
    sdn = server.state.sdn
    for zone in first(records, "/cluster/sdn/zones"):
        sdn["zones"][zone["zone"]] = without(zone, "digest")
    for vnet in first(records, "/cluster/sdn/vnets") or _applied_vnets(records):
        sdn["zones"].setdefault(vnet["zone"], {"zone": vnet["zone"], "type": "vlan"})
        sdn["vnets"][vnet["vnet"]] = without(vnet, "digest")
        for subnet in first(records, f"/cluster/sdn/vnets/{vnet['vnet']}/subnets"):
            given = without(subnet, "digest")
            ranges = given.get("dhcp-range", [])
            given["dhcp-range"] = [
                ",".join(f"{k}={x}" for k, x in one.items()) if isinstance(one, dict) else one
                for one in ranges
            ]
            sdn["subnets"][subnet["id"]] = given
    server.state.sdn_running = copy.deepcopy(sdn)
