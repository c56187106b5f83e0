"""Access tokens: made by the simulated Entra ID, checked by the simulated ARM, Key Vault and Graph."""

import asyncio
import base64
import hashlib
import json
import secrets
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from wizard.simulator.protocol.wire import Json, base64url_number
from wizard.simulator.state.state import Principal

AKS_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The application id of "Azure Kubernetes Service AAD Server", the same in every tenant (kubelogin)."""
ARM_AUDIENCES = ("https://management.azure.com/", "https://management.core.windows.net/")
CACHE_SIZE = 512


class TokenProblem(Exception):  # noqa: N818 - it says what is the matter with a token
    """Why a token is not accepted: `reason` is expired, audience, foreign or malformed."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}")
        self.reason, self.detail = reason, detail


def fresh_token_claims(now: float) -> str:
    """The `claims` of a challenge that asks for a token made from now on, as continuous access evaluation has it."""
    claims = {"access_token": {"nbf": {"essential": True, "value": str(int(now))}}}
    return base64.b64encode(json.dumps(claims).encode()).decode()


class Tokens:
    """Signs and checks tokens with one RSA key, which is kept with the world so that tokens outlive a restart.

    `lifetime` is how many seconds an access token lives, by the true time.
    """

    def __init__(self, tenant_id: str, lifetime: float, pem: str = "") -> None:
        self._tenant_id, self.lifetime = tenant_id, max(1, int(lifetime))
        self._key = self._load(pem) if pem else None
        self._checked: dict[str, Json] = {}
        self._withdrawn: dict[bytes, str] = {}
        self._making = asyncio.Lock()

    @staticmethod
    def _load(pem: str) -> rsa.RSAPrivateKey:
        key = serialization.load_pem_private_key(pem.encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("The saved signing key is not an RSA key. Remove the state file to start afresh.")
        return key

    async def key(self) -> rsa.RSAPrivateKey:
        """The signing key, made on first use and off the event loop."""
        async with self._making:
            if self._key is None:
                self._key = await asyncio.to_thread(rsa.generate_private_key, 65537, 2048)
            return self._key

    async def pem(self) -> str:
        """The signing key as it is saved with the world."""
        form = serialization.PrivateFormat.PKCS8
        return (
            (await self.key())
            .private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
            .decode()
        )

    async def _thumbprint(self) -> str:
        return hashlib.sha256(
            base64url_number((await self.key()).public_key().public_numbers().n).encode()
        ).hexdigest()[:27]

    async def key_set(self) -> Json:
        """The public key as a JSON Web Key Set."""
        numbers = (await self.key()).public_key().public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "kid": await self._thumbprint(),
                    "n": base64url_number(numbers.n),
                    "e": base64url_number(numbers.e),
                }
            ]
        }

    def _issuer(self) -> str:
        return f"https://sts.windows.net/{self._tenant_id}/"

    async def issue(
        self, principal: Principal, audience: str, *, extra: Json | None = None, lifetime: int | None = None
    ) -> tuple[str, int]:
        """A token for one principal and one resource, and when it expires (epoch seconds).

        `lifetime` in seconds where it is not that of access tokens.
        """
        now = int(time.time())
        expires = now + (lifetime or self.lifetime)
        claims: Json = {
            "aud": audience, "iss": self._issuer(), "iat": now, "nbf": now - 1, "exp": expires,
            "idp": self._issuer(), "oid": principal.object_id, "sub": principal.object_id,
            "tid": self._tenant_id, "uti": secrets.token_urlsafe(12), "ver": "1.0",
        }  # fmt: skip
        if principal.kind == "user":
            claims |= {
                "appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "appidacr": "0", "idtyp": "user", "scp": "user_impersonation", "amr": ["pwd"],
                "name": principal.name, "upn": principal.upn, "unique_name": principal.upn,
            }  # fmt: skip
        else:
            claims |= {"appid": principal.app_id, "appidacr": "1", "idtyp": "app"}
        if principal.resource_id:
            claims["xms_mirid"] = principal.resource_id
        token = jwt.encode(
            claims | (extra or {}),
            await self.key(),
            algorithm="RS256",
            headers={"kid": await self._thumbprint()},
        )
        return token, expires

    async def check(self, token: str, audiences: tuple[str, ...], fault: str = "") -> Json:
        """The claims of a token that is good for one of the audiences.

        A `fault` (as in FaultSpec) has it stop being good, from one request to the next and for ever; a fresh one is
        good again. Raises TokenProblem.
        """
        if not token.isascii():
            raise TokenProblem("malformed", "no token has such characters")
        if fault or self._withdrawn:
            digest = hashlib.sha256(token.encode()).digest()
            if fault:
                self._withdrawn[digest] = "foreign" if fault == "revoked" else fault
            if reason := self._withdrawn.get(digest):
                raise TokenProblem(reason, str(time.time()))
        claims = self._checked.get(token) or await self._decode(token)
        if claims["exp"] <= time.time():
            raise TokenProblem("expired", str(claims["exp"]))
        if claims["aud"].rstrip("/") not in {audience.rstrip("/") for audience in audiences}:
            raise TokenProblem("audience", claims["aud"])
        if len(self._checked) >= CACHE_SIZE:
            self._checked.clear()
        self._checked[token] = claims
        return claims

    async def _decode(self, token: str) -> Json:
        public = (await self.key()).public_key()
        try:
            return jwt.decode(
                token, public, algorithms=["RS256"], options={"verify_aud": False, "verify_exp": False}
            )
        except jwt.InvalidSignatureError as problem:
            raise TokenProblem("foreign") from problem
        except jwt.PyJWTError as problem:
            raise TokenProblem("malformed", str(problem)) from problem
