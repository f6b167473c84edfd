# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger says is of another deployment is neither made nor destroyed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger

from .conftest import VM, Pipeline


@contextmanager
def of_another(pipeline: Pipeline, vmid: int) -> Iterator[None]:
    """Have the ledger say that another deployment has a VMID."""
    ledger = Ledger(str(pipeline.deployments / "ledger.sqlite"))
    ledger.release("solo")
    ledger.reserve("other", [{"name": "other", "vmid": vmid, "address": None}])
    try:
        yield
    finally:
        ledger.release("other")
        ledger.close()


def test_ids_of_another_deployment_are_left_alone(pipeline: Pipeline) -> None:
    planned = pipeline.run("plan", "solo", intent=VM.format(name="solo")).ok().output
    [sha256] = re.findall(r"approve=([0-9a-f]{64})$", planned, re.M)
    vmid = pipeline.read("solo", "plan")["machines"][0]["vmid"]
    taken = f"Vmid {vmid} was taken by deployment other"
    with of_another(pipeline, vmid):
        pipeline.run("apply", "solo", approve=sha256).refused(taken)
    assert pipeline.lab.writes() == []

    pipeline.run("apply", "solo", approve=sha256).ok()
    pipeline.lab.forget_calls()
    with of_another(pipeline, vmid):
        pipeline.run("destroy", "solo", confirm="solo").refused(taken)
    assert pipeline.lab.writes() == [] and vmid in pipeline.guests()
    pipeline.run("destroy", "solo", confirm="solo").ok()
    assert vmid not in pipeline.guests()
