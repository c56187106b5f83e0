"""Access tokens: issued by the simulated Entra ID, validated by the simulated ARM, Key Vault and Microsoft Graph."""

import asyncio
import base64
import hashlib
import json
import secrets
import threading
import time
from functools import cache
from typing import TYPE_CHECKING

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from wizard.simulator.protocol.wire import Json, base64url_number

if TYPE_CHECKING:
    from wizard.simulator.state.state import Principal

AKS_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
"""The application id of "Azure Kubernetes Service AAD Server", which is the same in every tenant (kubelogin)."""
ARM_AUDIENCES = ("https://management.azure.com/", "https://management.core.windows.net/")
CACHE_SIZE = 512


_ONE_AT_A_TIME = threading.Lock()


def process_key() -> rsa.RSAPrivateKey:
    """Return the key that all simulators of this process share, as they do their certificate authority: it takes 50 ms, in
    which other threads run."""
    with _ONE_AT_A_TIME:
        return generated_key()


@cache
def generated_key() -> rsa.RSAPrivateKey:
    """Return the same key each time, for one thread."""
    return rsa.generate_private_key(65537, 2048)


class TokenProblem(Exception):  # noqa: N818 - the answer to the client is the error
    """A token is not accepted; `reason` is expired, audience, foreign or malformed."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}")
        self.reason, self.detail = reason, detail


def fresh_token_claims(now: float) -> str:
    """Return the `claims` of a challenge that requires a token issued from now on, as in continuous access evaluation."""
    claims = {"access_token": {"nbf": {"essential": True, "value": str(int(now))}}}
    return base64.b64encode(json.dumps(claims).encode()).decode()


class Tokens:
    """Signs and validates tokens with one RSA key, which is stored in the state so that tokens stay valid after a restart.

    `lifetime` is the lifetime of an access token in seconds of real time.
    """

    def __init__(self, tenant_id: str, lifetime: float, pem: str = "") -> None:
        self._tenant_id, self.lifetime = tenant_id, max(1, int(lifetime))
        self._key = self._load(pem) if pem else None
        self._checked: dict[str, Json] = {}
        self._revoked: dict[bytes, str] = {}
        self._key_lock = asyncio.Lock()

    @staticmethod
    def _load(pem: str) -> rsa.RSAPrivateKey:
        key = serialization.load_pem_private_key(pem.encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(
                "The stored signing key is not an RSA key. Delete the state file to start with a new state."
            )
        return key

    async def key(self) -> rsa.RSAPrivateKey:
        """Return the signing key; without a stored one that of the process, which another thread generates."""
        async with self._key_lock:
            if self._key is None:
                self._key = await asyncio.to_thread(process_key)
            return self._key

    async def pem(self) -> str:
        """Return the signing key as it is stored in the state."""
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
        """Return the public key as a JSON Web Key Set."""
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
        self, principal: "Principal", audience: str, *, extra: Json | None = None, lifetime: int | None = None
    ) -> tuple[str, int]:
        """Return a token for one principal and one resource, and when it expires (seconds since the epoch).

        `lifetime` is in seconds. Default: that of access tokens.
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
        """Return the claims of a token that is valid for one of the audiences.

        A `fault` (see FaultSpec) makes this token invalid permanently; a new token is valid. Raise TokenProblem.
        """
        if not token.isascii():
            raise TokenProblem("malformed", "a token contains only ASCII characters")
        if fault or self._revoked:
            digest = hashlib.sha256(token.encode()).digest()
            if fault:
                self._revoked[digest] = "foreign" if fault == "revoked" else fault
            if reason := self._revoked.get(digest):
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
