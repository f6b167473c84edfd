# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster says to its add-ons, and the settings that a place gives them."""

from __future__ import annotations

import contextlib
import difflib
import ipaddress
import json
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._schema import (
    Condition,
    Entry,
    Part,
    Setting,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._values import fill
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)

_HOSTNAME = re.compile(r"^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
Data = dict[str, t.Any]


class Given(Model):
    """What is known of the cluster; what is not known yet keeps its default."""

    deployment: str = "cluster"
    servers: int = Field(default=1, ge=1)
    agents: int = Field(default=0, ge=0)
    kubernetes_version: str | None = None  # "v1.34.12+k3s1"; None: not checked
    cni: str = "flannel"
    pod_cidr: str = "10.42.0.0/16"
    service_cidr: str = "10.43.0.0/16"
    api_host: str = "127.0.0.1"
    api_port: int = 6443
    load_balancer_range: str | None = None
    server_addresses: tuple[str, ...] = ()
    node_addresses: tuple[str, ...] = ()
    disabled_components: tuple[str, ...] = ()  # of k3s, beyond those that add-ons switch off
    excluded: tuple[str, ...] = ()  # add-ons that the person declined
    settings: dict[str, Data] = Field(default_factory=dict)  # add-on → its settings
    values: dict[str, Data] = Field(default_factory=dict)  # add-on → values of its chart; they win

    @property
    def nodes(self) -> int:
        """Return the number of nodes."""
        return self.servers + self.agents


def of_site(
    addons: t.Mapping[str, t.Mapping[str, t.Any]],
) -> tuple[dict[str, Data], dict[str, Data]]:
    """Return settings and chart values by add-on of what a site profile says under ``addons``."""
    settings = {n: {k: v for k, v in a.items() if k != "values"} for n, a in addons.items()}
    values = {name: dict(said["values"]) for name, said in addons.items() if said.get("values")}
    return settings, values


class BadSetting(ValueError):
    """A setting cannot be used; the message is the part of a sentence after its name."""


def typed(setting: Setting | Part, value: t.Any) -> t.Any:
    """Return a setting's value with its type; options arrive as text.

    Raises:
        BadSetting: the value does not fit.
    """
    if value is None or value == "":
        return None
    reader: t.Callable[[t.Any], t.Any] = _READERS.get(setting.type, _text)
    result = reader(value)
    if setting.choices and result not in setting.choices:
        raise BadSetting(f"is {value!r}; choose one of {', '.join(map(str, setting.choices))}")
    if setting.least is not None and result < setting.least:
        raise BadSetting(f"has to be at least {setting.least}, not {value!r}")
    if isinstance(setting, Setting) and setting.parts:
        return [_mapping(setting.parts, n, item) for n, item in enumerate(result, 1)]
    return result


def _mapping(parts: t.Mapping[str, Part], number: int, item: t.Any) -> Data:
    """Return one mapping of a list with its types."""
    if not isinstance(item, dict):
        raise BadSetting(f"number {number} has to be a mapping of {', '.join(parts)}, not {item!r}")
    where = f"number {number}" + (f" ({item['name']})" if item.get("name") else "")
    for key in item.keys() - parts.keys():
        raise BadSetting(
            f"{where} has {key}{near(str(key), parts)}; it can have {', '.join(parts)}"
        )
    found: Data = {}
    for key, part in parts.items():
        try:
            found[key] = typed(part, item.get(key))
        except BadSetting as error:
            raise BadSetting(f"{where}: {key} {error}") from None
    for key, part in parts.items():
        others = part.required_when.items()
        wanted = {k: v if isinstance(v, list) else [v] for k, v in others}
        needed = part.required or (wanted and all(found[k] in v for k, v in wanted.items()))
        if needed and found[key] is None:
            raise BadSetting(f"{where} needs {key}: {part.description.rstrip('.')}")
    return {key: value for key, value in found.items() if value is not None}


def warnings_of(setting: Setting, value: t.Any) -> list[str]:
    """Return what a person should know of the mappings of a list."""
    said = [
        (item, part.warnings.get(str(item.get(key)).lower()))
        for item in (value or [] if setting.parts else [])
        for key, part in setting.parts.items()
    ]
    return [f"{item.get('name', 'it')}: {text}" for item, text in said if text]


def near(name: str, known: t.Iterable[str]) -> str:
    """Return " (did you mean x?)" for a slip, else nothing."""
    close = difflib.get_close_matches(name.lower(), list(known), n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(close)}?)" if close else ""


def _text(value: t.Any) -> str:
    if isinstance(value, (dict, list, bool)):
        raise BadSetting(f"has to be a text, not {value!r}")
    return str(value)


def _integer(value: t.Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]+", str(value).strip()):
        raise BadSetting(f"has to be a whole number, not {value!r}")
    return int(value)


def _boolean(value: t.Any) -> bool:
    word = str(value).strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise BadSetting(f"has to be true or false, not {value!r}")
    return word in _TRUE


def _hostname(value: t.Any) -> str:
    if not _HOSTNAME.match(str(value)):
        raise BadSetting(f"has to be a full host name such as apps.example.org, not {value!r}")
    return str(value)


def _email(value: t.Any) -> str:
    if not _EMAIL.match(str(value)):
        raise BadSetting(f"has to be a mail address, not {value!r}")
    return str(value)


def _range(value: t.Any) -> str:
    text = str(value).strip()
    first, dash, last = text.partition("-")
    try:
        if not dash:
            return str(ipaddress.ip_network(text))
        low, high = (ipaddress.ip_address(part.strip()) for part in (first, last))
    except ValueError:
        raise BadSetting(f"has to be first-last or a CIDR, not {value!r}") from None
    if low.version != high.version or int(low) > int(high):
        raise BadSetting(f"ends before it begins: {value!r}")
    return f"{low}-{high}"


def _address(value: t.Any) -> str:
    try:
        return str(ipaddress.ip_address(str(value).strip()))
    except ValueError:
        raise BadSetting(f"has to be an IP address, not {value!r}") from None


def _structure(kind: type) -> t.Callable[[t.Any], t.Any]:
    def read(value: t.Any) -> t.Any:
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                value = json.loads(value)
        value = list(value) if isinstance(value, tuple) else value
        if not isinstance(value, kind):
            raise BadSetting(f"has to be a {'list' if kind is list else 'mapping'}, not {value!r}")
        return value

    return read


_READERS: dict[str, t.Callable[[t.Any], t.Any]] = {
    "integer": _integer,
    "boolean": _boolean,
    "hostname": _hostname,
    "email": _email,
    "range": _range,
    "address": _address,
    "list": _structure(list),
    "mapping": _structure(dict),
}


def names_of_cluster(given: Given, chosen: t.Mapping[str, Entry]) -> Data:
    """Return what placeholders may name, without an add-on's own settings and secrets."""
    provided = {ability for entry in chosen.values() for ability in entry.provides}
    disabled = {c for entry in chosen.values() for c in entry.k3s.disable}
    disabled |= set(given.disabled_components)
    balanced = "load_balancer" in provided or "servicelb" not in disabled
    proxy = not any(e.k3s.server_config.get("disable-kube-proxy") for e in chosen.values())
    return {
        **given.model_dump(mode="json", exclude={"settings", "values", "excluded"}),
        "nodes": given.nodes,
        "up_to_two": min(2, given.nodes),
        "up_to_three": min(3, given.nodes),
        "api_port_text": str(given.api_port),
        "service_type": "LoadBalancer" if balanced else "NodePort",
        "ingress_class": "",
        "kube_proxy": proxy,
        **{key: value for entry in chosen.values() for key, value in entry.tells.items()},
    }


def holds(
    condition: Condition | None, chosen: t.Mapping[str, Entry], names: t.Mapping[str, t.Any]
) -> bool:
    """Return whether a condition holds; none always does."""
    if condition is None:
        return True
    provided = {ability for entry in chosen.values() for ability in entry.provides}
    settings = names.get("settings", {})
    wanted = {
        key: value if isinstance(value, list) else [value]
        for key, value in condition.settings.items()
    }
    return (
        set(condition.addons) <= chosen.keys()
        and set(condition.capabilities) <= provided
        and all(settings.get(key) in values for key, values in wanted.items())
        and all(settings.get(key) for key in condition.settings_set)
        and all(names.get(key) for key in condition.given_set)
        and (condition.nodes_below is None or names["nodes"] < condition.nodes_below)
        and (condition.servers_from is None or names["servers"] >= condition.servers_from)
    )


def settings_of(entry: Entry, given: Given, names: t.Mapping[str, t.Any]) -> tuple[Data, list[str]]:
    """Return an add-on's settings without its secrets, and what is wrong with those given."""
    said, problems = given.settings.get(entry.name, {}), []
    found: Data = {}
    for name, setting in entry.settings.items():
        if setting.type == "secret":
            continue
        found[name] = None
        try:
            found[name] = typed(setting, said.get(name))
        except BadSetting as error:
            problems.append(f"{entry.name}: {name} {error}.")
        if found[name] is None:
            found[name] = fill(setting.default, names)
    return found, problems
