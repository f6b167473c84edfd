# SPDX-License-Identifier: GPL-3.0-or-later
"""A question is answered through the playbooks, and the conversation goes on where it was."""

from __future__ import annotations

from .conftest import Pipeline


def test_a_question_names_the_command_that_answers_it(pipeline: Pipeline) -> None:
    asked = pipeline.run("plan", "box", intent="VM called box with 2 GB RAM and 4 GB RAM").refused(
        "which is right?", "-e deployment=box -e answer='2 GB RAM'"
    )
    assert "playbooks/plan.yml" in asked.output
    assert '"2 GB RAM" memory 2 GiB' in " ".join(asked.output.split())
    assert not (pipeline.deployments / "box" / "plan.json").exists()

    pipeline.run("plan", "box", answer="purple").refused('"purple" answers nothing that is asked')
    answered = pipeline.run("plan", "box", answer="4 GB RAM").ok().output
    assert 'You answered: "4 GB RAM"' in answered
    first = pipeline.read("box", "plan")
    assert first["machines"][0]["memory_mib"] == 4096
    assert pipeline.read("box", "request")["reading"]["answers"] == ["4 GB RAM"]
    assert not (pipeline.deployments / "box" / "asked.json").exists()

    sentence = "VM called box with 2 GB RAM and 4 GB RAM"
    for said in ({"intent": sentence}, {"intent": sentence, "answer": "4 GB RAM"}):
        again = pipeline.run("plan", None, **said).ok().output
        assert "Deployment box, which this sentence made" in again
        assert pipeline.read("box", "plan")["machines"] == first["machines"]
