"""Hypothesis for a machine that several people share: no deadline for one example."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = "EXAMPLES"
"""The variable that says how many examples a property is tried with; mutation testing asks for fewer."""

settings.register_profile(
    "shared",
    deadline=None,
    max_examples=int(os.environ.get(EXAMPLES, "60")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared")
