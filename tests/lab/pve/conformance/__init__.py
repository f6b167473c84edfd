# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the simulated Proxmox VE with recorded answers of the real one.

`python -m lab.pve.conformance --golden DIR` replays each recorded request and
says how many statuses, messages and shapes equal the recorded ones.
"""

from __future__ import annotations

from lab.pve.conformance.compare import Comparison, Score
from lab.pve.conformance.replay import replay_file

__all__ = ["Comparison", "Score", "replay_file"]
