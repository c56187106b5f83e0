"""What can be wrong with what the simulator is given."""


class ScenarioError(ValueError):
    """A scenario that does not exist or does not hold together; the message names file, place and remedy."""
