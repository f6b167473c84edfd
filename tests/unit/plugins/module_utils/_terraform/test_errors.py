# SPDX-License-Identifier: GPL-3.0-or-later
"""What Terraform prints becomes one sentence, without secrets."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    explain,
    redact,
)

LOCKED = """
╷
│ Error: Error acquiring the state lock
│
│ Error message: resource temporarily unavailable
│ Lock Info:
│   ID:        f0
│   Who:       ada@controller
│   Version:   1.11.4
│   Created:   2026-11-21 10:00:00.1 +0000 UTC
╵
"""
WRAPPED = """
Error: error creating VM: received an HTTP 403 response - Reason: Permission
check failed (/vms/100, VM.Clone)

  with proxmox_virtual_environment_vm.machine["a"],
  on vms.tf line 3, in resource "proxmox_virtual_environment_vm" "machine":
   3: resource "proxmox_virtual_environment_vm" "machine" {

Warning: Argument is deprecated
"""


@pytest.mark.parametrize(
    ("output", "step", "words"),
    [
        (LOCKED, "plan", "locked by ada@controller since 2026-11-21 10:00:00.1:"),
        (
            "Error: No such job 'backup-cw-demo-daily'",
            "plan",
            "was removed on Proxmox VE: forget it with `terraform state rm ADDRESS`",
        ),
        (WRAPPED, "apply", "lacks the privilege VM.Clone on /vms/100"),
        ("Error: received an HTTP 403 response", "apply", "lacks a privilege"),
        ("Error: received an HTTP 401 response", "plan", "refuses the credentials"),
        ("Error: authentication failure", "plan", "refuses the credentials"),
        ("Error: write /x: no space left on device", "plan", "disk that holds /d is full"),
        ("Error: Failed to query available provider packages", "init", "provider cannot be had"),
        ("Error: Inconsistent dependency lock file", "plan", "provider cannot be had"),
        ("Error: Unsupported Terraform Core version", "init", "install version 1.10"),
        ("Error: x509: certificate signed by unknown authority", "plan", "name its CA in ca_path"),
        ("Error: dial tcp 10.0.0.1:8006: connect: connection refused", "plan", "API cannot be"),
        ("Error: dial tcp 10.0.0.1:5432: connect: connection refused", "init", "state backend"),
        (
            "Error: Error refreshing state: HTTP remote state endpoint requires auth",
            "plan",
            "state ba",
        ),
        ("Error: HTTP remote state endpoint invalid auth", "plan", "backend_environment"),
        ("Error: No valid credential sources found", "init", "state backend"),
        ("Error: Backend configuration changed", "init", "terraform init -migrate-state"),
        ("Error: Saved plan is stale", "apply", "plan again"),
        ("Error: something new", "apply", "Terraform failed: Error: something new"),
        ("", "apply", "it printed nothing"),
    ],
)
def test_explain(output: str, step: str, words: str) -> None:
    message = explain(output, step=step, directory="/d")
    assert words in message
    assert "\n" not in message and "│" not in message


def test_where_in_the_module_and_warnings_are_left_out() -> None:
    message = explain(WRAPPED, step="apply")
    assert "vms.tf" not in message and "deprecated" not in message


def test_long_errors_are_shortened() -> None:
    assert len(explain("Error: " + "x" * 10_000)) < 800


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: PVEAPIToken=a@pve!t=11111111-2222-3333-4444-555555555555",
        "token a@pve!t=11111111-2222-3333-4444-555555555555 refused",
        "postgres://tf:hunter2hunter2@db/x",
        "PVEAuthCookie=PVE:root@pam:6B0143DF::c2VjcmV0",
        "PVE:root@pam:6B0143DF::c2VjcmV0",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----",
        "the password is plain-secret",
    ],
)
def test_secrets_are_redacted(text: str) -> None:
    shown = redact(text, ["plain-secret"])
    for secret in ("555555555555", "hunter2", "c2VjcmV0", "plain-secret"):
        assert secret not in shown
