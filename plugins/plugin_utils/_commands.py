# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that a person can run next, worded as this run was started."""

from __future__ import annotations

import json
import os
import re
import shlex
import typing as t

#: Variables of one run, or of the command that is told; everything else comes along.
OF_ONE_RUN = frozenset(
    (
        "intent",
        "intent_file",
        "request",
        "answer",
        "answer_file",
        "reading",
        "insist",
        "deployment",
        "refine",
        "approve",
        "consent",
        "confirm",
        "takeover",
        "replan",
        "imports",
        "run",
        "proposal",
        "machines",
        "end_of_life",
        "freeze",
        "scope",
        "reason",
        "a",
        "b",
        "pin",
        "pin_method",
        "pin_token_file",
        "pin_ca_path",
        "export",
        "acknowledge",
        "make",
        "renew",
        "days",
        # Who runs it: the command may be for somebody else.
        "awx_user_name",
    )
)
#: Every playbook that a message may point to.
PLAYBOOKS = (
    "provision",
    "size",
    "plan",
    "apply",
    "status",
    "list",
    "drift",
    "validate",
    "document",
    "destroy",
    "import",
    "undo",
    "plans",
    "diff",
    "release",
    "retire",
    "forget",
    "freeze",
)
_SECRET = re.compile(r"(password|passwd|secret|token|api_?key)$", re.IGNORECASE)
_COLLECTION = "clusterwright.proxmox"


def commands(
    cli: t.Mapping[str, t.Any], default_inventory: t.Sequence[str] = (), deployment: str = ""
) -> dict[str, str]:
    """Return the command of each playbook, for ``deployment`` when it is given.

    ``again`` is that of the playbook that runs, where it is one of them.

    ``cli``: the parsed command line of ansible-playbook (``args``, ``inventory``, ``extra_vars``
    …). Inventory, vault options and extra variables are those of this run, without what belongs
    to this run only; secrets are left to the person. ``default_inventory``: what is used when
    none is named.
    """
    options = _options(cli, tuple(default_inventory))
    named = ["-e", f"deployment={deployment}"] if deployment else []
    given = next(iter(cli.get("args") or ()), "")
    again = given.rpartition("/")[2].removesuffix(".yml").rpartition(".")[2]
    wanted = {name: name for name in PLAYBOOKS} | {"again": again if again in PLAYBOOKS else "plan"}
    return {
        key: " ".join(map(_quoted, ["ansible-playbook", _playbook(given, name), *options, *named]))
        for key, name in wanted.items()
    }


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w@%+=:,./~…-]+", word) else shlex.quote(word)


def _playbook(given: str, name: str) -> str:
    """Return the playbook as this run named its own: by file, or by the collection."""
    folder, _slash, file = given.rpartition("/")
    if file.endswith(".yml") and file.removesuffix(".yml") in PLAYBOOKS:
        return os.path.join(folder, f"{name}.yml")
    return f"{_COLLECTION}.{name}"


def _options(cli: t.Mapping[str, t.Any], default_inventory: tuple[str, ...]) -> list[str]:
    words: list[str] = []
    inventories = tuple(cli.get("inventory") or ())
    if inventories != default_inventory:
        for inventory in inventories:
            words += ["-i", _near(str(inventory))]
    if cli.get("ask_vault_pass"):
        words.append("--ask-vault-pass")
    for file in cli.get("vault_password_files") or ():
        words += ["--vault-password-file", _near(str(file))]
    for name in cli.get("vault_ids") or ():
        words += ["--vault-id", str(name)]
    for said in cli.get("extra_vars") or ():
        for kept in _kept(str(said)):
            words += ["-e", kept]
    return words


def _near(path: str) -> str:
    """Return a path below the current folder as a person writes it."""
    if "," in path or not os.path.isabs(path):
        return path
    short = os.path.relpath(path)
    return path if short.startswith("..") else short


def _kept(said: str) -> t.Iterator[str]:
    """Yield what of one ``-e`` holds for the next command as well."""
    if said.startswith("@"):
        yield f"@{_near(said[1:])}"
        return
    key, _equals, value = said.partition("=")
    if key in OF_ONE_RUN and not value.startswith(("'", '"')):
        return  # a sentence, whatever it holds
    if said.lstrip().startswith("{"):
        import yaml

        try:
            found = yaml.safe_load(said)
        except yaml.YAMLError:
            return
        kept = {key: _shown(key, value) for key, value in found.items() if key not in OF_ONE_RUN}
        if kept:
            yield json.dumps(kept, ensure_ascii=False)
        return
    try:
        words = shlex.split(said)
    except ValueError:
        return
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key not in OF_ONE_RUN:
            yield f"{key}={_shown(key, value)}"


def _shown(key: str, value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: _shown(str(name), item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shown(key, item) for item in value]
    return "…" if _SECRET.search(key) and value else value
