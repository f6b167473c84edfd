#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: run
short_description: Record the way of a request in the ledger
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Records runs, their stages, approvals and reserved ids in the ledger, and keeps C(result.json)
    of the deployment equal to it.
  - A run holds its deployment until it ends; a second run is refused meanwhile. The hold of a
    controller process that died is recognised and taken over.
  - This action runs on the controller. In check mode nothing is recorded.
requirements:
  - SQLAlchemy 2 on the controller
options:
  state:
    description:
      - V(started) begins a run and takes the deployment.
      - V(stage) completes the current stage and enters O(stage). A stage that writes (O(status) is
        C(PROVISIONING) or C(CONFIGURING)) is refused while a freeze holds.
      - V(noted) adds O(outputs) and O(messages) to the current stage.
      - V(asked) keeps what was said and the questions that are open.
      - V(planned) reserves everything that O(plan) needs and no other deployment may have, and
        keeps it as a proposal in O(directory). What is applied stays as it is.
      - V(held) comes just before an apply. It finds out whether another deployment took something
        of O(plan) meanwhile, and holds all of it until an apply comes to its end.
      - V(approved) records a decision about a Terraform plan.
      - V(applied) makes O(plan) the applied record of O(directory) and gives back what it no
        longer needs.
      - V(announced) keeps O(receipts) of what is about to be written. Should the run die, they stay
        as C(unknown).
      - V(received) keeps O(receipts) of what was written, in the place of what was announced.
      - V(looked_up) finds out what came of the writes that earlier runs left unknown. O(receipts)
        is all that O(writer) would do now; what is among it has not happened. For C(tags) they are
        what is now, beside what it should be.
      - V(retired) keeps the request that O(machines) go from O(end_of_life) on.
      - V(released) gives back what a deployment held that is gone, and removes from O(directory)
        what gave access to it. Guests that were let go are still there, and so is that.
      - V(forgotten) gives back its name, too.
      - V(finished) ends the run.
    type: str
    required: true
    choices:
      - started
      - stage
      - noted
      - asked
      - planned
      - held
      - approved
      - applied
      - announced
      - received
      - looked_up
      - retired
      - released
      - forgotten
      - finished
  ledger:
    description: Path of an SQLite file, or an SQLAlchemy URL such as that of a PostgreSQL server.
    type: str
    required: true
  directory:
    description:
      - Folder of the deployment, where C(result.json) and the records are kept.
      - Required with O(state=started), O(state=asked), O(state=planned), O(state=applied) and
        O(state=released).
    type: path
  deployment:
    description: >-
      Name of the deployment. Required with O(state=started), O(state=released) and
      O(state=forgotten).
    type: str
  workflow_id:
    description: Id of the run, from O(state=started).
    type: str
  stage:
    description: Name of the stage that begins.
    type: str
  status:
    description:
      - Status of the run in this stage, for instance C(PLANNING), or the final one
        (C(COMPLETED), C(FAILED), C(ROLLED_BACK), C(REFUSED), C(DEFERRED)).
      - With O(state=approved) the decision.
    type: str
  request:
    description: The request of the plan; kept with it.
    type: dict
  snapshot:
    description: The facts of the plan; kept with it.
    type: dict
  plan:
    description: The plan that is proposed, held or applied.
    type: dict
  conversation:
    description:
      - With O(state=asked), what was said so far. C(variable) (C(intent) or C(refine)), C(text) or
        C(form), C(answers), C(accept) and C(insist). It is kept with the questions of O(plan) until
        a plan is made.
    type: dict
  config:
    description: What the run was asked; recorded.
    type: dict
    default: {}
  environments:
    description:
      - Environments that a stage that writes touches; a freeze of one of them stops it.
      - Without any, every freeze does.
    type: list
    elements: str
    default: []
  end_of_life:
    description: With O(state=retired), the day from which on O(machines) may go, C(YYYY-MM-DD).
    type: str
  machines:
    description: With O(state=retired), names of the machines.
    type: list
    elements: str
    default: []
  inputs:
    description: What the stage that begins was given; recorded. It holds no secret.
    type: dict
    default: {}
  outputs:
    description:
      - What the stage that ends has changed, or with O(state=applied) what the run has made;
        recorded. It holds no secret.
    type: dict
    default: {}
  messages:
    description: With O(state=noted), lines for the log of the stage.
    type: list
    elements: str
    default: []
  receipts:
    description:
      - One for each write, announced without an outcome. C(what), C(target), C(before), C(after)
        and C(outcome), which is C(happened), C(not) or C(unknown); where known C(exit), C(seconds)
        and C(plan_sha256).
    type: list
    elements: dict
    default: []
  writer:
    description:
      - With O(state=looked_up), V(terraform), or how C(what) begins for everything that was looked
        at, such as V(helm release).
    type: str
  there:
    description: With O(state=looked_up) and V(terraform), targets that exist now.
    type: list
    elements: str
    default: []
  only:
    description: With O(state=looked_up), targets that were looked at; empty for all.
    type: list
    elements: str
    default: []
  how:
    description: With O(state=applied) and O(state=released), what kind of run made it so.
    type: str
    choices: [apply, import, rollback, undo, release, destroy, retire]
    default: apply
  plan_sha256:
    description: sha256 of the saved Terraform plan that was decided about.
    type: str
  approve:
    description:
      - With O(state=planned), what the run brings as approval. Who brings a sha256 approves what
        somebody asked for before, and does not ask for it.
    type: str
    default: ""
  reason:
    description: >-
      Why it was approved, why the run ended without success, or with O(state=noted) what the
      stage could not do although the run goes on; such a stage ends as C(WARNED).
    type: str
    default: ""
  settled:
    description:
      - With O(state=finished), nothing that the run began is left. Only what is applied stays held.
    type: bool
    default: false
  reserve:
    description: With O(state=planned), V(false) only keeps the proposal, for a sketch.
    type: bool
    default: true
  takeover:
    description:
      - With O(state=started), the id of a run of another machine that holds the deployment and is
        known to be dead. Runs of this machine are seen to be dead without it.
    type: str
attributes:
  check_mode:
    description: Records nothing.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: Begin the run
  clusterwright.proxmox.run:
    state: started
    ledger: deployments/ledger.sqlite
    deployment: demo
    directory: deployments/demo
  register: run

- name: Enter the stage of facts
  clusterwright.proxmox.run:
    state: stage
    ledger: deployments/ledger.sqlite
    workflow_id: "{{ run.workflow_id }}"
    stage: facts
    status: PLANNING
"""

RETURN = r"""
workflow_id:
  description: Id of the run.
  returned: always
  type: str
  sample: 2d0c6e3e-5a51-4d9c-9a55-5d3c3ad8cf0a
told:
  description: What was found out of the writes of earlier runs, a sentence each.
  returned: when O(state=looked_up)
  type: list
  elements: str
  sample: []
resumed_from:
  description: Stage at which the previous run of this deployment ended early.
  returned: when O(state=started)
  type: str
  sample: k3s
reserved:
  description: Everything that other deployments hold and that this one may not have.
  returned: when O(state=started)
  type: dict
  sample: {"vmids": [20000], "addresses": ["192.168.0.20"], "names": ["other-server-1"]}
proposal:
  description: Id of the proposal, the beginning of its sha256.
  returned: when O(state=planned)
  type: str
  sample: 4f1d4b0ce1a2
warning:
  description: What the stage could not do, O(reason).
  returned: when O(state=noted)
  type: str
  sample: The documents could not be written.
"""
