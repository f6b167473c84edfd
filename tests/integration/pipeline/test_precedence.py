# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line beats the inventory, the inventory the environment, that the default."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from .conftest import Pipeline

PLACES = ("command line", "inventory", "environment")
# Refused while it is read, so that a run takes a second; what it was is in the ledger.
SAID = "tell me a joke from the {place}"


@pytest.mark.parametrize("places", [PLACES, PLACES[1:], PLACES[2:]], ids=lambda p: p[:1])
def test_precedence(pipeline: Pipeline, places: tuple[str, ...]) -> None:
    """Each place says something else; the first of ``places`` counts."""
    providers = {"command line": "none", "inventory": "gemini", "environment": "ollama"}
    options: dict[str, t.Any] = {"deployments_dir": None, "deployment": "lab"}
    if "inventory" in places:
        extra = pipeline.folder / "inventory.yml"
        extra.write_text(
            yaml.safe_dump(
                {
                    "all": {
                        "vars": {
                            "intent": SAID.format(place="inventory"),
                            "provider": providers["inventory"],
                            "deployments_dir": str(pipeline.folder / "inventory"),
                        }
                    }
                }
            )
        )
        options["inventory"] = extra
    if "environment" in places:
        pipeline.environment.update(
            CLUSTERWRIGHT_INTENT=SAID.format(place="environment"),
            CLUSTERWRIGHT_PROVIDER=providers["environment"],
            CLUSTERWRIGHT_DEPLOYMENTS_DIR=str(pipeline.folder / "environment"),
        )
    if "command line" in places:
        options["intent"] = SAID.format(place="command line")
        options["provider"] = providers["command line"]
        options["deployments_dir"] = str(pipeline.folder / "command line")

    inventory = options.pop("inventory", None)
    more = ("-i", str(inventory)) if inventory else ()
    run = pipeline.run("plan", options.pop("deployment"), *more, **options)

    first = places[0]
    folder = pipeline.folder / first
    [found] = pipeline.runs("lab", folder)
    assert "Traceback" not in run.output
    assert found["config"] == {
        "intent": SAID.format(place=first),
        "provider": providers[first],
    }
