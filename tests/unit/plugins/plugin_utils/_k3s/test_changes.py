# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans that take something away or move it, as a table."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import (
    Cluster,
    Plan,
    plan_cluster,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._bucket import bucket_of
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._changes import plan_change
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._hooks import (
    ACTIONS,
    hook_problems,
    with_hooks,
)
from unit.plugins.plugin_utils._k3s.builders import (
    ROLE,
    SERVERS,
    TOKEN,
    changed,
    cluster,
    fresh,
    node,
    running,
)

NEXT = "v1.34.13+k3s1"
IN_BUCKET = {
    "etcd-s3": True,
    "etcd-s3-bucket": "snapshots",
    "etcd-s3-access-key": "name",
    "etcd-s3-secret-key": "key",
}


def plan(goal: str, made: Cluster, token: str | None = TOKEN) -> Plan:
    return plan_change(goal, made, {}, token)


def shown(found: Plan) -> list[str]:
    assert not found.problems
    return [f"{step.action} {step.arguments.get('node', step.host)}" for step in found.steps]


def refused(goal: str, made: Cluster, token: str | None = TOKEN) -> str:
    found = plan(goal, made, token)
    assert not found.steps
    return " ".join(found.problems)


def test_an_agent_leaves_before_its_machine_goes() -> None:
    assert shown(plan("remove", changed(running(), remove=["a2"]))) == [
        "hold a2",
        "cordon a2",
        "drain a2",
        "remove a2",
        "reset a2",
    ]


def test_a_dead_server_and_a_node_without_a_host_leave() -> None:
    nodes = [*[node(name) for name in ("s1", "s3", "a1", "a2")], node("s2", ready=False)]
    nodes.append(node("a9", ready=False))
    made = changed(running(changes={"s2": None}, nodes=nodes), remove=["s2", "a9"])
    found = plan("remove", made)
    assert shown(found) == ["cordon s2", "remove s2", "cordon a9", "remove a9"]
    assert {step.via for step in found.steps} == {"s1"}
    assert "2 servers stay" in found.notes[0]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], "Name who shall go"),
        (["a8"], "a8 is no node; the cluster has a1, a2, s1, s2, s3"),
        (SERVERS, "No server whose API answers would stay"),
    ],
)
def test_who_cannot_leave(names: list[str], sentence: str) -> None:
    assert sentence in refused("remove", changed(running(), remove=names))


def test_without_an_api_nothing_leaves() -> None:
    made = running(changes={name: {"api": "connection refused"} for name in SERVERS})
    assert "No server's API answers" in refused("remove", changed(made, remove=["a1"]))
    down = running(changes={"s1": None, "s2": {"api": ""}, "s3": {"api": "refused"}})
    assert "(s1: it did not answer in time; s2: k3s does not run; s3: refused)" in refused(
        "remove", changed(down, remove=["a1"])
    )


def test_the_first_server_is_replaced_by_itself() -> None:
    found = plan("replace", changed(running(), replace=["s1"]))
    assert shown(found) == [
        "hold s1",
        "cordon s1",
        "drain s1",
        "remove s1",
        "reset s1",
        "binary s1",
        "write s1",
        "vip s1",
        "start s1",
        "verify s2",
    ]
    start = next(step for step in found.steps if step.action == "start")
    assert start.arguments["join_url"] == "https://10.77.0.12:6443"


DEAD = [*[node(name) for name in ("s1", "s2", "a1", "a2")], node("s3", ready=False)]


@pytest.mark.parametrize(
    ("goal", "names", "actions"),
    [
        ("remove", ["s2"], None),
        ("replace", ["s2"], None),
        ("remove", ["s2", "s3"], ["remove s3", "remove s2"]),
        ("remove", ["s3"], ["remove s3"]),
        ("replace", ["s3"], ["remove s3"]),
        ("remove", ["a1"], ["remove a1"]),
        ("replace", ["a1"], ["remove a1"]),
    ],
)
def test_nobody_leaves_whose_loss_takes_the_majority(
    goal: str, names: list[str], actions: list[str] | None
) -> None:
    made = changed(running(nodes=DEAD, changes={"s3": None}), **{goal: names})
    if actions is None:
        assert "s2 cannot go while s3 is down: 1 of the 2 servers" in refused(goal, made)
        return
    assert [line for line in shown(plan(goal, made)) if line.startswith("remove ")] == actions


def test_two_servers_can_become_one() -> None:
    nodes = [node("s1"), node("s2")]
    made = running(["s1", "s2"], [], nodes=nodes)
    assert "remove s2" in shown(plan("remove", changed(made, remove=["s2"])))
    assert "remove s2" in shown(plan("replace", changed(made, replace=["s2"])))


@pytest.mark.parametrize(
    ("goal", "own"),
    [
        ("upgrade", {"version": NEXT, "binary_sha256": "cd" * 32}),
        ("restore", {"snapshot": "/srv/one"}),
        *[("rotate", {"rotate": what}) for what in ("token", "certificates", "encryption_key")],
    ],
)
@pytest.mark.parametrize("down", [["s1"], ["s3", "a1"], [*SERVERS, "a1", "a2"]])
def test_what_needs_every_host_says_who_is_down(
    goal: str, own: dict[str, t.Any], down: list[str]
) -> None:
    made = changed(running(nodes=DEAD, changes=dict.fromkeys(down)), **own)
    said = refused(goal, made)
    assert said.startswith(f"{', '.join(down)} did not answer in time") and said.count(". ") == 0


def test_the_way_back_names_whom_it_does_not_reach() -> None:
    kept = {"files": ["/usr/local/bin/k3s.previous aa 0755"]}
    found = plan("rollback", running(nodes=DEAD, changes={"s1": kept, "s3": None}))
    assert "back s1" in shown(found) and "s3 does not answer" in found.notes[0]
    nobody = running(changes=dict.fromkeys([*SERVERS, "a1", "a2"]))
    assert "No host answers" in refused("rollback", nobody)


def upgraded(**own: t.Any) -> Cluster:
    return changed(running(), version=NEXT, binary_sha256="cd" * 32, **own)


def test_upgrade_goes_server_by_server_and_then_through_the_agents() -> None:
    found = plan("upgrade", upgraded(upgrade_batch=2))
    each = [["cordon", "drain", "switch", "uncordon"] for _ in SERVERS]
    servers = [
        f"{action} {name}" for name, row in zip(SERVERS, each, strict=True) for action in row
    ]
    agents = [f"{action} {name}" for action in each[0] for name in ("a1", "a2")]
    agents.insert(-2, "verify s1")
    staged = [f"stage_binary {name}" for name in ("s1", "s2", "s3", "a1", "a2")]
    assert shown(found) == ["snapshot s1", *staged, *servers, *agents, "verify s1"]
    switches = [stage["hosts"] for stage in found.stages() if stage["action"] == "switch"]
    assert switches == [["s1"], ["s2"], ["s3"], ["a1", "a2"]]


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({"version": "v1.36.1+k3s1"}, "skips a minor release: go to v1.35 first"),
        ({"version": "v1.34.1+k3s1"}, "k3s cannot go back"),
        ({"version": "v1.34.12-rc1+k3s1"}, "k3s cannot go back"),
        ({"version": "newest"}, "is no release"),
        ({"version": "v1.35.1+k3s1", "rancher_version": "2.12.3"}, "Rancher 2.12.3"),
        (
            {"version": "v1.35.1+k3s1", "rancher_version": "2.13.8"},
            "not v1.35.1+k3s1; upgrade Rancher first",
        ),
    ],
)
def test_bounds_of_an_upgrade(own: dict[str, t.Any], sentence: str) -> None:
    assert sentence in refused("upgrade", upgraded() if not own else changed(upgraded(), **own))


def test_a_sick_server_stops_an_upgrade_before_it_begins() -> None:
    nodes = [node("s1"), node("s2", voter="False"), node("s3"), node("a1"), node("a2")]
    made = running(nodes=nodes, changes={"s2": {"files": [f"/usr/local/bin/k3s {'cd' * 32} 0755"]}})
    made = changed(made, version=NEXT, binary_sha256="cd" * 32)
    assert "s2 is not a voter in etcd" in refused("upgrade", made)


def test_the_way_back_takes_the_broken_server_first() -> None:
    kept = {"files": ["/usr/local/bin/k3s.previous aa 0755"]}
    made = running(changes={"s1": kept, "s2": kept | {"api": "connection refused"}})
    switched = [step.host for step in plan("rollback", made).steps if step.action == "back"]
    assert switched == ["s2", "s1"]
    assert plan("rollback", running()).steps == ()


def test_restore_in_place_lets_the_others_join_anew() -> None:
    files = [*running().servers[0].fact["files"], "/srv/one aa 0600"]
    made = running(changes={"s1": {"files": files}})
    found = shown(plan("restore", changed(made, snapshot="/srv/one")))
    assert found == [
        *[f"stop {name}" for name in SERVERS],
        "restore s1",
        "start s1",
        "only s1",
        "wipe s2",
        "wipe s3",
        "start s2",
        "start s3",
        "start a1",
        "start a2",
        "verify s1",
    ]


def test_restore_on_fresh_hosts_installs_first_and_needs_the_token() -> None:
    made = changed(cluster(server_config=IN_BUCKET), snapshot="name-in-s3")
    found = shown(plan("restore", made))
    assert found.index("write s1") < found.index("restore s1") < found.index("start s1")
    assert "wipe s2" not in found
    assert "must hold the token" in refused(
        "restore", changed(cluster(token=None), snapshot="x"), None
    )
    assert "Name the snapshot" in refused("restore", running())


@pytest.mark.parametrize(
    ("goal", "said", "own", "sentence"),
    [
        ("cluster", {"refused": "the keys"}, {}, "s1 cannot keep snapshots in S3: the keys."),
        ("snapshot", {"refused": "the keys"}, {}, "s1 cannot keep snapshots in S3: the keys."),
        ("snapshot", {"silent": "no word"}, {}, "s1 cannot keep snapshots in S3: no word."),
        (
            "upgrade",
            {"silent": "no word"},
            {"version": NEXT, "binary_sha256": "cd" * 32},
            "no word",
        ),
        (
            "restore",
            {"refused": "there is no one"},
            {"snapshot": "one"},
            "s1 cannot take the snapshot one from S3: there is no one.",
        ),
        ("restore", {}, {"snapshot": "/srv/gone"}, "/srv/gone is not on s1."),
        ("restore", {}, {"snapshot": "one", "server_config": {}}, "is a name in S3, and"),
    ],
)
def test_a_snapshot_that_cannot_be_had_or_kept_is_refused_before_anything_stops(
    goal: str, said: dict[str, str], own: dict[str, t.Any], sentence: str
) -> None:
    made = running(changes={"s1": {"bucket": said}})
    made = changed(made, **({"server_config": IN_BUCKET} | own))
    found = plan_cluster(made, {}, TOKEN) if goal == "cluster" else plan(goal, made)
    assert sentence in " ".join(found.problems) and not found.steps


@pytest.mark.parametrize("said", [{"refused": "the keys"}, {"silent": "no word"}])
def test_a_bucket_that_was_lost_later_is_only_named(said: dict[str, str]) -> None:
    made = running(changes={"s1": {"bucket": said}}, server_config=IN_BUCKET)
    found = plan_cluster(made, {}, TOKEN)
    assert not found.problems and not found.steps
    assert "s1 cannot keep snapshots in S3" in found.notes[0]


@pytest.mark.parametrize(
    ("own", "options", "expected"),
    [
        ({}, {}, {"endpoint": "s3.eu-west-1.amazonaws.com", "by_name": True, "insecure": False}),
        ({"etcd-s3-bucket-lookup-type": "path"}, {}, {"by_name": False}),
        ({"etcd-s3-endpoint": "s3.example.com:9000"}, {}, {"by_name": False}),
        ({"etcd-s3-insecure": "true"}, {}, {"insecure": True}),
        ({"etcd-s3-proxy": "http://proxy"}, {}, {}),
        ({"etcd-s3-secret-key": ""}, {}, {}),
        ({"etcd-s3": False}, {}, {}),
        ({}, {"environment": {"https_proxy": "http://proxy"}}, {}),
    ],
)
def test_only_what_the_host_can_ask_by_itself_is_asked(
    own: dict[str, t.Any], options: dict[str, t.Any], expected: dict[str, t.Any]
) -> None:
    made = cluster(server_config=IN_BUCKET | {"etcd-s3-region": "eu-west-1"} | own, **options)
    found = bucket_of(made.servers[0])
    assert {key: found[key] for key in expected} == expected and bool(found) == bool(expected)
    assert bucket_of(made.agents[0]) == {}


@pytest.mark.parametrize(
    ("what", "first", "restarts"),
    [
        ("token", "rotate_token s1", 5),
        ("encryption_key", "rotate_keys s1", 3),
        ("certificates", "rotate_certificates s1", 0),
    ],
)
def test_rotation(what: str, first: str, restarts: int) -> None:
    found = shown(plan("rotate", changed(running(), rotate=what)))
    assert found[0] == first and found[-1] == "verify s1"
    assert len([line for line in found if line.startswith("start ")]) == restarts


def test_reset_leaves_nobody_out_that_answers() -> None:
    made = changed(running(changes={"s2": None}), reset_confirmed=True)
    found = plan("reset", made)
    assert shown(found) == ["reset s1", "reset s3", "reset a1", "reset a2"]
    assert "left as they are: s2" in found.notes[0]


def test_a_reset_that_reaches_nobody_takes_nothing_from_the_controller() -> None:
    nobody = dict.fromkeys(["s1", "s2", "s3", "a1", "a2"])
    made = changed(running(changes=nobody), reset_confirmed=True)
    assert "No host answers; nothing was removed" in refused("reset", made)


def test_an_approval_is_for_one_plan_alone() -> None:
    one = plan("remove", changed(running(), remove=["a2"]))
    assert one.sha256() == plan("remove", changed(running(), remove=["a2"])).sha256()
    assert one.sha256() != plan("remove", changed(running(), remove=["a1"])).sha256()


def test_every_action_has_a_task_file() -> None:
    files = {path.stem for path in (ROLE / "tasks/steps").glob("*.yml")}
    states = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__k3s_node_states"]
    assert (files - {"node"}) | states.keys() == {*ACTIONS, "hook"}


def test_a_step_of_the_user_stands_beside_the_one_it_names() -> None:
    stages = plan("remove", changed(running(), remove=["a2"])).stages()
    hooks = [{"before": "drain", "tasks": "/a.yml"}, {"after": "remove", "tasks": "/b.yml"}]
    names = [stage.get("hook", stage["action"]) for stage in with_hooks(stages, hooks)]
    assert names == ["hold", "cordon", "/a.yml", "drain", "remove", "/b.yml", "reset"]


@pytest.mark.parametrize(
    ("hook", "sentence"),
    [
        ({"before": "drian", "tasks": __file__}, "no step drian (did you mean drain?)"),
        ({"before": "drain", "after": "drain", "tasks": __file__}, "one of them"),
        ({"before": "drain", "tasks": "/missing.yml"}, "/missing.yml does not exist"),
        ({"befor": "drain", "tasks": __file__}, "befor is not known"),
    ],
)
def test_hooks_that_could_never_run(hook: dict[str, t.Any], sentence: str) -> None:
    assert sentence in " ".join(hook_problems([hook]))


def test_a_remade_host_has_the_facts_of_a_fresh_one() -> None:
    made = changed(running(changes={"s1": fresh("s1")}), replace=["s1"])
    assert "reset s1" not in shown(plan("replace", made))


@pytest.mark.parametrize("goal", ["upgrade", "rollback"])
def test_a_node_that_a_person_cordoned_stays_cordoned(goal: str) -> None:
    nodes = [node(name, cordoned=name == "a1") for name in [*SERVERS, "a1", "a2"]]
    kept = {"files": ["/usr/local/bin/k3s.previous aa 0755"]}
    made = running(nodes=nodes, changes={"a1": kept} if goal == "rollback" else {})
    if goal == "upgrade":
        made = changed(made, version=NEXT, binary_sha256="cd" * 32)
    found = shown(plan(goal, made))
    assert "drain a1" in found
    assert not {"cordon a1", "uncordon a1"} & set(found)


@pytest.mark.parametrize("goal", ["cluster", "upgrade", "rollback"])
def test_a_node_that_an_interrupted_run_left_cordoned_takes_pods_again(goal: str) -> None:
    ours = {"cordoned": True, "cordoned_by_us": True}
    nodes = [node(name, **(ours if name == "s2" else {})) for name in [*SERVERS, "a1", "a2"]]
    made = running(nodes=nodes)
    found = plan_cluster(made, {}, TOKEN) if goal == "cluster" else plan(goal, made)
    assert shown(found) == ["uncordon s2", "verify s1"]


def test_the_server_with_the_new_key_restarts_first() -> None:
    made = running(changes={"s1": {"api": "connection refused"}})
    found = shown(plan("rotate", changed(made, rotate="encryption_key")))
    assert found[:2] == ["rotate_keys s2", "start s2"]


def test_an_upgrade_to_what_runs_touches_nobody() -> None:
    assert plan("upgrade", running()).steps == ()
