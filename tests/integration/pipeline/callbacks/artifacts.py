# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep what set_stats set as AWX keeps the artifacts of a job, in the file that ARTIFACTS names."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Writes the statistics of the whole run at its end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "artifacts"

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Write the artifacts."""
        Path(os.environ["ARTIFACTS"]).write_text(json.dumps(stats.custom.get("_run", {})))
