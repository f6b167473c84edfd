# SPDX-License-Identifier: GPL-3.0-or-later
"""An applied run is taken back: shown first, approved like any change, told what cannot be."""

from __future__ import annotations

import re
import typing as t

from .conftest import VM, Pipeline

SHA = re.compile(r"approve=([0-9a-f]{64})")


def test_a_run_is_taken_back(pipeline: Pipeline) -> None:
    small = VM.format(name="shop")
    pipeline.run("provision", "shop", intent=small, approve="auto").ok()
    planned = pipeline.run("plan", "shop", intent=small.replace("2 GB", "4 GB")).ok().output
    pipeline.run("apply", "shop", approve=SHA.findall(planned)[0]).ok()
    changing = pipeline.runs("shop")[0]["workflow_id"]
    assert changing[:8] in pipeline.run("status", "shop").ok().output

    pipeline.lab.forget_calls()
    shown = pipeline.run("undo", run=changing[:8])
    shown.refused("memory_mib", "4096", "2048", "waits for its approval")
    assert pipeline.lab.writes() == []
    pipeline.run("undo", run=changing[:8], approve=SHA.findall(shown.output)[-1]).ok()
    assert pipeline.read("shop", "applied")["how"] == "undo"
    assert pipeline.read("shop", "applied")["plan"]["machines"][0]["memory_mib"] == 2048
    assert "No drift." in pipeline.run("drift", "shop").ok().output

    pipeline.run("undo", run="ffffffff").refused("no run that is known")

    [vmid] = [vmid for vmid, name in pipeline.guests().items() if name == "shop"]
    node = pipeline.read("shop", "applied")["plan"]["machines"][0]["node"]
    pipeline.lab.api("POST", f"/nodes/{node}/vzdump", vmid=str(vmid), storage="nas-backup")
    first = pipeline.runs("shop")[-1]["workflow_id"]
    pipeline.run("undo", run=first).refused("shop was made by the run and would go", "consent=shop")
    shown = pipeline.run("undo", run=first, consent="shop")
    sha256 = SHA.findall(shown.refused("delete shop", "waits for its approval").output)[-1]
    pipeline.run("undo", run=first, consent="shop", approve=sha256).ok()
    assert vmid not in pipeline.guests()
    last = pipeline.runs("shop")[0]["workflow_id"]
    pipeline.run("undo", "shop", run=last).refused(
        f"shop (VMID {vmid}) was deleted by the run and is gone for good",
        f"its newest backup is nas-backup:backup/vzdump-qemu-{vmid}-",
    )
    pipeline.run("forget", "shop").ok()


def test_where_four_eyes_are_asked_for_somebody_else_takes_it_back(pipeline: Pipeline) -> None:
    site = pipeline.lab.site()
    site["environments"] = {"development": {"four_eyes": True}}
    said: dict[str, t.Any] = {"site": site}
    ada, bob = ({**said, "by": name} for name in ("ada", "bob"))
    small = VM.format(name="shop")
    for intent in (small, small.replace("2 GB", "4 GB")):
        planned = pipeline.run("plan", "shop", intent=intent, **ada).ok().output
        pipeline.run("apply", "shop", approve=SHA.findall(planned)[-1], **bob).ok()
    run = pipeline.runs("shop")[0]["workflow_id"]
    shown = pipeline.run("undo", run=run, **ada).refused("ada asked for it").output
    approve = SHA.findall(shown)[-1]
    pipeline.run("undo", run=run, approve=approve, **ada).refused("ada asked for it and cannot")
    pipeline.run("undo", run=run, approve=approve, **bob).ok()
    assert pipeline.read("shop", "applied")["how"] == "undo"
    pipeline.run("destroy", "shop", confirm="shop").ok()


def test_guests_that_came_or_went_as_they_are_are_no_undoing(pipeline: Pipeline) -> None:
    pipeline.run("provision", "stall", intent=VM.format(name="stall"), approve="auto").ok()
    pipeline.run("release", "stall").ok()
    [vmid] = [vmid for vmid, name in pipeline.guests().items() if name == "stall"]
    let_go = pipeline.runs("stall")[0]["workflow_id"]
    pipeline.run("undo", "stall", run=let_go).refused(
        "let go of stall and deleted nothing", "imports"
    )
    pipeline.run("import", "stall", imports={"stall": vmid}).ok()
    took_over = pipeline.runs("stall")[0]["workflow_id"]
    pipeline.lab.forget_calls()
    pipeline.run("undo", "stall", run=took_over).refused(
        "took over stall and made nothing", "release"
    )
    assert pipeline.lab.writes() == [] and vmid in pipeline.guests()
    pipeline.run("destroy", "stall", confirm="stall", consent="stall").ok()
