# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change says in short: one more, one less, and of whom more of something is asked."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachineWish,
    Question,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import Reading

#: Words for fewer machines; of sizes they are a tendency.
FEWER = frozenset({"less", "fewer", "moins", "weniger"})
DROPPED = frozenset({"drop", "delete", "without"})
MORE_WORDS = 3
MEMORY = "noun.memory"
MAX_DELTA = 100


def bare_difference(reading: Reading, previous: Request) -> Request | None:
    """Return the change of "one more" or "two fewer", None when more than that is said.

    Of a cluster it is a question: servers or workers.
    """
    words = [token for token in reading.tokens if token.kind != "mark" and not token.has("op.add")]
    numbers = [token for token in words if token.kind == "num"]
    others = [token for token in words if token.kind != "num"]
    if len(others) != 1 or len(numbers) > 1 or len(words) > MORE_WORDS:
        return None
    number = int(numbers[0].value) if numbers else 1
    fewer = others[0].word in FEWER
    if not (fewer and numbers) and not (
        others[0].has("word.more") and (numbers or _another(others))
    ):
        return None
    if not 0 < number <= MAX_DELTA:
        return None
    update: dict[str, t.Any] = {"operation": "change", "text": reading.text, "findings": ()}
    if previous.kind == "cluster":
        text = f"{reading.text.strip()} of what, servers or workers?"
        question = Question(field="change", text=text[:1].upper() + text[1:])
        return previous.model_copy(update={**update, "answer": "ask", "questions": (question,)})
    wish = MachineWish(role="vm", count_delta=-number if fewer else number)
    nothing: dict[str, t.Any] = {"apps": (), "components": (), "drivers": {}, "totals": {}}
    return previous.model_copy(update={**update, **nothing, "machines": (wish,)})


def _another(words: t.Sequence[t.Any]) -> bool:
    return any(token.word in ("another", "noch") for token in words)


def addressed(request: Request, reading: Reading, previous: Request) -> Request:
    """Return the change with an address that was said alone, as one about the only machine."""
    addresses = reading.entities.addresses
    if request.machines or previous.kind == "cluster" or len(addresses) != 1:
        return request
    wish = MachineWish(role="vm", address=addresses[0])
    update = {"answer": "plan", "kind": previous.kind, "reply": None, "machines": (wish,)}
    return request.model_copy(update={**update, "platform": previous.platform})


def refined(request: Request, reading: Reading) -> Request:
    """Return the change with counts and added sizes as differences, of the role that was named."""
    if request.kind == "cluster":
        return request.model_copy(update={"machines": _of_role(request.machines, reading)})
    machines, sign = request.machines, _sign(reading)
    if sign:
        machines = tuple(_as_difference(wish, sign) for wish in machines)
    elif any(head.article for head in reading.heads):
        machines = tuple(wish.model_copy(update={"count": None}) for wish in machines)
    if any(token.has("op.add") for token in reading.tokens):
        machines = tuple(_added(wish) for wish in machines)
        if any(wish.memory_delta_mib for wish in machines) and not reading.mentions(MEMORY):
            text = "Of what, memory or disk?"
            question = Question(field="change", text=text)
            return request.model_copy(update={"answer": "ask", "questions": (question,)})
    return request.model_copy(update={"machines": machines})


def _added(wish: MachineWish) -> MachineWish:
    """Return "add 4 GB to the database" as a difference; of new machines it is their size."""
    if wish.count is not None or wish.count_delta is not None:
        return wish
    sizes = {"cores": "cores_delta", "memory_mib": "memory_delta_mib", "disk_gib": "disk_delta_gib"}
    update: dict[str, t.Any] = {}
    for size, delta in sizes.items():
        said = getattr(wish, size)
        if said is not None:
            update |= {size: None, delta: said}
    return wish.model_copy(update=update)


def _of_role(machines: tuple[MachineWish, ...], reading: Reading) -> tuple[MachineWish, ...]:
    """Give "more memory for the servers" to the servers, when it names no other role."""
    servers = reading.mentions("role.server", "kind.server_word")
    agents = reading.mentions("role.worker")
    if servers == agents or len(machines) != 1 or machines[0].role != "node":
        return machines
    return (machines[0].model_copy(update={"role": "server" if servers else "agent"}),)


def _sign(reading: Reading) -> int:
    """Return whether machines are added (1) or removed (-1); 0 when an end state is said."""
    words = {token.word for token in reading.tokens}
    if any(token.has("op.remove", "op.destroy") for token in reading.tokens) or words & (
        FEWER | DROPPED
    ):
        return -1
    return 1 if any(token.has("op.add", "word.more") for token in reading.tokens) else 0


def _as_difference(wish: MachineWish, sign: int) -> MachineWish:
    sized = (wish.factor, wish.tendency, wish.cores_delta, wish.memory_delta_mib)
    if wish.count is None or (*sized, wish.disk_delta_gib) != (None,) * 5:
        return wish
    return wish.model_copy(update={"count": None, "count_delta": sign * wish.count})
