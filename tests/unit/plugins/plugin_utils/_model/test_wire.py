# SPDX-License-Identifier: GPL-3.0-or-later
"""Each provider over HTTP, through its real client, against a server that speaks its format."""

from __future__ import annotations

import functools
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import (
    ProviderError,
    open_partner,
    read_settings,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review import Task, review
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import (
    decide,
    request_of,
    size,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._model.stub import (
    TOKENS_IN,
    TOKENS_OUT,
    Act,
    Hang,
    Http,
    Json,
    Said,
    Script,
    Stub,
    Trickle,
    agree,
    form,
    larger,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    site,
    snapshot,
)

PROVIDERS = ("gemini", "openai", "anthropic", "ollama")
VARIABLES = {
    "gemini": "GEMINI_API_KEY",
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "ollama": "OLLAMA_API_KEY",
}
KEY = "canary-key-7f3a9c51"
MODELS = {
    "gemini": "gemini-flash-latest",
    "openai": "gpt-4.1-mini",
    "anthropic": "claude-haiku-4-5",
    "ollama": "llama3.1:8b",
}
FACTS, SITE = snapshot(5), site()
#: No document says how large it is: a model may choose among the rules' own sizes.
CHOICE = "audiobookshelf for development"
SENTENCES = (
    CHOICE,
    "HA cluster with monitoring",
    "dev cluster",
    "production k3s cluster with 5 workers",
    "5 node cluster with 4 cores and 8 GB",
    "minimal single-node cluster",
    "staging cluster with calico and ingress",
    "cluster for ML training",
    "CI runner cluster",
    "PostgreSQL for 100 concurrent users",
    "a VM with 4 cores and 8 GiB of memory",
    "three VMs with 2 cores, 4 GB RAM and 40 GB disk each",
    "prometheus for 500000 series",
    "a keycloak server for 50 logins per second",
    "a web server for 200 users",
    "vault in high availability",
    "two web servers and a load balancer",
    "a database server for development",
    "minio with 500 GB of data",
    "a file server with 1 TB of disk",
    "jupyterhub for 30 users",
)


@functools.cache
def read(sentence: str) -> Request:
    """Return the request of a sentence."""
    return request_of(sentence, site(), None, accept=True)[0]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each provider the canary as its key, and nothing else."""
    for variable in VARIABLES.values():
        monkeypatch.setenv(variable, KEY)
    for variable in ("GOOGLE_API_KEY", "OLLAMA_HOST", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(variable, raising=False)


def stub(provider: str, script: Script) -> Stub:
    """Return the server of a provider; its models are there."""
    return Stub(provider, script, [MODELS["ollama"]])


def ask(server: Stub, sentence: str = CHOICE, **settings: t.Any) -> Plan:
    """Return the plan, asking the server; waiting between tries takes no time."""
    request = read(sentence)
    given = {"base_url": server.url, "model": MODELS[server.provider], **settings}
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    partner = open_partner(server.provider, read_settings(given), sleep=sleep)
    offers: dict[str, dict[str, dict[str, int]]] = {}

    def planned(proposal: t.Any = None) -> Plan:
        return size(request, FACTS, SITE, proposal=proposal, offers=offers)

    task = Task(request, FACTS, SITE, planned, offers)
    plan = review(task, server.provider, given, partner=partner)
    vars(server)["waits"] = waits
    return plan


def in_turn(*acts: Act | Script) -> Script:
    """Return a script that plays the acts one after another, then the last one again."""
    left = list(acts)

    def script(prompt: Json) -> Act:
        act = left.pop(0) if len(left) > 1 else left[0]
        return act(prompt) if callable(act) else act

    return script


def numbers(plan: Plan) -> list[tuple[str, int, int, int]]:
    """Return name, cores, memory and disk of each machine."""
    return [(m.name, m.cores, m.memory_mib, m.disks[0].size_gib) for m in plan.machines]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_same_requests_pass_with_every_provider(provider: str) -> None:
    chosen = 0
    with stub(provider, larger) as server:
        for sentence in SENTENCES:
            plan = ask(server, sentence)
            assert plan.status == "ready", (sentence, plan.summary)
            assert 1 <= len(plan.rounds) <= 10
            rules = size(read(sentence), FACTS, SITE)
            for ours, theirs in zip(rules.machines, plan.machines, strict=True):
                model = {why.field for why in theirs.why if why.source == "model"}
                chosen += bool(model)
                assert model or numbers(rules) == numbers(plan)
                assert theirs.memory_mib >= ours.memory_mib
            if any(cycle.prompt for cycle in plan.rounds):
                assert plan.provenance is not None
                assert plan.provenance.provider == provider
    assert chosen


WIRE_FACTS: dict[str, tuple[str, str, t.Callable[[Json], t.Any]]] = {
    "gemini": (
        "/v1/models/gemini-flash-latest:generateContent",
        "x-goog-api-key",
        lambda body: body["generationConfig"]["responseJsonSchema"],
    ),
    "openai": (
        "/v1/chat/completions",
        "authorization",
        lambda body: body["response_format"]["json_schema"]["schema"],
    ),
    "ollama": (
        "/v1/chat/completions",
        "authorization",
        lambda body: body["response_format"]["json_schema"]["schema"],
    ),
    "anthropic": (
        "/v1/messages",
        "authorization",
        lambda body: body["output_config"]["format"]["schema"],
    ),
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_request_has_the_form_as_schema_and_the_key_only_in_its_header(provider: str) -> None:
    path, header, schema = WIRE_FACTS[provider]
    with stub(provider, agree) as server:
        plan = ask(server)
    [seen] = server.seen
    assert seen.path.partition("?")[0] == path
    assert KEY in {name.lower(): value for name, value in seen.headers.items()}[header]
    form_schema = schema(seen.body)
    row = form_schema["properties"]["groups"]["items"]
    assert set(row["required"]) == {"id", "count", "cores", "memory_mib", "disk_gib", "reason"}
    text = json.dumps(form_schema)
    assert "$ref" not in text
    assert "anyOf" not in text
    assert KEY not in json.dumps(seen.body)
    assert KEY not in json.dumps(to_data(plan))
    assert f"{TOKENS_IN} tokens in, {TOKENS_OUT} out" in plan.rounds[0].act


def test_a_model_without_structured_output_calls_a_tool() -> None:
    with stub("anthropic", larger) as server:
        plan = ask(server, model="claude-3-haiku-20240307")
    assert server.seen[0].body["tools"][0]["name"] == "form"
    assert plan.provenance is not None
    assert plan.provenance.provider == "anthropic"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_bad_answer_is_asked_again_with_the_findings(provider: str) -> None:
    with stub(provider, in_turn(lambda p: form(p, cores=0), larger)) as server:
        plan = ask(server)
    assert [[f.id for f in r.findings] for r in plan.rounds] == [["model.range"], []]
    told = server.seen[1].prompt["findings"]
    assert {(f["id"], f["field"]) for f in told} == {
        ("model.range", "g1.cores"),
    }
    assert plan.provenance is not None
    assert plan.provenance.provider == provider


SERVER_ERROR = Http(500, '{"error": {"message": "boom ' + KEY + '"}}')
FAILURES: dict[str, tuple[Act, dict[str, t.Any], str, int]] = {
    "401": (Http(401, '{"error": {"message": "bad key ' + KEY + '"}}'), {}, "refused the key", 1),
    "403": (Http(403, "{}"), {}, "refused the key", 1),
    "404": (Http(404, '{"error": {"message": "no such model"}}'), {}, "has no model", 1),
    "400": (Http(400, '{"error": {"message": "bad"}}'), {}, "rejected", 1),
    "429": (Http(429, "{}", {"Retry-After": "3"}), {}, "no more requests", 3),
    "500": (SERVER_ERROR, {}, "failed on its side", 3),
    "503": (Http(503, "<html>busy</html>"), {}, "failed on its side", 3),
    "slow": (Hang(), {"timeout_seconds": 0.3}, "time limit", 1),
    "byte by byte": (Trickle(), {"timeout_seconds": 0.5}, "time limit", 1),
    "page": (Http(200, "<html>502 Bad Gateway</html>"), {}, "", 1),
    "null": (Http(200, "null"), {}, "", 1),
    "nothing": (Http(200, ""), {}, "", 1),
    "redirect": (Http(302, "", {"Location": "file:///etc/passwd"}), {}, "", 1),
    "too long": (Http(200, '{"x": "' + "x" * 5_000_000 + '"}'), {}, "", 1),
    "cut off": (Said('{"groups": [{"id": "g1"', "length"), {}, "cut off", 1),
    "refusal": (Said("I cannot.", "filter"), {}, "refused to answer", 1),
    "empty": (Said(None), {}, "", 1),
}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_ends_with_the_rules_and_a_warning(provider: str, name: str) -> None:
    act, settings, sentence, requests = FAILURES[name]
    with stub(provider, in_turn(act)) as server:
        plan = ask(server, **settings)
    rules = size(read(CHOICE), FACTS, SITE)
    assert plan.status == "ready"
    assert plan.machines == rules.machines
    assert plan.provenance == rules.provenance
    [finding] = [f for f in plan.findings if f not in rules.findings]
    assert finding.severity == "warning"
    assert finding.id in ("model.failed", "review.no-progress")
    assert sentence in finding.message
    assert "\n" not in finding.message
    assert KEY not in json.dumps(to_data(plan))
    assert len(server.seen) >= requests


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_time_that_a_provider_asks_for_is_waited(provider: str) -> None:
    busy = Http(429, "{}", {"Retry-After": "7"})
    with stub(provider, in_turn(busy, SERVER_ERROR, agree)) as server:
        plan = ask(server)
    assert "model.failed" not in finding_ids(plan)
    assert len(server.seen) == 3
    assert [wait >= least for wait, least in zip(vars(server)["waits"], (7, 1), strict=True)]
    assert vars(server)["waits"][0] >= 7


def test_a_wait_longer_than_the_time_left_is_not_waited() -> None:
    with stub("openai", in_turn(Http(429, "{}", {"Retry-After": "9000"}))) as server:
        plan = ask(server)
    assert vars(server)["waits"] == []
    assert "model.failed" in finding_ids(plan)


def test_a_model_that_was_required_fails_instead() -> None:
    with stub("openai", in_turn(SERVER_ERROR)) as server:
        plan = ask(server, required=True)
    assert plan.status == "failed"
    assert plan.machines == ()
    assert "model.failed" in finding_ids(plan, "error")


def test_nobody_listens() -> None:
    server = stub("openai", agree)
    url = server.url
    server.server_close()
    plan = decide(
        read(CHOICE), FACTS, SITE, provider="openai",
        settings={"base_url": url, "max_seconds": 0.9},
    )  # fmt: skip
    assert "model.failed" in finding_ids(plan, "warning")
    assert "cannot be reached" in next(f.message for f in plan.findings if f.id == "model.failed")


BUDGETS = {
    "max_requests": (1, "1 requests"),
    "max_tokens": (100, "100 tokens"),
    "max_cost": (0.00001, "1e-05 US dollars"),
}


@pytest.mark.parametrize("name", BUDGETS)
def test_a_budget_ends_the_conversation(name: str) -> None:
    limit, sentence = BUDGETS[name]
    faults = in_turn(lambda p: form(p, cores=0), lambda p: form(p, memory_mib=0), agree)
    with stub("openai", faults) as server:
        plan = ask(server, **{name: limit})
    assert len(server.seen) == 1
    assert sentence in next(f.message for f in plan.findings if f.id == "model.failed")


def test_a_cost_limit_needs_a_known_price() -> None:
    with stub("ollama", agree) as server:
        plan = ask(server, max_cost=1.0)
        priced = ask(server, max_cost=1.0, input_price=1.0, output_price=2.0)
    assert "input_price" in next(f.message for f in plan.findings if f.id == "model.failed")
    assert "model.failed" not in finding_ids(priced)


@pytest.mark.parametrize(
    ("installed", "wanted", "sentence"),
    [
        ([], "qwen3:8b", "ollama pull qwen3:8b"),
        (["a", "b"], None, "a, b"),
        ([], None, "ollama pull NAME"),
    ],
)
def test_ollama_says_which_models_there_are(
    installed: list[str], wanted: str | None, sentence: str
) -> None:
    given = {"model": wanted} if wanted else {}
    with Stub("ollama", agree, installed) as server, pytest.raises(ProviderError, match=sentence):
        open_partner("ollama", read_settings({"base_url": server.url, **given}))


def test_ollama_takes_the_only_model_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with Stub("ollama", agree, ["tiny:latest"]) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url.removeprefix("http://"))
        plan = decide(read(CHOICE), FACTS, SITE, provider="ollama")
    assert plan.provenance is not None
    assert plan.provenance.model == "tiny:latest"


def test_an_ollama_server_that_never_ends_its_list_is_given_up() -> None:
    settings = read_settings({"timeout_seconds": 0.5})
    with Stub("ollama", agree, Trickle()) as server:
        own = settings.model_copy(update={"base_url": server.url})
        with pytest.raises(ProviderError, match="No Ollama server answers"):
            open_partner("ollama", own)


def test_no_ollama_server_is_one_sentence() -> None:
    server = stub("ollama", agree)
    url = server.url
    server.server_close()
    with pytest.raises(ProviderError, match="ollama serve"):
        open_partner("ollama", read_settings({"base_url": url}))


def test_each_role_has_its_model_and_temperature() -> None:
    roles = {"identify": {"model": "gpt-4.1-nano", "temperature": 0.7}, "size": {"temperature": 0}}
    with stub("openai", agree) as server:
        plan = ask(server, "a frobnicator server for 100 users", roles=roles, temperature=0.3)
    used = [(seen.body["model"], seen.body["temperature"]) for seen in server.seen]
    assert used == [("gpt-4.1-nano", 0.7), (MODELS["openai"], 0)]
    assert "gpt-4.1-nano" in plan.rounds[0].act and MODELS["openai"] in plan.rounds[1].act


def test_one_temperature_serves_all_roles_and_is_low() -> None:
    with stub("openai", agree) as server:
        ask(server, "a frobnicator server for 100 users")
    assert [seen.body["temperature"] for seen in server.seen] == [0.1, 0.1]


def test_offline_asks_nobody_and_uses_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"cache_dir": str(tmp_path), "offline": True}
    with stub("openai", larger) as server:
        monkeypatch.delenv(VARIABLES["openai"])
        alone = ask(server, **given)
        assert server.seen == []
        monkeypatch.setenv(VARIABLES["openai"], KEY)
        asked = ask(server, cache_dir=str(tmp_path))
        kept = ask(server, **given)
        assert len(server.seen) == 1
    assert numbers(alone) == numbers(size(read(CHOICE), FACTS, SITE))
    assert "check mode" in next(f.message for f in alone.findings if f.id == "model.failed")
    assert numbers(kept) == numbers(asked) != numbers(alone)


def test_an_answer_is_kept_and_used_again_without_asking(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    with stub("gemini", larger) as server:
        first = ask(server, cache_dir=str(folder))
        second = ask(server, cache_dir=str(folder))
    assert len(server.seen) == 1
    assert numbers(first) == numbers(second)
    [kept] = folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert KEY not in kept.read_text()
    with stub("gemini", larger) as server:
        kept.write_text(kept.read_text().replace('memory_mib\\": ', 'memory_mib\\": 9999'))
        third = ask(server, cache_dir=str(folder))
    assert numbers(third) == numbers(first)  # a kept answer is judged like a fresh one
