# SPDX-License-Identifier: GPL-3.0-or-later
"""Load Rego files once and evaluate them in process with regopy."""

from __future__ import annotations

import base64
import functools
import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Finding,
    parse,
)

#: The collection's own policies, at its top level.
POLICIES = Path(__file__).parents[3] / "policies"
#: A policy that could read the controller's environment could carry a secret into a plan.
FORBIDDEN = ("opa.runtime", "http.send")
_PACKAGE = re.compile(r"^package[ \t]+([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)[ \t]*$", re.M)
_ERROR = re.compile(
    r"\(error \d+:[^|]*\|(?P<offset>\d+)\|.*?\(errormsg \d+:(?P<message>[^)]*)\)", re.S
)


#: What a policy set says, each text in base64: regopy does not escape quotes in what it returns.
_KEYS = ("id", "severity", "field", "message")
_QUERY = (
    f'[[base64.encode(object.get(finding, key, "")) | some key in {json.dumps(list(_KEYS))}]'
    " | some finding in data.%s.findings]"
)


class PolicyError(RuntimeError):
    """A policy cannot be used; the message names the file, and the line where it is known."""


@dataclass(frozen=True)
class _File:
    path: Path
    source: str
    package: str


@dataclass(frozen=True)
class _Compiled:
    interpreter: t.Any
    bundle: t.Any
    files: tuple[_File, ...]


def evaluate(
    document: t.Mapping[str, t.Any], directories: tuple[str, ...] = ()
) -> tuple[Finding, ...]:
    """Return the findings of our policies and of those in ``directories``, in a stable order.

    Raises:
        PolicyError: a folder or file cannot be read or used, a rule failed, a finding has the
            wrong form, or regopy is missing.
    """
    return _evaluated(json.dumps(document, sort_keys=True), _stamps(directories))


@functools.lru_cache(maxsize=32)
def _evaluated(text: str, stamps: tuple[tuple[str, int, int], ...]) -> tuple[Finding, ...]:
    """Judge one input once: rounds of a review often come back to the same plan."""
    document = json.loads(text)
    compiled = _compiled(stamps)
    found = _query(compiled, document)
    if found is None:
        raise PolicyError(_culprit(compiled.files, document))
    findings = [
        _finding(file, item)
        for file, items in zip(compiled.files, found, strict=True)
        for item in items
    ]
    unique = {(f.severity, f.id, f.field, f.message): f for f in findings}
    return tuple(unique[key] for key in sorted(unique))


def _stamps(directories: tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
    """Return path, time and size of each file: what changes when one of them does."""
    stamps = []
    for folder in (POLICIES, *map(Path, directories)):
        if not folder.is_dir():
            raise PolicyError(
                f"The policy folder {folder} does not exist; correct policy_dirs of the site."
            )
        try:
            for path in sorted(folder.glob("*.rego")):
                if not path.name.endswith("_test.rego"):
                    state = path.stat()
                    stamps.append((str(path), state.st_mtime_ns, state.st_size))
        except OSError as error:
            raise PolicyError(
                f"The policy {error.filename} cannot be read: {error.strerror}."
            ) from None
    return tuple(stamps)


@functools.lru_cache(maxsize=4)
def _compiled(stamps: tuple[tuple[str, int, int], ...]) -> _Compiled:
    return _compile(tuple(_read(Path(path)) for path, _time, _size in stamps))


def _compile(files: tuple[_File, ...]) -> _Compiled:
    try:
        import regopy
    except ImportError:
        raise PolicyError(
            "The Python package regopy is missing on the controller, so that no policy could be"
            " checked; install it with pip install regopy."
        ) from None
    except OSError as error:  # its library needs one of the system
        raise PolicyError(
            "The Python package regopy cannot be loaded, so that no policy could be checked:"
            f" {error}. Install the system library that is named (libatomic.so.1 is the package"
            " libatomic1 of Debian and Ubuntu, libatomic of Fedora)."
        ) from None
    interpreter = regopy.Interpreter()
    interpreter.strict_built_in_errors = True  # a rule that fails must not pass for silence
    for file in files:
        try:
            interpreter.add_module(str(file.path), file.source)
        except regopy.RegoError as error:
            raise PolicyError(f"The policy {_located(file, str(error))}") from None
    query = ", ".join(_QUERY % file.package for file in files)
    try:
        bundle = interpreter.build(f"found := [{query}]")
    except (regopy.RegoError, ValueError):
        bundle = None
    return _Compiled(interpreter, bundle, files)


def _read(path: Path) -> _File:
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError(f"The policy {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise PolicyError(f"The policy {path} is not UTF-8 at byte {error.start}.") from None
    package = _PACKAGE.search(source)
    if package is None:
        raise PolicyError(
            f"The policy {path}, line 1: it names no package; begin it with 'package NAME'."
        )
    if not re.search(r"^findings\s+contains\b", source, re.M):
        raise PolicyError(
            f"The policy {path}, line 1: it has no rule 'findings contains …', so that it would"
            " never say anything."
        )
    for name in FORBIDDEN:
        if name in source:
            line = source[: source.index(name)].count("\n") + 1
            raise PolicyError(f"The policy {path}, line {line}: {name} is not allowed in a policy.")
    return _File(path, source, package.group(1))


def _located(file: _File, report: str) -> str:
    found = _ERROR.search(report)
    if found is None:
        return f"{file.path} cannot be parsed."
    line = file.source[: int(found.group("offset"))].count("\n") + 1
    return f"{file.path}, line {line}: {found.group('message').strip().rstrip('.')}."


def _query(compiled: _Compiled, document: t.Mapping[str, t.Any]) -> list[t.Any] | None:
    """Return what each file found, or None when a rule could not be evaluated."""
    if compiled.bundle is None:
        return None
    compiled.interpreter.set_input(document)
    try:
        output = compiled.interpreter.query_bundle(compiled.bundle)
        return json.loads(str(output))["bindings"]["found"] if output.ok() else None
    except (ValueError, KeyError, RuntimeError):
        return None


def _culprit(files: tuple[_File, ...], document: t.Mapping[str, t.Any]) -> str:
    """Say which file cannot be evaluated, by trying each alone."""
    why = "one cannot be evaluated (unknown function, unbound name, value of a wrong type)."
    for file in files:
        if _query(_compile((file,)), document) is None:
            lines = [n for n, text in enumerate(file.source.splitlines(), 1) if "findings" in text]
            return f"The policy {file.path}, rules at line {', '.join(map(str, lines))}: {why}"
    paths = ", ".join(str(file.path) for file in files)
    return f"The policies contradict each other (same package and rule): {paths}."


def _finding(file: _File, encoded: list[str]) -> Finding:
    texts = (base64.b64decode(text).decode("utf-8", "replace") for text in encoded)
    item = dict(zip(_KEYS, texts, strict=True))
    try:
        finding = parse(Finding, item)
    except ContractError as error:
        raise PolicyError(f"The policy {file.path} gave a finding that is none: {error}") from None
    return finding.model_copy(update={"source": f"policy {file.path.stem}"})
