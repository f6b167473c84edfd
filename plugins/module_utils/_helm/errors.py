# SPDX-License-Identifier: GPL-3.0-or-later
"""What helm says → one sentence with the cause and what to do."""

from __future__ import annotations

import re
import typing as t


class HelmError(Exception):
    """helm did not do what it was asked; the message is one plain sentence."""


#: What helm says (pattern) → sentence; its groups fill the sentence, ``{release}``,
#: ``{namespace}`` and ``{chart}`` are those of the call.
SENTENCES: t.Final = (
    (
        r"chart requires kubeVersion: (?P<range>.+?) which is incompatible with Kubernetes"
        r" (?P<version>\S+)",
        "{chart} runs on Kubernetes {range}, the cluster has {version}; choose another version of"
        " k3s or of the chart.",
    ),
    (
        r"values don't meet the specifications of the schema.*?:\s*(?P<rest>.+)",
        "The chart {chart} refuses the values it is given: {rest}",
    ),
    (
        r"namespace[s]? \"?(?P<where>[a-z0-9-]+)\"? because it is being terminated"
        r"|namespace (?P<gone>[a-z0-9-]+) is being terminated",
        "The namespace {namespace} is being deleted and takes nothing new; wait until it is gone"
        " (kubectl get namespace {namespace}), or see what holds it (kubectl get namespace"
        " {namespace} -o yaml).",
    ),
    (
        r"(?P<kind>\w+) \"(?P<name>[^\"]+)\" in namespace \"(?P<where>[^\"]*)\" exists and cannot"
        r" be imported into the current release",
        "{kind} {name} exists already in {where} and is not of the release {release}; remove it, or"
        " let helm take it over by naming {release} in addons_adopt.",
    ),
    (
        r"another operation \(install/upgrade/rollback\) is in progress",
        "Another operation of helm on {release} in {namespace} is running or was interrupted; see"
        " helm history {release} --namespace {namespace}.",
    ),
    (
        r"no matches for kind \"(?P<kind>[^\"]+)\" in version \"(?P<version>[^\"]+)\"",
        "The cluster does not know {kind} ({version}), which {chart} makes; the add-on that brings"
        " its definition has to be installed first.",
    ),
    (
        r"(timed out waiting for the condition|context deadline exceeded)",
        "{release} in {namespace} did not get ready in time and was taken back; see what its pods"
        " wait for: kubectl --namespace {namespace} get pods,events.",
    ),
    (
        r"failed to call webhook|connect: connection refused",
        "A webhook or the API did not answer while {release} was changed; try again, and see"
        " kubectl get pods --all-namespaces if it stays so.",
    ),
    (
        r"(?P<status>401|403) ?(Unauthorized|Forbidden)?|denied: |unauthorized: ",
        "The repository of {chart} refuses the download; log in with helm registry login, or name a"
        " folder with charts.",
    ),
    (
        r"(chart \"[^\"]+\" (version \"[^\"]+\" )?not found|no such file|path .* not found"
        r"|looks like .* is not a valid chart repository|could not resolve|no such host"
        r"|dial tcp|i/o timeout|not a valid chart)",
        "The chart {chart} is not there, or its repository cannot be reached.",
    ),
)


def explain(said: str, **names: str) -> str:
    """Return one sentence for what helm wrote; an unknown reason is quoted by its last line."""
    text = " ".join(said.split())
    for pattern, sentence in SENTENCES:
        found = re.search(pattern, text)
        if found:
            groups = {key: value or "" for key, value in found.groupdict().items()}
            return sentence.format(**{**names, **groups})
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1].removeprefix("Error: ") if lines else "it says nothing"
    return f"helm failed on {names.get('release') or names.get('chart')}: {last}"
