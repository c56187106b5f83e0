"""The simulated Azure as its user sees it: start, environment, what was asked, and the truth of its world.

What only a started simulator needs is imported when it starts: whoever runs against the real Azure does not wait for it.
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
    from wizard.simulator.state.state import State
    from wizard.simulator.state.synthetic_fleet import Fleet
    from wizard.simulator.state.world import World

START_TIMEOUT = 30.0
MOST_REMEMBERED = 20_000
MOST_BYTES = 32 * 1024 * 1024
T = TypeVar("T")


def scenarios() -> dict[str, str]:
    """The built-in worlds: name to a one-sentence description."""
    from wizard.simulator.state.scenario_loading import scenarios as built_in

    return built_in()


def scenario_schema() -> Json:
    """The JSON Schema of a scenario file."""
    from wizard.simulator.state.scenario_loading import scenario_schema as schema

    return schema()


class Simulator:
    """A simulated Azure, serving on its own event loop in its own daemon thread.

    `scenario` is the name of a built-in world or a scenario file. `speed` is how many times faster than real life
    Azure's waiting is; `math.inf` = no waiting at all. `port` 0 = any. `state` keeps the world in that file and goes on
    from it; `record` appends every request to that file, without tokens. `clock` tells the seconds since the epoch, for
    those who let time pass as they please (tokens live by the true time).
    Raises ScenarioError for a scenario that does not exist or hold together.
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
        from wizard.simulator.server.registry import find_providers
        from wizard.simulator.state.scenario_loading import load_scenario

        if not speed > 0:
            raise ValueError(
                f"speed is {speed}, but must be above 0: 1 is real life, math.inf is no waiting at all."
            )
        self._providers = find_providers()
        self._scenario = load_scenario(scenario, self._providers.types)
        self._scenario_name = str(scenario)
        self._speed, self._port, self._clock = speed, port, clock
        self._state_file, self._record_file = state, record
        self._requests: deque[Recorded] = deque()
        self._remembered = 0
        self._unknown: deque[Recorded] = deque(maxlen=MOST_REMEMBERED)
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

    # -- life ---------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    def start(self) -> None:
        """Start serving; returns once it listens. Raises what kept it from that, such as OSError for a port in use."""
        if self._thread is not None:
            raise RuntimeError("This simulator was started already. Make another one.")
        self._thread = threading.Thread(target=self._run, name="simulated-azure", daemon=True)
        self._thread.start()
        if not self._started.wait(START_TIMEOUT):
            raise TimeoutError(f"The simulated Azure did not listen within {START_TIMEOUT:.0f} s.")
        if self._problem is not None:
            raise self._problem

    def stop(self) -> None:
        """Stop serving. The world can still be looked at; calling it twice is harmless."""
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
        except BaseException as problem:  # noqa: BLE001 - it is raised again by start(), in the caller's thread
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
            remember=lambda entry, unknown: self._remember(entry, unknown, record),
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
        os.close(
            os.open(self._ca_file, os.O_WRONLY | os.O_CREAT, 0o600)
        )  # whoever writes it is who is believed
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
            world.lay(fleet)  # whoever asks first waits for it here, in the loop
        warm = asyncio.create_task(tokens.key())
        await ending.wait()
        warm.cancel()

    def _ca_path(self, folder: Path) -> Path:
        """Beside a kept world the CA is kept too, so that an environment file stays good over a restart and from anywhere."""
        return (
            self._state_file.absolute().with_name(self._state_file.name + ".ca.pem")
            if self._state_file
            else folder / "ca.pem"
        )

    def _make_world(self, stack: AsyncExitStack) -> "tuple[World, Fleet | None]":
        """The world, and the fleet that is still to be laid into it once the server listens."""
        from wizard.simulator.server.build import fleet_of, populate
        from wizard.simulator.state.state import State
        from wizard.simulator.state.world import World

        state, fleet = State(), fleet_of(self._scenario)
        if self._state_file is None:
            world = World(self._scenario, speed=self._speed, state=state, clock=self._clock)
            populate(world, self._providers)
            return world, fleet
        if fleet is not None:
            fleet.lay(state)  # what the file has is laid over it
        from wizard.simulator.state.scenario_loading import digest_of
        from wizard.simulator.state.state_file import StateFile

        digest = digest_of(self._scenario)
        file = stack.enter_context(closing(StateFile(self._state_file)))
        if file.fresh:
            world = World(self._scenario, speed=self._speed, state=state, clock=self._clock)
            populate(world, self._providers)
        else:
            file.load(state)
            self._check_made_from(*file.made_from, digest, state)
            world = World(self._scenario, speed=self._speed, state=state, clock=self._clock)
        file.begin(state, self._scenario_name, digest)
        world.follow(lambda changes: file.keep(state, changes))
        stack.callback(world.followers.clear)
        return world, None

    def _check_made_from(self, name: str, then: str, now: str, state: "State") -> None:
        """Pass, or raise ScenarioError: a kept world goes on by the rules that it was made by, and refers to what they have.

        A file from before this was written down is taken where the scenario's principals are in it, and is held to that
        scenario from then on.
        """
        known = {who.object_id for who in self._scenario.principals.values()} <= set(state.principals)
        if then == now or (not then and known):
            return
        if name == self._scenario_name:
            raise ScenarioError(
                f"{self._state_file} holds a world that was made from another scenario: from '{name}' as it was before it was changed. "
                "Undo the change, or give another state file."
            )
        made_from = f"'{name}'" if name else "its principals differ"
        raise ScenarioError(
            f"{self._state_file} holds a world that was made from another scenario ({made_from}), not from '{self._scenario_name}'. "
            "Start it with the scenario that it was made from, or give another state file."
        )

    def _remember(self, entry: Recorded, unknown: bool, file: RecordFile | None) -> None:
        self._requests.append(entry)
        self._remembered += entry.size
        while self._remembered > MOST_BYTES or len(self._requests) > MOST_REMEMBERED:
            self._remembered -= self._requests.popleft().size
        if unknown:
            self._unknown.append(entry)
        if file:
            file.write(entry)

    # -- how to reach it ----------------------------------------------------------------------------------------------

    @property
    def arm_endpoint(self) -> str:
        """`https://localhost:PORT`."""
        self._require_started()
        return f"https://localhost:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which clients find this cloud and sign in to it."""
        return self.environment_of(self._scenario.sign_in)

    def environment_of(self, principal: str) -> dict[str, str]:
        """The same for another application of the scenario, such as `reader`."""
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
        """What a host with a managed identity has on top; kept apart, so that `environment` stays with the client secret."""
        return {"IDENTITY_ENDPOINT": f"{self.arm_endpoint}/msi/token", "IDENTITY_HEADER": self._header}

    # -- what happened, and the truth ---------------------------------------------------------------------------------

    @property
    def requests(self) -> Sequence[Recorded]:
        """Every request so far; of a long life the last 20,000, or as many as there is room for (32 MB of bodies)."""
        return tuple(self._requests)

    @property
    def unknown(self) -> Sequence[Recorded]:
        """The requests that hit no route."""
        return tuple(self._unknown)

    def writes(self) -> list[Recorded]:
        """The requests that asked ARM or a vault to change something."""
        return [entry for entry in tuple(self._requests) if entry.writes]

    def resource(self, id: str) -> Json | None:  # noqa: A002 - it is what Azure calls it
        """The whole truth about one resource, role assignment or key (a copy), whatever the case of its id; None where there is none."""
        from wizard.simulator.server.drift import truth

        return self.in_world(lambda world: truth(world, id))

    def etcd(self, id: str) -> dict[str, bytes]:  # noqa: A002
        """What the etcd of a managed cluster holds now, by key: plain (`k8s` and a zero byte first) or encrypted (`k8s:enc:kms:v2:…`).

        Raises KeyError where there is no such cluster.
        """
        from wizard.simulator.server.drift import stored_inside

        return self.in_world(lambda world: stored_inside(world, id))

    def change(self, id: str, patch: Mapping[str, Any]) -> Json:  # noqa: A002
        """Change a resource behind the clients' back, as drift does: lays `patch` over it (None removes a key).

        Returns the resource after that. Its eTag changes. Raises KeyError where there is none.
        """
        from wizard.simulator.server.drift import change

        return self.in_world(lambda world: change(world, id, patch))

    def remove(self, id: str) -> None:  # noqa: A002
        """Remove a resource behind the clients' back. Raises KeyError where there is none."""
        from wizard.simulator.server.drift import remove

        self.in_world(lambda world: remove(world, id))

    def struck(self) -> list[int]:
        """How often each fault has struck, in their order: those of `inject_faults`, or the scenario's own."""
        server = self._server
        if server is None:
            raise RuntimeError("This simulator was never started.")
        return self.in_world(lambda _: server.struck())

    def inject_faults(self, *faults: Mapping[str, Any]) -> None:
        """From now on let these faults strike, as a scenario file writes them, and no others; without any, all is well again.

        Their requests are counted from now. Raises pydantic's ValidationError for what is no fault.
        """
        from wizard.simulator.scenario.faults import FaultSpec

        self._require_started()
        specs = [FaultSpec.model_validate(fault) for fault in faults]
        server, loop = self._server, self._loop
        if server is None or loop is None:
            raise RuntimeError("This simulator serves no longer.")
        asyncio.run_coroutine_threadsafe(server.inject_faults(specs), loop).result(START_TIMEOUT)

    def in_world(self, question: "Callable[[World], T]") -> T:
        """Ask or change anything, in the server's own thread, so that nothing else changes meanwhile. For tests.

        Whatever `question` raises is raised here.
        """
        world = self._require_started()

        def ask() -> T:
            world.settle()
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
                "The simulator is not started. Use it as a context manager, or call start() first."
            )
        return self._world


def env_lines(environment: Mapping[str, str]) -> str:
    """The environment as shell `export` lines, safely quoted, and the lines with which the Azure CLI joins in, as comments."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    endpoint = environment["AKS_KMS_ARM_ENDPOINT"]
    # The CLI remembers a cloud's addresses under its name; another port is another cloud.
    cloud = f"SimulatedAzure{endpoint.rpartition(':')[2]}"
    comments = [
        "# The Azure CLI needs this once (best with an AZURE_CONFIG_DIR of its own):",
        f"#   az cloud show --name {cloud} --output none 2> /dev/null || az cloud register --name {cloud} --endpoint-resource-manager {shlex.quote(endpoint)}",
        f"#   az cloud set --name {cloud}",
        '#   az login --service-principal --username "$AZURE_CLIENT_ID" --password "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID"',
    ]
    return "\n".join([*exports, *comments, ""])
