# SPDX-License-Identifier: GPL-3.0-or-later
"""Partners without a wire, for the loop's own tests (the wire has tests of its own)."""

from __future__ import annotations

import itertools
import json
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import (
    Partner,
    read_settings,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review import Task, review
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._decide import (
    as_asked,
    identified,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    request as request_of,
)
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

Json = dict[str, t.Any]
Script = t.Callable[[Json], str]


def partner(script: Script, prompts: list[str] | None = None, **settings: t.Any) -> Partner:
    """Return a partner whose model answers by the script; prompts are kept as they were sent."""

    def answer(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        prompt = str(messages[-1].parts[-1].content)
        if prompts is not None:
            prompts.append(prompt)
        return ModelResponse(parts=[TextPart(script(json.loads(prompt)))])

    model = FunctionModel(answer, model_name="scripted")
    return Partner("scripted", read_settings(settings), model)


def task(request: Request, facts: Snapshot | None, site: Site) -> Task:
    """Return the task of a request, as the door to a plan makes it."""

    offers: dict[str, dict[str, dict[str, int]]] = {}

    def planned(proposal: t.Any = None) -> Plan:
        wanted = identified(request, proposal)
        plan = size(wanted, facts, site, proposal=proposal, offers=offers)
        return as_asked(plan, request, proposal)

    return Task(request, facts, site, planned, offers)


def app(**fields: t.Any) -> Request:
    """Return a request for software without a document: of its sizes a model may choose."""
    thing = {"type": "machines", "id": "t1", "software": [{"family": "audiobookshelf"}]}
    thing |= fields.pop("said", {})
    return request_of(things=[thing], **{"environment": "development", **fields})


def reviewed(
    request: Request, facts: Snapshot | None, site: Site, script: Script, **settings: t.Any
) -> Plan:
    """Return the plan of a request after a review by the script."""
    prompts: list[str] | None = settings.pop("prompts", None)
    opened = partner(script, prompts, **settings)
    return review(task(request, facts, site), "scripted", partner=opened)


def in_turn(*scripts: Script) -> Script:
    """Return a script that plays these one after another, over and over."""
    turn = itertools.cycle(scripts)

    def script(prompt: Json) -> str:
        return next(turn)(prompt)

    return script
