# SPDX-License-Identifier: GPL-3.0-or-later
"""The knowledge files: layout, arithmetic, numbers of the documents, folders of a site."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    Knowledge,
    KnowledgeError,
    Need,
    load_knowledge,
    needs,
    read_yaml,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._loader import (
    FOLDERS,
    read_families,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._schema import (
    UNDOCUMENTED,
)

FAMILY: dict[str, t.Any] = {
    "family": "demo",
    "title": "Demo",
    "category": "application",
    "aliases": ["demo server"],
    "grade": "vendor-table",
    "citation": {"title": "Demo guide", "where": "chapter 1", "as_of": "2026-01"},
    "drivers": {"users": {"title": "users", "default": 10}},
    "components": {"server": {"title": "Demo", "rules": [{"vcpu": 2, "memory_mib": 1024}]}},
}


def write(folder: Path, name: str = "demo.yml", **changes: t.Any) -> Path:
    import yaml

    (folder / name).write_text(yaml.safe_dump({**FAMILY, **changes}), encoding="utf-8")
    return folder


def sized(
    family: str,
    component: str | None = None,
    environment: str = "",
    ha: bool = False,
    folder: Path | None = None,
    **drivers: float,
) -> Need:
    knowledge = load_knowledge((str(folder),) if folder else ())
    return needs(
        [Software(family=family, component=component)], drivers, environment, ha, knowledge
    )[0]


#: What the documents say, replayed: family, component, drivers → minimum and answer of a quantity.
DOCUMENTED = [
    ("k3s", "server", {"agents": 350}, "vcpu", 2, 2),
    ("k3s", "server", {"agents": 900}, "memory_mib", 8192, 8192),
    ("k3s", "server", {"agents": 1800}, "vcpu", 8, 8),
    ("k3s", "server", {"agents": 1801}, "vcpu", 16, 16),
    ("k3s", "datastore", {"nodes": 250}, "memory_mib", 16384, 16384),
    ("rke2", "server", {"agents": 450}, "vcpu", 4, 4),
    ("rke2", "server", {"agents": 1300}, "memory_mib", 16384, 16384),
    ("etcd", "etcd", {"nodes": 1000}, "memory_mib", 30720, 32768),
    ("rancher", "server", {"clusters": 300, "nodes": 3000}, "memory_mib", 32768, 32768),
    ("rancher", "server", {"clusters": 100, "nodes": 2000}, "vcpu", 8, 8),
    ("cockroachdb", "node", {}, "memory_mib", 16384, 32768),
    ("cockroachdb", "node", {"data_gib": 3200}, "vcpu", 10, 10),
    ("scylladb", "node", {"lcores": 30}, "memory_mib", 15360, 61440),
    ("scylladb", "node", {"lcores": 4}, "memory_mib", 4096, 16384),
    ("minio", "server", {"data_gib": 60 * 1024}, "memory_mib", 2048, 32768),
    ("ceph", "osd", {"osds": 10}, "vcpu", 10, 20),
    ("ceph", "monitor", {"osds": 200}, "memory_mib", 65536, 65536),
    ("keycloak", "keycloak", {"logins": 45, "grants": 360, "refreshes": 360}, "vcpu", 9, 22.5),
    (
        "prometheus",
        "prometheus",
        {"samples_per_second": 1e5, "retention_days": 15},
        "disk_gib",
        120.7,
        241.4,
    ),
    ("coredns", "coredns", {"pods": 5000, "services": 1000}, "memory_mib", 60, 60),
    ("jupyterhub", "hub", {"concurrent_users": 30}, "memory_mib", 30848, 30848),
    ("mimir", "ingester", {"series": 1e6}, "vcpu", 10, 10),
    ("mimir", "ingester", {"series": 1e6}, "memory_mib", 25600, 38400),
    ("mimir", "distributor", {"samples_per_second": 1e5}, "memory_mib", 4096, 6144),
    ("mimir", "querier", {"qps": 50}, "vcpu", 5, 5),
    ("ollama", "ollama", {"parameters_b": 13}, "memory_mib", 16384, 16384),
    ("longhorn", "node", {}, "vcpu", 4, 4),
    ("jupyterhub", "hub", {"users": 10, "disk_gib_per_user": 20}, "disk_gib", 210, 210),
]


@pytest.mark.parametrize(
    ("family", "component", "drivers", "quantity", "minimum", "answer"), DOCUMENTED
)
def test_documented_numbers(  # noqa: PLR0917
    family: str,
    component: str,
    drivers: dict[str, float],
    quantity: str,
    minimum: float,
    answer: float,
) -> None:
    need = sized(family, component, **drivers)
    assert need.minimum[quantity] == pytest.approx(minimum, rel=0.001)
    assert getattr(need, quantity) == pytest.approx(answer, rel=0.001)


def test_shared_needs_are_divided_by_the_replicas() -> None:
    need = sized("keycloak", "keycloak", ha=True, logins=45, grants=360, refreshes=360)
    assert need.count == 3
    assert (need.minimum["vcpu"], need.vcpu) == (3, 7.5)


@pytest.mark.parametrize(("environment", "memory"), [("development", 4096), ("production", 8192)])
def test_development_gets_the_minimum(environment: str, memory: int) -> None:
    assert sized("rke2", environment=environment).memory_mib == memory


@pytest.mark.parametrize(
    ("family", "drivers", "quantity", "least"),
    [
        ("rds", {"users": 20, "memory_mib_per_user": 8192}, "memory_mib", 20 * 8192),
        ("rds", {"users": 20, "memory_mib_per_user": 128}, "memory_mib", 20480),
        ("openproject", {"users": 30, "disk_gib_per_user": 10}, "disk_gib", 300),
        ("nextcloud", {"concurrent_users": 30, "disk_gib_per_user": 50}, "disk_gib", 1500),
        ("loki", {"ingest_gib_per_day": 10, "retention_days": 30}, "disk_gib", 300),
        ("graylog", {"ingest_gib_per_day": 10, "retention_days": 30}, "disk_gib", 300),
    ],
)
def test_what_people_get_and_what_is_kept_has_room(
    family: str, drivers: dict[str, float], quantity: str, least: float
) -> None:
    assert getattr(sized(family, **drivers), quantity) >= least


def test_room_for_data_is_not_what_a_document_names() -> None:
    need = sized("tyk", data_gib=100.0)
    assert (need.disk_gib, need.minimum["disk_gib"]) == (140, 100)
    assert need.documented == need.firm.keys() == {"count", "vcpu", "memory_mib"}


def test_every_number_names_its_source_and_every_assumption() -> None:
    need = sized("k3s", "server")
    assert {why.field for why in need.why} == {"count", "cores", "memory_mib", "disk_gib"}
    cores = next(why for why in need.why if why.field == "cores")
    assert cores.source.startswith("k3s.server (")
    assert "assumed 10 joined agents" in cores.reason
    said = next(w for w in sized("k3s", "server", agents=5).why if w.field == "cores")
    assert "assumed" not in said.reason


def test_unknown_software_is_a_guess_that_says_so() -> None:
    need = sized("frobnicator")
    assert (need.unknown, need.last_resort) == (True, True)
    assert need.confidence <= 0.3
    assert all("frobnicator is not in the knowledge" in why.reason for why in need.why)


def test_each_folder_holds_families_of_its_kind_once() -> None:
    scripted, guessed, documented = (
        [family for path in folder.glob("*.yml") for family in read_families(path)]
        for folder in FOLDERS
    )
    assert all(family.grade == "script-default" for family in scripted)
    assert all(family.grade in UNDOCUMENTED for family in guessed)
    assert all(f.grade not in UNDOCUMENTED or f.last_resort for f in documented)
    names = [family.family for family in (*scripted, *guessed, *documented)]
    assert len(names) == len(set(names))


def test_words_of_software_name_one_family() -> None:
    vocabulary = load_knowledge().vocabulary
    for family in load_knowledge().families.values():
        if not family.last_resort:
            own = (family.family, family.title) if family.spoken else ()
            said = {vocabulary[name.lower()][0] for name in (*own, *family.aliases)}
            assert said <= {family.family}, f"{family.family} shares a name with {said}"


def test_a_guess_is_called_one_with_the_place_to_compare() -> None:
    sources = {why.source for why in sized("redis").why}
    assert any("heuristic: Usual size" in s and "redis.io/docs" in s for s in sources)


def test_the_families_of_the_collection_evaluate_everywhere() -> None:
    knowledge = load_knowledge()
    for family in knowledge.families.values():
        for component in family.components:
            for environment in ("", "production", "staging", "development", "test"):
                for ha in (False, True):
                    wish = Software(family=family.family, component=component)
                    for need in needs([wish], {}, environment, ha, knowledge):
                        assert need.vcpu > 0 and need.memory_mib > 0 and need.disk_gib >= 0
                        assert need.minimum.get("vcpu", 0) <= need.vcpu


def test_more_load_never_needs_less() -> None:
    knowledge = load_knowledge()
    for family in knowledge.families.values():
        for component in family.components:
            for driver in family.drivers:
                wish = Software(family=family.family, component=component)
                before = (0.0, 0.0)
                for value in (1, 10, 100, 1000, 10_000, 100_000, 1_000_000):
                    found = needs([wish], {driver: float(value)}, "", False, knowledge)
                    total = (
                        sum(n.count * n.vcpu for n in found),
                        sum(n.count * n.memory_mib for n in found),
                    )
                    assert total >= before or total[1] >= before[1], (family.family, driver, value)
                    before = total


def test_a_folder_adds_and_replaces_families(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "etcd.yml", family="etcd", title="Our etcd", aliases=[])
    assert sized("demo", folder=tmp_path).vcpu == 2
    knowledge = load_knowledge((str(tmp_path),))
    assert knowledge.families["etcd"].title == "Our etcd"
    assert knowledge.vocabulary["demo server"] == ("demo", None)
    assert "rancher" in knowledge.families


WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "unknown key": ({"size": "large"}, "size"),
    "no components": ({"components": {}}, "components"),
    "text for a number": (
        {"components": {"a": {"title": "A", "rules": [{"vcpu": "__import__('os')"}]}}},
        "vcpu",
    ),
    "division by zero": (
        {
            "components": {
                "a": {"title": "A", "rules": [{"vcpu": {"terms": [{"of": ["x"], "per": 0}]}}]}
            }
        },
        "per",
    ),
    "no rules": ({"components": {"a": {"title": "A", "rules": []}}}, "rules"),
    "no citation": ({"citation": None}, "citation"),
    "other name": ({"family": "other"}, "other.yml"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_named_with_its_fault(case: str, tmp_path: Path) -> None:
    changes, word = WRONG[case]
    write(tmp_path, **changes)
    with pytest.raises(KnowledgeError) as error:
        load_knowledge((str(tmp_path),))
    assert "demo.yml" in str(error.value)
    assert word in str(error.value)


@pytest.mark.parametrize("text", ["a: [", "!!python/object/apply:os.system [id]", "\x00"])
def test_a_file_that_is_no_plain_yaml_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"x\.yml"):
        load_knowledge((str(tmp_path),))


def test_a_date_is_text_and_endless_numbers_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text("as_of: 2026-11-01", encoding="utf-8")
    assert read_yaml(tmp_path / "x.yml") == {"as_of": "2026-11-01"}
    (tmp_path / "x.yml").write_text("vcpu: .inf", encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"x\.yml"):
        read_yaml(tmp_path / "x.yml")


def fresh(folder: Path) -> Knowledge:
    """Load as a new process does."""
    load_knowledge.cache_clear()
    return load_knowledge((str(folder),))


def test_what_was_read_is_kept_until_a_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "families"
    folder.mkdir()
    write(folder)
    from_yaml = fresh(folder).families
    kept = sorted((tmp_path / "cache/clusterwright/knowledge").iterdir())
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert len(kept) == len(FOLDERS) + 1
    assert fresh(folder).families == from_yaml
    [ours] = [path for path in kept if '"demo"' in path.read_text("utf-8")]
    ours.write_text(ours.read_text("utf-8").replace('"title": "Demo"', '"title": "Kept"'), "utf-8")
    assert fresh(folder).families["demo"].title == "Kept"
    write(folder, title="Changed")
    assert fresh(folder).families["demo"].title == "Changed"
    write(folder, "second.yml", family="second")
    assert "second" in fresh(folder).families


@pytest.mark.parametrize("content", ["", "{", '{"digest": 1}', "\udcff"])
def test_a_broken_cache_is_made_anew(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "families"
    folder.mkdir()
    write(folder)
    right = fresh(folder).families
    kept = list((tmp_path / "cache/clusterwright/knowledge").iterdir())
    for path in kept:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert fresh(folder).families == right
    assert all(len(path.read_bytes()) > len(content) for path in kept)


def test_no_cache_folder_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    folder = tmp_path / "families"
    folder.mkdir()
    write(folder)
    assert "demo" in fresh(folder).families


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="does not exist"):
        load_knowledge((str(tmp_path / "nope"),))


def test_a_rule_can_ask_whether_the_component_was_named() -> None:
    knowledge = load_knowledge()
    whole = needs([Software(family="gitlab")], {"users": 500.0}, "", False, knowledge)
    assert [need.component for need in whole] == ["gitlab"]
    named = Software(family="gitlab", component="gitaly")
    [need] = needs([named], {"users": 500.0}, "", False, knowledge)
    assert (need.component, need.count, need.vcpu) == ("gitaly", 1, 4)


def test_a_name_with_another_meaning_is_no_word_for_software() -> None:
    vocabulary = load_knowledge().vocabulary
    assert "kubernetes" not in vocabulary
    assert vocabulary["kubernetes masters"] == ("kubernetes", "masters")


@pytest.mark.parametrize(
    ("words", "component"),
    [
        ("mimir query-frontend", "query-frontend"),
        ("mimir query-frontends", "query-frontend"),
        ("query-frontends of mimir", "query-frontend"),
        ("query-frontend of grafana mimir", "query-frontend"),
    ],
)
def test_a_part_has_its_plural_and_its_name_behind_the_software(words: str, component: str) -> None:
    assert load_knowledge().vocabulary[words] == ("mimir", component)


def test_a_database_is_also_named_for_its_software() -> None:
    assert load_knowledge().vocabulary["postgresql for gitlab"] == ("gitlab", "postgresql")


def test_cores_that_were_said_decide_the_memory_for_each_core() -> None:
    assert sized("redpanda", cores=8.0).memory_mib == 8 * 2048
    assert sized("redpanda", cores=8.0).vcpu == 8


@pytest.mark.parametrize("value", [-5.0, 0.0, 1e300])
def test_senseless_drivers_give_finite_numbers(value: float) -> None:
    drivers = {"samples_per_second": value, "retention_days": value, "series": value}
    need = sized("prometheus", **drivers)
    assert all(0 <= number < 1e40 for number in (need.vcpu, need.memory_mib, need.disk_gib))


@pytest.mark.parametrize(
    "words", ["sentry errors-only", "errors only sentry", "self-hosted sentry in errors only mode"]
)
def test_a_word_beside_the_name_selects_a_variant(words: str) -> None:
    family, part = load_knowledge().vocabulary[words]
    assert (family, part) == ("sentry", "errors-only")
    assert sized("sentry", "errors-only").minimum["memory_mib"] == 7168
    assert sized("sentry").minimum["memory_mib"] == 16384


def test_a_part_and_a_variant_of_a_family_are_told_apart() -> None:
    for family in load_knowledge().families.values():
        assert not family.variants.keys() & family.components.keys(), family.family
        named = {
            variant
            for component in family.components.values()
            for rule in (*component.rules, component.default)
            for variant in rule.when.variant
        }
        assert named == family.variants.keys(), family.family
