# SPDX-License-Identifier: GPL-3.0-or-later
"""The account that a process runs under."""

from __future__ import annotations

import os
import pwd


def account() -> str:
    """Return the name of the process's account, ``uid N`` for one without a name.

    The system is asked: USER and LOGNAME are what anybody sets them to.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
