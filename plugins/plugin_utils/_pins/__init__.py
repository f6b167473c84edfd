# SPDX-License-Identifier: GPL-3.0-or-later
"""The pinned versions: every ``*.yml`` file beside this one, read as one mapping."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

PINS_DIR = Path(__file__).resolve().parent


class PinError(LookupError):
    """A pin does not exist or the pin files contradict each other; the message says which."""


@functools.cache
def load(directory: Path = PINS_DIR) -> t.Mapping[str, t.Any]:
    """Return the pins of all files in ``directory``; each top-level key lives in one file only.

    Raises:
        PinError: two files hold the same top-level key, or a file is not a mapping.
    """
    import yaml  # not at the top: files below plugins/ are also read where it is missing

    pins: dict[str, t.Any] = {}
    for path in sorted(directory.glob("*.yml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise PinError(f"The pin file {path.name} does not hold a mapping.")
        twice = sorted(pins.keys() & data.keys())
        if twice:
            raise PinError(f"{', '.join(twice)} is pinned a second time in {path.name}.")
        pins |= data
    return pins


def pin(path: str, *, directory: Path = PINS_DIR) -> t.Any:
    """Return what ``path`` names, its parts joined by dots: ``k3s.default``.

    A key may hold dots itself (``k3s.releases.v1.34.12+k3s1``): the longest key that fits is
    taken.

    Raises:
        PinError: nothing is pinned under that path; the message lists what is there.
    """
    value: t.Any = load(directory)
    rest = path
    while rest:
        keys = [str(key) for key in value] if isinstance(value, dict) else []
        fitting = [key for key in keys if rest == key or rest.startswith(key + ".")]
        if not fitting:
            known = f"known here: {', '.join(sorted(keys))}" if keys else "nothing is below it"
            raise PinError(f"Nothing is pinned as {path!r} ({known}).")
        key = max(fitting, key=len)
        value = value[key]
        rest = rest[len(key) + 1 :]
    return value


__all__ = ["PINS_DIR", "PinError", "load", "pin"]
