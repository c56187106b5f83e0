"""Authentication on the data plane of Key Vault, by the tenant that the vault trusts (docs/azure.md#tokens)."""

from wizard.simulator.arm.tokens import TokenProblem, Tokens, fresh_token_claims
from wizard.simulator.protocol.wire import Call, Refusal
from wizard.simulator.state.state import Principal, Resource
from wizard.simulator.state.world import World
from wizard.simulator.vaults.vault_access import foreign_tenant_error


class VaultGateway:
    """Validates the tokens of data-plane calls; every error response contains Key Vault's challenge."""

    def __init__(self, world: World, tokens: Tokens, base_url: str) -> None:
        self._world, self._tokens, self._base = world, tokens, base_url
        self._resource = f"https://{world.scenario.vault_suffix}"

    async def caller(self, call: Call, vault: Resource | None) -> Principal:
        """Return the principal of a call, and store its object id in `call.caller`.

        Raise Refusal 401.
        """
        tenant = str(vault.body["properties"]["tenantId"]) if vault else self._world.scenario.tenant.id
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._unauthorized(tenant, "AKV10000: Request is missing a Bearer or PoP token.")
        if vault is not None and (foreign := foreign_tenant_error(self._world, vault)):
            raise self._unauthorized(tenant, foreign)
        try:
            call.caller = str((await self._tokens.check(token, (self._resource,), call.token_fault))["oid"])
            return self._world.state.principals[call.caller]
        except TokenProblem as problem:
            if problem.reason == "audience":
                text = f"AKV10022: Invalid audience. Expected {self._resource}."
                raise self._unauthorized(tenant, text) from problem
            raise self._unauthorized(
                tenant,
                "Error validating token: the token is expired, or not signed by this tenant.",
                new_token=problem.reason == "foreign",
            ) from problem
        except KeyError as problem:
            raise self._unauthorized(
                tenant, "Error validating token: the principal of the token does not exist any more."
            ) from problem

    def _unauthorized(self, tenant: str, text: str, *, new_token: bool = False) -> Refusal:
        """Return a 401 with the challenge; `new_token` requires a new token, as continuous access evaluation does."""
        challenge = f'Bearer authorization="{self._base}/{tenant}", resource="{self._resource}"'
        if new_token:
            claims = fresh_token_claims(self._world.now())
            challenge += f', error="insufficient_claims", claims="{claims}"'
        return Refusal(401, "Unauthorized", text, headers={"WWW-Authenticate": challenge})
