"""Errors in what the operator gives to the simulator. Each message states the problem and the fix."""


class StateFileError(ValueError):
    """The state file holds other data, or another simulator uses it."""


class ScenarioError(ValueError):
    """The scenario does not exist or is invalid; the message names the scenario, the place in it and the fix."""
