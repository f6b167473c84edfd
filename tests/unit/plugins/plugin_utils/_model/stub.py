# SPDX-License-Identifier: GPL-3.0-or-later
"""A small server on loopback that speaks the wire format of each provider."""

from __future__ import annotations

import json
import threading
import typing as t
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Json = dict[str, t.Any]
TOKENS_IN, TOKENS_OUT = 120, 34


@dataclass(frozen=True)
class Http:
    """An answer below the model's own format: an error, a page, a redirect."""

    status: int = 200
    body: str = ""
    headers: t.Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """What the model says, and why it stopped: end, length or filter."""

    text: str | None
    stop: str = "end"


class Hang:
    """No answer until the client has gone or the server ends."""


class Trickle:
    """An answer byte by byte, which no end comes of."""


Act = str | Said | Http | Hang | Trickle
Script = t.Callable[[Json], Act]


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    path: str
    headers: t.Mapping[str, str]
    body: Json
    prompt: Json


def _gemini(act: Said, _body: Json) -> Json:
    reason = {"end": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY"}[act.stop]
    candidate = {
        "content": {"role": "model", "parts": [{"text": act.text or ""}]},
        "finishReason": reason,
        "index": 0,
    }
    return {
        "candidates": [] if act.text is None else [candidate],
        "usageMetadata": {
            "promptTokenCount": TOKENS_IN,
            "candidatesTokenCount": TOKENS_OUT,
            "totalTokenCount": TOKENS_IN + TOKENS_OUT,
        },
        "modelVersion": "stub",
    }


def _openai(act: Said, body: Json) -> Json:
    reason = {"end": "stop", "length": "length", "filter": "content_filter"}[act.stop]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": act.text or ""},
        "finish_reason": reason,
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_780_000_000,
        "model": body.get("model", "stub"),
        "choices": [] if act.text is None else [choice],
        "usage": {
            "prompt_tokens": TOKENS_IN,
            "completion_tokens": TOKENS_OUT,
            "total_tokens": TOKENS_IN + TOKENS_OUT,
        },
    }


def _anthropic(act: Said, body: Json) -> Json:
    reason = {"end": "end_turn", "length": "max_tokens", "filter": "refusal"}[act.stop]
    content: list[Json] = [] if act.text is None else [{"type": "text", "text": act.text}]
    if body.get("tools") and act.text is not None and act.stop == "end":
        reason = "tool_use"
        content = [
            {"type": "tool_use", "id": "toolu_1", "name": "form", "input": json.loads(act.text)}
        ]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "stub"),
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": TOKENS_IN, "output_tokens": TOKENS_OUT},
    }


WIRE: dict[str, t.Callable[[Said, Json], Json]] = {
    "gemini": _gemini,
    "openai": _openai,
    "ollama": _openai,
    "anthropic": _anthropic,
}


def prompt_of(provider: str, body: Json) -> Json:
    """Return the JSON document that the client sent as the user's message."""
    if provider == "gemini":
        text = body["contents"][-1]["parts"][0]["text"]
    else:
        content = body["messages"][-1]["content"]
        text = content if isinstance(content, str) else content[0]["text"]
    return json.loads(text)


class Stub(ThreadingHTTPServer):
    """The server; ``script`` decides each answer from the prompt, ``seen`` keeps the requests."""

    daemon_threads = True

    def __init__(
        self, provider: str, script: Script, models: t.Sequence[str] | Trickle = ()
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.provider = provider
        self.script = script
        self.models = models
        self.seen: list[Seen] = []
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Return the base URL as a user would set it."""
        suffix = "/v1" if self.provider == "openai" else ""
        return f"http://127.0.0.1:{self.server_address[1]}{suffix}"

    def __enter__(self) -> Stub:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.ended.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Stub

    def do_GET(self) -> None:
        models = self.server.models
        if isinstance(models, Trickle):
            self._trickle()
        elif self.path == "/api/tags" and self.server.provider == "ollama":
            self._send(Http(body=json.dumps({"models": [{"name": n} for n in models]})))
        else:
            self._send(Http(404, "{}"))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        provider = self.server.provider
        prompt = prompt_of(provider, body)
        self.server.seen.append(Seen(self.path, dict(self.headers), body, prompt))
        act = self.server.script(prompt)
        if isinstance(act, Hang):
            self.server.ended.wait(30)
            self.close_connection = True
            return
        if isinstance(act, Trickle):
            self._trickle()
            return
        if isinstance(act, str):
            act = Said(act)
        if isinstance(act, Said):
            act = Http(body=json.dumps(WIRE[provider](act, body)))
        self._send(act)

    def _send(self, act: Http) -> None:
        data = act.body.encode()
        self.send_response(act.status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(data))}
        for name, value in {**headers, **act.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:  # the client has seen enough
            self.close_connection = True

    def _trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.close_connection = True
        try:
            while not self.server.ended.wait(0.02):
                self.wfile.write(b" ")
        except OSError:  # the client has gone
            return

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def agree(prompt: Json) -> str:
    """Answer with the numbers of the draft."""
    return form(prompt)


def form(prompt: Json, **changes: t.Any) -> str:
    """Answer with the draft's numbers; ``changes`` replace those of every group."""
    if "sentence" in prompt:
        return json.dumps({"statements": []})
    if "groups" not in prompt:
        software = [{"id": row["id"], "family": "unknown"} for row in prompt["software"]]
        return json.dumps({"software": software, "drivers": []})
    rows = [
        {
            **{key: group[key] for key in ("id", "count", "cores", "memory_mib", "disk_gib")},
            "reason": "As drafted.",
            **{key: value for key, value in changes.items() if key not in group["said"]},
        }
        for group in prompt["groups"]
    ]
    return json.dumps({"groups": rows})


def larger(prompt: Json) -> str:
    """Answer with the largest size of one machine in each group, where it was not said."""
    answer = json.loads(form(prompt))
    for row, group in zip(answer.get("groups", ()), prompt.get("groups", ()), strict=True):
        single = [size for size in group["sizes"].values() if "count" not in size]
        sizes = max(single, key=lambda size: size.get("memory_mib", 0))
        row |= {number: n for number, n in sizes.items() if number not in group["said"]}
        row["reason"] = "The request mentions heavy use."
    return json.dumps(answer)
