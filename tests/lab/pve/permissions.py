# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: roles, access control lists and the permission rule of each method."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.pve.wire import Params, PveError

ROOT = "root@pam"
_DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "roles.yml").read_text())


def privileges_of(version: str) -> frozenset[str]:
    """All privileges that a Proxmox VE of this version ("8.4", "9.1") knows."""
    known = _DATA["privileges"]
    return frozenset(known["common"]) | frozenset(known[version])


def builtin_roles(version: str) -> dict[str, frozenset[str]]:
    """The roles that cannot be changed, with their privileges."""
    known = privileges_of(version)

    def expand(pattern: str) -> set[str]:
        prefix = pattern.removesuffix("*")
        return {p for p in known if p == pattern or (prefix != pattern and p.startswith(prefix))}

    return {
        role: frozenset(p for pattern in patterns for p in expand(pattern))
        for role, patterns in _DATA["roles"].items()
    }


@dataclass(frozen=True)
class AclEntry:
    """One line of the access control list; `kind` is user, group or token."""

    path: str
    kind: str
    subject: str
    role: str
    propagate: bool = True


@dataclass
class Token:
    value: str
    privsep: bool = True
    expire: int = 0
    comment: str | None = None


@dataclass
class User:
    fields: dict[str, Any] = field(default_factory=dict)
    password: str | None = None
    tokens: dict[str, Token] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        expire = int(self.fields.get("expire") or 0)
        return bool(self.fields.get("enable", 1)) and not 0 < expire < time.time()


@dataclass
class Access:
    """Users, groups, roles and access control list of the cluster."""

    privileges: frozenset[str]
    roles: dict[str, frozenset[str]]
    builtin: frozenset[str]
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    acl: set[AclEntry] = field(default_factory=set)

    @classmethod
    def for_version(cls, version: str) -> Access:
        roles = builtin_roles(version)
        return cls(privileges_of(version), dict(roles), frozenset(roles))

    def _granted(self, kind: str, subjects: set[str], prefix: str, path: str) -> set[str]:
        return {
            entry.role
            for entry in self.acl
            if entry.path == prefix
            and entry.kind == kind
            and entry.subject in subjects
            and (entry.propagate or prefix == path)
        }

    def roles_on(self, subject: str, path: str) -> set[str]:
        """Roles of a user or a privilege-separated token on a path: the deepest grant counts."""
        kind = "token" if "!" in subject else "user"
        groups = {name for name, group in self.groups.items() if subject in group["users"]}
        result: set[str] = set()
        for prefix in prefixes(path):
            found = self._granted(kind, {subject}, prefix, path)
            if not found and kind == "user":
                found = self._granted("group", groups, prefix, path)
            if found:
                result = {"NoAccess"} if "NoAccess" in found else found
        return result

    def _own(self, subject: str, path: str) -> frozenset[str]:
        granted = (self.roles.get(role, frozenset()) for role in self.roles_on(subject, path))
        return frozenset().union(*granted)

    def held(self, subject: str, path: str) -> frozenset[str]:
        """Privileges of a user or token on one path."""
        if subject == ROOT:
            return self.privileges
        userid, _, tokenid = subject.partition("!")
        if not tokenid:
            return self._own(userid, path)
        token = self.users.get(userid, User()).tokens.get(tokenid)
        if token is None:
            return frozenset()
        if not token.privsep:
            return self.held(userid, path)
        return self._own(subject, path) & self.held(userid, path)


def prefixes(path: str) -> list[str]:
    """ "/", "/vms", "/vms/100" for "/vms/100"."""
    parts = [part for part in path.split("/") if part]
    return ["/"] + ["/" + "/".join(parts[: n + 1]) for n in range(len(parts))]


class Permissions:
    """Mixin: permission checks in the wording of the API."""

    access: Access
    version: str

    def allowed(self: Any, user: str, path: str, priv: str) -> bool:
        """True if `user` (or token) holds the privilege on the path, or on a pool around it."""
        if self.series == "8.4" and priv.startswith("VM.GuestAgent."):
            priv = "VM.Monitor"
        if user == ROOT:
            return True
        return any(priv in self.access.held(user, place) for place in self._places(path))

    def _places(self: Any, path: str) -> list[str]:
        places = [path]
        found = re.fullmatch(r"/(vms|storage)/([^/]+)", path)
        if found and found[1] == "vms" and found[2].isdigit():
            places += [f"/pool/{p}" for p, ids in self.pools.items() if int(found[2]) in ids]
        elif found and found[1] == "storage":
            places += [f"/pool/{p}" for p, m in self.pool_info.items() if found[2] in m["storage"]]
        return places

    def require(self: Any, user: str, path: str, *privs: str) -> None:
        """Raise the API's 403 unless `user` holds one of the privileges on the path."""
        if not any(self.allowed(user, path, priv) for priv in privs):
            raise PveError(403, f"Permission check failed ({path}, {'|'.join(privs)})")

    def check_permissions(
        self: Any, user: str | None, perms: Any, values: Params, declared: Any = None
    ) -> None:
        """Raise the API's 403 unless the method's rule lets `user` pass."""
        if user == ROOT or (perms or {}).get("user") == "world":
            return
        if perms is None:
            raise PveError(403, "Permission check failed (user != root@pam)")
        if "check" in perms:
            reason = self._refusal(user, perms["check"], values)
            if reason is not None:
                raise PveError(403, f"Permission check failed{reason and f' ({reason})'}")
        elif perms.get("user") != "all":
            raise PveError(403, "Permission check failed (user != root@pam)")

    def _refusal(self: Any, user: str, rule: list[Any], values: Params) -> str | None:
        """Why a rule refuses ("" without a reason), or None where it allows."""
        form = rule[0]
        if form in ("and", "or"):
            refusals = [self._refusal(user, sub, values) for sub in rule[1:]]
            if form == "or":
                return None if None in refusals else ""
            return next((refusal for refusal in refusals if refusal is not None), None)
        judges = {
            "perm": self._perm_refusal,
            "perm-modify": self._modify_rule_refusal,
            "userid-param": self._userid_refusal,
            "userid-group": self._group_refusal,
        }
        if form not in judges:
            return "user != root@pam"
        refusal: str | None = judges[form](user, rule, values)
        return refusal

    def _modify_rule_refusal(self: Any, user: str, rule: list[Any], values: Params) -> str | None:
        refusal: str | None = self._modify_refusal(user, str(values.get("path", "")))
        return refusal

    def _perm_refusal(self: Any, user: str, rule: list[Any], values: Params) -> str | None:
        options = dict(zip(rule[3::2], rule[4::2], strict=False))
        wanted = options.get("require_param")
        if wanted and values.get(wanted) is None:
            return ""
        path = re.sub(r"\{([^}]+)\}", lambda m: str(values.get(m[1]) or "-"), rule[1])
        path = "/" + "/".join(part for part in path.split("/") if part)
        if not re.fullmatch(r"[A-Za-z0-9./_-]+", path):
            path = ""
        held = [priv for priv in rule[2] if path and self.allowed(user, path, priv)]
        if options.get("any"):
            return None if held else f"{path}, {'|'.join(self._reported(rule[2]))}"
        missing = [priv for priv in rule[2] if priv not in held]
        return f"{path}, {missing[0]}" if missing else None

    def _reported(self: Any, privs: list[str]) -> list[str]:
        if self.series != "8.4":
            return privs
        return list(dict.fromkeys("VM.Monitor" if "GuestAgent" in p else p for p in privs))

    def _modify_refusal(self: Any, user: str, path: str) -> str | None:
        """Permissions.Modify, or the allocate privilege of a storage, guest or pool path."""
        path = "/" + "/".join(part for part in path.split("/") if part)
        privs = ["Permissions.Modify"]
        for prefix, priv in (
            ("/storage", "Datastore.Allocate"),
            ("/vms", "VM.Allocate"),
            ("/pool", "Pool.Allocate"),
        ):
            if path == prefix or path.startswith(prefix + "/"):
                privs.append(priv)
        if any(self.allowed(user, path, priv) for priv in privs):
            return None
        return f"{path}, {'|'.join(privs)}"

    def _userid_refusal(self: Any, user: str, rule: list[Any], values: Params) -> str | None:
        wanted = rule[1]
        userid = str(values.get("userid", ""))
        if wanted == "self":
            return None if userid == user else ""
        if wanted == "Realm.AllocateUser":
            path = f"/access/realm/{userid.rpartition('@')[2]}"
            return None if self.allowed(user, path, wanted) else f"{path}, {wanted}"
        return None if self.allowed(user, "/access", wanted) else f"/access, {wanted}"

    def _group_refusal(self: Any, user: str, rule: list[Any], values: Params) -> str | None:
        """The privilege on all groups, or on one group that the user is (to be) in."""
        privs = rule[1]
        options = dict(zip(rule[2::2], rule[3::2], strict=False))
        if any(self.allowed(user, "/access/groups", priv) for priv in privs):
            return None
        names = set(re.split(r"[\s,;]+", str(values.get("groups") or ""))) - {""}
        if options.get("groups_param") != "create":
            userid = values.get("userid")
            own = {g for g, group in self.access.groups.items() if userid in group["users"]}
            names = own
        if any(self.allowed(user, f"/access/groups/{g}", p) for g in names for p in privs):
            return None
        creating = options.get("groups_param") == "create"
        return f"/access/groups, {', '.join(privs)}" if creating else ""
