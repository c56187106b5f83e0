"""The key in the vault."""

from wizard.answers import Answers
from wizard.cloud.arm import Json, dig
from wizard.cloud.diagnose import code_of, problem_from
from wizard.cloud.problems import AzureError
from wizard.cloud.snapshot import Snapshot, read_key
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work, not_so, shell
from wizard.rules import Right
from wizard.target import Target

OPERATIONS = ("encrypt", "decrypt", "wrapKey", "unwrapKey")
"""AKS encrypts and decrypts; wrapping is there for envelope use of the same key. Never sign or verify."""


class Key(Step):
    """How-to: "Create a key vault and key", step 3; or the same through Azure Resource Manager."""

    key = "key"
    title = "Create the key"
    sentence = "Creates the key that encrypts the cluster's secrets."
    needs = ("vault", "operator-role")
    usually = (2, 120)

    def applies(self, answers: Answers) -> bool:
        return answers.customer_managed is not None

    def duration(self, target: Target) -> tuple[float, float]:
        """Through the vault itself, the operator's new role has to take effect first."""
        return (1, 5) if target.own.create_through == "resource-manager" else (30, 300)

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        key = target.own.key
        if snapshot.key is not None:
            kind = f"{dig(snapshot.key, 'properties', 'kty')} {dig(snapshot.key, 'properties', 'keySize') or ''}".strip()
            return Intent("none", (Effect("keep", "key", key.name, kind),))
        through = "" if target.own.create_through == "resource-manager" else ", through the vault itself"
        detail = f"{key.type} {key.size}, encrypt and decrypt; no expiry{through}"
        return Intent("create", (Effect("create", "key", key.name, detail),))

    async def apply(self, work: Work) -> None:
        if work.target.own.create_through == "resource-manager":
            await self._through_resource_manager(work)
        else:
            await self._through_the_vault(work)
        work.log(f"key {work.target.own.key.name} created in {work.target.own.vault.name}", "operator")

    async def _through_resource_manager(self, work: Work) -> None:
        from azure.core.exceptions import AzureError as SdkError
        from azure.mgmt.keyvault.models import KeyCreateParameters

        own = work.target.own
        client = work.azure.vaults(work.answers.subscription).keys
        body = KeyCreateParameters(key_body(work.target))
        try:
            await client.create_if_not_exist(work.answers.vault_group, own.vault.name, own.key.name, body)
        except SdkError as error:
            raise AzureError(problem_from(error, f"The key {own.key.name} could not be created.")) from error

    async def _through_the_vault(self, work: Work) -> None:
        from azure.core.exceptions import AzureError as SdkError
        from azure.core.exceptions import HttpResponseError

        own = work.target.own
        client = work.azure.keys(work.target.vault_uri)
        refusal: HttpResponseError | None = None
        async for spent in work.clock.tries(work.patience.role_retry, work.patience.role_wait):
            if await read_key(work.azure, work.target) is not None:  # a second create would add a version
                return
            try:
                await client.create_rsa_key(
                    own.key.name,
                    size=own.key.size,
                    hardware_protected=own.key.type == "RSA-HSM",
                    key_operations=list(OPERATIONS),
                    tags=work.answers.tags or None,
                )
            except HttpResponseError as error:
                if code_of(error) != "ForbiddenByRbac":
                    raise AzureError(
                        problem_from(error, f"The key {own.key.name} could not be created.")
                    ) from error
                refusal = error
                work.progress("your new role has not taken effect yet", spent, 300)
            except SdkError as error:
                raise AzureError(
                    problem_from(error, f"The key {own.key.name} could not be created.")
                ) from error
            else:
                return
        if refusal is not None:
            raise AzureError(
                problem_from(refusal, f"The key {own.key.name} could not be created.")
            ) from refusal

    async def confirm(self, work: Work) -> str:
        own = work.target.own
        body = await read_key(work.azure, work.target)
        if body is None:
            raise not_so(f"The key {own.key.name} does not exist in {own.vault.name}.")
        properties = body.get("properties") or {}
        return f"{own.key.name}, {properties.get('kty')} {properties.get('keySize') or ''}".rstrip()

    def commands(self, target: Target) -> tuple[str, ...]:
        key = target.own.key
        if target.own.create_through == "resource-manager":
            url = '--url "$KEY_VAULT_RESOURCE_ID/keys/$KEY_NAME?api-version=2026-02-01"'
            return (
                shell("az rest --method put", url, '--body "$KEY_BODY"'),
                f"export KEY_ID_NO_VERSION=$(az rest --method get {url} --query 'properties.keyUri' -o tsv)",
            )
        where = "--name $KEY_NAME --vault-name $KEY_VAULT_NAME"
        protection = " --protection hsm" if key.type == "RSA-HSM" else ""
        operations = " ".join(OPERATIONS)
        return (
            f"az keyvault key create {where} --kty {key.type} --size {key.size} --ops {operations}{protection}",
            f"export KEY_ID=$(az keyvault key show {where} --query 'key.kid' -o tsv)",
            "export KEY_ID_NO_VERSION=${KEY_ID%/*}",
        )

    def rights(self, target: Target) -> tuple[Right, ...]:
        if target.own.create_through == "resource-manager":
            return (Right("Microsoft.KeyVault/vaults/keys/write", target.answers.vault_group),)
        return ()


def key_body(target: Target) -> Json:
    """What is sent to Azure Resource Manager to create the key."""
    key = target.own.key
    body: Json = {"properties": {"kty": key.type, "keySize": key.size, "keyOps": list(OPERATIONS)}}
    if target.answers.tags:
        body["tags"] = dict(target.answers.tags)
    return body
