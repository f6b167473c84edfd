# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall: what differs from the base class."""

from __future__ import annotations

from typing import Any

from lab.pve.wire import Params


class Firewall:
    """Mixin: a single rule tells its position as text, lists tell it as a number."""

    async def _fw_rule_get(self: Any, scope: str, v: Params, user: str) -> Params:
        rule = await super()._fw_rule_get(scope, v, user)  # type: ignore[misc]
        return {**rule, "pos": str(rule["pos"])}
