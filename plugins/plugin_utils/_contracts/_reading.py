# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading: the account of a sentence, one statement for each thing it says, in its own words.

A reader (rules or a model) fills ``statements``; code fills ``findings``, ``questions`` and
``aside`` and decides whether the account is closed. A reading decides no size and no default.
"""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._finding import (
    Finding,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)

MAX_TEXT = 4096
MAX_STATEMENTS = 120
MAX_QUOTE = 240

#: wish: something that shall be; change: something that is there becomes different; exists:
#: something that is there and stays (hardware, guests, software elsewhere); exclude: something
#: that shall not be, or not there; load: what has to be served (users, requests, devices, data);
#: remark: a reason, a greeting, a comment: changes no machine.
Kind = t.Literal["wish", "change", "exists", "exclude", "load", "remark"]
Verb = t.Literal[
    "add", "remove", "set", "increase", "decrease", "multiply", "move", "rename", "keep"
]
#: ``approximate``: "about", "some"; the number is still the person's.
Bound = t.Literal["exact", "at_least", "at_most", "approximate"]
#: What a value is of. Sizes are of one machine, unless ``total`` is set.
Topic = t.Literal[
    "thing",  # introduces the thing: value is what it is ("vm", "container", "cluster", "k3s",
    # "kubernetes", "server", "agent", "node" (every node of a cluster), "application", a part such
    # as "web"); about workload: what a cluster is for ("ml-training"). May be said more than once
    # ("web server VM").
    "software",  # runs on the thing: value is a family of the knowledge, or the words
    "version",
    "count",  # about nodes: of all nodes of the cluster that the thing is
    "cores",
    "memory_mib",
    "disk_gib",  # the system disk
    "data_disk_gib",  # a further disk, or what is stored; one statement for each
    "gpu",
    "name",
    "vmid",
    "address",  # CIDR, plain address or "dhcp"
    "gateway",
    "dns_server",
    "bridge",
    "vlan",
    "pool",
    "storage",
    "node",  # a Proxmox node by its name
    "tag",
    "os",
    "template",  # VMID or name
    "iso",
    "image",  # container image
    "port",
    "vip",
    "cni",
    "addon",
    "distribution",
    "environment",
    "ha",
    "scale",  # "small", "medium", "large"
    "setting",  # about: an entry of settings.yml ("on_boot", "usb" …), value: wanted or not
    "backup",  # schedule or storage; value is the words of the rhythm or the storage's name
    "sla",  # about: latency_ms, availability_percent, zero_downtime
    "link",  # value: the id of another thing; about: same_machine, beside, in_front_of, uses,
    # part_of (one of those that the other thing counts: "4 VMs: two web servers and …")
    "driver",  # kind load; about: the driver's name ("users", "requests_per_second" …)
    "hardware",  # kind exists: hosts that are there; about: count, cores, memory_mib, disk_gib
    "whole",  # the thing as such ("remove dns1", "make it redundant"). In a wish with verb
    # multiply: its sizes are those of the thing ``about`` times value ("half of that"); about
    # insist: the person wants the number in spite of a documented minimum
    "text",  # kind remark
]


class Quote(Model):
    """Words of the sentence; ``start`` is their place in it (characters), filled in by code."""

    text: str = Field(min_length=1, max_length=MAX_QUOTE)
    start: int | None = Field(default=None, ge=0, le=MAX_TEXT)

    @property
    def end(self) -> int | None:
        """Return the place behind the last character."""
        return None if self.start is None else self.start + len(self.text)


class Statement(Model):
    """One thing that the sentence says.

    ``thing`` is the id ("t1") that ties statements together: of a wished thing or, for a change,
    of its target. ``value`` is in the unit of ``topic``; ``before`` is what the person says is
    there now ("from 8 to 16 GB", "16 instead of 8"). In a change, ``verb`` tells what value does:
    set 16384, increase by 1, multiply by 2; ``keep`` protects the target from the change.
    """

    kind: Kind
    quote: Quote
    thing: str = Field(default="", pattern=r"^([a-z][a-z0-9]{0,7})?$")
    topic: Topic
    about: str = Field(default="", max_length=64)
    value: bool | int | float | str | None = None
    bound: Bound = "exact"
    total: bool = False
    verb: Verb | None = None
    before: float | None = None


class Question(Model):
    """One thing that a person has to answer; ``quote`` is what it is about, if words are."""

    id: str = Field(pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$", max_length=96)
    text: str = Field(min_length=1, max_length=500)
    quote: Quote | None = None
    #: Two or more readings to choose from, in plain words; none: free text.
    choices: tuple[str, ...] = ()


class Reading(Model):
    """The account of one sentence.

    ``closed``: every number, unit, name, software, negation, place and verb belongs to a
    statement, no two statements use the same words for values, and nothing contradicts. What was
    set aside (greetings, reasons) is in ``aside``. ``answers`` are what a person replied to
    questions, in order; they belong to the text that is read.
    """

    schema_version: t.Literal[1] = 1
    text: str = Field(max_length=MAX_TEXT)
    language: t.Literal["en", "fr", "de"] = "en"
    reader: str = "rules"  # or "gemini", "openai" …: who filled the statements
    statements: tuple[Statement, ...] = Field(default=(), max_length=MAX_STATEMENTS)
    aside: tuple[Quote, ...] = ()
    answers: tuple[str, ...] = Field(default=(), max_length=20)
    questions: tuple[Question, ...] = ()
    findings: tuple[Finding, ...] = ()
    off_topic: bool = False
    closed: bool = False
    #: A person accepts that what was not understood is set aside.
    accepted: bool = False
