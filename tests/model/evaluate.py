# SPDX-License-Identifier: GPL-3.0-or-later
"""Score the rules alone, and rules with recorded answers of a capable model, on whole plans.

    python -m model.evaluate [--output FILE] [--collect FOLDER]

The answers are replayed over HTTP through the real client; each is found by its sentence and what
exists. --collect keeps the questions that nobody has answered yet.
"""

from __future__ import annotations

import argparse
import json
import typing as t
from pathlib import Path

from ansible.plugins.loader import init_plugin_loader

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).with_name("recorded")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--collect", type=Path)
    options = parser.parse_args()
    init_plugin_loader([str(ROOT / "build" / "collections")])
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _evaluate
    from model.recorded import served

    recorded: dict[str, t.Any] = json.loads((RECORDED / "answers.json").read_text("utf-8"))
    if options.collect:
        options.collect.mkdir(parents=True, exist_ok=True)
    with served(recorded["answers"], options.collect) as address:
        settings = {"base_url": address, "model": f"recorded-{recorded['date']}"}
        result = _evaluate.evaluate(
            [_evaluate.read_cases(RECORDED / "cases.json")],
            provider="openai",
            provider_settings=settings,
        )
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(result, indent=1, ensure_ascii=False), "utf-8")
    print(*_evaluate.table(result), sep="\n")


if __name__ == "__main__":
    main()
