# SPDX-License-Identifier: GPL-3.0-or-later
"""When credentials end: the user, the API token, whichever is first."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError

#: How long before its end a credential is worth a word.
SOON_DAYS = 30


class Reader(t.Protocol):
    """What is needed of a client; tests pass a fake."""

    def get(self, path: str, params: t.Mapping[str, str | int] | None = None) -> t.Any:
        """Return the data of the answer to a GET request."""


def end_of(api: Reader, identity: str) -> str | None:
    """Return when a credential ends, RFC 3339; None when it never does or that cannot be seen.

    Args:
        api: client of a credential that may look at its user (Sys.Audit on /access/groups).
        identity: user@realm, with !name for an API token.
    """
    user, _mark, token = identity.partition("!")
    try:
        found = api.get(f"/access/users/{user}") or {}
    except PveError:
        return None
    kept = (found.get("tokens") or {}).get(token) or {}
    ends = [end for end in (int(item.get("expire") or 0) for item in (found, kept)) if end]
    if not ends:
        return None
    return datetime.datetime.fromtimestamp(min(ends), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def told(identity: str, ends: str | None, now: datetime.datetime) -> str | None:
    """Return the sentence about a credential that ends soon; None for every other one."""
    if ends is None:
        return None
    end = datetime.datetime.fromisoformat(ends)
    if end > now + datetime.timedelta(days=SOON_DAYS):
        return None
    return (
        f"The credential {identity} ends on {end:%Y-%m-%d}; nothing can be read or changed with it"
        " any more then. The playbook doctor lets reader and writer end another day (-e make=true);"
        " of any other one an administrator changes the end of its user or token."
    )
