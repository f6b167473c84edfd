# SPDX-License-Identifier: GPL-3.0-or-later
"""Literals of a request: names, addresses, VLANs, templates, storages, versions, systems.

Each literal is taken out of the text (blanked), so that its digits are never read as a size.
"""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.backups import (
    find_backups,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Lexicon,
    Vocabulary,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.literals import (
    Entities,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.names import (
    find_existing,
    find_names,
    find_relative,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.places import (
    find_network,
    find_places,
    find_sources,
    find_systems,
)

__all__ = ["Entities", "extract"]


def extract(text: str, lexicon: Lexicon, vocabulary: Vocabulary) -> Entities:
    """Take the literals out of a cleaned text."""
    found = Entities(text=text)
    _blank_links(found)
    found.backups = find_backups(found, lexicon, vocabulary)
    find_relative(found, vocabulary)
    find_names(found)
    find_sources(found)
    find_network(found)
    find_systems(found, lexicon)
    find_places(found, vocabulary)
    find_existing(found, lexicon, vocabulary)
    return found


def _blank_links(found: Entities) -> None:
    for match in reversed(list(re.finditer(r"\b[a-z][a-z0-9+]*://\S+", found.folded))):
        found.blank(*match.span())
