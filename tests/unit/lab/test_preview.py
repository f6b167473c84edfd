# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of a first run, and when, while the lab is built."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import preview
from lab.preview import Preview

#: Stands in for `python -m lab`: tells what it was asked for; `prepare` builds in two steps.
LAB = """
import pathlib, sys, time
place, words = pathlib.Path(sys.argv[1]), sys.argv[2:]
with (place / "told").open("a") as file:
    file.write(" ".join(words[:1] + [w for w in words if w == "--without-tools"]) + chr(10))
if words[0] == "prepare":
    while not (place / "sized").exists():
        time.sleep(0.01)
    if (place / "broken").exists():
        sys.exit("no compiler")
    (place / "provider").touch()
    print("tool provider 1.0 s", flush=True)
    while not (place / "applied").exists() and not (place / "no hosts").exists():
        time.sleep(0.01)
    print("tool k3s 1.0 s", flush=True)
"""
SIZES, WHOLE = "sizes", "the whole"


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, list[str]]]:
    script = tmp_path / "lab.py"
    script.write_text(LAB)
    monkeypatch.setattr(preview, "LAB", (sys.executable, str(script), str(tmp_path)))
    told = tmp_path / "told"

    def command(word: str, leaves: str, code: int) -> list[str]:
        text = (
            f"import pathlib, sys; p = pathlib.Path({str(tmp_path)!r});"
            f" f = (p / 'told').open('a'); f.write({word!r} + chr(10)); f.close();"
            f" (p / {leaves!r}).touch(); sys.exit({code})"
        )
        return [sys.executable, "-c", text]

    def run(
        *, sizes: int | None = 0, whole: int | None = 0, broken: bool = False
    ) -> tuple[int, list[str]]:
        for name in ("broken",) * broken + ("sized",) * (sizes is None):
            (tmp_path / name).touch()
        if whole is None:
            (tmp_path / "no hosts").touch()
        code = preview.preview(
            Preview(
                name="p",
                machines="auto",
                sizes=() if sizes is None else command(SIZES, "sized", sizes),
                whole=() if whole is None else command(WHOLE, "applied", whole),
                tools_seconds=60,
            ),
            (tmp_path / "provider").exists,
        )
        return code, [line for line in told.read_text().splitlines() if line != "prepare"]

    return run


BARE = ["up --without-tools", SIZES, "down"]
FULL = ["up", WHOLE, "down"]


@pytest.mark.parametrize(
    ("given", "code", "order"),
    [
        ({}, 0, BARE + FULL),  # sizes need nothing that is built; Terraform waits for its provider
        ({"sizes": None}, 0, FULL),
        ({"whole": None}, 0, BARE),
        ({"sizes": 2}, 2, BARE),  # a question ends it at once, and the building
        ({"whole": 3}, 3, BARE + FULL),
        ({"broken": True}, 1, BARE),
    ],
)
def test_each_part_is_shown_as_soon_as_it_can_be(
    shown: Callable[..., tuple[int, list[str]]],
    capfd: pytest.CaptureFixture[str],
    given: dict[str, int | None],
    code: int,
    order: list[str],
) -> None:
    assert shown(**given) == (code, order)
    output = capfd.readouterr().out
    assert ("tool k3s" in output) is (code == 0)
    assert ("no compiler" in output) is ("broken" in given)
