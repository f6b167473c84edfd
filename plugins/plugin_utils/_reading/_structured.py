# SPDX-License-Identifier: GPL-3.0-or-later
"""A request as JSON: application metadata, history, context and an optional manifest."""

from __future__ import annotations

import base64
import binascii
import re
import statistics
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    parse,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ApplicationThing,
    Environment,
    Request,
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import (
    clean,
    template_syntax,
)

_ENVIRONMENTS: dict[str, Environment] = {
    "prod": "production",
    "production": "production",
    "staging": "staging",
    "stage": "staging",
    "dev": "development",
    "development": "development",
    "test": "test",
}
_IMAGE = re.compile(r"^\s*(?:-\s*)?image:\s*[\"']?(?P<image>[^\s\"'#]+)", re.MULTILINE)
_PORT = re.compile(r"^\s*(?:-\s*)?containerPort:\s*(?P<port>\d+)\s*$", re.MULTILINE)
MAX_MANIFEST_BYTES = 256 * 1024


class Metadata(Model):
    """What the application is."""

    name: str = Field(min_length=1, max_length=63)
    language: str | None = Field(default=None, max_length=64)
    framework: str | None = Field(default=None, max_length=64)
    expected_qps: float | None = Field(default=None, ge=0, le=1e9)
    sla_latency_ms: float | None = Field(default=None, gt=0, le=1e7)
    oom_tolerance: t.Literal["low", "medium", "high"] | None = None
    criticality: str | None = Field(default=None, max_length=64)


class History(Model):
    """What was measured: cores, MiB, replicas, requests a second."""

    cpu_usage: tuple[float, ...] = ()
    memory_usage: tuple[float, ...] = ()
    replica_counts: tuple[int, ...] = ()
    request_rate: tuple[float, ...] = ()


class DeploymentContext(Model):
    """Where it will run."""

    environment: str | None = Field(default=None, max_length=32)
    namespace_quota: dict[str, str] = Field(default_factory=dict)
    node_utilization: dict[str, dict[str, float | str]] = Field(default_factory=dict)


class Manifest(Model):
    """An existing Deployment, as YAML text or base64 of it."""

    deployment_yaml: str = Field(default="", max_length=4 * MAX_MANIFEST_BYTES // 3 + 4)


class Structured(Model):
    """The whole input."""

    app_metadata: Metadata
    historical_metrics: History = Field(default_factory=History)
    deployment_context: DeploymentContext = Field(default_factory=DeploymentContext)
    service_manifest: Manifest = Field(default_factory=Manifest)


def read_structured(data: dict[str, t.Any]) -> Request:
    """Return the Request of a JSON input; ``historical_metrics`` become drivers.

    Raises ``ContractError`` with one sentence when the data does not fit.
    """
    given = parse(Structured, data)
    meta, context = given.app_metadata, given.deployment_context
    name = meta.name.lower()
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        raise ContractError(
            f"app_metadata.name {meta.name[:63]!r} is not valid; names have a-z, 0-9 and hyphens."
        )
    environment = _ENVIRONMENTS.get((context.environment or "").lower())
    if context.environment and environment is None:
        raise ContractError(
            f"deployment_context.environment {context.environment[:32]!r} is not known;"
            f" use one of {', '.join(sorted(_ENVIRONMENTS))}."
        )
    manifest = manifest_text(given.service_manifest.deployment_yaml)
    image, port = _IMAGE.search(manifest), _PORT.search(manifest)
    stack = [part.lower() for part in (meta.language, meta.framework) if part]
    drivers = _drivers(given)
    said = f"{name}: {', '.join(stack)}" if stack else name
    cleaned = clean(said)
    text, findings = cleaned.text, cleaned.findings
    if template_syntax(text):
        raise ContractError("app_metadata holds template syntax; write plain words.")
    port_number = int(port.group("port")) if port else 0
    thing = ApplicationThing(
        id="t1",
        name=name,
        image=image.group("image") if image else None,
        port=port_number if 0 < port_number < 65536 else None,
        stack=tuple(dict.fromkeys(stack)),
        software=(Software(family=name, known=False, loads=drivers),),
        loads=drivers,
        environment=environment,
    )
    return Request(
        text=text,
        deployment=name,
        environment=environment,
        things=(thing,),
        workload=name,
        loads=drivers,
        sla={} if meta.sla_latency_ms is None else {"latency_ms": meta.sla_latency_ms},
        findings=findings,
    )


def manifest_text(content: str) -> str:
    """Return a manifest given as YAML text or as base64 of UTF-8 text."""
    compact = "".join(content.split())
    if compact and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", compact):
        try:
            return base64.b64decode(compact, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise ContractError(
                "service_manifest.deployment_yaml looks like base64 but does not decode to text."
            ) from None
    return content


def _drivers(given: Structured) -> dict[str, float]:
    history = given.historical_metrics
    drivers: dict[str, float] = {}
    if given.app_metadata.expected_qps is not None:
        drivers["qps"] = given.app_metadata.expected_qps
    for name, values in (
        ("observed_cores", history.cpu_usage),
        ("observed_memory_mib", history.memory_usage),
        ("observed_replicas", history.replica_counts),
        ("observed_rps", history.request_rate),
    ):
        if values:
            drivers[f"{name}_peak"] = float(max(values))
            drivers[f"{name}_mean"] = float(statistics.fmean(values))
    return drivers
