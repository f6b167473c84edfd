# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that reach further or less far than they stand: each class in three languages.

A machine is written as (how many, cores, memory in GiB, kind); ``None`` is any number.
"""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import (
    size_data,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    site,
)

Machines = dict[str, tuple[int | None, int | None, float | None, str | None]]
PLACE = site(lxc_template="tank:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst")


def planned(text: str, base: str = "") -> tuple[Request, Plan]:
    """Return the request and the plan of a sentence, of a change where there is a base."""
    more: dict[str, t.Any] = {}
    if base:
        request, plan = planned(base)
        more = {"previous_request": to_data(request), "previous_plan": to_data(plan)}
    return size_data(intent=text, site=to_data(PLACE), deployment="t", **more)


def of_group(plan: Plan, name: str) -> list[tuple[int, float, str]]:
    return [
        (m.cores * m.sockets, m.memory_mib / 1024, m.kind) for m in plan.machines if m.group == name
    ]


def assert_machines(plan: Plan, wanted: Machines) -> None:
    assert plan.status == "ready", plan.questions
    assert {m.group for m in plan.machines} == set(wanted)
    for name, (count, *sizes) in wanted.items():
        found = of_group(plan, name)
        assert count in (None, len(found)), (name, found)
        for machine in found:
            assert all(want in (None, have) for want, have in zip(sizes, machine, strict=True)), (
                name,
                machine,
            )


TOTALS: list[tuple[str, Machines]] = [
    ("three VMs with 4 cores each and 12 GB RAM in total", {"vm": (3, 4, 4, "vm")}),
    ("three VMs with 12 GB RAM in total and 4 cores each", {"vm": (3, 4, 4, "vm")}),
    ("drei VMs mit jeweils 4 Kernen und insgesamt 12 GB RAM", {"vm": (3, 4, 4, "vm")}),
    ("trois VM avec 4 cœurs chacune et 12 Go de RAM au total", {"vm": (3, 4, 4, "vm")}),
    ("fünf VMs mit 2 Kernen und zusammen 20 GB RAM", {"vm": (5, 2, 4, "vm")}),
    ("cinq VM avec 2 cœurs et 20 Go de RAM en tout", {"vm": (5, 2, 4, "vm")}),
    ("two VMs with a total of 8 cores and 16 GB RAM", {"vm": (2, 4, 8, "vm")}),
]
APIECE: list[tuple[str, Machines]] = [
    (text, {"redis": (1, 2, 4, "vm"), "gitea": (1, 2, 4, "vm")})
    for text in (
        "redis and gitea on one VM each with 2 cores and 4 GB RAM",
        "redis and gitea, each on its own VM with 2 cores and 4 GB RAM",
        "one VM each for redis and gitea with 2 cores and 4 GB RAM",
        "redis und gitea auf je einer VM mit 2 Kernen und 4 GB RAM",
        "redis und gitea jeweils auf einer eigenen VM mit 2 Kernen und 4 GB RAM",
        "jeweils eine VM für redis und gitea mit 2 Kernen und 4 GB RAM",
        "redis et gitea chacun sur une VM avec 2 cœurs et 4 Go de RAM",
        "redis et gitea sur une VM chacun avec 2 cœurs et 4 Go de RAM",
    )
]
KINDS: list[tuple[str, Machines]] = [
    (
        text,
        {
            "gitea": (1, None, None, "vm"),
            "redis": (1, None, None, "lxc"),
            "grafana": (1, None, None, "lxc"),
        },
    )
    for text in (
        "Gitea as a VM, Redis and Grafana each in a container",
        "Gitea als VM sowie Redis und Grafana jeweils als Container",
        "Gitea en VM, Redis et Grafana chacun en conteneur",
    )
]
ROLES: list[tuple[str, Machines]] = [
    (text, {"server": (3, None, None, "vm")})
    for text in (
        "k3s cluster of three nodes, all of them masters",
        "3 node k3s cluster, all masters",
        "k3s cluster with 3 nodes which are all control plane",
        "k3s-Cluster mit drei Knoten, alle sind Master",
        "cluster k3s de trois nœuds, tous sont masters",
    )
]
LISTS: list[tuple[str, Machines]] = [
    (
        "Grafana for 5 users and a 6 core redis VM",
        {"grafana": (1, None, None, "vm"), "redis": (1, 6, None, "vm")},
    ),
    (
        "Gitea und eine 6-Kern-Redis-VM",
        {"gitea": (1, None, None, "vm"), "redis": (1, 6, None, "vm")},
    ),
    ("game server for Minecraft", {"minecraft": (1, None, None, "vm")}),
    ("Gameserver für Factorio", {"factorio": (1, None, None, "vm")}),
]


ONE_FOR_ALL: list[tuple[str, Machines]] = [
    (text, {"gitea": (1, None, 8, kind)})
    for text, kind in (
        ("gitea and redis, one VM for both, 8 GB RAM", "vm"),
        ("gitea und redis, eine VM für beide, 8 GB RAM", "vm"),
        ("gitea und redis, für beide eine VM mit 8 GB RAM", "vm"),
        ("gitea et redis, une VM pour les deux, 8 Go de RAM", "vm"),
        ("gitea with redis in the same container, 8 GB RAM", "lxc"),
        ("gitea mit redis auf derselben VM, 8 GB RAM", "vm"),
        ("gitea avec redis sur la même VM, 8 Go de RAM", "vm"),
    )
]
OF_EACH_PART: list[tuple[str, Machines]] = [
    (text, {"vm": (1, 6, 8, "vm"), "vm-2": (1, 6, 4, "vm")})
    for text in (
        "two VMs: one with 8 GB and one with 4 GB, 6 cores each, Debian 12",
        "zwei VMs: eine mit 8 GB, eine mit 4 GB, je 6 Kerne, Debian 12",
        "deux VM : une pour la prod (8 Go) et une pour la préprod (4 Go), 6 vCPU chacune",
    )
]
OF_EACH_PART += [
    (
        "3 VMs: one for redis with 4 GB, one for gitea with 2 GB, one for mongodb with 8 GB",
        {
            "redis": (1, None, 4, "vm"),
            "gitea": (1, None, 2, "vm"),
            "mongodb": (1, None, 8, "vm"),
        },
    )
]
SAME_THING: list[tuple[str, Machines]] = [
    ("a database server with 8 GB RAM. MariaDB, 4 cores.", {"mariadb": (1, 4, 8, "vm")}),
    ("Ein Webserver mit 4 GB RAM. Caddy auf Debian 12.", {"caddy": (1, None, 4, "vm")}),
    ("Un serveur de jeu avec 8 Go de RAM. Minecraft.", {"minecraft": (1, None, 8, "vm")}),
    (
        "Odoo, Postgres auf einer eigenen VM. Odoo: 4 Kerne, 12 GB. DB: 6 Kerne, 16 GB.",
        {"odoo": (1, 4, 12, "vm"), "postgresql": (1, 6, 16, "vm")},
    ),
    ("Bitwarden (also Vaultwarden) mit 1 GB RAM", {"vaultwarden": (1, None, 1, "vm")}),
    ("MySQL (i.e. MariaDB) with 8 GB RAM", {"mariadb": (1, None, 8, "vm")}),
]
BESIDE: list[tuple[str, Machines]] = [
    (text, {"gitea": (1, None, 2, "vm"), "redis": (1, None, 4, "vm")})
    for text in (
        "a box for gitea (2 GB) and another for redis, 4 GB",
        "eine VM für gitea mit 2 GB und noch eine für redis mit 4 GB",
        "une VM pour gitea (2 Go) et une autre pour redis, 4 Go",
    )
]
BESIDE += [
    (text, {name: (1, None, 2, kind) for name in ("gitea", "redis")})
    for text, kind in (
        ("gitea with 2 GB RAM, same for redis", "vm"),
        ("ein Container für gitea, noch einer für redis, je 2 GB RAM", "lxc"),
        ("gitea and redis, both in containers, 2 GB RAM each", "lxc"),
        ("gitea x1, redis x1, 2 GB RAM each", "vm"),
    )
]
BESIDE += [
    (text, {"vm": (1, None, 4, "vm"), "vm-2": (1, None, 2, "vm")})
    for text in (
        "a VM with 4 GB and a second VM with 2 GB",
        "eine VM mit 4 GB und eine zweite Debian-VM mit 2 GB",
        "une VM avec 4 Go et une deuxième VM avec 2 Go",
    )
]
BESIDE += [
    (text, {"gitea": (1, None, None, "vm"), "redis": (1, None, None, "vm")})
    for text in (
        "a VM for gitea and another, smaller one, for redis",
        "eine VM für gitea und eine weitere, kleinere für redis",
        "une VM pour gitea et une autre, plus petite, pour redis",
        "a gitea VM and a Debian VM behind it for redis",
    )
]
BESIDE += [
    (text, {"server": (1, None, 4, "vm"), "agent": (2, None, 4, "vm")})
    for text in (
        "a k3s cluster of three VMs, 4 GB each",
        "ein Cluster aus drei VMs mit k3s, je 4 GB RAM",
        "un cluster k3s de trois VM, 4 Go chacune",
    )
]
BESIDE += [
    ("redis x2, LXC, 2 GB RAM", {"redis": (2, None, 2, "lxc")}),
    (
        "5 debian containers for students, 1 GB each, and one bigger with 8 GB for the teacher",
        {"container": (5, None, 1, "lxc"), "container-2": (1, None, 8, "lxc")},
    ),
    (
        "une VM pour le site, 8 Go, et deux petites VM pour le web",
        {"vm": (1, None, 8, "vm"), "web": (2, None, None, "vm")},
    ),
]
NO_MACHINES: list[tuple[str, Machines]] = [
    ("Prometheus monitoring 300 hosts", {"prometheus": (1, None, None, "vm")}),
    ("monitoring 300 hosts with Zabbix", {"zabbix": (1, None, None, "vm")}),
    ("Checkmk, überwacht werden 80 Hosts", {"checkmk": (1, None, None, "vm")}),
    ("Zabbix pour superviser 40 serveurs", {"zabbix": (1, None, None, "vm")}),
    ("two redis nodes on any host - 2c/8g/20g", {"redis": (2, 2, 8, "vm")}),
    ("zwei redis-Knoten auf irgendeinem Host, je 8 GB RAM", {"redis": (2, None, 8, "vm")}),
    ("On veut quitter Google Drive. Gitea sur une VM", {"gitea": (1, None, None, "vm")}),
    ("Wir wollen weg von Confluence und brauchen Gitea", {"gitea": (1, None, None, "vm")}),
    ("a VM with 4 GB RAM for two weeks", {"vm": (1, None, 4, "vm")}),
]


#: What a machine is for and the software on it are one thing, and so are software and its kind.
SAME: list[tuple[str, Machines]] = [
    ("a mail server with mailcow", {"mailcow": (1, None, None, "vm")}),
    ("database server with PostgreSQL", {"postgresql": (1, None, None, "vm")}),
    ("ein Monitoring-Server mit Zabbix", {"zabbix": (1, None, None, "vm")}),
    ("un serveur web avec nginx", {"nginx": (1, None, None, "vm")}),
    ("two web servers with nginx", {"nginx": (2, None, None, "vm")}),
    ("monitoring server for Zabbix", {"zabbix": (1, None, None, "vm")}),
    (
        "a load balancer with two web servers",
        {"load-balancer": (1, None, None, "vm"), "web": (2, None, None, "vm")},
    ),
    (
        "application servers for Mattermost with 20000 users",
        {"mattermost": (2, 8, 16, "vm"), "database": (2, 8, 64, "vm")},
    ),
    ("Zabbix, 5000 hosts connected", {"zabbix": (1, None, None, "vm")}),
    ("redis for our 4 app servers, 2 GB RAM", {"redis": (1, None, 2, "vm")}),
    ("Immich, one VM", {"immich": (1, None, None, "vm")}),
    ("Paperless, a container", {"paperless": (1, None, None, "lxc")}),
    ("vaultwarden, un conteneur", {"vaultwarden": (1, None, None, "lxc")}),
    ("Gitea für 20 Benutzer, ein Container", {"gitea": (1, None, None, "lxc")}),
    *(
        (text, {"docker": (1, None, None, kind)})
        for text, kind in (
            ("docker host for portainer, nginx proxy manager and vaultwarden", "vm"),
            ("a VM with Docker for Immich and Paperless", "vm"),
            ("eine Docker-VM für Immich und Paperless", "vm"),
            ("une VM Docker pour Immich et Paperless", "vm"),
            ("docker LXC for portainer and vaultwarden", "lxc"),
        )
    ),
    ("Immich mit Docker", {"immich": (1, None, None, "vm")}),
    ("Gitea on docker", {"gitea": (1, None, None, "vm")}),
    (
        "docker VM with 16 GB, plus a GitLab server",
        {"docker": (1, None, 16, "vm"), "gitlab": (1, None, None, "vm")},
    ),
    ("one Keycloak VM", {"keycloak": (1, None, None, "vm")}),
    ("Keycloak mit 2 Kernen und 6 GB RAM", {"keycloak": (1, 2, 6, "vm")}),
    (
        "3 Keycloak VMs with 4 GB RAM each",
        {"keycloak": (3, None, 4, "vm"), "database": (1, None, None, "vm")},
    ),
]


@pytest.mark.parametrize(
    ("text", "machines"),
    [
        *(*TOTALS, *APIECE, *KINDS, *ROLES, *LISTS, *SAME),
        *(*ONE_FOR_ALL, *OF_EACH_PART, *SAME_THING, *BESIDE, *NO_MACHINES),
    ],
)
def test_a_word_holds_for_what_it_is_said_of(text: str, machines: Machines) -> None:
    assert_machines(planned(text)[1], machines)


@pytest.mark.parametrize(
    "text",
    [
        "three VMs named web, db and cache with 2 cores and 4 GB RAM",
        "drei VMs namens web, db und cache mit 2 Kernen und 4 GB RAM",
        "trois VM nommées web, db et cache avec 2 cœurs et 4 Go de RAM",
    ],
)
def test_nouns_in_a_list_of_names_are_names(text: str) -> None:
    plan = planned(text)[1]
    assert sorted(m.name for m in plan.machines) == ["cache", "db", "web"]


@pytest.mark.parametrize(
    "text",
    [
        "three VMs with 2 cores and 4 GB RAM: athos, porthos, aramis",
        "three containers, one per trainee (athos, porthos and aramis), 2 cores 4 GB",
        "drei VMs für die Azubis (athos, porthos und aramis), je 2 Kerne 4 GB",
        "trois VM pour les stagiaires (athos, porthos, aramis), 2 cœurs et 4 Go chacune",
    ],
)
def test_as_many_words_as_machines_are_their_names(text: str) -> None:
    plan = planned(text)[1]
    assert sorted(m.name for m in plan.machines) == ["aramis", "athos", "porthos"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("A wiki for 5 people. Also a VM with 4 GB for Grafana.", "wiki"),
        ("Ein Wiki für 5 Leute. Dazu noch eine VM mit 4 GB für Grafana.", "Wiki"),
        ("Grafana on a VM with 2 GB, a calendar for the family and a jump host", "calendar"),
        ("Un forum pour 30 personnes, et une VM de 4 Go pour Grafana", "forum"),
        ("Nextcloud, and a helpdesk for the team", "helpdesk"),
    ],
)
def test_software_without_a_name_is_asked_and_not_lost(text: str, word: str) -> None:
    plan = planned(text)[1]
    assert plan.status == "ask"
    assert any(word in question.text for question in plan.questions)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("three VMs named web and db with 2 cores and 4 GB RAM", "2 names"),
        ("four VMs with 4 cores and 32 GB RAM in total", "each of the 4 machines"),
        ("vier VMs mit 4 Kernen und 32 GB RAM insgesamt", "each of the 4 machines"),
        ("quatre VM avec 4 cœurs et 32 Go de RAM au total", "each of the 4 machines"),
        ("redis and gitea with 2 cores each and 8 GB RAM in total", "shared between"),
        ("two k3s clusters", "one cluster"),
        ("zwei k3s-Cluster", "one cluster"),
        ("deux clusters k3s", "one cluster"),
        ("one VM with 32 GB or two with 16 GB for elasticsearch", "which of the two"),
        ("eine VM mit 8 GB oder zwei mit 4 GB", "which of the two"),
        ("une VM avec 8 Go ou deux avec 4 Go", "which of the two"),
        ("3 wordpress sites on one server, 4 GB", "or on 3 machines"),
        ("a database server with 8 GB. Also a MariaDB with 4 GB.", "the same one"),
    ],
)
def test_what_may_mean_two_things_is_asked_or_refused(text: str, asked: str) -> None:
    plan = planned(text)[1]
    assert plan.status in ("ask", "refused")
    told = [q.text for q in plan.questions] + [f.message for f in plan.findings]
    assert any(asked in message for message in told), told


THREE = (
    "Grafana VM with 2 cores, 4 GB RAM and 40 GB disk, Gitea VM with 2 cores, 4 GB RAM and 40 GB"
    " disk and Redis VM with 2 cores, 4 GB RAM and 40 GB disk"
)
K3S = "k3s cluster with 3 masters and 3 workers with 4 cores and 8 GB RAM each"


def exactly(**memory_gib: int) -> Machines:
    return {name: (1, 2, gib, "vm") for name, gib in memory_gib.items()}


def cluster(agents: int, cores: int, memory_gib: int) -> Machines:
    return {"server": (3, 4, 8, "vm"), "agent": (agents, cores, memory_gib, "vm")}


EXCEPTIONS: list[tuple[str, str, Machines]] = [
    *(
        (THREE, text, exactly(grafana=4, gitea=8, redis=8))
        for text in (
            "all but Grafana get 8 GB RAM",
            "give everything except Grafana 8 GB RAM",
            "all VMs except Grafana get 8 GB RAM",
            "alle bis auf Grafana bekommen 8 GB RAM",
            "außer Grafana bekommen alle 8 GB RAM",
            "tous sauf Grafana passent à 8 Go de RAM",
        )
    ),
    (THREE, "double the RAM of everything except Redis", exactly(grafana=8, gitea=8, redis=4)),
    (THREE, "alle außer Grafana und Redis auf 8 GB RAM", exactly(grafana=4, gitea=8, redis=4)),
    (K3S, "alle Knoten außer den Mastern bekommen 16 GB RAM", cluster(3, 4, 16)),
    (K3S, "tous les nœuds sauf les masters passent à 16 Go de RAM", cluster(3, 4, 16)),
]
FACTORS: list[tuple[str, str, Machines]] = [
    (K3S, text, cluster(3, 8, 16))
    for text in (
        "double the cores and the RAM of the workers",
        "verdopple RAM und Kerne der Worker",
        "double la mémoire et les cœurs des workers",
        "double RAM and cores of the workers and leave the masters alone",
    )
]
ONE_MORE: list[tuple[str, str, Machines]] = [
    (K3S, text, cluster(4, 4, 8))
    for text in (
        "we could use one more worker",
        "ein weiterer Worker muss her",
        "wir brauchen noch einen Worker",
        "il nous faut encore un worker",
        "rajoute un worker",
        "only one more worker",
        "nur ein Worker mehr",
    )
]
ONLY: list[tuple[str, str, Machines]] = [
    (K3S, text, cluster(1, 4, 8))
    for text in ("nur noch ein Worker", "only one worker", "il ne faut plus qu'un worker")
]
ONLY += [
    (K3S, text, cluster(1, 4, 8))
    for text in (
        "scale down to 1 worker for the holidays, masters stay",
        "reduziere auf einen Worker",
        "réduis à 1 worker",
    )
]
ONLY += [
    (K3S, "scale up to 5 workers", cluster(5, 4, 8)),
    (K3S, "die Worker kommen mit nur noch 2 Kernen aus", cluster(3, 2, 8)),
    (K3S, "die Worker sollen nur noch 4 GB RAM haben", cluster(3, 4, 4)),
]


PAIR = "PostgreSQL with 4 cores and 8 GB and a Redis VM with 2 cores and 2 GB"
WORKERS = "k3s cluster with 3 servers and 3 agents, workers 4 cores 8 GB"
_REDIS = {"redis": (1, 2, 2.0, "vm")}
#: One more of something has sizes of its own; what is added to something there is added to all.
GROWN: list[tuple[str, str, Machines]] = [
    *(
        (PAIR, text, {**_REDIS, "postgresql": (1, 4, 8, "vm"), "postgresql-2": (1, 2, 16, "vm")})
        for text in (
            "add a postgres with 2 cores and 16 GB RAM",
            "add another postgres, 2 cores 16 GB RAM",
            "noch ein PostgreSQL mit 2 Kernen und 16 GB RAM",
            "ajoute un postgres avec 2 coeurs et 16 Go de RAM",
        )
    ),
    *(
        (WORKERS, text, {"server": (3, None, None, "vm"), "agent": (3, 6, 12, "vm")})
        for text in (
            "add 2 cores and 4 GB RAM to the workers",
            "2 cores and 4 GB RAM more for the workers",
            "ajoute 2 coeurs et 4 Go de RAM aux workers",
            "f\u00fcge den Workern 2 Kerne und 4 GB RAM hinzu",
        )
    ),
    *(
        (WORKERS, text, {"server": (3, None, None, "vm"), "agent": (4, 4, 8, "vm")})
        for text in ("one more worker with 8 GB RAM", "noch ein Worker mit 8 GB RAM")
    ),
    (
        "Zabbix for 100 hosts, 4 cores, 8 GB RAM, 100 GB disk",
        "it watches 400 hosts by now, RAM to 16 GB please",
        {"zabbix": (1, 4, 16, "vm")},
    ),
]


@pytest.mark.parametrize(
    "text",
    [
        "one more worker with 16 GB RAM",
        "add another worker, 16 GB RAM",
        "noch ein Worker mit 16 GB RAM",
        "two more workers with 16 GB RAM each",
    ],
)
def test_one_more_of_another_size_is_asked(text: str) -> None:
    plan = planned(text, WORKERS)[1]
    assert plan.status == "ask"
    assert "change.new_size" in [q.id for q in plan.questions]


@pytest.mark.parametrize(
    ("base", "text", "machines"), [*EXCEPTIONS, *FACTORS, *ONE_MORE, *ONLY, *GROWN]
)
def test_a_change_reaches_what_it_names_and_nothing_else(
    base: str, text: str, machines: Machines
) -> None:
    assert_machines(planned(text, base)[1], machines)


@pytest.mark.parametrize(
    "text",
    [
        "nginx, a VM and a container",
        "Nextcloud and a VM",
        "a VM for Nextcloud, one VM for testing",
        "Nextcloud and Immich with Docker",
        "portainer, gitea und vaultwarden in docker",
        "web servers and a database with 8 GB",
        "redundant DNS servers",
        "an HAProxy and two nginx servers with 6 GB RAM each",
    ],
)
def test_how_many_machines_a_list_is_for_is_asked(text: str) -> None:
    assert planned(text)[1].status == "ask"


@pytest.mark.parametrize("text", ["il faut un worker", "il manque un worker"])
def test_a_number_that_may_be_one_more_or_all_is_asked(text: str) -> None:
    request, plan = planned(text, K3S)
    assert plan.status == "ask", request.changes
    assert [q.id for q in plan.questions] == ["change.more"]


PAIR = "two VMs called cache1 and cache2 with redis, 4 GB each, and git1 with gitea, 4 GB"


@pytest.mark.parametrize(
    "text",
    [
        "get rid of cache2, we only need cache1 now",
        "remove cache2, cache1 is still needed",
        "lösche cache2, wir brauchen nur noch cache1",
        "lösche cache2, cache1 bleibt",
        "supprime cache2, cache1 doit rester",
    ],
)
def test_what_is_still_needed_is_not_deleted(text: str) -> None:
    _request, plan = planned(text, PAIR)
    assert plan.status in ("ready", "ask")
    assert plan.status == "ask" or [m.name for m in plan.machines] == ["cache1", "git1"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("cache2 is not the problem, give git1 8 GB RAM", None),
        ("git1 auf 8 GB RAM, außer wenn der Host voll ist", None),
        ("passe git1 à 8 Go de RAM, sauf si l'hôte est plein", None),
        ("cache2 n'est plus utile, et git1 passe à 8 Go de RAM", ["cache1", "git1"]),
        ("cache2 hat ausgedient, git1 auf 8 GB RAM", ["cache1", "git1"]),
    ],
)
def test_what_is_told_beside_an_order_is_done_or_asked(text: str, left: list[str] | None) -> None:
    _request, plan = planned(text, PAIR)
    assert (plan.status == "ask") == (left is None)
    assert left is None or [m.name for m in plan.machines] == left


WATCHED = "k3s cluster with 1 server, 2 workers and monitoring, 8 GB each"


@pytest.mark.parametrize(
    ("text", "agents", "watched"),
    [
        ("take monitoring out", 2, False),
        ("throw the monitoring away", 2, False),
        ("grow to 4 workers and take monitoring out", 4, False),
        ("one more worker, and monitoring out", 3, False),
        ("noch ein Worker und das Monitoring raus", 3, False),
        ("encore un worker et enlève le monitoring", 3, False),
        ("passer à trois maîtres sans toucher aux workers", 2, True),
        ("go to 3 masters without touching the workers", 2, True),
    ],
)
def test_an_order_of_a_list_keeps_its_own_verb(text: str, agents: int, watched: bool) -> None:
    _request, plan = planned(text, WATCHED)
    assert plan.status == "ready", plan.questions
    assert plan.cluster is not None
    assert len(plan.cluster.agents) == agents
    assert any(addon.name == "prometheus" for addon in plan.addons) == watched


def test_adding_what_is_there_is_told() -> None:
    _request, plan = planned("add monitoring", WATCHED)
    assert any("there already" in finding.message for finding in plan.findings)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("nextcloud on k3s", "nextcloud"),
        ("Elasticsearch on Kubernetes, 3 nodes, 16 GB each", "elasticsearch"),
        ("WordPress auf einem Kubernetes-Cluster, 3 Knoten", "wordpress"),
        ("gitlab dans un cluster k3s", "gitlab"),
        ("a k3s cluster with nextcloud on it", "nextcloud"),
        ("k3s-Cluster, darauf nextcloud", "nextcloud"),
        ("un cluster k3s avec nextcloud dessus", "nextcloud"),
    ],
)
def test_software_inside_a_cluster_is_refused_and_made_no_machine(text: str, family: str) -> None:
    _request, plan = planned(text)
    assert plan.status == "refused"
    assert plan.machines == ()
    assert any(f.severity == "error" and family in f.message for f in plan.findings)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("WordPress server with 5 blogs, 2 cores 4 GB", 1),
        ("Nextcloud mit drei Kalendern, 4 GB RAM", 1),
    ],
)
def test_what_a_program_holds_is_no_number_of_machines(text: str, count: int) -> None:
    _request, plan = planned(text)
    assert plan.status == "ask" or len(plan.machines) == count


@pytest.mark.parametrize(
    ("text", "disks"),
    [
        ("minio with 4 cores, 8 GB RAM and two disks of 500 GB", (500, 500)),
        ("VM mit 2 Kernen, 4 GB RAM und zwei Platten zu 200 GB", (200, 200)),
        ("une VM, 2 cœurs, 4 Go de RAM, deux disques de 100 Go", (100, 100)),
    ],
)
def test_equal_disks_are_all_there(text: str, disks: tuple[int, ...]) -> None:
    _request, plan = planned(text)
    assert [tuple(d.size_gib for d in m.disks) for m in plan.machines] == [disks]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("400 hosts now and another data disk of 100 GB", True),
        ("400 hosts now, RAM to 16 GB", False),
    ],
)
def test_a_load_that_changes_no_machine_that_is_there_is_told(text: str, told: bool) -> None:
    plan = planned(text, "Zabbix for 100 hosts, 4 cores, 8 GB RAM, 100 GB disk")[1]
    said = [f.message for f in plan.findings if f.id == "loads.unused"]
    assert ['"400 hosts"' in message for message in said] == [True] * told
