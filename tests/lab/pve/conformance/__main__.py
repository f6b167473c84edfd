# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay recorded requests and say how many answers are equal."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from lab.pve.conformance.replay import replay_file

CHECKOUT = Path(__file__).resolve().parents[4]
BESIDE_CHECKOUT = CHECKOUT.parent / "shared" / "pve" / "golden"


def options(argv: list[str] | None = None) -> argparse.Namespace:
    default = Path(os.environ.get("PVE_GOLDEN") or BESIDE_CHECKOUT)
    parser = argparse.ArgumentParser(prog="lab.pve.conformance", description=__doc__)
    parser.add_argument("--golden", type=Path, default=default, help="folder of recordings")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "build/lab-conformance.json")
    parser.add_argument("--file", action="append", help="only this file (without its ending)")
    parser.add_argument("--step", help="only steps that contain this text")
    parser.add_argument("--quiet", action="store_true", help="do not list what differs")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    given = options(argv)
    files = sorted([*given.golden.glob("*.jsonl"), *given.golden.glob("*.json")])
    files = [path for path in files if not given.file or path.stem in given.file]
    if not files:
        print(
            f"There are no recordings in {given.golden}; name their folder with --golden or"
            " PVE_GOLDEN.",
            file=sys.stderr,
        )
        return 1
    results = {}
    for path in files:
        found = replay_file(path, only=given.step)
        results[path.stem] = found.as_dict()
        print(
            f"{path.stem:30} statuses {found.statuses!s:18} messages {found.messages!s:18}"
            f" shapes {found.shapes}",
            flush=True,
        )
        if not given.quiet:
            for line in found.differences:
                print(f"    {line}")
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
