# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a sentence in English, French or German: statements with quotes, and code's account of them.

``clean`` → clauses → statements → ``account`` → ``request``; the same text and vocabulary give
the same result.
"""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._account import (
    account,
    meaning,
    understood,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import (
    clean,
    fold,
    template_syntax,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

__all__ = ["Vocabulary", "account", "clean", "fold", "meaning", "template_syntax", "understood"]
