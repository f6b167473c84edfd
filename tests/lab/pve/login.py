# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in: tickets, cross-site tokens and API tokens."""

from __future__ import annotations

import hmac
import time
import urllib.parse
from typing import Any

from aiohttp import web

from lab.pve.permissions import ROOT, User
from lab.pve.wire import Params, PveError, param_error, split_list

TOKEN_SCHEME = "PVEAPIToken="
COOKIE = "PVEAuthCookie"
# A refused login answers after this many (simulated) seconds.
REFUSAL_SECONDS = 3.0
# Privileges of the login answer's "cap", by the part of the tree that they govern.
CAPABILITIES = {
    "vms": ("/vms", ("VM.", "Permissions.Modify")),
    "storage": ("/storage", ("Datastore.", "Permissions.Modify")),
    "nodes": ("/nodes", ("Sys.", "Permissions.Modify")),
    "dc": ("/", ("SDN.", "Sys.Audit", "Sys.Modify")),
    "access": ("/access", ("Group.Allocate", "User.Modify", "Permissions.Modify")),
    "sdn": ("/sdn", ("SDN.", "Permissions.Modify")),
    "mapping": ("/mapping", ("Mapping.", "Permissions.Modify")),
}


class Login:
    """Mixin: who sends a request."""

    async def authenticate(self: Any, request: web.Request) -> str:
        """The user or token of a request; raises the API's 401."""
        header = request.headers.get("Authorization", "")
        if header.startswith(TOKEN_SCHEME):
            return str(await self._token_user(header.removeprefix(TOKEN_SCHEME)))
        ticket = request.cookies.get(COOKIE)
        if header.startswith(f"{COOKIE}="):
            ticket = header.removeprefix(f"{COOKIE}=")
        if not ticket:
            raise PveError(401, "No ticket")
        session = self.tickets.get(ticket) or self.tickets.get(urllib.parse.unquote(ticket))
        if session is None or not self._is_usable(session):
            await self.pause(REFUSAL_SECONDS)
            raise PveError(401, "Authentication failed!")
        csrf = request.headers.get("CSRFPreventionToken", "")
        if request.method not in ("GET", "HEAD") and not same(csrf, session["csrf"]):
            raise PveError(401, "Permission denied - invalid csrf token")
        return str(session["user"])

    def _is_usable(self: Any, session: dict[str, Any]) -> bool:
        record = self.access.users.get(session["user"])
        return bool(record and record.active and session["expires"] >= time.time())

    async def _token_user(self: Any, credentials: str) -> str:
        subject, _, value = credentials.partition("=")
        userid, _, tokenid = subject.partition("!")
        user = self.access.users.get(userid)
        token = user.tokens.get(tokenid) if user else None
        usable = (
            token is not None
            and user.active
            and same(value, token.value)
            and not 0 < token.expire < time.time()
        )
        if not usable:
            await self.pause(REFUSAL_SECONDS)
            raise PveError(401, "Authentication failed!")
        return subject

    def check_password(self: Any, user: str, password: str) -> bool:
        """True if the password, or a valid ticket in its place, is the user's."""
        record: User | None = self.access.users.get(user)
        session = self.tickets.get(password)
        if session and session["user"] == user and self._is_usable(session):
            return True
        return bool(
            record and record.active and record.password and same(password, record.password)
        )

    def _lab_routes_login(self) -> list[tuple[str, str, Any]]:
        return [
            ("POST", "/access/ticket", self.login),
            ("GET", "/access/ticket", self.ticket_index),
            ("PUT", "/access/password", self.change_password),
            ("GET", "/access/permissions", self.own_permissions),
        ]

    async def ticket_index(self, v: Params, user: str) -> None:
        return None

    async def login(self: Any, v: Params, user: str | None) -> dict[str, Any]:
        name = v["username"]
        if "@" not in name:
            name = f"{name}@{v.get('realm', 'pam')}"
        if not self.check_password(name, v["password"]):
            await self.pause(REFUSAL_SECONDS)
            raise PveError(401, "authentication failure")
        answer: dict[str, Any] = {"username": name, "cap": self.capabilities(name)}
        if "path" in v:
            for priv in split_list(v.get("privs")):
                self.require(name, v["path"], priv)
        else:
            answer["ticket"], answer["CSRFPreventionToken"] = self.issue_ticket(name)
        if len(self.nodes) > 1 and self.allowed(name, "/", "Sys.Audit"):
            answer["clustername"] = self.cluster_name
        return answer

    def capabilities(self: Any, user: str) -> dict[str, dict[str, int]]:
        def own(path: str, names: tuple[str, ...]) -> dict[str, int]:
            return {p: 1 for p in sorted(self.access.held(user, path)) if p.startswith(names)}

        return {part: own(path, names) for part, (path, names) in CAPABILITIES.items()}

    async def change_password(self: Any, v: Params, user: str) -> None:
        userid = v["userid"]
        record = self.access.users.get(userid)
        if record is None:
            raise PveError(500, f"no such user ('{userid}')")
        if user not in (userid, ROOT):
            self.require(user, "/access", "User.Modify")
        if user != ROOT:
            confirmation = v.get("confirmation-password")
            if confirmation is None:
                raise param_error(
                    **{"confirmation-password": "password is required to modify user"}
                )
            if not self.check_password(user, confirmation):
                raise PveError(500, "authentication failure")
        record.password = v["password"]

    async def own_permissions(self: Any, v: Params, user: str) -> dict[str, dict[str, int]]:
        who = v.get("userid") or user
        if who not in (user, user.partition("!")[0]) and not who.startswith(f"{user}!"):
            self.require(user, "/access", "Sys.Audit")
        paths = [v["path"]] if v.get("path") else self._permission_paths(who)
        out = {}
        for path in paths:
            held = {p for place in self._places(path) for p in self.access.held(who, place)}
            if held:
                below = path.rstrip("/") + "/below"
                out[path] = {p: int(who == ROOT or p in self.access.held(who, below)) for p in held}
        return out

    def _permission_paths(self: Any, who: str) -> list[str]:
        top = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"]
        granted = {entry.path for entry in self.access.acl}
        pooled = [f"/vms/{vmid}" for ids in self.pools.values() for vmid in ids]
        return sorted({*top, *granted, *pooled})


def same(given: str, right: str) -> bool:
    """Compare secrets without telling by time where they differ."""
    return hmac.compare_digest(given.encode(), right.encode())
