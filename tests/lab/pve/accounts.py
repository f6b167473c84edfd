# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, groups, roles, API tokens and the access control list."""

from __future__ import annotations

import re
import uuid
from typing import Any

from lab.pve.permissions import ROOT, AclEntry, Token, User
from lab.pve.wire import Params, PveError, die, param_error, split_list

USER_FIELDS = ("comment", "email", "firstname", "lastname", "keys", "enable", "expire")
ACL_PATHS = re.compile(
    r"/|/access(/(groups|realm)(/[^/]+)?)?|/(nodes|storage|vms)(/[^/]+)?|/pool(/.+)?"
    r"|/sdn(/.+)?|/mapping(/.+)?"
)
BUILTIN = "auto-generated role '{}' cannot be {}"


class Accounts:
    """Mixin: everything below /access but logging in."""

    def _lab_routes_accounts(self) -> list[tuple[str, str, Any]]:
        users, roles, groups = "/access/users", "/access/roles", "/access/groups"
        one, token = users + "/{userid}", users + "/{userid}/token/{tokenid}"
        return [
            ("GET", "/access/domains", self.list_realms),
            ("GET", users, self.list_users),
            ("POST", users, self.create_user),
            ("GET", one, self.read_user),
            ("PUT", one, self.update_user),
            ("DELETE", one, self.delete_user),
            ("GET", one + "/token", self.list_tokens),
            ("GET", token, self.read_token),
            ("POST", token, self.create_token),
            ("PUT", token, self.update_token),
            ("DELETE", token, self.delete_token),
            ("GET", roles, self.list_roles),
            ("POST", roles, self.create_role),
            ("GET", roles + "/{roleid}", self.read_role),
            ("PUT", roles + "/{roleid}", self.update_role),
            ("DELETE", roles + "/{roleid}", self.delete_role),
            ("GET", groups, self.list_groups),
            ("POST", groups, self.create_group),
            ("GET", groups + "/{groupid}", self.read_group),
            ("PUT", groups + "/{groupid}", self.update_group),
            ("DELETE", groups + "/{groupid}", self.delete_group),
            ("GET", "/access/acl", self.list_acl),
            ("PUT", "/access/acl", self.update_acl),
        ]

    async def list_realms(self, v: Params, user: str | None) -> list[dict[str, Any]]:
        return [
            {"realm": "pam", "type": "pam", "comment": "Linux PAM standard authentication"},
            {"realm": "pve", "type": "pve", "comment": "Proxmox VE authentication server"},
        ]

    # ------------------------------------------------------------------ users

    def _user(self: Any, userid: str) -> User:
        record: User | None = self.access.users.get(userid)
        if record is None:
            raise die(f"no such user ('{userid}')")
        return record

    def _groups_of(self: Any, userid: str) -> list[str]:
        return sorted(g for g, group in self.access.groups.items() if userid in group["users"])

    def _set_groups(self: Any, userid: str, wanted: str, fail: str, *, append: bool) -> None:
        names = split_list(wanted)
        for name in names:
            if name not in self.access.groups:
                raise die(f"{fail}no such group '{name}'")
        for name, group in self.access.groups.items():
            if name in names:
                group["users"].add(userid)
            elif not append:
                group["users"].discard(userid)

    def _user_view(self: Any, userid: str) -> dict[str, Any]:
        record = self._user(userid)
        view = {k: x for k, x in record.fields.items() if x not in (None, "")}
        view.setdefault("enable", 1)
        view.setdefault("expire", 0)
        return view

    async def list_users(self: Any, v: Params, user: str) -> list[dict[str, Any]]:
        out, own = [], user.partition("!")[0]
        for userid in sorted(self.access.users):
            visible = userid == own or any(
                self.allowed(user, path, priv)
                for path in ["/access/groups"]
                + [f"/access/groups/{g}" for g in self._groups_of(userid)]
                for priv in ("User.Modify", "Sys.Audit")
            )
            if not visible:
                continue
            item = {"userid": userid, "realm-type": userid.rpartition("@")[2]}
            item.update(self._user_view(userid))
            if v.get("full"):
                item["groups"] = ",".join(self._groups_of(userid))
                tokens = self.access.users[userid].tokens
                item["tokens"] = [{"tokenid": t, **token_view(x)} for t, x in tokens.items()]
            out.append(item)
        return out

    async def create_user(self: Any, v: Params, user: str) -> None:
        fail, userid = "create user failed: ", v["userid"]
        if userid in self.access.users:
            raise die(f"{fail}user '{userid}' already exists")
        self._set_groups(userid, v.get("groups", ""), fail, append=True)
        fields = {key: v[key] for key in USER_FIELDS if key in v}
        self.access.users[userid] = User(fields, password=v.get("password"))

    async def read_user(self: Any, v: Params, user: str) -> dict[str, Any]:
        view = self._user_view(v["userid"])
        tokens = self._user(v["userid"]).tokens
        view["groups"] = self._groups_of(v["userid"])
        view["tokens"] = {t: token_view(x) for t, x in tokens.items()} or None
        view.update({k: x for k, x in self._user(v["userid"]).fields.items() if x == ""})
        return dict(view)

    async def update_user(self: Any, v: Params, user: str) -> None:
        fail, userid = "update user failed: ", v["userid"]
        if userid not in self.access.users:
            raise die(f"{fail}no such user ('{userid}')")
        if v.get("groups") is not None:
            self._set_groups(userid, v["groups"], fail, append=bool(v.get("append")))
        record = self._user(userid)
        record.fields.setdefault("email", "")
        record.fields.update({key: v[key] for key in USER_FIELDS if key in v})

    async def delete_user(self: Any, v: Params, user: str) -> None:
        userid = v["userid"]
        if userid == ROOT:
            return
        self.access.users.pop(userid, None)
        for group in self.access.groups.values():
            group["users"].discard(userid)
        self._forget_acl(lambda e: e.subject == userid or e.subject.startswith(userid + "!"))

    def _forget_acl(self: Any, matches: Any) -> None:
        self.access.acl = {entry for entry in self.access.acl if not matches(entry)}

    # ----------------------------------------------------------------- tokens

    def _token(self: Any, v: Params) -> Token:
        token: Token | None = self._user(v["userid"]).tokens.get(v["tokenid"])
        if token is None:
            raise die(f"no such token '{v['tokenid']}' for user '{v['userid']}'")
        return token

    async def list_tokens(self, v: Params, user: str) -> list[dict[str, Any]]:
        tokens = self._user(v["userid"]).tokens
        return [{"tokenid": name, **token_view(token)} for name, token in tokens.items()]

    async def read_token(self, v: Params, user: str) -> dict[str, Any]:
        return token_view(self._token(v))

    async def create_token(self, v: Params, user: str) -> dict[str, Any]:
        tokens = self._user(v["userid"]).tokens
        if v["tokenid"] in tokens:
            raise param_error(tokenid="Token already exists.")
        info = {key: str(v[key]) for key in ("comment", "expire", "privsep") if key in v}
        token = Token(
            value=str(uuid.uuid4()),
            privsep=bool(int(v.get("privsep", 1))),
            expire=int(v.get("expire", 0)),
            comment=v.get("comment"),
        )
        tokens[v["tokenid"]] = token
        return {
            "full-tokenid": f"{v['userid']}!{v['tokenid']}",
            "value": token.value,
            "info": info if "privsep" in info else {**info, "privsep": 1},
        }

    async def update_token(self, v: Params, user: str) -> dict[str, Any]:
        token = self._token(v)
        token.comment = v.get("comment", token.comment)
        token.expire = int(v.get("expire", token.expire))
        token.privsep = bool(int(v.get("privsep", token.privsep)))
        view = token_view(token)
        view.update({key: str(v[key]) for key in ("expire", "privsep") if key in v})
        return view

    async def delete_token(self: Any, v: Params, user: str) -> None:
        self._token(v)
        del self._user(v["userid"]).tokens[v["tokenid"]]
        subject = f"{v['userid']}!{v['tokenid']}"
        self._forget_acl(lambda e: e.subject == subject)

    # ------------------------------------------------------------------ roles

    def _privileges(self: Any, text: Any) -> frozenset[str]:
        names = split_list(text)
        for name in names:
            if name not in self.access.privileges:
                raise param_error(privs=f"invalid format - invalid privilege '{name}'\n")
        return frozenset(names)

    async def list_roles(self: Any, v: Params, user: str) -> list[dict[str, Any]]:
        return [
            {
                "roleid": role,
                "privs": ",".join(sorted(privs)),
                "special": int(role in self.access.builtin),
            }
            for role, privs in self.access.roles.items()
        ]

    async def create_role(self: Any, v: Params, user: str) -> None:
        role, privs = v["roleid"], self._privileges(v.get("privs"))
        if role.lower().startswith("pve"):
            raise param_error(
                roleid="cannot use role ID starting with the (case-insensitive) 'PVE' namespace"
            )
        if role in self.access.roles:
            raise die(f"create role failed: role '{role}' already exists")
        self.access.roles[role] = privs

    async def read_role(self: Any, v: Params, user: str) -> dict[str, int]:
        if v["roleid"] not in self.access.roles:
            raise die(f"role '{v['roleid']}' does not exist")
        return dict.fromkeys(sorted(self.access.roles[v["roleid"]]), 1)

    async def update_role(self: Any, v: Params, user: str) -> None:
        role = v["roleid"]
        if role in self.access.builtin:
            raise die(BUILTIN.format(role, "modified"))
        if role not in self.access.roles:
            raise die(f"update role failed: role '{role}' does not exist")
        kept = self.access.roles[role] if v.get("append") else frozenset()
        self.access.roles[role] = kept | self._privileges(v.get("privs"))

    async def delete_role(self: Any, v: Params, user: str) -> None:
        role = v["roleid"]
        if role in self.access.builtin:
            raise die(BUILTIN.format(role, "deleted"))
        if role not in self.access.roles:
            raise die(f"delete role failed: role '{role}' does not exist")
        del self.access.roles[role]
        self._forget_acl(lambda e: e.role == role)

    # ----------------------------------------------------------------- groups

    def _group(self: Any, name: str, fail: str = "") -> dict[str, Any]:
        if name not in self.access.groups:
            raise die(f"{fail}group '{name}' does not exist")
        group: dict[str, Any] = self.access.groups[name]
        return group

    async def list_groups(self: Any, v: Params, user: str) -> list[dict[str, Any]]:
        out = []
        for name, group in sorted(self.access.groups.items()):
            privs = ("User.Modify", "Sys.Audit", "Group.Allocate")
            if any(self.allowed(user, f"/access/groups/{name}", p) for p in privs):
                item = {"groupid": name, "users": ",".join(sorted(group["users"]))}
                out.append(item | ({"comment": group["comment"]} if group["comment"] else {}))
        return out

    async def create_group(self: Any, v: Params, user: str) -> None:
        if v["groupid"] in self.access.groups:
            raise die(f"create group failed: group '{v['groupid']}' already exists")
        self.access.groups[v["groupid"]] = {"comment": v.get("comment", ""), "users": set()}

    async def read_group(self, v: Params, user: str) -> dict[str, Any]:
        group = self._group(v["groupid"])
        view: dict[str, Any] = {"members": sorted(group["users"])}
        return view | ({"comment": group["comment"]} if group["comment"] else {})

    async def update_group(self, v: Params, user: str) -> None:
        self._group(v["groupid"], "update group failed: ")["comment"] = v.get("comment", "")

    async def delete_group(self: Any, v: Params, user: str) -> None:
        name = v["groupid"]
        self._group(name, "delete group failed: ")
        del self.access.groups[name]
        self._forget_acl(lambda e: e.kind == "group" and e.subject == name)

    # -------------------------------------------------------------------- ACL

    async def list_acl(self: Any, v: Params, user: str) -> list[dict[str, Any]]:
        return [
            {
                "path": entry.path,
                "type": entry.kind,
                "ugid": entry.subject,
                "roleid": entry.role,
                "propagate": int(entry.propagate),
            }
            for entry in sorted(self.access.acl, key=lambda e: (e.path, e.kind, e.subject, e.role))
            if self._modify_refusal(user, entry.path) is None
            or self.allowed(user, "/access", "Sys.Audit")
        ]

    async def update_acl(self: Any, v: Params, user: str) -> None:
        subjects = [
            (kind, name)
            for kind in ("user", "group", "token")
            for name in split_list(v.get(kind + "s"))
        ]
        if not subjects:
            needed = "either 'users', 'groups' or 'tokens' is required."
            raise param_error(users=needed, groups=needed, tokens=needed)
        path = "/" + "/".join(part for part in v["path"].split("/") if part)
        if not ACL_PATHS.fullmatch(path):
            raise param_error(path=f"invalid ACL path '{v['path']}'")
        entries = set()
        for role in split_list(v["roles"]):
            if role not in self.access.roles:
                raise die(f"ACL update failed: role '{role}' does not exist")
            for kind, name in subjects:
                self._check_subject(kind, name)
                if user != ROOT:
                    self._check_delegation(user, path, role)
                entries.add((path, kind, name, role))
        self._forget_acl(lambda e: (e.path, e.kind, e.subject, e.role) in entries)
        if not v.get("delete"):
            propagate = bool(int(v.get("propagate", 1)))
            self.access.acl |= {AclEntry(*entry, propagate) for entry in entries}

    def _check_subject(self: Any, kind: str, name: str) -> None:
        fail = "ACL update failed: "
        if kind == "group":
            self._group(name, fail)
            return
        userid, _, tokenid = name.partition("!")
        record = self.access.users.get(userid)
        if record is None:
            raise die(f"{fail}user '{userid}' does not exist")
        if kind == "token" and tokenid not in record.tokens:
            raise die(f"{fail}no such token '{tokenid}' for user '{userid}'")

    def _check_delegation(self: Any, user: str, path: str, role: str) -> None:
        """Without Permissions.Modify one may only pass on what one holds."""
        if self.allowed(user, path, "Permissions.Modify"):
            return
        missing = [p for p in self.access.roles[role] if not self.allowed(user, path, p)]
        if missing:
            raise PveError(403, f"Permission check failed ({path}, Permissions.Modify)")


def token_view(token: Token) -> dict[str, Any]:
    """A token as every answer but the first shows it: without its value."""
    view: dict[str, Any] = {"expire": token.expire, "privsep": int(token.privsep)}
    return view | ({"comment": token.comment} if token.comment else {})
