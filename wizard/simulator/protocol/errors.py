"""What can be wrong with what the simulator is given; the message names it and the remedy."""


class StateFileError(ValueError):
    """A state file that holds something else, or that another simulator has."""


class ScenarioError(ValueError):
    """A scenario that does not exist or does not hold together; the message names file, place and remedy."""
