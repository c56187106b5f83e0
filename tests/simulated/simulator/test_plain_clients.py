"""Unmodified Azure clients in a separate process, which use only the environment variables."""

import asyncio
import os
import sys
from textwrap import dedent

import pytest

from tests.simulated.simulator.clients import CRYPTO_OFFICER, OPERATOR, Cloud, vault_path

READ_A_CLUSTER = """
from azure.mgmt.containerservice.aio import ContainerServiceClient
arm = os.environ["AKS_KMS_ARM_ENDPOINT"]
async def main(credential):
    async with ContainerServiceClient(
        credential, "22222222-2222-2222-2222-222222222222", base_url=arm, credential_scopes=[arm + "//.default"]
    ) as client:
        print((await client.managed_clusters.get("rg-demo", "aks-demo")).name)
"""

PROGRAMS = {
    "environment": """
        from azure.identity.aio import EnvironmentCredential
        asyncio.run(main(EnvironmentCredential()))
    """,
    "managed identity": """
        from azure.identity.aio import ManagedIdentityCredential
        asyncio.run(main(ManagedIdentityCredential()))
    """,
    "device code": """
        import ssl
        from urllib.parse import urlencode
        from urllib.request import urlopen
        from azure.identity import DeviceCodeCredential
        def approve(page, code, *_):
            form = {"user_code": code, "client_secret": os.environ["AZURE_CLIENT_SECRET"]}
            urlopen(page, urlencode(form).encode(), context=ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])).close()
        class Aio:
            def __init__(self):
                self.held = DeviceCodeCredential(
                    authority=arm, tenant_id=os.environ["AZURE_TENANT_ID"], disable_instance_discovery=True, prompt_callback=approve
                )
            async def get_token(self, *scopes, **more):
                return self.held.get_token(*scopes)
            async def close(self): ...
        asyncio.run(main(Aio()))
    """,
    "vault through the proxy": """
        from azure.identity.aio import EnvironmentCredential
        from azure.keyvault.keys.aio import KeyClient
        async def vault():
            async with EnvironmentCredential() as credential, KeyClient("https://kv-demo.vault.local.test/", credential) as keys:
                await keys.create_rsa_key("aks-demo")
                print((await keys.get_key("aks-demo")).name)
        asyncio.run(vault())
    """,
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", PROGRAMS)
async def test_plain_client(cloud: Cloud, name: str) -> None:
    await cloud.make_vault()
    await cloud.grant(vault_path(), CRYPTO_OFFICER, OPERATOR)
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("AZURE_", "IDENTITY_"))
    }
    environment |= cloud.simulator.environment
    if name == "managed identity":
        environment |= cloud.simulator.managed_identity_environment
    program = f"import asyncio, os\n{READ_A_CLUSTER}{dedent(PROGRAMS[name])}"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert (process.returncode, out.decode().strip()) == (0, "aks-demo"), error.decode()
