"""What holds for every test."""

from hypothesis import HealthCheck, settings

# A busy machine makes an example slow, never wrong.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("unhurried"), max_examples=3000)
settings.load_profile("unhurried")
