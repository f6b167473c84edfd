# SPDX-License-Identifier: GPL-3.0-or-later
"""Where machines come from and go to: templates, images, networks, nodes, storages, versions."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Lexicon,
    Vocabulary,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.literals import (
    Entities,
    take,
)


def find_sources(found: Entities) -> None:
    found.lxc_template = take(
        found,
        re.compile(
            r"(?:\b(?:lxc )?(?:template|vorlage|modele)\s+)?(?P<value>\S+\.tar\.(?:zst|gz|xz))\b"
        ),
    )
    found.iso = take(found, re.compile(r"(?:\b(?:iso|image)\s+)?(?P<value>\S+\.iso)\b"), "iso")
    number = take(
        found,
        re.compile(
            r"\b(?:(?:from|using|of|aus|von|du|depuis|with|avec|mit)\s+(?:the\s+|le\s+|der\s+)?)?"
            r"(?:vm\s*)?(?:template|tmpl|vorlage|modele|gabarit)(?:\s*-?\s*(?:vm)?id)?"
            r"(?:\s+(?:vm|number|no\.?|nr\.?|numero))?\s*[:=#]?\s*#?(?P<value>-?\d+)\b"
        ),
        " ",
    )
    if number is not None:
        _template_id(found, int(number))
    else:
        name = take(
            found,
            re.compile(
                r"\b(?:from|using|of|aus|von|depuis|du|mit|avec|with)\s+(?:the\s+|a\s+|le\s+|la\s+|der\s+|dem\s+)?"
                r"(?:template|vorlage|modele|gabarit)\s+(?P<value>[a-z][\w.-]*[\d-][\w.-]*)"
            ),
        ) or take(
            found,
            re.compile(
                r"\b(?:from|using|aus|depuis)\s+(?:the\s+|a\s+|le\s+|der\s+)?"
                r"(?P<value>[a-z][\w.]*-[\w.-]+)\s+(?:template|vorlage|modele)\b"
            ),
        )
        name = name or take(
            found,
            re.compile(
                r"\b(?:cloned? (?:from|of)|a copy of|clone von|geklont von|clone de)\s+(?:vm\s+)?"
                r"(?P<value>[a-z][\w.]*[-\d][\w.-]*)"
            ),
        )
        found.template_name = name.lower() if name else None
    vmid = take(found, re.compile(r"\b(?:vm-?id|vm id|ct-?id|id)\s*[:=#]?\s*(?P<value>-?\d+)\b"))
    if vmid is None:
        vmid = take(
            found, re.compile(r"\bvm\s+#?(?P<value>\d{3,9})\b(?!\s*(?:gb|mb|go|cores))"), "vm"
        )
    if vmid is not None:
        if 100 <= int(vmid) <= 999_999_999:
            found.vmid = int(vmid)
        else:
            found.problems.append(("vmid", f"VMID {vmid} is outside 100 to 999999999"))
    found.image = (
        take(
            found,
            re.compile(
                r"\b(?:(?:docker |container |oci )?image(?: docker)?)\s*[:=]?\s+"
                r"(?P<value>[a-z0-9][\w.-]*(?:/[\w.-]+)*(?::[\w.-]+|/[\w.-]+))"
            ),
            "docker image",
        )
        or take(
            found,
            re.compile(
                r"\b(?!\w+\.(?:js|net)/)(?P<value>(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[\w.-]+)+(?::[\w.-]+)?)"
            ),
        )
        or take(
            found, re.compile(r"\b(?P<value>[a-z][a-z0-9-]*:(?:\d+\.\d+[\w.-]*|latest|alpine))\b")
        )
    )


def _template_id(found: Entities, number: int) -> None:
    if 100 <= number <= 999_999_999:
        found.template_id = number
    else:
        found.problems.append(("template", f"template {number} is outside 100 to 999999999"))


_IP = r"\d{1,3}(?:\.\d{1,3}){3}"


def find_network(found: Entities) -> None:
    found.gateway = _address(
        found, r"\b(?:gateway|gw|passerelle|standardgateway|via)\s*(?:is|ist|:|=)?\s*"
    )
    found.vip = _address(
        found, r"\b(?:vip|virtual ip|ip virtuelle|virtuelle ip)(?: address)?\s*(?:is|:|=)?\s*"
    )
    while dns := _address(found, r"\b(?:dns|nameserver|dns server|resolver)s?\s*(?:is|:|=)?\s*"):
        found.dns_servers.append(dns)
    subnet = re.compile(
        r"\b(?:networks?|subnets?|netz(?:werk)?|reseau|sous-reseau|cidr|range)\s*(?:is|:|=)?\s*"
        r"(?P<value>" + _IP + r"/\d{1,2})\b"
    )
    found.subnet = take(found, subnet)
    while (address := _address(found, r"")) is not None:
        found.addresses.append(address)
    if re.search(r"\bdhcp\b(?![ -]?server)", found.folded) and not found.addresses:
        found.addresses.append("dhcp")
    vlan = take(
        found,
        re.compile(
            r"\b(?:vlans?(?:[ -]?(?:id|tag))?|tagged|vlan-?nr\.?)\s*[:=#]?\s*(?P<value>-?\d+)\b"
        ),
    )
    if vlan is not None:
        if 1 <= int(vlan) <= 4094:
            found.vlan = int(vlan)
        else:
            found.problems.append(("vlan", f"VLAN {vlan} is outside 1 to 4094"))
    found.bridge = take(
        found,
        re.compile(
            r"(?:\b(?:on|auf|sur|at|an)\s+)?(?:\b(?:bridge|brucke|pont)\s+)?\b(?P<value>vmbr\d+)\b"
        ),
    ) or take(found, re.compile(r"\bbridge\s+(?P<value>[a-z][a-z0-9_.]*\d[a-z0-9_.]*)\b"))
    port = take(found, re.compile(r"\bport\s*[:=]?\s*(?P<value>\d{1,5})\b"))
    if port is not None:
        found.port = int(port) if 0 < int(port) < 65536 else None


def _address(found: Entities, cue: str) -> str | None:
    lead = cue or (
        r"(?:\b(?:with |avec |mit )?(?:a |the |an |une |einer )?"
        r"(?:static |fixed |statische[rn]? |feste[rn]? )?"
        r"(?:ip|address|adresse|ip-adresse|ip address)(?: (?:fixe|statique))?\s*(?:is|:|=)?\s*)?"
    )
    pattern = re.compile(lead + r"(?<![\w./])(?P<value>" + _IP + r"(?:/\d{1,3})?)(?![\w.]*\d)")
    value = take(found, pattern)
    if value is None:
        six = re.compile(
            lead + r"(?<![\w:])(?P<value>(?:[0-9a-f]{1,4}:){2,7}[0-9a-f:]*(?:/\d{1,3})?)"
        )
        value = take(found, six)
    if value is None:
        return None
    problem = _unusable(value)
    if problem is not None:
        found.problems.append(("address", problem))
        return _address(found, cue)
    return value


def _unusable(value: str) -> str | None:
    """Return why no machine can have this address."""
    try:
        interface = ipaddress.ip_interface(value)
    except ValueError:
        return f"{value} is not an IP address"
    network = interface.network
    if "/" not in value or network.num_addresses <= 2 or network.version == 6:
        return None
    if interface.ip == network.broadcast_address:
        return f"{value} is the broadcast address of {network}"
    if interface.ip == network.network_address:
        return f"{value} is the address of the network {network} itself"
    return None


_GPU = re.compile(
    r"\b(?:(?:nvidia|geforce|amd|intel) )*(?P<value>(?:rtx|gtx|tesla|quadro|radeon|arc)"
    r"\s*(?:[a-z]{1,2})?\s?\d{2,4}(?:\s?(?:ti|super|xtx?))?"
    r"|(?:a100|h100|h200|l40s?|p40|v100|a40|mi\d{3}x?))\b"
)


def find_systems(found: Entities, lexicon: Lexicon) -> None:
    take(found, _GPU, "gpu")
    version = take(
        found,
        re.compile(
            r"\b(?P<keep>k3s|k8s|kubernetes|kube|rke2|cluster)\s*"
            r"(?:(?:(?:in |en )?version|release)\s*|(?:auf|to|en|,)\s*(?=v?1\.))?"
            r"(?P<value>v?1\.\d{1,2}(?:\.\d+)?(?:[+-][a-z0-9.]+)?)(?![\d]|\s*(?:gb|tb|go|mb|cores?))"
        ),
        "k3s" if re.search(r"\bk3s\b", found.folded) else "kubernetes",
    )
    if version is None:
        version = take(
            found,
            re.compile(
                r"\b(?:version\s*|to\s+(?:version\s+)?|auf\s+(?:version\s+)?"
                r"|vers\s+(?:la\s+)?(?:version\s+)?|en\s+)?\b"
                r"(?P<value>v1\.\d{1,2}(?:\.\d+)?(?:[+-][a-z0-9.]+)?"
                r"|1\.[234]\d\.\d{1,2}(?:\+[a-z0-9.]+)?"
                r"|(?:(?<=version )|(?<=to )|(?<=auf )|(?<=vers ))1\.[2-9]\d)"
                r"\b(?!\s*(?:gb|tb|mb|go))"
            ),
        )
    found.version = version.removeprefix("v") if version else None
    systems = [n for n in lexicon.operating_systems if (n,) not in lexicon.software]
    for short, name in lexicon.system_aliases.items():
        match = re.search(rf"\b{short}[ -]?(?=\d{{1,4}}\b)", found.folded)
        if match is not None:  # "deb12", "win11"
            found.text = f"{found.text[: match.start()]}{name} {found.text[match.end() :]}"
    names = "|".join(re.escape(name) for name in systems)
    system = re.search(
        r"\b(?P<name>" + names + r")(?:\s+(?:linux|leap|stream))?[ -]?"
        r"(?P<release>\d{1,2}\.\d{1,2}|\d{1,4}(?!\d|[.,]\d|\s*(?:cores?|gb|mb|cpus?|vcpus?|gib|go|machines|nodes|kerne|coeurs)\b)"
        r"|bookworm|trixie|bullseye|jammy|noble|focal)?(?:\s*(?:lts|server))?\b",
        found.folded,
    )
    if system is not None and not _names_software(found.folded, system, lexicon):
        release = system.group("release")
        found.os = system.group("name") + (f" {release}" if release else "")
        if tuple(found.os.split()) not in lexicon.software:  # "Windows 11" is sized as one
            found.blank(*system.span())
        others = re.finditer(r"\b(" + names + r")\b", found.folded)
        said = {m[1] for m in others if not _DENIED.search(found.folded[: m.start()])}
        found.other_systems = sorted(said - {system.group("name")})


def _names_software(text: str, system: re.Match[str], lexicon: Lexicon) -> bool:
    """Tell whether a longer name of software begins here ("Windows Server Update Services")."""
    words = tuple(re.findall(r"[^\W_]+", text[system.start() : system.start() + 120]))
    length = len(system.group(0).split())
    return any(words[:size] in lexicon.software for size in range(length + 1, 6))


#: What stands before something that shall not be taken ("not on pve1", "(not debian!)").
_DENIED = re.compile(
    r"\b(?:not|no|never|but|except|without|instead of|rather than|pas|sauf|sans|au lieu d[eu]"
    r"|nicht|kein(?:e[nmrs]?)?|ohne|ausser|statt)\s+(?:on|auf|sur|to|the|node|host|an?|le|la|den|dem)?\s*$"
)


def find_places(found: Entities, vocabulary: Vocabulary) -> None:
    _avoided_hosts(found, vocabulary)
    _find_node(found, vocabulary)
    if found.node is not None:
        first = found.node
        for _other in range(16):
            found.node = None
            _find_node(found, vocabulary)
            if found.node is None:
                break
            if found.node != first and found.node not in found.other_nodes:
                found.other_nodes.append(found.node)
        found.node = first
    _find_storage(found, vocabulary)


def _avoided_hosts(found: Entities, vocabulary: Vocabulary) -> None:
    """Take out the hosts that the request shall not run on."""
    known = "|".join(re.escape(node.lower()) for node in vocabulary.nodes)
    name = r"(?:pve|proxmox|hv|hyp)-?\d+[a-z0-9-]*" + (f"|{known}" if known else "")
    for match in re.finditer(rf"\b(?P<value>{name})\b", found.folded):
        cue = _DENIED.search(found.folded[: match.start()])
        if cue is not None:
            found.avoided_nodes.append(match.group("value"))
            found.blank(cue.start(), match.end())


def _find_node(found: Entities, vocabulary: Vocabulary) -> None:
    for node in sorted(vocabulary.nodes, key=len, reverse=True):
        match = re.search(
            r"\b(?:on|auf|sur|to|at|an)\s+(?:(?:the\s+)?(?:node|host|noeud|knoten)\s+)?(?P<value>"
            + re.escape(node.lower())
            + r")\b",
            found.folded,
        )
        if match:
            found.node = node
            found.blank(*match.span())
            break
    else:
        found.node = (
            take(
                found,
                re.compile(
                    r"\b(?:on|auf|sur|at)\s+(?:the\s+|dem\s+|le\s+|my\s+)?(?:proxmox\s+|pve\s+)?(?:node|host|noeud|knoten|server)\s+"
                    r"(?P<value>(?!with\b|for\b|and\b|mit\b|avec\b|et\b|und\b)[a-z0-9][a-z0-9-]*[a-z0-9])\b"
                ),
            )
            or take(
                found,
                re.compile(
                    r"\b(?:(?:on|auf|sur|at)\s+)?"
                    r"(?:(?:proxmox |pve )?(?:node|host|knoten|noeud)\s*[:=]?\s*)?"
                    r"(?P<value>(?:pve|proxmox|hv|hyp)-?\d+[a-z0-9-]*)\b"
                ),
            )
            or take(
                found,
                re.compile(
                    r"(?:^|[,;]\s*)(?:node|host|knoten|noeud)\s*[:=]?\s+(?P<value>[a-z]+-?\d+)\b"
                ),
            )
        )


def _find_storage(found: Entities, vocabulary: Vocabulary) -> None:
    for storage in sorted(vocabulary.storages, key=len, reverse=True):
        match = re.search(
            r"(?:\b(?:on|in|auf|sur|dans|im)\s+)?(?:\b(?:storage|datastore|stockage|speicher)\s+)?\b(?P<value>"
            + re.escape(storage.lower())
            + r")\b",
            found.folded,
        )
        if match:
            found.storage = storage
            found.blank(*match.span(), keep="onstorage")
            return
    found.storage = (
        take(
            found,
            re.compile(
                r"(?:\b(?:on|in|auf|sur|dans|im)\s+)?(?:\b(?:storage|datastore|stockage|speicher)\s*[:=]?\s+)?"
                r"\b(?P<value>local-[a-z0-9-]+|(?:ceph|rbd|nfs|zfs|san|nas|ssd|nvme|hdd|fast|vm)[a-z0-9]*[-_][a-z0-9_-]+"
                r"|[a-z0-9]+-(?:lvm|zfs|pool|thin|rbd|ceph))\b"
            ),
            "onstorage",
        )
        or take(
            found,
            re.compile(
                r"\b(?:(?:on|in|auf|sur|dans|im)\s+)?(?:the\s+)?\b(?:storage|datastore|speicherpool|stockage)(?:\s*[:=]\s*|\s+)"
                r"(?P<value>(?!is\b|and\b|with\b|for\b|size\b|space\b)[a-z][a-z0-9_-]*[0-9_-][a-z0-9_-]*|ceph|local|tank|rpool)\b"
            ),
            "onstorage",
        )
        or take(
            found,
            re.compile(r"\b(?:on|in|auf|sur|dans|im)\s+(?P<value>tank|rpool|zpool|datapool)\b"),
            "onstorage",
        )
    )
