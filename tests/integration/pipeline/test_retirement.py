# SPDX-License-Identifier: GPL-3.0-or-later
"""Where four eyes are asked for, a deletion carries a request, its tag, and a second person."""

from __future__ import annotations

import datetime
import re

from .conftest import VM, Pipeline

SHA = re.compile(r"approve=([0-9a-f]{64})")
TODAY = datetime.datetime.now(datetime.UTC).date().isoformat()


def test_a_machine_goes_by_request_tag_and_second_person(pipeline: Pipeline) -> None:
    site = pipeline.lab.site()
    site["environments"] = {"development": {"four_eyes": True}}
    intent = VM.format(name="shop")
    ada = {"site": site, "by": "ada"}
    bob = {"site": site, "by": "bob"}

    planned = pipeline.run("plan", "shop", intent=intent, **ada).ok().output
    approve = SHA.findall(planned)[-1]
    pipeline.run("apply", "shop", approve=approve, **ada).refused("ada asked for it and cannot")
    pipeline.run("apply", "shop", approve=approve, **bob).ok()

    pipeline.lab.forget_calls()
    for gone in ("destroy", "release"):
        pipeline.run(gone, "shop", confirm="shop", **bob).refused(
            "Nobody has asked for the end of shop", "retire"
        )
    assert pipeline.lab.writes() == []
    for wrong, told in (
        ({"end_of_life": "2027-13-01"}, "end_of_life=YYYY-MM-DD"),
        ({"end_of_life": TODAY, "machines": "shpo"}, "shop has no shpo; it has shop."),
    ):
        pipeline.run("retire", "shop", **wrong, **ada).refused(told)
    pipeline.run("retire", "shop", end_of_life=TODAY, **ada).ok()
    [tags] = [
        guest["tags"]
        for guest in pipeline.lab.api("GET", "/cluster/resources?type=vm")
        if guest["name"] == "shop"
    ]
    assert f"eol-{TODAY}" in tags.split(";")
    assert "No drift." in pipeline.run("drift", "shop", **ada).ok().output
    again = pipeline.run("plan", "shop", intent=intent, **ada).ok().output
    assert "there is nothing to approve" in again

    pipeline.run("destroy", "shop", confirm="shop", **ada).refused("ada asked for it and cannot")
    pipeline.run("release", "shop", **ada).refused("ada asked for it and cannot")
    # Who lets go has left nothing behind: taken back, the same rules hold.
    pipeline.run("release", "shop", **bob).ok()
    vmid = next(vmid for vmid, name in pipeline.guests().items() if name == "shop")
    pipeline.run("import", "shop", imports={"shop": vmid}, **bob).ok()
    assert "env-development" in pipeline.read("shop", "applied")["plan"]["machines"][0]["tags"]
    pipeline.run("destroy", "shop", confirm="shop", consent="shop", **bob).refused(
        "does not carry the tag eol-"
    )
    pipeline.run("retire", "shop", end_of_life=TODAY, **ada).ok()
    pipeline.run("destroy", "shop", confirm="shop", consent="shop", **bob).ok()
    assert "shop" not in pipeline.guests().values()
