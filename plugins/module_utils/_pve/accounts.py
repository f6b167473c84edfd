# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, roles, tokens and rights of ours on Proxmox VE, made by an administrator's login.

Every step is found by comparing with what is there, and told before it is done. A user that does
not say in its comment that it is ours is left alone.
"""

from __future__ import annotations

import os
import secrets
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth

MARK = "clusterwright"
Data = t.Mapping[str, t.Any]


class Administrator(t.Protocol):
    """What is needed of a client; tests pass a fake."""

    def get(self, path: str, params: t.Mapping[str, str | int] | None = None) -> t.Any:
        """Return the data of the answer to a GET request."""

    def put(self, path: str, data: t.Mapping[str, str | int]) -> t.Any:
        """Return the data of the answer to a PUT request."""

    def post(self, path: str, data: t.Mapping[str, str | int]) -> t.Any:
        """Return the data of the answer to a POST request."""

    def delete(self, path: str) -> t.Any:
        """Return the data of the answer to a DELETE request."""


class AccountsError(Exception):
    """What is there is not ours to change; one plain sentence."""


@dataclass(frozen=True)
class Step:
    """One change: a sentence, and the call that does it.

    ``secret_file`` is where the secret goes that a new token's answer holds, ``before`` has what
    the fields are now.
    """

    what: str
    method: t.Literal["POST", "PUT", "DELETE"]
    path: str
    fields: Data
    secret_file: Path | None = None
    before: Data = field(default_factory=dict)

    @property
    def receipt(self) -> dict[str, t.Any]:
        """Return what is announced of it; no field holds a secret."""
        whose = [self.path, *(str(self.fields[key]) for key in _WHOSE if key in self.fields)]
        return {
            "what": f"credential {self.method}",
            "target": " ".join(whose)[:255],
            "before": dict(self.before),
            "after": dict(self.fields),
            "outcome": "happened",
        }


#: Fields that say which of the entries below one address is meant.
_WHOSE = ("poolid", "roleid", "userid", "path", "users", "roles")


def steps(
    api: Administrator,
    wanted: Data,
    *,
    now: float,
    works: t.Callable[[Data], bool],
    renew: bool = False,
) -> list[Step]:
    """Return what lacks, in the order in which it can be made.

    Args:
        api: client of an administrator.
        wanted: ``pool``, ``roles`` (name to privileges) and ``accounts``, each with ``user``,
            ``token``, ``expire``, ``comment``, ``grants`` and ``secret_file``.
        now: seconds of the Unix epoch.
        works: whether the secret that is here opens the token of an account.
        renew: make a token anew whose secret is not here.

    Raises:
        AccountsError: a user is somebody else's or disabled, or a secret is not here.
        PveError: the API refuses.
    """
    found = list(_pool(api, wanted["pool"]))
    found += _roles(api, wanted["roles"])
    acl = api.get("/access/acl")
    users = {str(user["userid"]) for user in api.get("/access/users")}
    for account in wanted["accounts"]:
        there = api.get(f"/access/users/{account['user']}") if account["user"] in users else None
        found += _user(account, there, now)
        found += _rights(account, acl)
        expired = 0 < int((there or {}).get("expire") or 0) < now
        found += _token(account, there, works, renew=renew, expired=expired)
    return found


def carry_out(api: Administrator, step: Step) -> None:
    """Do one step; the secret of a token is in its file afterwards, or the token is gone again.

    Raises:
        AccountsError: the secret cannot be kept.
        PveError: the API refuses.
    """
    if step.secret_file is None:
        call = {"POST": api.post, "PUT": api.put}
        if step.method == "DELETE":
            api.delete(step.path)
        else:
            call[step.method](step.path, dict(step.fields))
        return
    part = step.secret_file.with_name(f".{step.secret_file.name}.{secrets.token_hex(4)}")
    try:
        # Everything that can fail without a token fails before there is one.
        step.secret_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise AccountsError(_not_kept(step.secret_file, error)) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            value = str(api.post(step.path, dict(step.fields))["value"])
            try:
                file.write(f"{value}\n")
                file.flush()
                part.replace(step.secret_file)
            except OSError as error:
                api.delete(step.path)
                raise AccountsError(_not_kept(step.secret_file, error)) from None
    finally:
        part.unlink(missing_ok=True)


def _not_kept(file: Path, error: OSError) -> str:
    return f"No token was made: its secret cannot be kept in {file} ({error.strerror})."


def _pool(api: Administrator, pool: str) -> t.Iterator[Step]:
    if pool not in {str(entry["poolid"]) for entry in api.get("/pools")}:
        yield Step(f"make the pool {pool}", "POST", "/pools", {"poolid": pool})


def _roles(api: Administrator, roles: Data) -> t.Iterator[Step]:
    there = {
        str(role["roleid"]): set(str(role.get("privs") or "").replace(",", " ").split())
        for role in api.get("/access/roles")
    }
    for name, privileges in sorted(roles.items()):
        fields = {"privs": ",".join(privileges)}
        if name not in there:
            yield Step(
                f"make the role {name} ({', '.join(privileges)})",
                "POST",
                "/access/roles",
                {"roleid": name, **fields},
            )
        elif there[name] != set(privileges):
            yield Step(
                f"give the role {name} exactly {', '.join(privileges)}",
                "PUT",
                f"/access/roles/{name}",
                fields,
                before={"privs": ",".join(sorted(there[name]))},
            )


def _user(account: Data, there: Data | None, now: float) -> t.Iterator[Step]:
    user, expire = account["user"], int(account["expire"])
    fields = {"expire": expire, "comment": account["comment"]}
    if there is None:
        yield Step(f"make the user {user}", "POST", "/access/users", {"userid": user, **fields})
        return
    if not str(there.get("comment") or "").startswith(MARK):
        raise AccountsError(
            f"The user {user} is there, and its comment does not begin with {MARK}: it is somebody"
            " else's. Name another one in site.credentials."
        )
    if not truth(there.get("enable", 1)):
        raise AccountsError(
            f"The user {user} is disabled; somebody did that. Enable it with"
            f" pveum user modify {user} --enable 1."
        )
    if not _holds(int(there.get("expire") or 0), expire, now):
        yield Step(
            f"let the user {user} end another day",
            "PUT",
            f"/access/users/{user}",
            fields,
            before={key: there[key] for key in fields if key in there},
        )


def _holds(end: int, wanted: int, now: float) -> bool:
    """Return whether an end stays: none is later than wanted, and half of the time is left."""
    return end == wanted or (wanted > 0 and now + (wanted - now) / 2 <= end <= wanted)


def _rights(account: Data, acl: t.Iterable[Data]) -> t.Iterator[Step]:
    user = account["user"]
    wanted = {(g["path"], g["role"]): bool(g["propagate"]) for g in account["grants"]}
    there = {
        (str(entry["path"]), str(entry["roleid"])): truth(entry.get("propagate", 1))
        for entry in acl
        if entry["type"] == "user" and entry["ugid"] == user
    }
    for (path, role), propagate in wanted.items():
        if there.get((path, role)) is not propagate:
            below = "" if propagate else ", and nothing below it"
            yield Step(
                f"give {user} the role {role} on {path}{below}",
                "PUT",
                "/access/acl",
                {"path": path, "roles": role, "users": user, "propagate": int(propagate)},
                before={"propagate": int(there[path, role])} if (path, role) in there else {},
            )
    for path, role in sorted(there.keys() - wanted.keys()):
        yield Step(
            f"take the role {role} on {path} from {user}",
            "PUT",
            "/access/acl",
            {"path": path, "roles": role, "users": user, "delete": 1},
            before={"propagate": int(there[path, role])},
        )


def _token(
    account: Data,
    there: Data | None,
    works: t.Callable[[Data], bool],
    *,
    renew: bool,
    expired: bool,
) -> t.Iterator[Step]:
    name = f"{account['user']}!{account['token']}"
    path = f"/access/users/{account['user']}/token/{account['token']}"
    file = Path(account["secret_file"])
    tokens = (there or {}).get("tokens") or {}
    if account["token"] in tokens:
        # Nothing opens the token of a user that has ended, until it ends another day.
        if (expired and file.is_file()) or works(account):
            return
        if not renew:
            raise AccountsError(
                f"The token {name} is there, but {file} does not hold its secret: copy that file"
                " from where it was made, or make the token anew with -e renew=true, which ends"
                " the former one."
            )
        yield Step(f"remove the token {name}", "DELETE", path, {})
    what = f"make the token {name}, its secret in {file}"
    yield Step(what, "POST", path, {"privsep": 0, "comment": account["comment"]}, file)


__all__ = ["AccountsError", "Administrator", "Step", "carry_out", "steps"]
