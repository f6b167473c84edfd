# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentence reaches the run as it was said, and names the deployment."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs
from ansible_collections.clusterwright.proxmox.plugins.action.intent import ActionModule, slug
from hypothesis import given
from hypothesis import strategies as st

SENTENCE = "HA cluster with monitoring"
BRACES = "vm named {{ lookup('pipe', 'id') }} from template 9000"


@pytest.fixture
def said(
    run_action: t.Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> t.Iterator[t.Callable[..., dict[str, t.Any]]]:
    """Run the action with what the command line, the variables and the environment say."""
    monkeypatch.delenv("CLUSTERWRIGHT_INTENT", raising=False)
    before = context.CLIARGS

    def run(
        command_line: tuple[str, ...] = (),
        variables: dict[str, t.Any] | None = None,
        environment: str | None = None,
        **args: t.Any,
    ) -> dict[str, t.Any]:
        context.CLIARGS = CLIArgs({"extra_vars": command_line})
        if environment is not None:
            monkeypatch.setenv("CLUSTERWRIGHT_INTENT", environment)
        return t.cast(
            "dict[str, t.Any]",
            run_action(
                ActionModule, task_vars=variables, **{"deployments_dir": str(tmp_path), **args}
            ),
        )

    yield run
    context.CLIARGS = before


@pytest.mark.parametrize(
    ("command_line", "variables", "environment", "text"),
    [
        (("intent=dev cluster",), {"intent": "dev"}, "from the environment", "dev cluster"),
        (("a=1", "intent=one", "intent=two words"), {}, None, "two words"),
        (('{"intent": "dev cluster"}',), {"intent": "dev cluster"}, "other", "dev cluster"),
        ((), {"intent": "of the inventory"}, "of the environment", "of the inventory"),
        ((), {}, "of the environment", "of the environment"),
        ((f"intent={BRACES}",), {}, None, BRACES),
        ((), {"intent": BRACES}, None, BRACES),
        ((), {}, BRACES, BRACES),
        (("intent=größer, bitte: 2 VMs = 4 GB",), {}, None, "größer, bitte: 2 VMs = 4 GB"),
        (("@intent=file.yml",), {"intent": "of the file"}, None, "of the file"),
        (("intent='HA cluster' provider=none",), {"intent": "HA cluster"}, None, "HA cluster"),
        (("deployment=lab intent=HA cluster",), {"intent": "HA"}, None, "HA cluster"),
        (("reason='on intent=x'",), {}, "of the environment", "of the environment"),
        (('intent="web1" is a vm',), {"intent": "web1"}, None, '"web1" is a vm'),
        ((r"intent=the team\'s GitLab",), {"intent": "the"}, None, "the team's GitLab"),
        (("intent=don't, can't",), {"intent": "don't, can't"}, None, "don't, can't"),
        (("intent=one\ntwo # three",), {"intent": "one"}, None, "one\ntwo # three"),
        (("intent=@home, 2 VMs",), {"intent": "@home,"}, None, "@home, 2 VMs"),
        (("intent=see https://x.org/?a=b",), {"intent": "see"}, None, "see https://x.org/?a=b"),
        (("intent=7",), {"intent": "7"}, None, "7"),
        ((), {"intent": 7}, None, "7"),
        ((), {"intent": True}, "of the environment", "yes"),
    ],
)
def test_where_the_sentence_comes_from(
    said: t.Callable[..., dict[str, t.Any]],
    command_line: tuple[str, ...],
    variables: dict[str, str],
    environment: str | None,
    text: str,
) -> None:
    assert said(command_line, variables, environment, deployment="lab")["text"] == text


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_nothing_said(said: t.Callable[..., dict[str, t.Any]], text: str) -> None:
    result = said(variables={"intent": text})
    assert result["failed"] and result["msg"].startswith("There is nothing to do: say what")


@pytest.mark.parametrize(
    ("value", "words"),
    [(["a"], "no text"), ({"a": 1}, "no text"), (None, "There is nothing to do")],
)
def test_what_is_no_sentence_is_refused(
    said: t.Callable[..., dict[str, t.Any]], value: t.Any, words: str
) -> None:
    result = said(variables={"intent": value})
    assert result["failed"] and words in result["msg"]


@pytest.mark.parametrize("variable", ["intent", "answer"])
@pytest.mark.parametrize("text", ["vm with cores=4", "dev approve=auto", "'a' vm, disk=9"])
def test_a_sentence_that_ansible_makes_variables_of_is_refused(
    said: t.Callable[..., dict[str, t.Any]], variable: str, text: str, tmp_path: Path
) -> None:
    result = said((f"{variable}={text}",), environment=SENTENCE, deployment="lab")
    assert result["failed"] and f"CLUSTERWRIGHT_{variable.upper()}" in result["msg"]
    assert "approve" in result["msg"] or "cores" in result["msg"] or "disk" in result["msg"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "answers"),
    [(2, ["2"]), (False, ["no"]), (4.5, ["4.5"]), ([True, 8], ["yes", "8"]), ("x", ["x"])],
)
def test_what_yaml_takes_for_something_else_is_the_answer_that_was_said(
    said: t.Callable[..., dict[str, t.Any]], answer: t.Any, answers: list[str]
) -> None:
    result = said(variables={"intent": SENTENCE, "answer": answer}, deployment="lab")
    assert result["answers"] == answers


@pytest.mark.parametrize("name", ["../evil", "Upper", "a b", "-a", "a-", "a" * 64, "a/b", "a\n"])
def test_bad_name(said: t.Callable[..., dict[str, t.Any]], name: str, tmp_path: Path) -> None:
    result = said(variables={"intent": SENTENCE}, deployment=name)
    assert result["failed"] and "is not valid" in result["msg"]
    assert list(tmp_path.iterdir()) == []


def test_what_is_stored_is_returned(
    said: t.Callable[..., dict[str, t.Any]], tmp_path: Path
) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/plan.json").write_text(json.dumps({"deployment": "lab"}))
    result = said(deployment="lab")
    assert result["directory"] == str(tmp_path / "lab")
    assert (result["plan"], result["request"]) == ({"deployment": "lab"}, None)


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00"])
def test_stored_file_that_cannot_be_read(
    said: t.Callable[..., dict[str, t.Any]], tmp_path: Path, content: str
) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/plan.json").write_text(content)
    result = said(deployment="lab")
    assert result["failed"] and str(tmp_path / "lab/plan.json") in result["msg"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("HA cluster with monitoring", "ha-cluster-with-monitoring"),
        ("A VM for the Größe", "vm-for-groe"),
        ("日本", "deployment"),
        ("one two three four five six seven eight", "one-two-three-four-five-six"),
    ],
)
def test_name_of_a_sentence(text: str, name: str) -> None:
    assert slug(text) == name


@given(st.text())
def test_every_sentence_names_a_valid_deployment(text: str) -> None:
    name = slug(text)
    assert 1 <= len(name) <= 63
    assert name == slug(text)
    assert name.strip("-") == name and name.replace("-", "").isalnum() and name.isascii()
