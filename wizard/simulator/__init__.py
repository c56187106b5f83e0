"""A simulated Azure on loopback: the real Azure SDKs, azure-identity and the Azure CLI talk to it over HTTPS.

It is stateful and strict, and independent of the rest of this project. Scenarios are data (`scenario/built_in/*.yaml`).

    async with Simulator("contoso", speed=math.inf) as azure:
        os.environ.update(azure.environment)
"""

from wizard.simulator.protocol.errors import ScenarioError, StateFileError
from wizard.simulator.protocol.record import Recorded
from wizard.simulator.server.simulator import Simulator, env_lines, scenario_schema, scenarios

__all__ = [
    "Recorded",
    "ScenarioError",
    "Simulator",
    "StateFileError",
    "env_lines",
    "scenario_schema",
    "scenarios",
]
