# SPDX-License-Identifier: GPL-3.0-or-later
"""Serve recorded answers of a reader as an OpenAI-compatible model, or collect new ones.

    python recorded.py ANSWERS.json [--collect FOLDER] [--port 0]

Prints its address, serves on loopback until standard input ends. A question is the sentence with
what exists; ANSWERS.json maps its key to the statements that a reader gave without knowing the
right answer. What was never answered gets HTTP 404, or with --collect a file FOLDER/KEY.json with
the instructions, the question and the form, so that a reader can answer it. Who is asked for sizes
keeps those of the rules: nobody recorded others.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import sys
import threading
import typing as t
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Data = dict[str, t.Any]


def key_of(question: Data) -> str:
    """Return the key of a question: what was said, and what exists, whatever its sizes."""
    exists = [[group["id"], group["what"]] for group in question.get("exists", [])]
    asked = [question["sentence"], exists]
    said = json.dumps(asked, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def handler(answers: Data, folder: Path | None) -> type[BaseHTTPRequestHandler]:
    """Return the request handler over these answers."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_POST(self) -> None:
            """Answer a chat completion."""
            length = int(self.headers.get("content-length") or 0)
            asked = json.loads(self.rfile.read(length))
            question = json.loads(asked["messages"][-1]["content"])
            if "sentence" not in question:
                self._send(200, _completion(asked, _as_drafted(question)))
                return
            key = key_of(question)
            if key in answers and not question.get("findings"):
                text = json.dumps({"statements": answers[key]}, ensure_ascii=False)
                self._send(200, _completion(asked, text))
                return
            if folder is not None and not question.get("findings"):
                kept = {"messages": asked["messages"], "form": asked.get("response_format")}
                (folder / f"{key}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False))
            self._send(404, {"error": {"message": "no recorded answer"}})

        def _send(self, status: int, body: Data) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


def _as_drafted(question: Data) -> str:
    """Return the answer that leaves everything as the rules made it."""
    if "groups" not in question:
        software = [{"id": row["id"], "family": "unknown"} for row in question["software"]]
        return json.dumps({"software": software, "drivers": []})
    names = ("id", "count", "cores", "memory_mib", "disk_gib")
    rows = [{name: group[name] for name in names} for group in question["groups"]]
    return json.dumps({"groups": [{**row, "reason": "As the rules."} for row in rows]})


def _completion(asked: Data, text: str) -> Data:
    message = {"role": "assistant", "content": text}
    # Nobody counted them: a token is about four characters.
    seen, said = len(json.dumps(asked["messages"])) // 4, len(text) // 4
    return {
        "id": "recorded",
        "object": "chat.completion",
        "created": 0,
        "model": asked.get("model", "recorded"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": seen, "completion_tokens": said, "total_tokens": seen + said},
    }


@contextlib.contextmanager
def served(answers: Data, folder: Path | None = None, port: int = 0) -> Iterator[str]:
    """Serve answers on loopback; yields the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler(answers, folder))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--collect", type=Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    recorded = json.loads(options.answers.read_text("utf-8")) if options.answers.exists() else {}
    if options.collect:
        options.collect.mkdir(parents=True, exist_ok=True)
    with served(recorded.get("answers", {}), options.collect, options.port) as address:
        print(address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
