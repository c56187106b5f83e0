"""How many examples of a kind are tried: a share of what the profile of hypothesis allows."""

from hypothesis import HealthCheck, Phase, settings

OUTCOMES = ("success", "clear error")
"""How an input may end; any other ending fails its test."""

LONG = settings.get_current_profile_name() == "long"
"""Whether there is time for everything."""


def share(fraction: float) -> settings:
    """Settings for examples of which a run has time for only so many: `1` for a hundred in CI, and 3,000 in the profile
    `long`. What has its cost in processes and servers is not shrunk: the first failure is as good as the smallest."""
    return settings(
        max_examples=max(1, round(settings().max_examples * fraction)),
        deadline=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.function_scoped_fixture,
            HealthCheck.data_too_large,
        ],
        phases=[Phase.explicit, Phase.generate],
    )
