# SPDX-License-Identifier: GPL-3.0-or-later
"""The next command is worded as the person worded this one, and holds no secret."""

from __future__ import annotations

import shlex
import typing as t
from pathlib import Path

import pytest
from ansible import constants as C
from ansible.cli.playbook import PlaybookCLI
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._commands import commands

PLAN = "clusterwright.proxmox.plan"


def next_after(typed: str, *, default: t.Sequence[str] = tuple(C.DEFAULT_HOST_LIST)) -> str:
    """Return the apply command after a command that was typed."""
    cli = PlaybookCLI(shlex.split(typed))
    cli.init_parser()
    options = cli.post_process_args(cli.parser.parse_args(cli.args[1:]))
    return commands(vars(options), default, "web")["apply"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("-e intent='dev cluster'", ""),
        ("-i inventory -e intent='dev cluster' -e deployment=old", " -i inventory"),
        ("-i inventory/hosts.yml --check", " -i inventory/hosts.yml"),
        ("-i localhost, -e intent=x", " -i localhost,"),
        ("-i /etc/own -e intent=x", " -i /etc/own"),
        ("-e lab_name=demo -e intent='an HA cluster'", " -e lab_name=demo"),
        ("-e 'provider=gemini approve=auto'", " -e provider=gemini"),
        ("-e provider=gemini -e awx_user_name=ada", " -e provider=gemini"),
        ("""-e "intent='a vm' provider=gemini" """, " -e provider=gemini"),
        ("-e 'intent=vm with x=1'", ""),
        ("-e @vars.yml --ask-vault-pass", " --ask-vault-pass -e @vars.yml"),
        ("""-e '{"consent": ["a"], "rollback": false}'""", """ -e '{"rollback": false}'"""),
        ("""-e '{"intent": "a vm"}'""", ""),
        ("-e proxmox_api_token_secret=abc", " -e proxmox_api_token_secret=…"),
        (
            """-e '{"provider_settings": {"api_key": "abc", "model": "m"}}'""",
            """ -e '{"provider_settings": {"api_key": "…", "model": "m"}}'""",
        ),
    ],
)
def test_apply_after_plan(
    typed: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = next_after(f"ansible-playbook {PLAN} {typed}")
    assert said == f"ansible-playbook clusterwright.proxmox.apply{told} -e deployment=web"


@pytest.mark.parametrize(
    ("playbook", "told"),
    [
        ("playbooks/plan.yml", "playbooks/apply.yml"),
        ("/srv/clusterwright/playbooks/size.yml", "/srv/clusterwright/playbooks/apply.yml"),
        ("site.yml", "clusterwright.proxmox.apply"),
    ],
)
def test_a_playbook_is_named_as_this_one_was(playbook: str, told: str) -> None:
    said = next_after(f"ansible-playbook {playbook} -e intent=x")
    assert said == f"ansible-playbook {told} -e deployment=web"


def test_the_default_inventory_is_not_named() -> None:
    default = ("/srv/inventory",)
    assert "-i" not in next_after(f"ansible-playbook {PLAN} -i /srv/inventory", default=default)
