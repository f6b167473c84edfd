# SPDX-License-Identifier: GPL-3.0-or-later
"""Where managed guests may run: groups before version 9, affinity rules since."""

from __future__ import annotations

import re
from typing import Any

from lab.pve.wire import Params, PveError, die, param_error, split_list

STALE = "detected modified configuration - file changed by other user? Try again."
MIGRATED = "ha groups have been migrated to rules"
NODE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(:\d+)?")
GROUP_FIELDS = ("nodes", "restricted", "nofailback", "comment")
RULE_FIELDS = {
    "node-affinity": ("resources", "nodes", "strict", "disable", "comment"),
    "resource-affinity": ("resources", "affinity", "disable", "comment"),
}
RULE_REQUIRED = {"node-affinity": ("nodes",), "resource-affinity": ("affinity",)}


def node_priorities(text: str) -> dict[str, int]:
    """ "pve1:2,pve2" as {"pve1": 2, "pve2": 0}."""
    pairs = (part.partition(":") for part in split_list(text))
    return {name: int(priority or 0) for name, _, priority in pairs}


def check_node_list(text: str, what: str) -> None:
    for part in split_list(text):
        if not NODE.fullmatch(part):
            raise param_error(nodes=f"invalid format - value does not look like a valid {what}\n")


class Groups:
    """Mixin: `/cluster/ha/groups` (8.x; refused since 9)."""

    ha_groups: dict[str, Params]

    def _lab_routes_ha_groups(self: Any) -> list[tuple[str, str, Any]]:
        top = "/cluster/ha/groups"
        return [
            ("GET", top, self.list_groups_ha),
            ("POST", top, self.create_ha_group),
            ("GET", top + "/{group}", self.read_ha_group),
            ("PUT", top + "/{group}", self.update_ha_group),
            ("DELETE", top + "/{group}", self.delete_ha_group),
        ]

    def _need_groups(self: Any, verb: str) -> None:
        if self.series != "8.4":
            noun = "groups" if verb == "index" else "group"
            raise die(f"cannot {verb} {noun}: {MIGRATED}")

    def _group_view(self: Any, name: str) -> Params:
        digest = self.digest_of(self.ha_groups)
        return {"group": name, "type": "group", "digest": digest, **self.ha_groups[name]}

    async def list_groups_ha(self, v: Params, user: str) -> list[Params]:
        self._need_groups("index")
        return [self._group_view(name) for name in sorted(self.ha_groups)]

    async def read_ha_group(self, v: Params, user: str) -> Params:
        self._need_groups("read")
        if v["group"] not in self.ha_groups:
            raise die(f"no such ha group '{v['group']}'")
        return self._group_view(v["group"])

    async def create_ha_group(self, v: Params, user: str) -> None:
        self._need_groups("create")
        check_node_list(v["nodes"], "ha group node")
        if v["group"] in self.ha_groups:
            raise die(f"create ha group failed: ha group ID '{v['group']}' already defined")
        self.ha_groups[v["group"]] = {key: v[key] for key in GROUP_FIELDS if key in v}

    async def update_ha_group(self: Any, v: Params, user: str) -> None:
        self._need_groups("update")
        fail = "update ha group failed: "
        check_node_list(v.get("nodes", ""), "ha group node")
        if v.get("digest") and v["digest"] != self.digest_of(self.ha_groups):
            raise die(fail + STALE)
        group = self.ha_groups.get(v["group"])
        if group is None:
            raise die(f"{fail}no such ha group '{v['group']}'")
        for key in split_list(v.get("delete")):
            group.pop(key, None)
        group.update({key: v[key] for key in GROUP_FIELDS if key in v})

    async def delete_ha_group(self: Any, v: Params, user: str) -> None:
        self._need_groups("delete")
        for sid, resource in self.ha_resources.items():
            if resource.get("group") == v["group"]:
                raise die(f"delete ha group failed: ha group is used by service '{sid}'")
        self.ha_groups.pop(v["group"], None)


class Rules:
    """Mixin: `/cluster/ha/rules` (9.x; unknown before)."""

    ha_rules: dict[str, Params]

    def _lab_routes_ha_rules(self: Any) -> list[tuple[str, str, Any]]:
        top = "/cluster/ha/rules"
        return [
            ("GET", top, self.list_rules),
            ("POST", top, self.create_rule),
            ("GET", top + "/{rule}", self.read_rule),
            ("PUT", top + "/{rule}", self.update_rule),
            ("DELETE", top + "/{rule}", self.delete_rule),
        ]

    def _rule_view(self: Any, name: str) -> Params:
        order = list(self.ha_rules).index(name) + 1
        rule = self.ha_rules[name]
        view = {"rule": name, "order": order, "digest": self.digest_of(self.ha_rules), **rule}
        if not rule.get("disable") and (errors := self._rule_errors(name, rule)):
            view["errors"] = {"resources": errors}
        return view

    async def list_rules(self, v: Params, user: str) -> list[Params]:
        return [
            self._rule_view(name)
            for name, rule in self.ha_rules.items()
            if v.get("type") in (None, rule["type"])
            and ("resource" not in v or v["resource"] in split_list(rule["resources"]))
        ]

    async def read_rule(self, v: Params, user: str) -> Params:
        if v["rule"] not in self.ha_rules:
            raise die(f"no such ha rule '{v['rule']}'")
        return self._rule_view(v["rule"])

    def _checked_rule(self: Any, fail: str, name: str, rule: Params) -> Params:
        """The rule with its resources sorted, once it can be kept beside the others."""
        unknown = [n for n in node_priorities(rule.get("nodes", "")) if n not in self.nodes]
        if unknown:
            raise die(f"{fail}cannot use non-existent node(s) {', '.join(unknown)}.")
        sids = sorted(split_list(rule["resources"]))
        unmanaged = [sid for sid in sids if sid not in self.ha_resources]
        if unmanaged:
            raise die(f"{fail}cannot use unmanaged resource(s) {', '.join(unmanaged)}.")
        rule = {**rule, "resources": ",".join(sids)}
        errors = [] if rule.get("disable") else self._rule_errors(name, rule)
        if errors:
            text = ", ".join(errors)
            raise PveError(500, f"{fail}400 Rule '{name}' is invalid.\nresources: {text}")
        return rule

    async def create_rule(self, v: Params, user: str) -> None:
        name, kind = v["rule"], v["type"]
        fail = "create ha rule failed: "
        for key in RULE_REQUIRED[kind]:
            if key not in v:
                raise die(f"missing value for required option '{key}'")
        for key in v:
            if key not in ("rule", "type", *RULE_FIELDS[kind]):
                raise die(f"unexpected property '{key}'")
        check_node_list(v.get("nodes", ""), "ha node")
        if name in self.ha_rules:
            raise die(f"{fail}HA rule '{name}' already defined")
        rule = {"type": kind, **{key: v[key] for key in RULE_FIELDS[kind] if key in v}}
        self.ha_rules[name] = self._checked_rule(fail, name, rule)

    async def update_rule(self: Any, v: Params, user: str) -> None:
        name, fail = v["rule"], "update HA rules failed: "
        rule = self.ha_rules.get(name)
        if rule is None:
            raise die(f"{fail}HA rule '{name}' does not exist")
        if v.get("digest") and v["digest"] != self.digest_of(self.ha_rules):
            raise die(fail + STALE)
        changes = {k: x for k, x in v.items() if k not in ("rule", "type", "digest", "delete")}
        for key in changes:
            if key not in RULE_FIELDS[rule["type"]]:
                raise die(f"{fail}unexpected property '{key}'")
        check_node_list(v.get("nodes", ""), "ha node")
        gone = split_list(v.get("delete"))
        merged = {k: x for k, x in {**rule, **changes}.items() if k not in gone}
        self.ha_rules[name] = self._checked_rule(fail, name, merged)

    async def delete_rule(self, v: Params, user: str) -> None:
        self.ha_rules.pop(v["rule"], None)

    def drop_from_rules(self, sid: str) -> None:
        """Take a resource out of all rules; a rule without any goes."""
        for name, rule in list(self.ha_rules.items()):
            sids = split_list(rule["resources"])
            if sid in sids:
                sids.remove(sid)
                rule["resources"] = ",".join(sids)
            if not sids or (rule["type"] == "resource-affinity" and not sids):
                del self.ha_rules[name]

    # --------------------------------------------------- rules beside each other

    def _others(self, name: str, kind: str, affinity: str | None = None) -> list[Params]:
        return [
            rule
            for other, rule in self.ha_rules.items()
            if other != name
            and not rule.get("disable")
            and rule["type"] == kind
            and (affinity is None or rule["affinity"] == affinity)
        ]

    def _rule_errors(self, name: str, rule: Params) -> list[str]:
        """Why the rule cannot hold beside the enabled ones."""
        if rule["type"] == "node-affinity":
            return self._node_rule_errors(name, rule)
        return self._resource_rule_errors(name, rule)

    def _node_rule_errors(self, name: str, rule: Params) -> list[str]:
        sids, placed = set(split_list(rule["resources"])), self._others(name, "node-affinity")
        for sid in sorted(sids):
            if any(sid in split_list(other["resources"]) for other in placed):
                return [f"resource '{sid}' is already used in another node affinity rule"]
        for other in self._others(name, "resource-affinity", "positive"):
            together = set(split_list(other["resources"]))
            rest = together - sids
            if together & sids and any(rest & set(split_list(p["resources"])) for p in placed):
                return [
                    "at least one resource is in a positive resource affinity rule and there are"
                    " other resources in at least one other node affinity rule already"
                ]
        return []

    def _resource_rule_errors(self: Any, name: str, rule: Params) -> list[str]:
        sids = set(split_list(rule["resources"]))
        if len(sids) < 2:
            return ["rule is ineffective as there are less than two resources"]
        for other in self._others(name, "node-affinity"):
            priorities = set(node_priorities(other["nodes"]).values())
            if sids & set(split_list(other["resources"])) and len(priorities) > 1:
                return ["resources are in node affinity rules with multiple priorities"]
        errors = []
        if rule["affinity"] == "negative" and len(sids) > len(self.nodes):
            errors.append("rule defines more resources than available nodes")
        opposite = "positive" if rule["affinity"] == "negative" else "negative"
        for other in self._others(name, "resource-affinity", opposite):
            if len(sids & set(split_list(other["resources"]))) >= 2:
                errors.append(
                    f"rule shares two or more resources with a {opposite} resource affinity rule"
                )
        return errors
