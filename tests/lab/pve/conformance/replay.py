# SPDX-License-Identifier: GPL-3.0-or-later
"""Send recorded requests again to a simulated cluster of the same make."""

from __future__ import annotations

import re
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from lab.pve.conformance.compare import Answer, Comparison
from lab.pve.conformance.placement import CHECKSUMS, EVENTS, prepare
from lab.pve.conformance.reasons import reason_of
from lab.pve.conformance.records import Record, by_version, in_turns, load
from lab.pve.downloads import WebFile
from lab.pve.login import COOKIE
from lab.pve.permissions import ROOT
from lab.pve.server import PveServer

UPID = re.compile(r"UPID:[^/\s\"]+:")
POLL_SECONDS = 0.02
TASK_SECONDS = 15.0
TIMEOUT_SECONDS = 30.0
NOT_A_VALUE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
GARBAGE_TICKET = "PVE:root@pam:00000000::AAAA"
# Uploads are recorded without their fields; these are the ones that the steps' names tell.
UPLOADS = {
    "upload iso (multipart)": ("iso", "up.iso"),
    "upload snippet refused (multipart)": ("snippets", "up.yaml"),
    "upload bad ext (multipart)": ("iso", "up.txt"),
}


class Replay:
    """One recorded version of one file against one server."""

    def __init__(self, name: str, server: PveServer) -> None:
        self.name = name
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(server.ca_file)
        self._tickets: dict[str, tuple[str, str]] = {}
        self._aliases: dict[str, str] = {}

    # ---------------------------------------------------------------- requests

    def send(self, record: Record) -> Answer:
        """Send one recorded request; a task that was polled then is polled now."""
        fields = {key: self._value(record, key, x) for key, x in record.params.items()}
        where = "params" if record.method in ("GET", "DELETE") else "data"
        body: dict[str, Any] = {"json": fields} if record.as_json else {where: fields}
        if record.step in UPLOADS:
            kind, filename = UPLOADS[record.step]
            body = {"data": {"content": kind}, "files": {"filename": (filename, b"hello world")}}
        try:
            response = self.session.request(
                record.method,
                self.server.endpoint + "/api2/json" + self._path(record.path),
                headers=self._headers(record),
                timeout=TIMEOUT_SECONDS,
                **body,
            )
        except requests.ConnectionError:
            return Answer(None, "connection closed", None)
        try:
            answer = Answer(response.status_code, response.reason, response.json())
        except ValueError:
            answer = Answer(response.status_code, response.reason, response.text or None)
        self._learn(record, answer)
        if record.task is not None and answer.status == 200:
            answer.exit_status = self._exit_status(record, answer)
        return answer

    def _value(self, record: Record, key: str, value: Any) -> Any:
        if value == "SECRET" and key == "password":
            return self.server.root_password
        if value == "TICKET":
            return self._ticket(ROOT)[0]
        if key == "checksum" and value in CHECKSUMS:
            algorithm, content = CHECKSUMS[value]
            return WebFile(content=content).checksum(algorithm)
        return self._aliases.get(value, value) if isinstance(value, str) else value

    def _path(self, path: str) -> str:
        def known(found: re.Match[str]) -> str:
            upid = urllib.parse.unquote(found[0])
            return urllib.parse.quote(self._aliases.get(upid, upid), safe="")

        return re.sub(r"UPID(:|%3A)[^/]+", known, path)

    def _learn(self, record: Record, answer: Answer) -> None:
        """Remember what UPIDs and digests of the recording are here."""
        if not isinstance(record.body, dict) or not isinstance(answer.body, dict):
            return
        then, now = record.body.get("data"), answer.body.get("data")
        if isinstance(then, str) and isinstance(now, str) and UPID.match(then):
            self._aliases[then] = now
        if isinstance(then, dict) and isinstance(now, dict) and "digest" in then:
            self._aliases[str(then["digest"])] = str(now.get("digest"))

    def _exit_status(self, record: Record, answer: Answer) -> str | None:
        upid = answer.body.get("data") if isinstance(answer.body, dict) else None
        task = self.server.state.tasks.get(upid)
        deadline = time.monotonic() + TASK_SECONDS
        while task is not None and task["status"] == "running" and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return None if task is None else str(task.get("exitstatus"))

    # ------------------------------------------------------------- credentials

    def _ticket(self, user: str) -> tuple[str, str]:
        if user not in self._tickets:
            self._tickets[user] = self.server.state.issue_ticket(user)
        return self._tickets[user]

    def _headers(self, record: Record) -> dict[str, str]:
        if record.auth == "token":
            return {"Authorization": self._token(record)}
        if record.auth == "none":
            return {}
        ticket, csrf = self._ticket(record.user or ROOT)
        detail = record.auth_detail
        headers = {"CSRFPreventionToken": csrf}
        if "no-csrf" in detail:
            headers = {}
        elif "wrong-csrf" in detail:
            headers["CSRFPreventionToken"] = "00000000:wrong"
        if "garbage" in detail:
            ticket = GARBAGE_TICKET
        if "Authorization" in detail:
            return {**headers, "Authorization": f"{COOKIE}={ticket}"}
        if "percent" in detail:
            ticket = urllib.parse.quote(ticket, safe="")
        return {**headers, "Cookie": f"{COOKIE}={ticket}"}

    def _token(self, record: Record) -> str:
        if "malformed" in record.auth_detail:
            return "PVEAPIToken=nonsense"
        subject = record.user or ""
        userid, _, tokenid = subject.partition("!")
        user = self.server.state.access.users.get(userid)
        token = user.tokens.get(tokenid) if user else None
        value = token.value if token and "wrong" not in record.auth_detail else NOT_A_VALUE
        return f"PVEAPIToken={subject}={value}"

    # ------------------------------------------------------------------- turns

    def turn(self, records: list[Record]) -> list[tuple[Record, Answer]]:
        """Send what was sent at the same time; pair like with like."""
        event = EVENTS.get(self.name, {}).get(records[0].step)
        if event:
            event(self.server)
        if len(records) == 1:
            return [(records[0], self.send(records[0]))]
        with ThreadPoolExecutor(len(records)) as pool:
            answers = list(pool.map(self.send, records))
        pairs = []
        for record in sorted(records, key=lambda r: (r.status or 0, recorded_end(r))):
            best = min(answers, key=lambda a: (a.status != record.status, distance(record, a)))
            answers.remove(best)
            pairs.append((record, best))
        return pairs


def recorded_end(record: Record) -> str:
    return str((record.task or {}).get("exitstatus"))


def distance(record: Record, answer: Answer) -> bool:
    return record.task is not None and recorded_end(record) != str(answer.exit_status)


def replay_file(path: Path, *, only: str | None = None) -> Comparison:
    """Replay a recorded file on fresh servers, one for each version.

    `only` keeps the records whose step contains it (all are sent all the same).
    """
    comparison = Comparison()
    name = path.stem
    for series, records in by_version(load(path)):
        with PveServer(f"golden-{series}", version=series) as server:
            prepare(server, name, records)
            replay = Replay(name, server)
            for turn in in_turns(records):
                for record, answer in replay.turn(turn):
                    if only is None or only in record.step:
                        comparison.add(record, answer, reason_of(name, record))
            for crash in server.state.crashes:
                comparison.differences.append(f"{series}: the server failed with {crash!r}")
    return comparison
