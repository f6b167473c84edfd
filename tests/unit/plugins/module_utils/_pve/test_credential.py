# SPDX-License-Identifier: GPL-3.0-or-later
"""A token in a private file stands in for the login of the other options, or is refused."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import Connection
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import (
    BadOptionsError,
)

SECRET = "7b3f0c52-0000-4000-8000-canarycanary"
OTHER: dict[str, t.Any] = {
    "api_host": "pve1.example.com",
    "api_user": "root@pam",
    "api_password": "another",
}


def credential(file: Path, *name: str) -> dict[str, str]:
    return {"token_id": name[0] if name else "a@pve!b", "secret_file": str(file)}


def private(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "secret"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_each_purpose_has_its_own_login(tmp_path: Path) -> None:
    options = {**OTHER, "writer": credential(private(tmp_path, f"{SECRET}\n"))}
    writer = Connection.from_options(options, "writer")
    assert (writer.identity, writer.token_secret, writer.password) == ("a@pve!b", SECRET, None)
    for purpose in (None, "reader"):
        found = Connection.from_options(options, purpose)  # type: ignore[arg-type]
        assert (found.identity, found.password) == ("root@pam", "another")
    assert SECRET not in repr(writer)


@pytest.mark.parametrize(
    ("text", "mode", "token_id", "words"),
    [
        (SECRET, 0o640, "a@pve!b", "can be read by others: chmod 600"),
        (SECRET, 0o604, "a@pve!b", "can be read by others: chmod 600"),
        ("", 0o600, "a@pve!b", "does not hold the secret"),
        (f"{SECRET}\n{SECRET}", 0o600, "a@pve!b", "does not hold the secret"),
        (SECRET, 0o600, "b", "write user@realm!name"),
        (SECRET, 0o600, "a@pve", "write user@realm!name"),
        (SECRET, 0o600, "a!b", "write user@realm!name"),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, text: str, mode: int, token_id: str, words: str
) -> None:
    file = private(tmp_path, text, mode)
    with pytest.raises(BadOptionsError, match=words) as refused:
        Connection.from_options({**OTHER, "reader": credential(file, token_id)}, "reader")
    assert SECRET not in str(refused.value)


def test_a_secret_that_is_not_there_names_who_makes_it(tmp_path: Path) -> None:
    options = {**OTHER, "reader": credential(tmp_path / "none")}
    with pytest.raises(BadOptionsError, match="playbook doctor makes"):
        Connection.from_options(options, "reader")
