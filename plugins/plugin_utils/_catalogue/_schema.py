# SPDX-License-Identifier: GPL-3.0-or-later
"""Layout of a catalogue entry: everything that follows from one add-on, in one file."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
    model_validator,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    NAME_PATTERN,
)

SHA256_PATTERN = r"^[0-9a-f]{64}$"
#: When an add-on is installed: networks before everything, what others ask for addresses, storage
#: and certificates before the others.
STAGES = ("network", "base", "storage", "platform", "application")
Data = dict[str, t.Any]


class Chart(Model):
    """A Helm chart, pinned; ``repository`` is an HTTPS folder or ``oci://…``."""

    name: str
    version: str
    repository: str = Field(pattern=r"^(https|oci)://")
    sha256: str | None = Field(default=None, pattern=SHA256_PATTERN)  # of the chart's archive


class Crds(Model):
    """Where the custom resource definitions come from, and which are the add-on's.

    ``templates``: part of the release, helm updates them. ``folder``: in the chart's ``crds``
    folder, which helm never updates. ``operator``: made at run time. ``chart``: in a chart of
    their own (``chart``), applied first.
    """

    where: t.Literal["none", "templates", "folder", "operator", "chart"] = "none"
    chart: Chart | None = None
    groups: tuple[str, ...] = ()  # API groups that are the add-on's alone

    @model_validator(mode="after")
    def _complete(self) -> Crds:
        if (self.where == "chart") != (self.chart is not None):
            raise ValueError("crds.chart is there exactly when crds.where is chart")
        return self


class Condition(Model):
    """Holds when all that is written holds."""

    addons: tuple[str, ...] = ()  # all of them are chosen
    capabilities: tuple[str, ...] = ()  # something chosen provides each
    #: own settings with these values; a list: any of them
    settings: dict[str, t.Any] = Field(default_factory=dict)
    settings_set: tuple[str, ...] = ()  # own settings that are not empty, 0 or false
    given_set: tuple[str, ...] = ()  # the same of what is known of the cluster
    nodes_below: int | None = None
    servers_from: int | None = None


class SecretKey(Model):
    """Where a secret is in the cluster, so that a lost file is read back."""

    namespace: str
    name: str
    key: str


class Part(Model):
    """One key of the mappings that a list holds."""

    type: t.Literal["text", "email", "integer", "boolean", "address"] = "text"
    description: str
    required: bool = False
    #: other keys of the same mapping with these values; a list: any of them
    required_when: Data = Field(default_factory=dict)
    choices: tuple[t.Any, ...] = ()
    least: int | None = None
    warnings: dict[str, str] = Field(default_factory=dict)  # value as text → what is said of it


class Setting(Model):
    """One thing about an add-on that a place decides."""

    type: t.Literal[
        "text", "hostname", "email", "range", "integer", "boolean", "list", "mapping", "secret"
    ] = "text"
    description: str
    question: str | None = None  # asked when it is needed and nobody said it
    required: bool = False
    required_when: Condition | None = None
    default: t.Any = None  # may hold placeholders
    choices: tuple[t.Any, ...] = ()
    least: int | None = None  # integer: the smallest one that makes sense
    generated: bool = False  # secret: made once when there is none
    #: secret: name of the file on the controller that keeps it; what ends like this goes with the
    #: machines
    file: str | None = Field(default=None, pattern=r"^[a-z0-9.-]+\.password$")
    read_back: SecretKey | None = None
    parts: dict[str, Part] = Field(default_factory=dict)  # list: what each of its mappings holds


class Need(Model):
    """Another add-on, or anything that provides a capability."""

    addon: str | None = None
    capability: str | None = None
    when: Condition | None = None
    why: str

    @model_validator(mode="after")
    def _one(self) -> Need:
        if (self.addon is None) == (self.capability is None):
            raise ValueError("a need names an addon or a capability")
        return self


class Adaptation(Model):
    """Values that only fit some clusters."""

    when: Condition
    values: Data


class Amount(Model):
    """What pods take."""

    cpu_millicores: int = Field(default=0, ge=0)
    memory_mib: int = Field(default=0, ge=0)
    disk_gib: int = Field(default=0, ge=0)


class Documented(Model):
    """Component of the knowledge that says what each node needs that carries the add-on."""

    family: str
    component: str


class Cost(Model):
    """What an add-on takes; ``source`` says where the numbers are from."""

    each_node: Amount = Field(default_factory=Amount)
    once: Amount = Field(default_factory=Amount)
    #: setting with the GiB of the volume that its pods ask for, beside ``once``
    volume_setting: str | None = None
    knowledge: Documented | None = None
    nodes: int = Field(default=1, ge=1)  # how many its documents want; fewer is a warning
    source: str
    confidence: float = Field(ge=0.0, le=1.0)


class Hosts(Model):
    """What has to be on each node."""

    packages: dict[t.Literal["debian", "redhat", "suse"], tuple[str, ...]] = Field(
        default_factory=dict
    )
    services: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    why: str = ""


class K3s(Model):
    """What k3s is told."""

    disable: tuple[str, ...] = ()
    #: k3s brings this component itself; it is an add-on here and always switched off there
    packaged: str | None = None
    server_config: Data = Field(default_factory=dict)
    agent_config: Data = Field(default_factory=dict)
    why: str = ""


class Check(Model):
    """One thing that has to hold in a cluster with the add-on."""

    name: str
    #: service: pods are behind it, and it answers as its type promises
    kind: t.Literal["api_group", "api_service", "object", "pods_on_nodes", "service", "http"]
    group: str | None = None
    api_version: str | None = None
    object_kind: str | None = None
    object_name: str | None = None
    namespace: str | None = None
    condition: str | None = None
    field: str | None = None  # dotted path that must not be empty
    value: str | None = None  # what the field has to be
    port: int | None = None
    path: str = "/"
    critical: bool = True
    cause: str
    mend: str  # a command; {kubectl} is kubectl with the cluster's kubeconfig

    @model_validator(mode="after")
    def _complete(self) -> Check:
        needed = {
            "api_group": ("group",),
            "api_service": ("object_name",),
            "object": ("api_version", "object_kind", "object_name"),
            "pods_on_nodes": ("object_name", "namespace"),
            "service": ("object_name", "namespace"),
            "http": ("object_name", "namespace", "port"),
        }[self.kind]
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a check of kind {self.kind} needs {' and '.join(missing)}")
        return self


class Leftover(Model):
    """Objects that an add-on makes itself and that its release does not know of."""

    api_version: str
    kind: str
    namespace: str | None = None
    name: str | None = None
    selector: str | None = None
    prefix: str | None = None  # of names


class Patch(Model):
    """A change of an object that has to precede removal."""

    api_version: str
    kind: str
    namespace: str | None = None
    name: str
    patch: Data


class Removal(Model):
    """How an add-on goes and leaves nothing."""

    warning: str | None = None
    before: tuple[Patch, ...] = ()
    delete_first: tuple[Leftover, ...] = ()  # custom resources while their controller still runs
    leftovers: tuple[Leftover, ...] = ()
    namespace: bool = True  # false: shared, stays


class ByRole(Model):
    """A secret that only the role of the add-on makes, such as "Secret monitoring/receivers"."""

    when: Condition = Field(default_factory=Condition)
    what: str


class GitOps(Model):
    """What an add-on needs when Argo CD or Flux installs it."""

    server_side_apply: bool = False
    values: Data = Field(default_factory=dict)
    by_role: tuple[ByRole, ...] = ()


class Versions(Model):
    """Minor versions of Kubernetes that a minor of the add-on accepts; ``below`` is exclusive."""

    least: str
    below: str


class Manifests(Model):
    """Objects beside those of the chart; ``before``: the chart expects them."""

    when: Condition = Field(default_factory=Condition)
    before: bool = False
    for_each: str | None = None  # name of a list setting; its items are ``$(item.…)``
    #: files beside the entry; each is ``$(item.name)`` (without its ending) and ``$(item.text)``
    for_each_file: str | None = None
    manifests: tuple[Data, ...]


class Entry(Model):
    """One add-on."""

    name: str = Field(pattern=NAME_PATTERN)
    title: str
    summary: str
    aliases: tuple[str, ...] = ()  # other names of the same thing, as written in data
    words: tuple[str, ...] = ()  # what people say for it, small letters without accents
    homepage: str
    stage: t.Literal["network", "base", "storage", "platform", "application"]
    chart: Chart
    release: str = Field(pattern=NAME_PATTERN)
    namespace: str = Field(pattern=NAME_PATTERN)
    namespace_labels: dict[str, str] = Field(default_factory=dict)
    role: str | None = None  # role of the collection with the entry points configure and verify
    crds: Crds = Field(default_factory=Crds)
    provides: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    conflicts: dict[str, str] = Field(default_factory=dict)  # add-on → why
    #: what placeholders of every add-on may name where this one is chosen, such as ingress_class
    tells: dict[str, str] = Field(default_factory=dict)
    settings: dict[str, Setting] = Field(default_factory=dict)
    values: Data = Field(default_factory=dict)
    adapt: tuple[Adaptation, ...] = ()
    #: dotted path in the values → YAML file beside the entry whose data stand there
    value_files: dict[str, str] = Field(default_factory=dict)
    objects: tuple[Manifests, ...] = ()
    cost: Cost
    hosts: Hosts = Field(default_factory=Hosts)
    k3s: K3s = Field(default_factory=K3s)
    kubernetes: dict[str, Versions] = Field(default_factory=dict)  # minor of the chart → range
    retired: str | None = None  # one sentence; shown whenever it is planned
    notes: tuple[str, ...] = ()  # said in the documents of a deployment
    checks: tuple[Check, ...] = ()
    removal: Removal = Field(default_factory=Removal)
    gitops: GitOps = Field(default_factory=GitOps)
    timeout_seconds: int = 600

    @model_validator(mode="after")
    def _volume(self) -> Entry:
        name = self.cost.volume_setting
        if name is not None and (
            name not in self.settings or self.settings[name].type != "integer"
        ):
            raise ValueError(f"cost.volume_setting names {name}, which is no integer of settings")
        return self


class Capability(Model):
    """Something that several add-ons provide."""

    title: str
    default: str | None = None  # add-on that is taken when nobody chose
    exclusive: bool = False  # at most one provider in a cluster
    question: str | None = None
