# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Take the person's sentence as text that is never a template; see the module's docs."""

from __future__ import annotations

import json
import os
import re
import typing as t
import unicodedata
from pathlib import Path

from ansible.errors import AnsiblePromptNoninteractive
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.utils.display import Display
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
    next_commands,
    typed,
    warm,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _sizing
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._holdings import (
    free_name,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import clean
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._conversation import (
    Said,
    conversation,
    form_of,
    key_of,
    key_of_request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import (
    Folder,
    RecordError,
    refuse_name,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._in_hand import (
    in_hand,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._standing import (
    standing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._requirements import (
    missing_packages,
)

warm("sqlalchemy", "yaml")


def slug(text: str, length: int = 30) -> str:
    """Return a name made of the first words of a sentence, for one that names nothing."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.split(r"[^a-z0-9]+", plain) if word not in ("", "a", "an", "the")]
    name = ""
    for word in words:
        if len(name) + len(word) > length:
            break
        name = f"{name}-{word}" if name else word
    return name or "deployment"


def sentence(variable: str, task_vars: dict[str, t.Any]) -> str:
    """Return the raw text of ``variable``, of its file, or of its environment variable.

    Raises:
        ValueError: the file that ``variable_file`` names cannot be read, the variable is no text,
            or Ansible made variables of words of it, so that nobody can tell what was said.
    """
    said = typed(variable)
    if said is not None and said.taken:
        raise ValueError(
            f"Ansible makes variables ({', '.join(said.taken)}) of what stands after"
            f" -e {variable}=, so that nobody can tell what was said: say it in the environment"
            f" variable CLUSTERWRIGHT_{variable.upper()} or in a file"
            f" (-e {variable}_file=FILE), and give each variable an -e of its own."
        )
    if said is not None:
        return said.text
    raw = _raw(variable, task_vars)
    if raw is None:
        file = _raw(f"{variable}_file", task_vars)
        raw = os.environ.get(f"CLUSTERWRIGHT_{variable.upper()}", "") if not file else _read(file)
    if isinstance(raw, (dict, list)):
        raise ValueError(f"The variable {variable} is no text; say it in one sentence.")
    return _text(raw)


def _text(raw: t.Any) -> str:
    """Return what YAML took for a number or a truth as the word that was said."""
    return {True: "yes", False: "no"}[raw] if isinstance(raw, bool) else str(raw)


def several(variable: str, task_vars: dict[str, t.Any]) -> tuple[str, ...]:
    """Return the texts of a variable that is a list, nothing for one that is none."""
    raw = _raw(variable, task_vars)
    return tuple(map(_text, raw)) if isinstance(raw, list) else ()


def form(task_vars: dict[str, t.Any]) -> dict[str, t.Any] | None:
    """Return the request that is given as data (``-e @request.yml``), also as text of it.

    Raises:
        ValueError: it is something else.
    """
    raw = _raw("request", task_vars)
    if isinstance(raw, str) and raw.strip():
        import yaml

        try:
            raw = yaml.safe_load(raw)
        except yaml.YAMLError as error:
            place = getattr(error, "problem_mark", None)
            where = f" (line {place.line + 1})" if place else ""
            raise ValueError(f"The variable request is no YAML{where}.") from None
    if raw is None or raw == "":
        return None
    if not isinstance(raw, dict):
        raise ValueError(
            "The variable request is no request: it is a mapping with things or changes, see"
            " docs/REQUEST.md."
        )
    return raw


def as_data(text: str, given: dict[str, t.Any] | None) -> tuple[str, dict[str, t.Any] | None]:
    """Return a request that is data in the one form it is compared and kept in.

    Raises:
        ContractError: it does not fit its contract.
    """
    request = _sizing.request_given(given) if given is not None else _sizing.read_anywhere(text)
    if request.reading is not None or request.answer != "plan":
        return text, None  # a sentence that begins like data, or data that is refused later
    return "", form_of(to_data(request))


def _raw(variable: str, task_vars: dict[str, t.Any]) -> t.Any:
    """Return a variable as it was given: JSON and back drops the marks of trusted templates."""
    value = task_vars.get(variable)
    return json.loads(json.dumps(value, default=str)) if value is not None else None


def _read(file: t.Any) -> str:
    path = Path(str(file)).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ValueError(f"{path} cannot be read: {why}.") from None


def prompted() -> str:
    """Return what the person at the terminal says; nothing where there is no terminal."""
    try:
        said = Display().prompt_until("What do you need? One sentence, then Enter:\n")
    except AnsiblePromptNoninteractive:
        return ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def short_name(text: str, given: dict[str, t.Any] | None = None) -> tuple[str, str]:
    """Return a short name made from what is asked for, and its operation.

    The operation is empty where nothing is asked for that can be planned.

    Raises:
        ContractError: the request that is ``given`` does not fit its contract.
    """
    request = _sizing.request_given(given) if given else _sizing.read_anywhere(text)
    if request.deployment and (request.changes or given):
        return request.deployment, "change" if request.changes else "create"
    if request.answer == "ask" and not request.things:
        return slug(text, 20), "create"
    if request.answer not in ("plan", "ask"):
        return slug(text, 20), ""
    return _sizing.deployment_name(request), "change" if request.changes else "create"


class ActionModule(ControllerAction):
    """Read the raw variable: templating a sentence would run what stands between braces."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "variable": {"type": "str", "default": "intent"},
        "deployment": {"type": "str", "default": ""},
        "deployments_dir": {"type": "path", "required": True},
        "ledger": {"type": "str", "no_log": False},
        "proposal": {"type": "str", "default": ""},
        "run": {"type": "str", "default": ""},
        "reading": {"type": "str", "choices": ["", "strict", "accept"], "default": ""},
        "insist": {"type": "str", "default": ""},
        "prompt": {"type": "bool", "default": False},
    }
    #: ValueError: RecordError among them; RuntimeError: LedgerError, and a library is missing.
    ERRORS = (ValueError, RuntimeError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return ``text``, the ``deployment`` it belongs to and what is recorded of that."""
        lacking = missing_packages()
        if lacking:
            raise ValueError(lacking)
        place = Path(args["deployments_dir"]).absolute()
        args["deployment"] = args["deployment"] or _of_run(place, args["run"], args["ledger"])
        text, given = sentence(args["variable"], task_vars), None
        if args["variable"] == "intent":
            given = form(task_vars)
        if text.strip() and given is not None:
            raise ValueError("intent and request were both given; say one of them.")
        if given and given.get("insist") and not args["insist"]:
            args["insist"] = "true"
        if text.strip().startswith("{") or given is not None:
            text, given = as_data(text, given)
        if not (text.strip() or given or args["deployment"]) and args["prompt"]:
            text = prompted()
        if not (text.strip() or given or args["deployment"]):
            return {
                "failed": True,
                "msg": "There is nothing to do: say what you need, for instance"
                ' -e intent="HA cluster with monitoring", or name an existing deployment with'
                " -e deployment=NAME.",
            }
        name, new = args["deployment"], False
        if not name:
            name, new = self._named(key_of(clean(text).text, given), given, place, args["ledger"])
        refuse_name(name)
        folder = Folder(place / name)
        said = _said(clean(text).text, given, args, task_vars)
        asked = folder.asked() if not said.text and said.answers else None
        words = key_of(asked["text"], asked["form"]) if asked else key_of(said.text, given)
        found = in_hand(folder, words, args["proposal"])
        newest = folder.newest() or {}
        talk = conversation(folder, found.request or newest.get("request"), said, args["variable"])
        return {
            "changed": False,
            "text": text,
            "sentence": talk.text,
            "form": talk.form,
            "answers": list(talk.answers),
            "reading": "accept" if talk.accept else "strict",
            "insist": talk.insist,
            "refines": bool(sentence("refine", task_vars).strip()),
            "deployment": name,
            "commands": next_commands(name),
            "directory": str(folder.path),
            "new": new,
            "request": found.request,
            "snapshot": found.snapshot,
            "plan": found.plan,
            "proposal": found.proposal,
            "applied": found.applied,
            "msg": _told(name, folder, new, args["deployment"]),
        }

    def _named(
        self, text: str, given: dict[str, t.Any] | None, place: Path, url: str | None
    ) -> tuple[str, bool]:
        """Return the deployment of a sentence; one that was never said gets a name of its own."""
        base, operation = short_name(text, given)
        known = _said_before(place, text)
        if len(known) > 1:
            raise RecordError(
                f"This sentence made the deployments {', '.join(known)}; say which one is meant"
                " with -e deployment=NAME."
            )
        if known:
            return known[0], False
        if not operation:
            return base, True
        if operation != "create" and (place / base).is_dir():
            return base, False  # a change that names its deployment
        taken = {path.name for path in place.glob("*") if path.is_dir()}
        readable = url and ("://" in url or Path(url).is_file())
        if not url or (self._task.check_mode and not readable):
            return free_name(base, taken.__contains__), True
        ledger = Ledger(url)
        try:
            return ledger.name_for(text, base, taken, hold=not self._task.check_mode)
        finally:
            ledger.close()


def _of_run(place: Path, run: str, url: str | None) -> str:
    """Return the deployment of a run by its folder, else by the ledger; empty for no run."""
    if not run:
        return ""
    if not re.fullmatch(r"[0-9a-f-]{1,36}", run):
        raise RecordError(f"{run!r} is no id of a run; the playbook status shows them.")
    found = {path.parents[1].name for path in place.glob(f"*/history/{run}*.json")}
    if not found and url and ("://" in url or Path(url).is_file()):
        ledger = Ledger(url)
        try:
            found = ledger.deployments_of(run)
        finally:
            ledger.close()
    if len(found) != 1:
        which = f"runs of {', '.join(sorted(found))}" if found else "no run that is known"
        raise RecordError(f"{run} is {which} in {place}; name the deployment, too.")
    return found.pop()


def _told(name: str, folder: Folder, new: bool, said: str) -> str:
    if new:
        return f"New deployment {name} in {folder.path}; -e deployment=NAME gives it another name."
    how = "" if said else ", which this sentence made"
    return f"Deployment {name}{how} ({standing(folder)})."


def _said(
    text: str, given: dict[str, t.Any] | None, args: dict[str, t.Any], task_vars: dict[str, t.Any]
) -> Said:
    """Return what the person says in this run."""
    answers = several("answer", task_vars)
    answer = "" if answers else sentence("answer", task_vars).strip()
    insist = args["insist"].strip()
    return Said(
        text=text,
        form=given,
        answers=answers or ((clean(answer).text,) if answer else ()),
        whole=bool(answers),
        accept=args["reading"] == "accept" if args["reading"] else None,
        insist=boolean(insist) if insist else None,
    )


def _said_before(place: Path, text: str) -> list[str]:
    """Return the deployments whose folders hold this sentence, where the ledger is another one."""
    found = []
    for folder in (Folder(path) for path in sorted(place.glob("*")) if path.is_dir()):
        try:
            asked, newest = folder.asked() or {}, folder.newest() or {}
        except RecordError:
            continue
        said = (
            key_of(asked.get("text", ""), asked.get("form")),
            key_of_request(newest.get("request")),
        )
        if any(words.split() == text.split() for words in said if words):
            found.append(folder.path.name)
    return found
