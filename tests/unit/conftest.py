# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the property tests: short in `make test`, long in `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

for name, examples in (("default", 100), ("fuzz", 10_000)):
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        derandomize=name == "default",
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
