# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials reach Terraform by its environment, and nothing else sneaks in there."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.environment import (
    Access,
    environment_for,
    secrets_in,
)

TOKEN = Access("https://pve:8006", user="a@pve", token_id="t", token_secret="s3cret")


@pytest.mark.parametrize(
    ("access", "expected", "absent"),
    [
        (TOKEN, {"PROXMOX_VE_API_TOKEN": "a@pve!t=s3cret"}, ["PROXMOX_VE_PASSWORD"]),
        (
            Access("https://pve:8006", user="root@pam", password="pw"),
            {"PROXMOX_VE_USERNAME": "root@pam", "PROXMOX_VE_PASSWORD": "pw"},
            ["PROXMOX_VE_API_TOKEN", "PROXMOX_VE_INSECURE", "SSL_CERT_FILE"],
        ),
        (
            Access("https://pve:8006", ca_path="/ca.pem", validate_certs=False),
            {"SSL_CERT_FILE": "/ca.pem", "PROXMOX_VE_INSECURE": "true"},
            [],
        ),
    ],
)
def test_access(access: Access, expected: dict[str, str], absent: list[str]) -> None:
    found = environment_for(access, {"PATH": "/bin"})
    assert expected.items() <= found.items()
    assert found["PROXMOX_VE_ENDPOINT"] == "https://pve:8006/" and found["PATH"] == "/bin"
    assert not [name for name in absent if name in found]


@pytest.mark.parametrize(
    "name",
    [
        "TF_VAR_machines",
        "TF_CLI_ARGS_apply",
        "TF_LOG",
        "TF_WORKSPACE",
        "TF_DATA_DIR",
        "PROXMOX_VE_API_TOKEN",
        "PROXMOX_VE_INSECURE",
    ],
)
def test_settings_that_change_a_plan_are_dropped(name: str) -> None:
    assert name not in environment_for(None, {name: "x"})


def test_cli_configuration_is_kept() -> None:
    assert environment_for(None, {"TF_CLI_CONFIG_FILE": "/rc"})["TF_CLI_CONFIG_FILE"] == "/rc"


@pytest.mark.parametrize(
    ("backend", "secret"),
    [
        ({"PG_CONN_STR": "postgres://u:hunter2@h/d"}, "hunter2"),
        ({"PG_CONN_STR": "host=h password=hunter2 user=u"}, "hunter2"),
        ({"AWS_SECRET_ACCESS_KEY": "k"}, "k"),
        ({"TF_HTTP_PASSWORD": "p"}, "p"),
    ],
)
def test_secrets_are_known(backend: dict[str, t.Any], secret: str) -> None:
    assert {secret, "s3cret"} <= set(secrets_in(TOKEN, backend))
    assert "s3cret" not in repr(TOKEN)
