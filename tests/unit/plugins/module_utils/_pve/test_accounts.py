# SPDX-License-Identifier: GPL-3.0-or-later
"""Both credentials made by an administrator's login: once, exactly, and nothing of others."""

from __future__ import annotations

import re
import stat
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import accounts, client
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import (
    UnauthorizedError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor import (
    examine,
    wanted,
)
from lab.pve import PveServer
from lab.pve.permissions import AclEntry
from unit.plugins.plugin_utils._doctor.test_doctor import BEYOND, SITE, connection, facts, made

NOW = 1_800_000_000.0
DAY = 86_400
END = int(NOW) + 100 * DAY
SITE_BEYOND = {**SITE, **BEYOND}


class Place:
    """A simulated cluster, an administrator, and a folder for secrets."""

    def __init__(self, pve: PveServer, folder: Path) -> None:
        self.pve, self.folder = pve, folder
        token = pve.make_token("root@pam", "admin")
        self.api = client.connect(connection(pve, token))
        self.wanted = wanted(SITE_BEYOND, facts(pve, token), END)
        for account in self.wanted["accounts"]:
            account["secret_file"] = str(folder / account["purpose"])

    def token(self, purpose: str) -> str:
        account = next(a for a in self.wanted["accounts"] if a["purpose"] == purpose)
        secret = Path(account["secret_file"]).read_text().strip()
        return f"{account['user']}!{account['token']}={secret}"

    def works(self, account: t.Mapping[str, t.Any]) -> bool:
        try:
            client.connect(connection(self.pve, self.token(account["purpose"]))).get("/version")
        except (OSError, UnauthorizedError):
            return False
        return True

    def steps(self, *, renew: bool = False, now: float = NOW) -> list[accounts.Step]:
        return accounts.steps(self.api, self.wanted, now=now, works=self.works, renew=renew)

    def make(self, *, renew: bool = False) -> list[str]:
        done = self.steps(renew=renew)
        for step in done:
            accounts.carry_out(self.api, step)
        return [step.what for step in done]


@pytest.fixture(params=["8.4", "9.1"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with PveServer(version=request.param) as server:
        yield Place(server, tmp_path / "secrets")


def test_a_second_run_changes_nothing_and_nothing_is_missing(place: Place) -> None:
    looked = [step.what for step in place.steps()]
    assert looked == [step.what for step in place.steps()], "looking changes nothing"
    assert place.make() == looked
    assert place.make() == []
    for purpose in ("reader", "writer"):
        file = place.folder / purpose
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        held = facts(place.pve, place.token(purpose))
        found = examine(purpose, SITE_BEYOND, held)  # type: ignore[arg-type]
        assert (found.missing, found.excess) == ((), ())
    assert sorted(path.name for path in place.folder.iterdir()) == ["reader", "writer"]


def test_it_makes_what_the_commands_make(place: Place) -> None:
    place.make()
    with PveServer(version=place.pve.state.series) as other:
        made(other, SITE_BEYOND)
        ours, theirs = place.pve.state.access, other.state.access
        lists = [{e for e in a.acl if "clusterwright" in e.subject} for a in (ours, theirs)]
        assert lists[0] == lists[1] and ours.roles == theirs.roles
        users = {
            name: user.fields | {"expire": 0}
            for name, user in ours.users.items()
            if name.startswith("clusterwright")
        }
        assert len(users) == 2
        assert all(theirs.users[name].fields | {"expire": 0} == f for name, f in users.items())


def test_rights_that_should_not_be_are_taken_away(place: Place) -> None:
    place.make()
    writer = "clusterwright-writer@pve"
    place.pve.state.access.acl.add(AclEntry("/vms", "user", writer, "PVEVMAdmin"))
    place.pve.state.access.roles["ClusterwrightNetwork"] = frozenset({"SDN.Audit"})
    assert place.make() == [
        "give the role ClusterwrightNetwork exactly SDN.Audit, SDN.Use",
        f"take the role PVEVMAdmin on /vms from {writer}",
    ]
    assert place.make() == []


@pytest.mark.parametrize(
    ("end", "moved"),
    [
        (END, False),
        (END - 10 * DAY, False),
        (END - 49 * DAY, False),
        (END - 51 * DAY, True),
        (int(NOW) - DAY, True),
        (END + DAY, True),
        (0, True),
    ],
)
def test_an_end_stays_while_half_of_the_time_is_left(place: Place, end: int, moved: bool) -> None:
    place.make()
    place.pve.state.access.users["clusterwright-reader@pve"].fields["expire"] = end
    told = ["let the user clusterwright-reader@pve end another day"] if moved else []
    assert [step.what for step in place.steps()] == told


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"comment": "backup of Ada"}, "somebody else's"),
        ({"comment": ""}, "somebody else's"),
        ({"enable": 0}, "is disabled"),
    ],
)
def test_a_user_of_somebody_else_is_left_alone(
    place: Place, fields: dict[str, t.Any], words: str
) -> None:
    place.make()
    user = place.pve.state.access.users["clusterwright-writer@pve"]
    user.fields.update(fields)
    with pytest.raises(accounts.AccountsError, match=words):
        place.steps()


def test_a_token_whose_secret_is_elsewhere_is_only_renewed_when_told(place: Place) -> None:
    place.make()
    former = place.token("writer")
    (place.folder / "writer").unlink()
    with pytest.raises(accounts.AccountsError, match=re.escape("-e renew=true")):
        place.steps()
    assert [what.split(",")[0] for what in place.make(renew=True)] == [
        "remove the token clusterwright-writer@pve!provision",
        "make the token clusterwright-writer@pve!provision",
    ]
    assert place.token("writer") != former and place.make() == []


def test_no_token_is_left_whose_secret_cannot_be_kept(place: Place) -> None:
    place.folder.write_text("a file where the folder should be")
    with pytest.raises(accounts.AccountsError, match="cannot be kept"):
        place.make()
    users = place.pve.state.access.users
    assert users["clusterwright-reader@pve"].tokens == {}
