"""Hypothesis profiles: "quick" for every run, "nightly" for the long one (`WARRANT_HYPOTHESIS=nightly`)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=60, deadline=None, derandomize=True)
settings.register_profile(
    "nightly",
    max_examples=20_000,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(os.environ.get("WARRANT_HYPOTHESIS", "quick"))
