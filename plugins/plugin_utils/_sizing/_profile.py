# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be told of a site profile by reading it: keys, users, the system of its template."""

from __future__ import annotations

import base64
import binascii
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    GuestState,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._system import (
    OTHER_NAMES,
)

KEY_TYPES = frozenset(
    (
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    )
)
#: Domains reserved for examples (RFC 2606): such a key keeps nobody from looking at a plan.
EXAMPLE = re.compile(r"@(?:[\w-]+\.)*example\.(?:com|net|org)\s*$")
USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
#: Operating systems that the name of a template may tell.
SYSTEMS = (
    *("debian", "ubuntu", "windows", "rocky", "almalinux", "alma", "rhel", "centos", "fedora"),
    *("opensuse", "suse", "alpine", "arch", "oracle", "freebsd"),
)


def check_profile(context: Context) -> None:
    """Report keys that nobody can log in with, users that cannot be, and a wrong system."""
    site = context.site
    for number, text in enumerate(site.ssh_public_keys):
        problem = key_problem(text)
        if problem:
            _wrong(
                context,
                f"ssh_public_keys[{number}]",
                f"{text[:40]!r} {problem}; put the line of your ~/.ssh/*.pub file there.",
                severity="warning" if EXAMPLE.search(text) else "error",
            )
    for field, user in (("template.user", site.template.user), ("user", site.user)):
        if user == "root":
            _wrong(
                context,
                field,
                "The user is root, whose login cloud images refuse; name the user that cloud-init"
                " shall make, such as debian.",
            )
        elif user is not None and not USER.fullmatch(user):
            _wrong(context, field, f"{user!r} cannot be the name of a Linux user.")
    for guest in _templates(context):
        other = other_system(guest.name, site.template.os)
        if other:
            _wrong(
                context,
                "template.os",
                f"The template {guest.name} is {other} by its name, and the profile says"
                f" {site.template.os}; say what is in it, or name another template.",
            )


def key_problem(text: str) -> str:
    """Return what is wrong with a public key in a line of OpenSSH, empty when nothing is."""
    words = text.split()
    if len(words) < 2 or words[0] not in KEY_TYPES:
        return "is no public SSH key"
    try:
        body = base64.b64decode(words[1].encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return "is no whole public SSH key"
    fields = []
    while body:
        length = int.from_bytes(body[:4], "big")
        if len(body) < 4 + length:
            return "is no whole public SSH key"
        fields.append(body[4 : 4 + length])
        body = body[4 + length :]
    if len(fields) < 2 or fields[0] != words[0].encode():
        return "is no whole public SSH key"
    return ""


def other_system(name: str, said: str) -> str:
    """Return the system that a name tells when it is not the one that was said."""
    spelled = name.lower()
    for spoken, other in OTHER_NAMES.items():
        if spoken[-1].isdigit():  # a code name, which tells the release as well
            spelled = spelled.replace(other, spoken)
    found = re.search(rf"\b({'|'.join(SYSTEMS)})[-_ ]?(\d+(?:\.\d+)?)?", re.sub("_", "-", spelled))
    if found is None:
        return ""
    system, release = found.groups()
    words = said.lower()
    told = re.search(r"\d+(?:\.\d+)?", words)
    same_release = not (release and told) or _same(release, told[0])
    if system in words.replace("linux", "") and same_release:
        return ""
    return f"{system} {release or ''}".strip()


def _same(one: str, other: str) -> bool:
    """Return whether two releases are the same, written with or without their dot or minor."""
    plain = [release.replace(".", "") for release in (one, other)]
    return plain[0].startswith(plain[1]) or plain[1].startswith(plain[0])


def _templates(context: Context) -> list[GuestState]:
    template, snapshot = context.site.template, context.snapshot
    return [
        guest
        for guest in (snapshot.guests if snapshot else ())
        if guest.template
        and (guest.vmid == template.vmid if template.vmid else guest.name == template.name)
    ]


def _wrong(
    context: Context,
    field: str,
    message: str,
    severity: t.Literal["warning", "error"] = "error",
) -> None:
    rule = f"site.{field.partition('[')[0]}"
    context.report(rule, severity, f"site.{field}", f"site.{field}: {message}", "site")
