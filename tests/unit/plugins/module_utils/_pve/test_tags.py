# SPDX-License-Identifier: GPL-3.0-or-later
"""Only the tags of a guest change, and only as long as nobody else changes the guest."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import tags
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError


class Api:
    """One VM with tags; ``race`` changes it between reading and writing, ``lost`` the answer."""

    def __init__(self, text: str, *, race: bool = False, lost: bool = False) -> None:
        self.config = {"name": "web", "tags": text, "digest": "1"}
        self.race, self.lost = race, lost
        self.written: list[dict[str, t.Any]] = []

    def get(self, path: str, params: t.Any = None) -> t.Any:
        if path == "/cluster/resources":
            return [{"vmid": 100, "node": "pve1", "type": "qemu"}]
        assert path == "/nodes/pve1/qemu/100/config"
        found = dict(self.config)
        if self.race:
            self.config["digest"] = "2"
        return found

    def put(self, path: str, data: t.Any) -> None:
        if data["digest"] != self.config["digest"]:
            raise PveError("checksum mismatch", status=500)
        self.written.append(dict(data))
        self.config["tags"] = data.get("tags", "")
        if self.lost:
            raise PveError("no answer", status=596)


@pytest.mark.parametrize(
    ("text", "add", "remove", "written"),
    [
        ("clusterwright;cw-shop;web", [], ["clusterwright", "cw-shop"], {"tags": "web"}),
        ("clusterwright;cw-shop", [], ["clusterwright", "cw-shop"], {"delete": "tags"}),
        ("web", ["eol-2026-12-31"], [], {"tags": "eol-2026-12-31;web"}),
        ("web", ["web"], ["gone"], None),
    ],
)
def test_tags_are_changed(
    text: str, add: list[str], remove: list[str], written: dict[str, str] | None
) -> None:
    api = Api(text)
    receipts = list(tags.change(api, [100, 999], add=add, remove=remove))
    assert api.written == ([{"digest": "1", **written}] if written else [])
    assert [receipt["outcome"] for receipt in receipts] == ["happened" if written else "not"]
    assert (receipts[0]["before"] != receipts[0]["after"]) is bool(written)


@pytest.mark.parametrize("text", ["", "clusterwright;cw-other", "mine"])
def test_a_guest_that_is_not_ours_any_more_keeps_its_tags(text: str) -> None:
    api = Api(text)
    given: dict[str, t.Any] = {"add": ["eol-2026-12-31"], "remove": ["clusterwright"]}
    [receipt] = tags.change(api, [100], carrying="cw-shop", **given)
    assert api.written == [] and receipt["before"] == receipt["after"]
    api = Api("clusterwright;cw-shop")
    [receipt] = tags.change(api, [100], carrying="cw-shop", **given)
    assert api.written == [{"digest": "1", "tags": "cw-shop;eol-2026-12-31"}]


def test_a_change_of_somebody_else_is_never_overwritten() -> None:
    api = Api("web", race=True)
    receipts = tags.change(api, [100], add=["x"])
    assert next(receipts, {})["outcome"] == "not"
    with pytest.raises(PveError, match="checksum"):
        next(receipts, None)
    assert api.config["tags"] == "web"


def test_a_lost_answer_is_looked_up() -> None:
    api = Api("web", lost=True)
    [receipt] = tags.change(api, [100], add=["x"])
    assert receipt["outcome"] == "happened" and len(api.written) == 1


def test_check_mode_only_tells() -> None:
    api = Api("web")
    [receipt] = tags.change(api, [100], add=["x"], check=True)
    assert api.written == [] and receipt["outcome"] == "not"
