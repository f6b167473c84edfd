# SPDX-License-Identifier: GPL-3.0-or-later
"""Literals of a request: names, addresses, VLANs, templates, storages, versions, systems.

Each literal is taken out of the text (blanked), so that its digits are never read as a size.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Lexicon,
    Vocabulary,
)

_WORD = r"[A-Za-z0-9][\w.-]*"
_RAW_NAME = r"(?P<value>\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|`[\w.-]+`|[^\s,:()]+)"
_SEPARATOR = r"(?:\s*[:=]\s*|\s+(?:is\s+|ist\s+|est\s+)?)"

NAMED = re.compile(
    r"\b(?:named|called|name[ds]?|hostnames?|nomme(?:e?s?)?|appelee?s?|namens|genannt|nom|"
    r"mit (?:dem )?namen?|(?:avec|sous) le nom|heisst|hei(?:ss|s)en soll|s'appelle|der name|"
    r"it should be called|call (?:it|them))"
    r"(?:\s*[:=]\s*|\s+(?:is\s+|it\s+|de\s+|should be\s+)?)" + _RAW_NAME
)
_LEADING_NAME = re.compile(
    r"\W*(?P<value>(?!k3s|k8s|rke2|ci-|ha-)[a-z][a-z0-9]*-[a-z0-9-]*\d)\s*(?:,|:|with\b|mit\b|avec\b|-\s)"
)
_NEXT_NAME = re.compile(r"\s*(?:,|\band\b|\bet\b|\bund\b|&)\s*(?:and\s+|et\s+|und\s+)?" + _RAW_NAME)
_NOT_NAMES = frozenset(
    [
        "a",
        "an",
        "the",
        "it",
        "them",
        "after",
        "with",
        "and",
        "for",
        "by",
        "in",
        "on",
        "of",
        "un",
        "une",
        "le",
        "la",
        "les",
        "ein",
        "eine",
        "der",
        "die",
        "das",
        "mit",
        "et",
        "avec",
        "und",
        "me",
        "us",
        "servers",
        "server",
        "resources",
    ]
)
_CLUSTER_NAME = re.compile(
    r"\b(?:clusters?|grappe)\s+(?P<value>[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+"
    r"|(?!k3s\b|k8s\b)[a-z]+\d+)\b"
)
_MUTATED = re.compile(
    r"\b(?:passe[rz]?|mets|mettez|setze|make|mache|mach|rends|fais|scale|resize|destroy|delete|remove|upgrade|shrink|grow|enlarge|expand|extend|supprime[rz]?|"
    r"losche?n?|vergrosser[en]+|verkleiner[en]+|skalier[en]+|redimensionne[rz]?|agrandi[rst]+|"
    r"detrui[rst]+e?|zerstore?n?|increase|reduce|bump|give|gib|donne[rz]?|entferne?n?|stop|to|from|"
    r"zu|zum|aus|of|de|du|a|au|von|in|set|change|reduis|update|modify|downgrade|auf)\s+"
    r"(?:the\s+|le\s+|la\s+|den\s+|die\s+|das\s+|dem\s+|der\s+)?"
    r"(?:(?:k3s|k8s|kubernetes)\s+)?(?:vm\s+|lxc\s+|container\s+|conteneur\s+|cluster\s+|maschine\s+|machine\s+|"
    r"server\s+|node\s+)?"
    r"(?P<value>[a-z][a-z0-9]*(?:-[a-z0-9]+)+|[a-z]{2,}\d+)\b"
)
_MUTATION = re.compile(
    r"\b(?:add|adds|append|remove|scale|resize|destroy|delete|upgrade|shrink|grow|enlarge|expand|extend|"
    r"increase|reduce|bump|give|set|change|update|modify|downgrade|make|bigger|smaller|larger|drop|enable|disable|"
    r"turn|tear|nuke|wipe|move|migrate|ajoute[rz]?|rajoute[rz]?|supprime[rz]?|retire[rz]?|enleve[rz]?|redimensionne[rz]?|"
    r"agrandi\w*|detrui\w+|donne[rz]?|passe[rz]?|mets|mettez|reduis\w*|augmente[rz]?|diminue[rz]?|modifie[rz]?|"
    r"fuge|fugen|hinzu\w*|entferne?n?|losche?n?|skalier\w+|vergrosser\w*|verkleiner\w*|zerstore?n?|gib|setze|mach|mache|"
    r"erhohe?n?|reduzier\w*|andere|andern|aktualisier\w*|rends|fais|stop|decommission)\b"
)
_MACHINE_NAME = re.compile(
    r"\b(?:vm|machine|box|container|lxc|server|serveur|maschine|host|guest|ct|conteneur)\s+"
    r"(?P<value>[a-z][a-z0-9]*-[a-z0-9-]*\d[a-z0-9-]*|(?!k3s\b|k8s\b|rke2\b|ext4\b|x86\b|apache2\b)"
    r"[a-z]{2,}\d{1,3})\b"
)
_RELATIVE = re.compile(
    r"\b(?:as|of|like|than|que|wie|von|comme|to|de|d'|mit|a)\s+(?:vm\s+|the\s+|la\s+|der\s+)?"
    r"(?P<value>[a-z][a-z0-9]*(?:-[a-z0-9]+)*\d[a-z0-9-]*|[a-z]+(?:-[a-z0-9]+)+)\b"
)


@dataclasses.dataclass
class Entities:
    """What was found, by meaning, and the text without it."""

    text: str = ""
    names: list[str] = dataclasses.field(default_factory=list)
    bad_names: list[str] = dataclasses.field(default_factory=list)
    cluster_name: str | None = None
    target_name: str | None = None  # an existing machine or cluster that is to change
    version: str | None = None
    os: str | None = None
    node: str | None = None
    storage: str | None = None
    bridge: str | None = None
    vlan: int | None = None
    addresses: list[str] = dataclasses.field(default_factory=list)
    gateway: str | None = None
    dns_servers: list[str] = dataclasses.field(default_factory=list)
    vip: str | None = None
    template_id: int | None = None
    template_name: str | None = None
    iso: str | None = None
    lxc_template: str | None = None
    vmid: int | None = None
    pool: str | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None
    port: int | None = None
    relative_to: str | None = None
    problems: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def blank(self, start: int, end: int, keep: str = "") -> None:
        """Replace a span by spaces (and a short mark), keeping every other position."""
        filler = (keep + " " * (end - start))[: end - start]
        self.text = self.text[:start] + filler + self.text[end:]

    @property
    def folded(self) -> str:
        """Return the remaining text, folded."""
        return fold(self.text)


def extract(text: str, lexicon: Lexicon, vocabulary: Vocabulary) -> Entities:
    """Take the literals out of a cleaned text."""
    found = Entities(text=text)
    _urls(found)
    _relative(found, vocabulary)
    _names(found)
    _sources(found)
    _network(found)
    _systems(found, lexicon)
    _places(found, vocabulary)
    _named_things(found, vocabulary)
    return found


def _take(found: Entities, pattern: re.Pattern[str], keep: str = "") -> str | None:
    """Return the group ``value`` of the first match (original letters) and blank the match."""
    match = pattern.search(found.folded)
    if match is None:
        return None
    value = found.text[match.start("value") : match.end("value")]
    found.blank(match.start(), match.end(), keep)
    return value


def _unquoted(raw: str) -> str:
    return raw.strip("\"'`").rstrip(".!?;")


def _urls(found: Entities) -> None:
    for match in reversed(list(re.finditer(r"\b[a-z][a-z0-9+]*://\S+", found.folded))):
        found.blank(*match.span())


def _relative(found: Entities, vocabulary: Vocabulary) -> None:
    cue = re.search(
        r"\b(?:same|twice|double|doubled|triple|half|like|identical|identique|identisch|pareille?|clone|copy|meme|memes|comme|deux fois|"
        r"moitie|doppelt\w*|halb|halfte|gleich\w*|wie|selbe\w*|genauso|times|fois|fach|mal|sized|big as)\b",
        found.folded,
    )
    if cue is None:
        return
    match = _RELATIVE.search(found.folded, cue.start())
    if match is None:
        for guest in vocabulary.guests:
            at = found.folded.find(guest.lower(), cue.start())
            if at >= 0:
                found.relative_to = guest
                found.blank(at, at + len(guest))
                return
        return
    value = match.group("value")
    if not re.fullmatch(r"k3s|k8s|rke2|p9\d|high-\w+|node\.js", value):
        found.relative_to = value
        found.blank(match.start("value"), match.end("value"))


def _names(found: Entities) -> None:
    position = 0
    lead = _LEADING_NAME.match(found.folded)
    if lead is not None and not NAMED.search(found.folded):
        _add_name(found, lead.group("value"))
        found.blank(lead.start("value"), lead.end("value"))
    while (match := NAMED.search(found.folded, position)) is not None:
        raw = found.text[match.start("value") : match.end("value")]
        if match.group("value") in _NOT_NAMES:
            position = match.end()
            continue
        braces = re.match(
            r"[\{\[$%(<].*?[\}\])>]{1,2}(?=[\s,;]|$)", found.text[match.start("value") :]
        )
        end = match.start("value") + braces.end() if braces else match.end("value")
        raw = found.text[match.start("value") : end] if braces else raw
        trailing = len(raw) - len(raw.rstrip(".!?;"))
        _add_name(found, _unquoted(raw))
        found.blank(match.start(), end - trailing if not braces else end)
        position = end - trailing
        while (more := _NEXT_NAME.match(found.folded, position)) is not None:
            value = _unquoted(found.text[more.start("value") : more.end("value")])
            like_name = re.fullmatch(r"[A-Za-z][\w.-]*\d|[a-z0-9]+(?:-[a-z0-9]+)+", value)
            if not like_name or not found.names:
                break
            _add_name(found, value)
            found.blank(position, more.end())
            position = more.end()


def _add_name(found: Entities, raw: str) -> None:
    name = raw.lower()
    if re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        found.names.append(name)
    else:
        found.bad_names.append(raw)


def _sources(found: Entities) -> None:
    found.lxc_template = _take(
        found,
        re.compile(
            r"(?:\b(?:lxc )?(?:template|vorlage|modele)\s+)?(?P<value>\S+\.tar\.(?:zst|gz|xz))\b"
        ),
    )
    found.iso = _take(found, re.compile(r"(?:\b(?:iso|image)\s+)?(?P<value>\S+\.iso)\b"), "iso")
    number = _take(
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
        name = _take(
            found,
            re.compile(
                r"\b(?:from|using|of|aus|von|depuis|du|mit|avec|with)\s+(?:the\s+|a\s+|le\s+|la\s+|der\s+|dem\s+)?"
                r"(?:template|vorlage|modele|gabarit)\s+(?P<value>[a-z][\w.-]*[\d-][\w.-]*)"
            ),
        ) or _take(
            found,
            re.compile(
                r"\b(?:from|using|aus|depuis)\s+(?:the\s+|a\s+|le\s+|der\s+)?"
                r"(?P<value>[a-z][\w.]*-[\w.-]+)\s+(?:template|vorlage|modele)\b"
            ),
        )
        found.template_name = name.lower() if name else None
    vmid = _take(found, re.compile(r"\b(?:vm-?id|vm id|ct-?id|id)\s*[:=#]?\s*(?P<value>-?\d+)\b"))
    if vmid is None:
        vmid = _take(
            found, re.compile(r"\bvm\s+#?(?P<value>\d{3,9})\b(?!\s*(?:gb|mb|go|cores))"), "vm"
        )
    if vmid is not None:
        if 100 <= int(vmid) <= 999_999_999:
            found.vmid = int(vmid)
        else:
            found.problems.append(("vmid", f"VMID {vmid} is outside 100 to 999999999"))
    found.image = (
        _take(
            found,
            re.compile(
                r"\b(?:(?:docker |container |oci )?image(?: docker)?)\s*[:=]?\s+"
                r"(?P<value>[a-z0-9][\w.-]*(?:/[\w.-]+)*(?::[\w.-]+|/[\w.-]+))"
            ),
            "docker image",
        )
        or _take(
            found,
            re.compile(r"\b(?P<value>(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[\w.-]+)+(?::[\w.-]+)?)"),
        )
        or _take(
            found, re.compile(r"\b(?P<value>[a-z][a-z0-9-]*:(?:\d+\.\d+[\w.-]*|latest|alpine))\b")
        )
    )


def _template_id(found: Entities, number: int) -> None:
    if 100 <= number <= 999_999_999:
        found.template_id = number
    else:
        found.problems.append(("template", f"template {number} is outside 100 to 999999999"))


_IP = r"\d{1,3}(?:\.\d{1,3}){3}"


def _network(found: Entities) -> None:
    found.gateway = _address(
        found, r"\b(?:gateway|gw|passerelle|standardgateway|via)\s*(?:is|ist|:|=)?\s*"
    )
    found.vip = _address(
        found, r"\b(?:vip|virtual ip|ip virtuelle|virtuelle ip)(?: address)?\s*(?:is|:|=)?\s*"
    )
    while dns := _address(found, r"\b(?:dns|nameserver|dns server|resolver)s?\s*(?:is|:|=)?\s*"):
        found.dns_servers.append(dns)
    while (address := _address(found, r"")) is not None:
        found.addresses.append(address)
    if re.search(r"\b(?:dhcp)\b", found.folded) and not found.addresses:
        found.addresses.append("dhcp")
    vlan = _take(
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
    found.bridge = _take(
        found,
        re.compile(
            r"(?:\b(?:on|auf|sur|at|an)\s+)?(?:\b(?:bridge|brucke|pont)\s+)?\b(?P<value>vmbr\d+)\b"
        ),
    ) or _take(found, re.compile(r"\bbridge\s+(?P<value>[a-z][a-z0-9_.]*\d[a-z0-9_.]*)\b"))
    port = _take(found, re.compile(r"\bport\s*[:=]?\s*(?P<value>\d{1,5})\b"))
    if port is not None:
        found.port = int(port) if 0 < int(port) < 65536 else None


def _address(found: Entities, cue: str) -> str | None:
    lead = cue or (
        r"(?:\b(?:with |avec |mit )?(?:a |the |an |une |einer )?(?:static |fixed |statische[rn]? |feste[rn]? )?"
        r"(?:ip|address|adresse|ip-adresse|ip address)(?: (?:fixe|statique))?\s*(?:is|:|=)?\s*)?"
    )
    pattern = re.compile(lead + r"(?<![\w./])(?P<value>" + _IP + r"(?:/\d{1,3})?)(?![\w.]*\d)")
    value = _take(found, pattern)
    if value is None:
        six = re.compile(
            lead + r"(?<![\w:])(?P<value>(?:[0-9a-f]{1,4}:){2,7}[0-9a-f:]*(?:/\d{1,3})?)"
        )
        value = _take(found, six)
    if value is None:
        return None
    try:
        ipaddress.ip_interface(value)
    except ValueError:
        found.problems.append(("address", f"{value} is not an IP address"))
        return _address(found, cue)
    return value


def _systems(found: Entities, lexicon: Lexicon) -> None:
    version = _take(
        found,
        re.compile(
            r"\b(?P<keep>k3s|k8s|kubernetes|kube|rke2|cluster)\s*(?:version\s*|release\s*|in version\s*|en version\s*|auf\s*(?=v?1\.)|to\s*(?=v?1\.)|en\s*(?=v?1\.)|,\s*(?=v?1\.))?"
            r"(?P<value>v?1\.\d{1,2}(?:\.\d+)?(?:[+-][a-z0-9.]+)?)(?![\d]|\s*(?:gb|tb|go|mb|cores?))"
        ),
        "kubernetes",
    )
    if version is None:
        version = _take(
            found,
            re.compile(
                r"\b(?:version\s*|to\s+version\s*|to\s+|auf\s+(?:version\s+)?|vers\s+(?:la\s+)?(?:version\s+)?|en\s+)?\b(?P<value>v1\.\d{1,2}(?:\.\d+)?(?:[+-][a-z0-9.]+)?"
                r"|1\.(?:2\d|3\d|4\d)\.\d{1,2}(?:\+[a-z0-9.]+)?|(?<=version )1\.[234]\d|(?<=to )1\.[234]\d|(?<=auf )1\.[234]\d|(?<=vers )1\.[234]\d)\b(?!\s*(?:gb|tb|mb|go))"
            ),
        )
    elif found.text[: found.text.find("kubernetes") + 1]:
        pass
    found.version = version.removeprefix("v") if version else None
    names = "|".join(re.escape(name) for name in lexicon.operating_systems)
    system = re.search(
        r"\b(?P<name>" + names + r")(?:\s+(?:linux|leap|stream))?[ -]?"
        r"(?P<release>\d{1,2}\.\d{1,2}|\d{1,4}(?![\d.,]|\s*(?:cores?|gb|mb|cpus?|vcpus?|gib|go|machines|nodes|kerne|coeurs)\b)"
        r"|bookworm|trixie|bullseye|jammy|noble|focal)?(?:\s*(?:lts|server))?\b",
        found.folded,
    )
    if system is not None:
        release = system.group("release")
        found.os = system.group("name") + (f" {release}" if release else "")
        found.blank(*system.span())


def _places(found: Entities, vocabulary: Vocabulary) -> None:
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
        found.node = _take(
            found,
            re.compile(
                r"\b(?:on|auf|sur|at)\s+(?:the\s+|dem\s+|le\s+|my\s+)?(?:proxmox\s+|pve\s+)?(?:node|host|noeud|knoten|server)\s+"
                r"(?P<value>(?!with\b|for\b|and\b|mit\b|avec\b|et\b|und\b)[a-z0-9][a-z0-9-]*[a-z0-9])\b"
            ),
        ) or _take(
            found,
            re.compile(r"\b(?:on|auf|sur|at)\s+(?P<value>(?:pve|proxmox|hv|hyp)-?\d+[a-z0-9-]*)\b"),
        )
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
    found.storage = _take(
        found,
        re.compile(
            r"(?:\b(?:on|in|auf|sur|dans|im)\s+)?(?:\b(?:storage|datastore|stockage|speicher)\s*[:=]?\s+)?"
            r"\b(?P<value>local-[a-z0-9-]+|(?:ceph|rbd|nfs|zfs|san|nas|ssd|nvme|hdd|fast|vm)[a-z0-9]*[-_][a-z0-9_-]+"
            r"|[a-z0-9]+-(?:lvm|zfs|pool|thin|rbd|ceph))\b"
        ),
        "onstorage",
    ) or _take(
        found,
        re.compile(
            r"\b(?:on|in|auf|sur|dans|im)?\s*(?:the\s+)?\b(?:storage|datastore|speicherpool|stockage)\s*[:=]?\s+"
            r"(?P<value>(?!is\b|and\b|with\b|for\b|size\b|space\b)[a-z][a-z0-9_-]*[0-9_-][a-z0-9_-]*|ceph|local|tank|rpool)\b"
        ),
        "onstorage",
    )


def _named_things(found: Entities, vocabulary: Vocabulary) -> None:
    pool = _take(found, re.compile(r"\b(?:resource )?pool\s*[:=]?\s+(?P<value>[a-z][a-z0-9_-]+)\b"))
    found.pool = pool.lower() if pool else None
    tags = _take(
        found,
        re.compile(
            r"\b(?:tags?|tagged|markiert|etiquettes?)\s*[:=]?\s+(?:with\s+|as\s+|mit\s+)?(?P<value>[a-z][\w-]*(?:\s*[,;]\s*[a-z][\w-]*)*)"
        ),
    )
    if tags:
        found.tags = tuple(part.strip().lower() for part in re.split(r"[,;]", tags) if part.strip())
    if not found.names:
        cluster = _take(found, _CLUSTER_NAME, "cluster")
        if cluster is not None:
            found.cluster_name = cluster.lower()
    known = sorted(vocabulary.guests, key=len, reverse=True)
    for guest in known:
        at = re.search(rf"(?<![\w-]){re.escape(guest.lower())}(?![\w-])", found.folded)
        if at:
            found.target_name = guest
            found.blank(*at.span())
            return
    match = _MUTATED.search(found.folded) if _MUTATION.search(found.folded) else None
    if match is not None and match.group("value") not in {"k3s", "k8s", "rke2", "p99", "p95"}:
        value = match.group("value")
        letters = [part for part in value.split("-")]
        if any(char.isdigit() for char in value) or not all(part in _PLAIN for part in letters):
            found.target_name = value
            found.blank(match.start("value"), match.end("value"))
            return
    name = _MACHINE_NAME.search(found.folded)
    if name is not None and not found.names:
        found.names.append(name.group("value"))
        found.blank(name.start("value"), name.end("value"))


_PLAIN = frozenset(
    [
        "single",
        "node",
        "control",
        "plane",
        "load",
        "balancer",
        "high",
        "availability",
        "three",
        "two",
        "one",
        "multi",
        "proof",
        "of",
        "concept",
        "pre",
        "production",
        "up",
        "to",
        "at",
        "home",
        "lab",
        "self",
        "hosted",
        "well",
        "known",
        "real",
        "time",
        "open",
        "source",
        "long",
        "term",
        "home",
        "in",
        "place",
        "on",
        "prem",
        "medium",
        "small",
        "large",
        "sized",
        "general",
        "purpose",
        "name",
    ]
)
