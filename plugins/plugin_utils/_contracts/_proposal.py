# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposal: what a model chose among the options of the rules; checked, never trusted."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Proposal:
    """Numbers that a model proposes, per group.

    ``groups`` maps a group's name to some of count, cores, memory_mib and disk_gib,
    ``reasons`` a group's name to one sentence. ``families`` says which known family the words of
    unknown software mean, ``drivers`` numbers that go with it and that the request did not state.
    """

    groups: t.Mapping[str, t.Mapping[str, int]] = field(default_factory=dict)
    reasons: t.Mapping[str, str] = field(default_factory=dict)
    families: t.Mapping[str, str] = field(default_factory=dict)
    drivers: t.Mapping[str, float] = field(default_factory=dict)
