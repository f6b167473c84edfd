# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one control plane for each set of add-ons of the catalogue that go together.

Usage: python -m lab.kube FOLDER. Makes ``sets.json`` in it when all of them are ready: what each
set installs, its kubeconfig, and three folders of charts (``now``, ``next``, ``failing``). Ends
when FOLDER is gone, or after two hours.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path

from lab.charts import build_charts, next_release
from lab.charts.sets import compatible_sets
from lab.kube import ControlPlane, Pretend
from lab.tools.toolbox import ensure

LONGEST_SECONDS = 7200


def main(folder: Path) -> None:
    """Serve until the folder is gone."""
    folder.mkdir(parents=True, exist_ok=True)
    now = build_charts(folder / "charts/now")
    next_release(now, folder / "charts/next")
    next_release(now, folder / "charts/failing", fails=True)
    tools = ensure(["helm", "kubectl"])
    listed = []
    with contextlib.ExitStack() as stack:
        for number, found in enumerate(compatible_sets()):
            plane = stack.enter_context(ControlPlane(folder / str(number)))
            stack.enter_context(Pretend(str(plane.kubeconfig), listening=True))
            own = {
                "folder": str(plane.folder),
                "kubeconfig": str(plane.kubeconfig),
                "helm": str(tools.helm),
                "kubectl": str(tools.kubectl),
            }
            listed.append(found._asdict() | own)
        part = folder / "sets.json.part"
        part.write_text(json.dumps(listed, indent=1), encoding="utf-8")
        part.replace(folder / "sets.json")
        end = time.monotonic() + LONGEST_SECONDS
        while folder.exists() and time.monotonic() < end:
            time.sleep(0.5)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
