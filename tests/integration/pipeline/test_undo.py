# SPDX-License-Identifier: GPL-3.0-or-later
"""An applied run is taken back: shown first, approved like any change, told what cannot be."""

from __future__ import annotations

import re

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

    first = pipeline.runs("shop")[-1]["workflow_id"]
    pipeline.run("undo", run=first).refused("made everything that shop has", "destroy")
    pipeline.run("undo", run="ffffffff").refused("no run that is known")
    pipeline.run("destroy", "shop", confirm="shop").ok()
