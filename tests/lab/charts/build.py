# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the lab's charts into a folder: its own, and those that ``stand_ins.yml`` describes."""

from __future__ import annotations

import json
import re
import shutil
import typing as t
from pathlib import Path

import yaml

HERE = Path(__file__).parent
ENTRIES = HERE.parents[2] / "plugins/plugin_utils/_catalogue/entries"
#: Waits; for a hook, the same image has a shell.
IMAGE, SHELL = "lab.local/pause:3.10", "lab.local/busybox:1.35.0"
FAILING = "lab.local/busybox:fails"
FAILING_HOOK = {"name": "lab-fails", "when": "post-upgrade"}
#: What each chart of ``next_release`` makes beside, with its version.
UPGRADED = "lab-next-<<.Release.Name>>"
LABELS = {
    "app.kubernetes.io/managed-by": "<<.Release.Service>>",
    "app.kubernetes.io/instance": "<<.Release.Name>>",
}
_QUOTED = re.compile(r"""(['"])(<<.*>>)\1$""", re.MULTILINE)
_INSIDE = re.compile(r"<<(.*?)>>")
TYPES = {"bool": "boolean", "int": "integer", "list": "array", "map": "object", "number": "number"}
Data = dict[str, t.Any]


def build_charts(folder: Path) -> Path:
    """Write all charts by name, as folders, and return ``folder``."""
    table = yaml.safe_load((HERE / "stand_ins.yml").read_text(encoding="utf-8"))
    keys = yaml.safe_load((HERE / "keys.yml").read_text(encoding="utf-8"))
    if folder.exists():
        shutil.rmtree(folder)
    for name, what in table.items():
        chart = what.get("name", name)
        target = folder / chart
        if what.get("own"):
            shutil.copytree(HERE / chart, target)
        else:
            _write(target, chart, what, keys.get(chart, {}))
        for kind in _folder_kinds(what):
            _dump(target / "crds" / f"{plural(kind)}.yaml", [definition(kind)])
    return folder


class Runtime(t.NamedTuple):
    """What the controller of a chart does, as long as its Deployment ``workload`` is there."""

    workload: str
    makes: t.Sequence[Data] = ()
    reports: t.Sequence[Data] = ()
    signs: bool = False


def runtimes() -> list[Runtime]:
    """Return what the charts' controllers do."""
    table = yaml.safe_load((HERE / "stand_ins.yml").read_text(encoding="utf-8"))
    return [Runtime(**what["runtime"]) for what in table.values() if "runtime" in what]


def next_release(charts: Path, folder: Path, *, fails: bool = False) -> Path:
    """Write each of the charts once more, one patch newer and with one more object.

    With ``fails`` a hook ends every upgrade, after its objects were written.
    """
    shutil.copytree(charts, folder)
    released = {entry["chart"]["name"] for entry in _entries()}
    for chart in (folder / name for name in released if (folder / name).is_dir()):
        head = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
        start, number = re.fullmatch(r"(.*?)(\d+)", head["version"], re.DOTALL).groups()  # type: ignore[union-attr]
        head["version"] = f"{start}{int(number) + (2 if fails else 1)}"
        _dump(chart / "Chart.yaml", [head])
        said = _object("v1", "ConfigMap", UPGRADED, {"data": {"version": "<<.Chart.Version>>"}})
        _template(chart / "templates/next.yaml", "", said)
        if fails:
            _template(chart / "templates/fails.yaml", "", _hook(FAILING_HOOK, image=FAILING))
    return folder


def _entries() -> list[Data]:
    return [yaml.safe_load(p.read_text(encoding="utf-8")) for p in sorted(ENTRIES.glob("*.yml"))]


def versions() -> dict[str, str]:
    """Return the pinned version of each chart, from the catalogue."""
    found: dict[str, str] = {}
    for entry in _entries():
        for pinned in (entry["chart"], (entry.get("crds") or {}).get("chart")):
            if pinned:
                found[pinned["name"]] = pinned["version"]
    return found


def _write(target: Path, chart: str, what: Data, known: Data) -> None:
    (target / "templates").mkdir(parents=True)
    head = {
        "apiVersion": "v2",
        "name": chart,
        "version": versions()[chart],
        "description": f"Stand-in of the lab for {chart}; its pods only wait.",
    }
    if "kube" in what:
        head["kubeVersion"] = what["kube"]
    _dump(target / "Chart.yaml", [head])
    _dump(target / "values.yaml", [what.get("values", {})])
    schema = schema_of(known.get("keys", {}))
    (target / "values.schema.json").write_text(json.dumps(schema, indent=1), encoding="utf-8")
    for number, (when, item) in enumerate(_objects(what)):
        _template(target / "templates" / f"{number:02}.yaml", when, item)


def _template(path: Path, when: str, item: Data) -> None:
    text = yaml.safe_dump(item, sort_keys=False, width=10_000)
    # A scalar that begins and ends with an expression is what helm makes of it, not a text.
    text = _INSIDE.sub(r"{{ \1 }}", _QUOTED.sub(lambda found: _unquoted(found[0]), text))
    if when:
        text = f"{{{{ if {when} }}}}\n{text}{{{{ end }}}}\n"
    path.write_text(text, encoding="utf-8")


def _unquoted(scalar: str) -> str:
    return str(yaml.safe_load(scalar))


def _objects(what: Data) -> t.Iterator[tuple[str, Data]]:
    """Yield the condition ("" for none) and the manifest of each object."""
    yield from _definitions(what)
    for workload in what.get("workloads", ()):
        yield "", _workload(workload)
    for service in what.get("services", ()):
        ports = [{"port": port, "name": f"p{port}"} for port in service["ports"]]
        spec = {
            "type": f"<<{service['type']}>>",
            "ports": ports,
            "selector": {"app": service["name"]},
        }
        yield "", _object("v1", "Service", service["name"], {"spec": spec})
    for config in what.get("configs", ()):
        yield "", _object("v1", "ConfigMap", config["name"], {"data": config["data"]})
    for item in what.get("objects", ()):
        kept = {key: value for key, value in item.items() if key != "when"}
        kept["metadata"] = {**kept["metadata"], "labels": LABELS}
        yield item.get("when", ""), kept
    for hook in what.get("hooks", ()):
        yield hook.get("unless_false", ""), _hook(hook)
    if "ingress" in what:
        yield what["ingress"]["when"], _ingress(what["ingress"])
    if "binding" in what:
        yield what["binding"]["when"], _binding(what["binding"])


def _definitions(what: Data) -> t.Iterator[tuple[str, Data]]:
    crds = what.get("crds", {})
    if crds.get("where") != "templates":
        return
    for kind in crds["kinds"]:
        item = definition(kind)
        if "keep" in crds:
            # helm leaves what says so; the condition is the chart's own.
            item["metadata"]["annotations"] = {"helm.sh/resource-policy": "keep"}
        yield crds.get("when", ""), item


def _folder_kinds(what: Data) -> list[Data]:
    crds = what.get("crds", {})
    return list(crds["kinds"]) if crds.get("where") == "folder" else []


def _object(version: str, kind: str, name: str, more: Data) -> Data:
    metadata = {"name": name, "namespace": "<<.Release.Namespace>>", "labels": LABELS}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def _pod(name: str) -> Data:
    container = {
        "name": "main",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "resources": {"requests": {"cpu": "1m", "memory": "4Mi"}},
    }
    labels = {**LABELS, "app": name, "app.kubernetes.io/name": name}
    return {"metadata": {"labels": labels}, "spec": {"containers": [container]}}


def _workload(what: Data) -> Data:
    name = what["name"]
    spec: Data = {"selector": {"matchLabels": {"app": name}}, "template": _pod(name)}
    if what["kind"] != "DaemonSet":
        spec["replicas"] = f"<<{what['replicas']}>>" if "replicas" in what else 1
    if what["kind"] == "StatefulSet":
        spec["serviceName"] = name
    if "volume_gib" in what:
        room = {"requests": {"storage": f"{what['volume_gib']}Gi"}}
        claim = {"accessModes": ["ReadWriteOnce"], "resources": room}
        spec["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": claim}]
    return _object("apps/v1", what["kind"], name, {"spec": spec})


def _hook(what: Data, image: str = SHELL) -> Data:
    pod = _pod(what["name"])
    pod["spec"] = {
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "main",
                "image": image,
                "imagePullPolicy": "Never",
                "command": ["/bin/busybox", "true"],
            }
        ],
    }
    job = _object("batch/v1", "Job", what["name"], {"spec": {"template": pod, "backoffLimit": 0}})
    job["metadata"]["annotations"] = {
        "helm.sh/hook": what["when"],
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded,hook-failed",
    }
    return job


def _ingress(what: Data) -> Data:
    backend = {"service": {"name": what["name"], "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    spec: Data = {"rules": [{"host": f"<<{what['host']}>>", "http": {"paths": [path]}}]}
    if "tls" in what:
        spec["tls"] = [{"hosts": [f"<<{what['host']}>>"], "secretName": what["tls"]}]
    return _object("networking.k8s.io/v1", "Ingress", what["name"], {"spec": spec})


def _binding(what: Data) -> Data:
    subject = {
        "kind": "ServiceAccount",
        "name": what.get("account", what["name"]),
        "namespace": "<<.Release.Namespace>>",
    }
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": what["name"], "labels": LABELS},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": f"<<{what['role']}>>"},
        "subjects": [subject],
    }


def plural(kind: Data) -> str:
    """Return the name of a kind in addresses of the API."""
    name = str(kind["kind"]).lower()
    many = name[:-1] + "ies" if name.endswith("y") else f"{name}s"
    return str(kind.get("plural", many))


def definition(kind: Data) -> Data:
    """Return a CustomResourceDefinition; a field without a schema takes anything."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    properties = {"spec": anything, "status": anything}
    for field, schema in kind.get("schema", {}).items():
        properties[field] = {**anything, **schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural(kind)}.{kind['group']}"},
        "spec": {
            "group": kind["group"],
            "scope": kind.get("scope", "Namespaced"),
            "names": {
                "kind": kind["kind"],
                "plural": plural(kind),
                "singular": str(kind["kind"]).lower(),
                "listKind": f"{kind['kind']}List",
            },
            "versions": [
                {
                    "name": kind["version"],
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": properties,
                            "x-kubernetes-preserve-unknown-fields": True,
                        }
                    },
                }
            ],
        },
    }


def schema_of(keys: t.Mapping[str, t.Sequence[str]]) -> Data:
    """Return a JSON schema that takes exactly the known keys of a chart, with their types."""
    root: Data = {"type": "object", "properties": {}, "additionalProperties": False}
    for path, types in keys.items():
        at = root
        parts = [part.replace("\0", ".") for part in path.replace("\\.", "\0").split(".")]
        for part in parts[:-1]:
            at = at["properties"].setdefault(
                part, {"type": "object", "properties": {}, "additionalProperties": False}
            )
        at["properties"][parts[-1]] = (
            {} if "any" in types else {"type": [TYPES.get(kind, kind) for kind in types]}
        )
    root["properties"]["global"] = root["properties"].get("global", {"type": "object"})
    return root


def _dump(path: Path, documents: t.Sequence[Data]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump_all(documents, sort_keys=False, width=10_000)
    path.write_text(text, encoding="utf-8")
