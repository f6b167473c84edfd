# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a sentence in English, French or German into a Request, without a model.

``read_request`` is pure and deterministic: the same text and vocabulary give the same Request.
"""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Request,
    require,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.build import build
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.entry import (
    app_description,
    read_json,
    refusal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.followup import (
    follow_up,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Vocabulary,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import scan
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.structured import (
    read_structured,
)


def read_request(
    text: str, *, vocabulary: Vocabulary | None = None, previous: Request | None = None
) -> Request:
    """Return what ``text`` asks for.

    ``vocabulary`` adds names of software and the names that exist at the site. With ``previous``
    the text is a follow-up: an answer to its question, or a change of what it names.
    Raises ``RuntimeError`` when pydantic is missing; any text gives a Request.
    """
    require()
    names = vocabulary or Vocabulary()
    if previous is not None:
        return follow_up(text, previous, names)
    given = read_json(text)
    if given is not None:
        return given
    try:
        described = app_description(text)
    except ContractError as error:
        return refusal(text, "entry", str(error))
    return build(scan(described or text, names), names)


__all__ = ["Vocabulary", "read_request", "read_structured"]
