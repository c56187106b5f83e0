"""Random requests in random order keep the state consistent. `SIMULATOR_EXAMPLES` sets the number of examples."""

import json
import os
import tempfile
import time
import uuid
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.simulated.simulator.clients import CRYPTO_USER, OPERATOR, PRODUCTION, TENANT, said
from tests.simulated.simulator.plain import Plain
from wizard.simulator import Simulator
from wizard.simulator.protocol.ids import kind_of
from wizard.simulator.state.cluster_body import TYPE as CLUSTER
from wizard.simulator.state.world import World
from wizard.simulator.vaults.key_store import TYPE as VAULT

S = f"/subscriptions/{PRODUCTION}"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
UNDER_WAY = {"Creating", "Updating", "Deleting", "Stopping", "Starting"}
SCENARIO = """
description: Two empty groups, and a clock that is stopped.
extends: empty
principals:
  operator: {roles: null}
  team:
    kind: group
    object_id: 88888888-8888-8888-8888-888888888801
    members: [operator]
    roles: {/subscriptions/22222222-2222-2222-2222-222222222222: [Owner, Key Vault Crypto Officer]}
deny_assignments:
  keep: {scope: /subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-b, actions: ["*/delete"]}
subscriptions:
  22222222-2222-2222-2222-222222222222: {groups: {rg-a: {location: westus2}, rg-b: {location: westeurope}}}
throttling: {enforced: never}
"""

# Mostly valid values: the rules below add enough invalid ones.
groups = st.sampled_from(["rg-a"] * 8 + ["rg-b", "RG-A", "rg-none"])
clusters = st.sampled_from(["one"] * 3 + ["two", "ONE", "-bad-"])
vaults = st.sampled_from(["kv-one"] * 3 + ["kv-two", "KV-ONE", "k"])
identities = st.sampled_from(["id-one"] * 3 + ["id-two", "i"])
locations = st.sampled_from(["westus2"] * 14 + ["West US 2", "westeurope", "atlantis", "", None, 7])
junk = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
paths = st.sampled_from([
    f"{S}/resourceGroups/rg-a/providers/{CLUSTER}/one", f"{S}/resourceGroups/rg-a/providers/{VAULT}/kv-one", f"{S}/resourceGroups/rg-a",
    f"{S}/resourceGroups/rg-a/providers/{IDENTITY}/id-one", f"{S}/providers/Microsoft.Nonsense/x", "/nowhere", f"{S}/resourceGroups/rg-a/providers/{CLUSTER}",
    f"{S}/resourceGroups/rg-a/providers/{CLUSTER}/one/stop", "/providers/Microsoft.ResourceGraph/resources",
    f"{S}/resourceGroups/rg-a/providers/{VAULT}/kv-one/keys/k",
])  # fmt: skip


class Operator(RuleBasedStateMachine):
    """An operator and a clock; time passes only in the rule `time_passes`."""

    simulator: Simulator

    @initialize()
    def begin(self) -> None:
        self.now = time.time()
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name, "scenario.yaml")
        file.write_text(SCENARIO, "utf-8")
        # With a state file, so that its content can be compared at the end.
        self.simulator = Simulator(
            file, speed=1, state=Path(self.folder.name, "state"), clock=lambda: self.now
        )
        self.file = file
        self.simulator.start()
        self.client = Plain(self.simulator.environment)
        self.seen: dict[str, tuple[str, Any]] = {}

    def teardown(self) -> None:
        if not hasattr(self, "simulator"):
            return
        self.simulator.stop()
        truth = self._everything()
        again = Simulator(self.file, speed=1, state=Path(self.folder.name, "state"), clock=lambda: self.now)
        again.start()
        held = again.in_world(lambda world: {key: each.body for key, each in world.state.resources.items()})
        again.stop()
        self.folder.cleanup()
        assert held == truth, "the state file contains another state"

    def _everything(self) -> dict[str, Any]:
        return self.simulator.in_world(
            lambda world: {key: deepcopy(each.body) for key, each in world.state.resources.items()}
        )

    def ask(
        self, method: str, path: str, body: Any = None, version: str = "", **headers: str
    ) -> tuple[int, Any]:
        status, answer, _ = self.client(method, path, body, version, **headers)
        assert status < 500, (method, path, body, answer)
        if status >= 400 and method != "HEAD":
            assert said(answer)["code"], answer
            assert said(answer)["message"], answer
        return status, answer

    def check_exists(self, status: int, path: str) -> None:
        """Assert that a resource exists after a successful response."""
        if status in {200, 201}:
            assert self.simulator.resource(path) is not None, path

    # -- requests of an operator --------------------------------------------------------------------------------------

    @rule(group=groups, location=locations)
    def put_group(self, group: str, location: Any) -> None:
        status, _ = self.ask("PUT", f"{S}/resourceGroups/{group}", {"location": location})
        self.check_exists(status, f"{S}/resourceGroups/{group}")

    @rule(group=groups, really=st.sampled_from([False] * 5 + [True]))
    def delete_group(self, group: str, really: bool) -> None:
        if not really:
            return
        status, _ = self.ask("DELETE", f"{S}/resourceGroups/{group}")
        assert status in {202, 403, 404, 409}
        assert (status == 403) is (group == "rg-b"), "a deny assignment protects that group"

    @rule(
        group=groups, name=clusters, location=locations, version=st.sampled_from(["", "1.34"] * 3 + ["1.35.1", "1.30", "x"]),
        identity=st.sampled_from([{"type": "SystemAssigned"}] * 4 + [{"type": "UserAssigned"}, "one", "one", None]), etag=st.sampled_from([""] * 5 + ["*", "stale"]),
        encrypt=st.sampled_from([False, False, True]),
    )  # fmt: skip
    def put_cluster(
        self, group: str, name: str, location: Any, version: str, identity: Any, etag: str, encrypt: bool
    ) -> None:
        path = f"{S}/resourceGroups/{group}/providers/{CLUSTER}/{name}"
        if identity == "one":
            used = f"{S}/resourceGroups/{group}/providers/{IDENTITY}/id-one"
            identity = {"type": "UserAssigned", "userAssignedIdentities": {used: {}}}
        security = {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
        body = {
            "location": location, "identity": identity,
            "properties": {"kubernetesVersion": version, "securityProfile": security if encrypt else {}},
        }  # fmt: skip
        status, _ = self.ask("PUT", path, body, **({"If_Match": etag} if etag else {}))
        self.check_exists(status, path)

    @rule(group=groups, name=clusters, method=st.sampled_from(["DELETE", "PATCH", "stop", "start"]))
    def change_cluster(self, group: str, name: str, method: str) -> None:
        path = f"{S}/resourceGroups/{group}/providers/{CLUSTER}/{name}"
        if method in {"stop", "start"}:
            self.ask("POST", f"{path}/{method}")
        else:
            self.ask(method, path, {"tags": {"n": "1"}} if method == "PATCH" else None)

    @rule(group=groups, name=identities, method=st.sampled_from(["PUT", "PUT", "DELETE"]), location=locations)
    def change_identity(self, group: str, name: str, method: str, location: Any) -> None:
        path = f"{S}/resourceGroups/{group}/providers/{IDENTITY}/{name}"
        status, _ = self.ask(method, path, {"location": location} if method == "PUT" else None)
        if method == "PUT":
            self.check_exists(status, path)

    @rule(
        group=groups, name=vaults, location=locations, recover=st.sampled_from([False] * 4 + [True]), protect=st.sampled_from([None] * 4 + [True, False])
    )  # fmt: skip
    def put_vault(self, group: str, name: str, location: Any, recover: bool, protect: Any) -> None:
        path = f"{S}/resourceGroups/{group}/providers/{VAULT}/{name}"
        properties = {
            "tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "enablePurgeProtection": protect,
            "enableRbacAuthorization": True, "createMode": "recover" if recover else "default",
        }  # fmt: skip
        status, _ = self.ask("PUT", path, {"location": location, "properties": properties})
        self.check_exists(status, path)

    @rule(group=groups, name=vaults, purge=st.sampled_from([False, True]))
    def delete_vault(self, group: str, name: str, purge: bool) -> None:
        if purge:
            self.ask("POST", f"{S}/providers/Microsoft.KeyVault/locations/westus2/deletedVaults/{name}/purge")
        else:
            self.ask("DELETE", f"{S}/resourceGroups/{group}/providers/{VAULT}/{name}")

    @rule(group=groups, name=vaults, kind=st.sampled_from(["RSA", "EC", "paper"]))
    def put_key(self, group: str, name: str, kind: str) -> None:
        path = f"{S}/resourceGroups/{group}/providers/{VAULT}/{name}/keys/k"
        # An elliptic-curve key is generated quickly.
        properties = {"kty": kind} | ({"curveName": "P-256", "keyOps": ["sign"]} if kind == "EC" else {})
        self.ask("PUT", path, {"properties": properties if kind != "RSA" else None})

    @rule(
        name=vaults, what=st.sampled_from(["create", "create", "delete", "delete", "recover", "purge", "rotate", "list", "list deleted"])
    )  # fmt: skip
    def change_key(self, name: str, what: str) -> None:
        """Send a request for a key to the data plane."""
        method, path, body = {
            "create": ("POST", "/keys/k/create", {"kty": "EC", "crv": "P-256"}),
            "delete": ("DELETE", "/keys/k", None),
            "recover": ("POST", "/deletedkeys/k/recover", None),
            "purge": ("DELETE", "/deletedkeys/k", None),
            "rotate": ("POST", "/keys/k/rotate", None),
            "list": ("GET", "/keys", None),
            "list deleted": ("GET", "/deletedkeys", None),
        }[what]
        status, answer, _ = self.client.vault(name, method, path, body)
        assert status < 500, (what, answer)
        if status >= 400:
            assert said(answer)["code"], answer
        if status == 200 and what in {"create", "recover", "rotate"}:
            assert self.client.vault(name, "GET", "/keys/k")[0] == 200

    @rule(
        scope=st.sampled_from(["rg-a"] * 4 + ["rg-b", "rg-none"]), below=st.sampled_from(["", f"/providers/{VAULT}/kv-one", f"/providers/{CLUSTER}/one"]),
        name=st.sampled_from([str(uuid.UUID(int=1)), str(uuid.UUID(int=2)), "no-guid"]), principal=st.sampled_from([OPERATOR] * 3 + [str(uuid.UUID(int=9))]),
        method=st.sampled_from(["PUT", "PUT", "DELETE"]),
    )  # fmt: skip
    def assign(self, scope: str, below: str, name: str, principal: str, method: str) -> None:
        path = f"{S}/resourceGroups/{scope}{below}/providers/Microsoft.Authorization/roleAssignments/{name}"
        role = f"{S}/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}"
        self.ask(method, path, {"properties": {"roleDefinitionId": role, "principalId": principal}})

    @rule(
        method=st.sampled_from(["GET", "PUT", "PATCH", "POST", "DELETE", "HEAD"]), path=paths, body=junk,
        version=st.sampled_from([""] * 4 + ["2026-08-01", "1999-01-01", "latest"]),
    )  # fmt: skip
    def invalid_request(self, method: str, path: str, body: Any, version: str) -> None:
        if method == "DELETE":
            body = None
        self.ask(method, path, body, version)

    @rule(
        junk=st.sampled_from(["properties", "tags", "identity", "sku", "location"]), value=junk, path=paths, method=st.sampled_from(["PUT", "PATCH"])
    )  # fmt: skip
    def invalid_member(self, junk: str, value: Any, path: str, method: str) -> None:
        """Send a body with one invalid member."""
        self.ask(method, path, {"location": "westus2", "properties": {"tenantId": TENANT}, junk: value})

    @rule(
        place=st.integers(0, 200), method=st.sampled_from(["PUT", "PUT", "PATCH", "DELETE", "DELETE", "GET"])
    )
    def existing_resource(self, place: int, method: str) -> None:
        """PUT a resource as it was read, add a tag, or delete it."""
        there = sorted(
            key for key, body in self._everything().items() if body.get("type", "").count("/") == 1
        )
        if not there:
            return
        path = there[place % len(there)]
        if path.count("/") == 4 and method == "DELETE" and place % 3:
            return
        status, body = self.ask("GET", path)
        assert status == 200, body
        if method == "PUT":
            self.check_exists(self.ask("PUT", path, body)[0], path)
        elif method != "GET":
            self.ask(method, path, {"tags": {"n": str(place)}} if method == "PATCH" else None)

    @rule(seconds=st.sampled_from([1, 30, 400, 400, 91 * 24 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        self.ask("GET", f"{S}/resourceGroups")

    # -- invariants ---------------------------------------------------------------------------------------------------

    @invariant()
    def state_is_consistent(self) -> None:
        if hasattr(self, "simulator"):
            self.simulator.in_world(self._check)

    def _check(self, world: World) -> None:
        state = world.state
        waiting = [
            entry.facts["operation"]
            for entry in state.pending
            if entry.scheduled_handler in {"cluster-operation-done", "group-deleted"}
        ]
        in_flight = {key for key, each in state.operations.items() if each.status == "InProgress"}
        assert in_flight <= set(waiting), "an operation without a scheduled end"
        assert len(waiting) == len(set(waiting))
        assert {state.operations[key].resource_id for key in in_flight} == set(world.running)
        for key, resource in state.resources.items():
            assert key == resource.id.lower()
            assert key in world._index
            assert kind_of(key) == resource.type.lower()
            assert resource.body["id"] == resource.id
            group = "/".join(key.split("/")[:5])
            assert group in state.resources, f"{key} is in a group that does not exist"
            if resource.type == CLUSTER:
                busy = resource.body["properties"]["provisioningState"] in UNDER_WAY
                assert busy is (key in world.running), f"{key} has a state in progress, but no operation"
                managed = f"{S}/resourceGroups/{resource.body['properties']['nodeResourceGroup']}".lower()
                assert managed in state.resources or "/rg-" in managed
            if "eTag" in resource.body:
                self._check_etag(key, resource.body)
        for key in [key for key in self.seen if key not in state.resources]:
            del self.seen[key]
        assert len(world._index) == len(state.resources)
        names = [each.body["name"].lower() for each in world.of_type(VAULT)] + list(state.deleted_vaults)
        assert len(names) == len(set(names)), "two vaults with one name"
        for key in state.keys:
            assert key.partition("/")[0] in names[: -len(state.deleted_vaults) or None], (
                f"{key} is in no vault"
            )
        for place in state.deleted_keys:
            assert place not in state.keys, f"{place} exists and is soft-deleted"
            assert place.partition("/")[0] in names, f"{place} is in no vault"
        for held in state.assignments.values():
            scope = held.scope.lower().rstrip("/")
            assert scope in state.resources or scope.count("/") <= 2, (
                f"a role at {scope}, which does not exist"
            )
        managed_ids = {each.resource_id.lower() for each in state.principals.values() if each.resource_id}
        assert managed_ids <= set(state.resources), "a principal of a resource that does not exist"

    def _check_etag(self, key: str, body: Any) -> None:
        content = json.dumps({name: value for name, value in body.items() if name != "eTag"}, sort_keys=True)
        if key in self.seen:
            etag, before = self.seen[key]
            assert (etag == body["eTag"]) is (content == before), (
                f"{key}: the eTag has to change with the body"
            )
        self.seen[key] = (body["eTag"], content)


TestConsistency = Operator.TestCase
# Counterexamples are not shrunk: each attempt needs a simulator, and the steps are printed in any case.
TestConsistency.settings = settings(
    max_examples=int(os.environ.get("SIMULATOR_EXAMPLES", settings().max_examples // 5)), stateful_step_count=40, deadline=None, derandomize="SIMULATOR_EXAMPLES" not in os.environ,
    database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate], report_multiple_bugs=False,
)  # fmt: skip
