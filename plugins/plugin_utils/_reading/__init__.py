# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a sentence in English, French or German: statements with quotes, and code's account of them.

``clean`` → clauses → statements → ``account`` → ``request``; the same text and vocabulary give
the same result.
"""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._account import (
    account,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._agree import agree
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._answers import (
    Answered,
    Judged,
    told,
    with_answers,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import (
    clean,
    fold,
    template_syntax,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._entry import (
    read,
    read_request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Record,
    record,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._request import (
    request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._settings import (
    Setting,
    setting_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._structured import (
    read_structured,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._understood import (
    Understood,
    meaning,
    understood,
    understood_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

__all__ = [
    "Answered",
    "Judged",
    "Record",
    "Setting",
    "Understood",
    "Vocabulary",
    "account",
    "agree",
    "clean",
    "fold",
    "meaning",
    "read",
    "read_request",
    "read_structured",
    "record",
    "request",
    "setting_of",
    "template_syntax",
    "told",
    "understood",
    "understood_of",
    "with_answers",
]
