"""An `az` that is signed in to a simulated Azure and does nothing but print tokens, as `az account get-access-token` does."""

import sys
from pathlib import Path

from wizard.simulator import Simulator

_AZ = """\
#!{python} -S
import json, ssl, sys, time, urllib.parse, urllib.request
resource = sys.argv[sys.argv.index("--resource") + 1]
form = {{"grant_type": "client_credentials", "client_id": {client!r}, "client_secret": {secret!r}, "scope": resource + "/.default"}}
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({{}}), urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile={ca!r}))
)
with opener.open({authority!r}, urllib.parse.urlencode(form).encode()) as answer:
    token = json.load(answer)
print(json.dumps({{
    "accessToken": token["access_token"], "expires_on": int(time.time()) + token["expires_in"], "tenant": {tenant!r}, "tokenType": "Bearer"
}}))
"""


def environment(simulator: Simulator, folder: Path) -> dict[str, str | None]:
    """Put such an `az` into a folder; return what it changes in the simulator's environment."""
    given = simulator.environment
    tenant = given["AZURE_TENANT_ID"]
    folder.mkdir(parents=True, exist_ok=True)
    az = folder / "az"
    az.write_text(
        _AZ.format(
            python=sys.executable,
            client=given["AZURE_CLIENT_ID"],
            secret=given["AZURE_CLIENT_SECRET"],
            ca=given["SSL_CERT_FILE"],
            authority=f"{given['AZURE_AUTHORITY_HOST']}/{tenant}/oauth2/v2.0/token",
            tenant=tenant,
        )
    )
    az.chmod(0o755)
    nobody = dict.fromkeys(("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"))
    return {"PATH": str(folder), **nobody}
