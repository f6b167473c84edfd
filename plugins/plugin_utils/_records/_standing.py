# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a deployment has come, in words, from what its own folder tells."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.records import (
    APPLIED_VARIABLES,
    read_journal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import Folder

TERRAFORM = "terraform"
"""Folder of a deployment in which Terraform works."""


def standing(folder: Folder) -> str:
    """Return what of a deployment is applied, for the middle of a sentence.

    Raises:
        RecordError: a record is damaged.
    """
    applied, place = folder.applied(), folder.path / TERRAFORM
    journal = read_journal(place)
    broken_off = journal is not None and not journal.finished
    if applied is not None:
        later = ", a later apply did not come to its end" if broken_off else ""
        return f"applied {applied['at'][:19]}{later}"
    if broken_off:
        return "an apply of it did not come to its end"
    if (place / APPLIED_VARIABLES).is_file():
        return "applied, and the run ended before that was recorded"
    return "nothing of it is applied"
