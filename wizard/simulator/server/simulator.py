"""The public interface of the simulated Azure: start and stop, environment, recorded requests, and direct access to its state.

Modules that only a started simulator needs are imported when it starts, so that runs against real Azure do not wait for them.
"""

import asyncio
import math
import os
import secrets
import shlex
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from wizard.simulator.protocol.errors import ScenarioError
from wizard.simulator.protocol.record import Recorded, RecordFile
from wizard.simulator.protocol.wire import Json

if TYPE_CHECKING:
    from wizard.simulator.server.server import Server
    from wizard.simulator.state.synthetic_fleet import Fleet
    from wizard.simulator.state.world import World

START_TIMEOUT = 30.0
MAX_RECORDED = 20_000
MAX_RECORDED_BYTES = 32 * 1024 * 1024
T = TypeVar("T")


def scenarios() -> dict[str, str]:
    """Return the one-sentence description of each built-in scenario, by name."""
    from wizard.simulator.state.scenario_loading import scenarios as built_in

    return built_in()


def scenario_schema() -> Json:
    """Return the JSON Schema of a scenario file."""
    from wizard.simulator.state.scenario_loading import scenario_schema as schema

    return schema()


class Simulator:
    """A simulated Azure, which serves on its own event loop in its own daemon thread.

    `scenario` is the name of a built-in scenario, or a scenario file. `speed` is the factor by which Azure's wait times are
    shorter than in real life; `math.inf` disables waiting. `port` 0 selects a free port. `state` is a file in which the
    state is persisted, and from which it is resumed. `record` is a file to which every request is appended, without
    tokens. `clock` returns the seconds since the epoch; tests replace it to control time (tokens always use real time).
    Raise ScenarioError if the scenario does not exist or is invalid.
    """

    def __init__(
        self,
        scenario: str | Path = "contoso",
        *,
        speed: float = 60.0,
        port: int = 0,
        state: Path | None = None,
        record: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        from wizard.simulator.arm.tokens import process_key

        if state is None:  # a state file has its own
            threading.Thread(target=process_key, name="signing-key", daemon=True).start()
        from wizard.simulator.server.registry import find_providers
        from wizard.simulator.state.scenario_loading import load_scenario

        if not speed > 0:
            raise ValueError(
                f"speed is {speed}, but must be greater than 0: 1 is real time, math.inf disables waiting."
            )
        self._providers = find_providers()
        self._scenario = load_scenario(scenario, self._providers.types)
        self._scenario_name = str(scenario)
        self._speed, self._port, self._clock = speed, port, clock
        self._state_file, self._record_file = state, record
        self._requests: deque[Recorded] = deque()
        self._recorded_bytes = 0
        self._unknown: deque[Recorded] = deque(maxlen=MAX_RECORDED)
        self._world: World | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closing: asyncio.Event | None = None
        self._server: Server | None = None
        self._started = threading.Event()
        self._problem: BaseException | None = None
        self._proxy_port = 0
        self._ca_file = Path()
        self._header = secrets.token_urlsafe(16)

    # -- start and stop -----------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    def start(self) -> None:
        """Start serving, and return when it listens. Raise the error that prevents it, such as OSError for a port in use."""
        if self._thread is not None:
            raise RuntimeError("This simulator was already started. Create another one.")
        self._thread = threading.Thread(target=self._run, name="simulated-azure", daemon=True)
        self._thread.start()
        if not self._started.wait(START_TIMEOUT):
            raise TimeoutError(f"The simulated Azure did not start within {START_TIMEOUT:.0f} s.")
        if self._problem is not None:
            raise self._problem

    def stop(self) -> None:
        """Stop serving. The state can still be read. Further calls have no effect."""
        if (
            self._loop is not None
            and self._closing is not None
            and self._thread is not None
            and self._thread.is_alive()
        ):
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(START_TIMEOUT)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as problem:  # noqa: BLE001 - start() raises it again, in the caller's thread
            self._problem = problem
        finally:
            self._started.set()

    async def _main(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        async with AsyncExitStack() as stack:
            await self._serve(stack, self._closing)

    async def _serve(self, stack: AsyncExitStack, ending: asyncio.Event) -> None:
        from wizard.simulator.arm.tokens import Tokens
        from wizard.simulator.protocol import certificates
        from wizard.simulator.protocol.proxy import Proxy
        from wizard.simulator.protocol.temp_folder import temp_folder
        from wizard.simulator.resource_graph.service import ResourceGraph
        from wizard.simulator.server.server import Server

        self._world, fleet = self._make_world(stack)
        world = self._world
        world.provide(self._providers)
        world.provide(ResourceGraph(world))
        state, suffix = world.state, self._scenario.vault_suffix
        authority = (
            certificates.restore_authority(state.authority)
            if state.authority
            else certificates.process_authority()
        )
        tokens = Tokens(self._scenario.tenant.id, self._scenario.durations.token_lifetime, state.signing_key)
        folder = stack.enter_context(temp_folder())
        record = stack.enter_context(RecordFile(self._record_file)) if self._record_file else None
        server = Server(
            world,
            tokens,
            authority,
            managed_identity_header=self._header,
            on_request=lambda entry, unknown: self._record(entry, unknown, record),
        )
        self._server = server
        await server.start(certificates.server_context(authority, suffix), self._port)
        stack.push_async_callback(server.stop)
        proxy = Proxy(server.port, suffix)
        await proxy.start()
        stack.push_async_callback(proxy.stop)
        self._port, self._proxy_port = server.port, proxy.port
        world.proxy_url = f"http://127.0.0.1:{proxy.port}"
        self._ca_file = self._ca_path(folder)
        # Clients trust every CA in this file, so only its owner may write it.
        os.close(os.open(self._ca_file, os.O_WRONLY | os.O_CREAT, 0o600))
        authority.cert_pem.write_to_path(str(self._ca_file))
        if self._state_file:
            state.authority, state.signing_key = (
                certificates.save_authority(authority),
                await tokens.pem(),
            )
            world.changed = True
            world.commit()
        self._started.set()
        if fleet is not None:
            world.add_fleet(fleet)  # after start() has returned; the first request waits for it
        warm = asyncio.create_task(tokens.key())
        await ending.wait()
        warm.cancel()

    def _ca_path(self, folder: Path) -> Path:
        """Return the path of the CA file: beside a state file, so that an environment file stays valid after a restart."""
        return (
            self._state_file.absolute().with_name(self._state_file.name + ".ca.pem")
            if self._state_file
            else folder / "ca.pem"
        )

    def _make_world(self, stack: AsyncExitStack) -> "tuple[World, Fleet | None]":
        """Return the world, and the fleet that has to be added to it when the server listens."""
        from wizard.simulator.server.build import fleet_of, populate
        from wizard.simulator.state.state import State
        from wizard.simulator.state.world import World

        state, fleet = State(), fleet_of(self._scenario)
        if self._state_file is None:
            world = World(self._scenario, speed=self._speed, state=state, clock=self._clock)
            populate(world, self._providers)
            return world, fleet
        if fleet is not None:
            fleet.add_to(state)  # the content of the file is applied to it
        from wizard.simulator.state.scenario_loading import digest_of
        from wizard.simulator.state.state_file import StateFile

        digest = digest_of(self._scenario)
        file = stack.enter_context(closing(StateFile(self._state_file)))
        if file.fresh:
            world = World(self._scenario, speed=self._speed, state=state, clock=self._clock)
            populate(world, self._providers)
        else:
            file.load(state)
            self._check_source(*file.source, digest)
            world = World(self._scenario, speed=self._speed, state=state, clock=self._clock)
        file.begin(state, self._scenario_name, digest)
        world.subscribe(lambda changes: file.save(state, changes))
        stack.callback(world.subscribers.clear)
        return world, None

    def _check_source(self, name: str, then: str, now: str) -> None:
        """Raise ScenarioError unless the state was created from this scenario, on whose rules and principals it depends."""
        if then == now:
            return
        if name == self._scenario_name:
            raise ScenarioError(
                f"{self._state_file} was created from another scenario: from '{name}' before it was changed. "
                "Undo the change, or use another state file."
            )
        raise ScenarioError(
            f"{self._state_file} was created from another scenario ('{name}'), not from '{self._scenario_name}'. "
            "Start the simulator with the original scenario, or use another state file."
        )

    def _record(self, entry: Recorded, unknown: bool, file: RecordFile | None) -> None:
        self._requests.append(entry)
        self._recorded_bytes += entry.size
        while self._recorded_bytes > MAX_RECORDED_BYTES or len(self._requests) > MAX_RECORDED:
            self._recorded_bytes -= self._requests.popleft().size
        if unknown:
            self._unknown.append(entry)
        if file:
            file.write(entry)

    # -- environment --------------------------------------------------------------------------------------------------

    @property
    def arm_endpoint(self) -> str:
        """The address of Azure Resource Manager: `https://localhost:PORT`."""
        self._require_started()
        return f"https://localhost:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which clients find the simulated cloud and sign in."""
        return self.environment_of(self._scenario.sign_in)

    def environment_of(self, principal: str) -> dict[str, str]:
        """Return the environment variables for another application of the scenario, such as `reader`."""
        self._require_started()
        who = self._require_started().principal_of(principal)
        return {
            "AKS_KMS_ARM_ENDPOINT": self.arm_endpoint,
            "AKS_KMS_SPEED": "max" if math.isinf(self._speed) else f"{self._speed:g}",
            "AZURE_TENANT_ID": self._scenario.tenant.id,
            "AZURE_CLIENT_ID": who.app_id,
            "AZURE_CLIENT_SECRET": who.secret,
            "AZURE_AUTHORITY_HOST": self.arm_endpoint,
            "HTTPS_PROXY": f"http://127.0.0.1:{self._proxy_port}",
            "NO_PROXY": "localhost,127.0.0.1",
            "SSL_CERT_FILE": str(self._ca_file),
            "REQUESTS_CA_BUNDLE": str(self._ca_file),
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        }

    @property
    def managed_identity_environment(self) -> dict[str, str]:
        """The additional variables of a host with a managed identity. They are separate, so that `environment` uses the client secret."""
        return {"IDENTITY_ENDPOINT": f"{self.arm_endpoint}/msi/token", "IDENTITY_HEADER": self._header}

    # -- requests and state -------------------------------------------------------------------------------------------

    @property
    def requests(self) -> Sequence[Recorded]:
        """The recorded requests, oldest first: at most the last 20,000, with at most 32 MB of bodies."""
        return tuple(self._requests)

    @property
    def unknown(self) -> Sequence[Recorded]:
        """The requests that matched no route."""
        return tuple(self._unknown)

    def writes(self) -> list[Recorded]:
        """Return the requests that asked ARM or a vault to change something."""
        return [entry for entry in tuple(self._requests) if entry.writes]

    def resource(self, id: str) -> Json | None:  # noqa: A002 - it is what Azure calls it
        """Return a copy of the complete state of a resource, role assignment or key, or None. The id is case-insensitive."""
        from wizard.simulator.server.drift import complete_state

        return self.in_world(lambda world: complete_state(world, id))

    def etcd(self, id: str) -> dict[str, bytes]:  # noqa: A002
        """Return the current content of the etcd of a managed cluster, by key.

        A value is not encrypted (`k8s` and a zero byte first) or encrypted (`k8s:enc:kms:v2:…`). Raise KeyError if there is
        no such cluster.
        """
        from wizard.simulator.server.drift import stored_inside

        return self.in_world(lambda world: stored_inside(world, id))

    def change(self, id: str, patch: Mapping[str, Any]) -> Json:  # noqa: A002
        """Change a resource without a request, to simulate drift: merge `patch` into it (None removes a key).

        Return the changed resource, which has a new eTag. Raise KeyError if it does not exist.
        """
        from wizard.simulator.server.drift import change

        return self.in_world(lambda world: change(world, id, patch))

    def remove(self, id: str) -> None:  # noqa: A002
        """Remove a resource or role assignment without a request, to simulate drift. Raise KeyError if it does not exist."""
        from wizard.simulator.server.drift import remove

        self.in_world(lambda world: remove(world, id))

    def approve_sign_in(self, user_code: str) -> bool:
        """Approve a sign-in by device code, as its page does. Return whether there is one with this user code."""
        server = self._server
        if server is None:
            raise RuntimeError("This simulator was not started.")
        return self.in_world(lambda _: server.approve_sign_in(user_code))

    def fault_counts(self) -> list[int]:
        """Return how often each fault was applied, in the order of `inject_faults` or of the scenario."""
        server = self._server
        if server is None:
            raise RuntimeError("This simulator was not started.")
        return self.in_world(lambda _: server.fault_counts())

    def inject_faults(self, *faults: Mapping[str, Any]) -> None:
        """Replace all faults with these, which have the form of a scenario file; without arguments, remove all faults.

        Matching requests are counted from now. Raise pydantic's ValidationError if a fault is not valid.
        """
        from wizard.simulator.scenario.faults import FaultSpec

        self._require_started()
        specs = [FaultSpec.model_validate(fault) for fault in faults]
        server, loop = self._server, self._loop
        if server is None or loop is None:
            raise RuntimeError("This simulator was stopped.")
        asyncio.run_coroutine_threadsafe(server.inject_faults(specs), loop).result(START_TIMEOUT)

    def in_world(self, question: "Callable[[World], T]") -> T:
        """Call `question` with the world, in the thread of the server, so that nothing changes concurrently. For tests.

        Return its result, or raise the exception that it raises.
        """
        world = self._require_started()

        def ask() -> T:
            world.run_due()
            answer = question(world)
            world.commit()
            return answer

        if self._loop is None or not self._loop.is_running():
            return ask()

        async def there() -> T:
            return ask()

        return asyncio.run_coroutine_threadsafe(there(), self._loop).result(START_TIMEOUT)

    def _require_started(self) -> "World":
        if self._world is None or not self._started.is_set():
            raise RuntimeError(
                "The simulator was not started. Use it as a context manager, or call start() first."
            )
        return self._world


def env_lines(environment: Mapping[str, str]) -> str:
    """Return the environment as quoted shell `export` lines, with the commands for the Azure CLI as comments."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    endpoint = environment["AKS_KMS_ARM_ENDPOINT"]
    # The Azure CLI stores the endpoints of a cloud by its name, so each port needs another name.
    cloud = f"SimulatedAzure{endpoint.rpartition(':')[2]}"
    comments = [
        "# To use the Azure CLI, run these commands once (preferably with a separate AZURE_CONFIG_DIR):",
        f"#   az cloud show --name {cloud} --output none 2> /dev/null || az cloud register --name {cloud} --endpoint-resource-manager {shlex.quote(endpoint)}",
        f"#   az cloud set --name {cloud}",
        '#   az login --service-principal --username "$AZURE_CLIENT_ID" --password "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID"',
        "# To approve a sign-in by device code, open its page, or run this command with its code:",
        f'#   curl --cacert "$SSL_CERT_FILE" --data-urlencode "client_secret=$AZURE_CLIENT_SECRET" --data user_code=CODE {shlex.quote(endpoint + "/device")}',
    ]
    return "\n".join([*exports, *comments, ""])
