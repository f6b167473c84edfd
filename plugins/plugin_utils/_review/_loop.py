# SPDX-License-Identifier: GPL-3.0-or-later
"""Draft by rules → proposal of a model → findings of code → next round, at most ten."""

from __future__ import annotations

import contextlib
import hashlib
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Plan,
    digest,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Round
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._proposal import (
    Proposal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import (
    ModelFailure,
    Partner,
    open_partner,
    read_settings,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._cache import Cache
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review._judge import (
    Task,
    objections,
    settled,
    stopped,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review._questions import (
    FamiliesQuestion,
    Question,
    SizesQuestion,
    unknown_software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review._trace import (
    because,
    outcome,
    traced,
)


def review(
    task: Task,
    provider: str = "none",
    settings: t.Mapping[str, t.Any] | None = None,
    *,
    partner: Partner | None = None,
) -> Plan:
    """Return the reviewed plan of a task.

    Args:
        task: request, facts, site and the sizing engine.
        provider: who proposes; ``none`` is the rules alone.
        settings: the provider's settings.
        partner: asks instead of a new connection to the provider; it stays open.

    Raises:
        ProviderError: the provider cannot be used as it is set up.
        PolicyError: a policy file cannot be used.
    """
    draft = task.judged()
    if provider == "none" or draft.status != "ready":
        return settled(traced(task, draft))
    opening = (
        contextlib.nullcontext(partner)
        if partner is not None
        else open_partner(provider, read_settings(settings or {}))
    )
    with opening as opened:
        return _Review(task, draft, provider, opened).run()


class _Review:
    """The rounds of one review; the request, the site and the draft are only read."""

    def __init__(self, task: Task, draft: Plan, provider: str, partner: Partner) -> None:
        self.task = task
        self.draft = draft
        self.provider = provider
        self.partner = partner
        self.rounds: list[Round] = []
        facts = to_data(task.snapshot) if task.snapshot else {}
        facts.pop("source", None)  # when they were read is not what they say
        self.facts_sha256 = digest(facts)

    def run(self) -> Plan:
        """Ask what unknown software is, then for sizes; both share the rounds."""
        base, proposal = self.draft, Proposal()
        try:
            if unknown_software(self.task.request):
                identified = self._rounds(FamiliesQuestion(self.task, base))
                if isinstance(identified, tuple):
                    base, proposal = identified
                elif identified is not None:
                    return identified
            sizes = SizesQuestion(self.task, base, proposal)
            result = self._rounds(sizes) if sizes.groups else None
        except ModelFailure as failure:
            return self._by_rules("model.failed", f"{failure} The rules decided alone.")
        if isinstance(result, tuple):
            return self._accepted(result[0])
        if result is not None:
            return result
        return self._accepted(base) if self.rounds else settled(traced(self.task, base))

    def _rounds(self, question: Question) -> tuple[Plan, Proposal] | Plan | None:
        """Return the accepted plan with its proposal, or the plan that ends the review.

        Raises:
            ModelFailure: the model cannot answer any more.
        """
        findings: tuple[Finding, ...] = question.first_findings()
        last: frozenset[tuple[str, str]] = frozenset()
        while len(self.rounds) < self.partner.settings.max_rounds:
            prompt = question.prompt(findings)
            answer, origin = self._answer(prompt, question)
            proposal, said, findings = question.read(answer)
            candidate = None
            if not findings:
                candidate = self.task.judged(proposal)
                findings = objections(question.base, candidate)
            self._record(question, prompt, f"{said} ({origin})", candidate, findings)
            if candidate is not None and not findings:
                return candidate, proposal
            now = frozenset((finding.id, finding.field) for finding in findings)
            if now == last:
                return self._by_rules(
                    "review.no-progress",
                    "The model answered with the same faults twice; the rules decided alone.",
                )
            last = now
        return self._limit()

    def _answer(self, prompt: str, question: Question) -> tuple[str, str]:
        model = f"{self.provider}/{self.partner.model_name_of(question.role)}"
        cache = Cache(self.partner.settings.cache_dir, model, self.facts_sha256)
        kept = cache.get(prompt)
        if kept is not None:
            return kept, "from the cache"
        answer = self.partner.ask(prompt, question.schema, question.role)
        if not question.read(answer)[2]:
            cache.put(prompt, question.canonical(answer))
        return answer, self.partner.last_call()

    def _record(
        self,
        question: Question,
        prompt: str,
        act: str,
        candidate: Plan | None,
        findings: tuple[Finding, ...],
    ) -> None:
        last = self.rounds[-1].findings if self.rounds else None
        self.rounds.append(
            Round(
                number=len(self.rounds) + 1,
                reason=because(self.draft, last),
                act=f"{self.provider} {self.partner.model_name_of(question.role)} {act}.",
                observe=outcome(candidate, findings),
                findings=findings,
                prompt=prompt,
                prompt_sha256=hashlib.sha256(prompt.encode()).hexdigest(),
                form_sha256=digest(question.schema),
            )
        )

    def _accepted(self, plan: Plan) -> Plan:
        provenance = plan.provenance and plan.provenance.model_copy(
            update={"provider": self.provider, "model": self.partner.answered_by("size")}
        )
        update = {"rounds": tuple(self.rounds), "provenance": provenance}
        return settled(plan.model_copy(update=update))

    def _by_rules(self, rule: str, message: str) -> Plan:
        """Return the rules' plan, or a failure when the person asked for the model only."""
        required = self.partner.settings.required
        if required:
            message = message.replace(" The rules decided alone.", "").replace(
                "; the rules decided alone.", "."
            )
        finding = Finding(
            id=rule,
            severity="error" if required else "warning",
            field="provider",
            message=message,
            source="review",
        )
        plan = self._with(finding)
        return stopped(plan, "failed", message) if required else settled(plan)

    def _limit(self) -> Plan:
        return self._by_rules(
            "review.limit",
            f"The review did not end within {len(self.rounds)} rounds; the rules decided alone.",
        )

    def _with(self, finding: Finding) -> Plan:
        findings = (*self.draft.findings, finding)
        plan = self.draft.model_copy(update={"findings": findings, "rounds": tuple(self.rounds)})
        return plan if self.rounds else traced(self.task, plan)
