# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of add-ons: one file for each in ``entries``, read by plan and roles alike.

``resolve`` turns names into everything that is installed; ``release_of`` gives one add-on as a
role installs it. A place adds its own entries with folders (``site.catalogue_dirs``).
"""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._gitops import (
    ENGINES,
    gitops,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._given import (
    Given,
    near,
    of_site,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._loader import (
    Catalogue,
    CatalogueError,
    alerts,
    load_catalogue,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._release import (
    release_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._resolve import (
    Chosen,
    Resolution,
    resolve,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._schema import (
    STAGES,
    Amount,
    Check,
    Entry,
)

__all__ = [
    "ENGINES",
    "STAGES",
    "Amount",
    "Catalogue",
    "CatalogueError",
    "Check",
    "Chosen",
    "Entry",
    "Given",
    "Resolution",
    "alerts",
    "gitops",
    "load_catalogue",
    "near",
    "of_site",
    "release_of",
    "resolve",
]
