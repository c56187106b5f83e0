"""What can go wrong with a request, as the simulated Azure's scenarios write it, and how often: once, always, or at its last."""

from dataclasses import dataclass

from wizard.cloud.arm import Json

CLUSTER = "/providers/microsoft.containerservice/managedclusters/"


@dataclass(frozen=True)
class Kind:
    """One kind of fault."""

    name: str
    spec: Json
    only: str = ""
    """Part of `METHOD path` of the requests that it can strike; empty: of any."""
    for_good: bool = False
    """It cannot strike once and be over."""
    delays: bool = False
    """A run that gets through it nevertheless was kept waiting, and must have said so."""

    def fits(self, method: str, path: str) -> bool:
        """Whether it can strike that request."""
        if "token" in self.spec and not path.startswith(("/subscriptions", "/keys")):
            return False
        if method == "HEAD" and self.name in {"truncated", "malformed", "empty", "a list"}:
            return False  # there is no body
        return self.only in f"{method} {path}"


def _answer(
    status: int, code: str, headers: dict[str, str] | None = None, *, after: bool = False, message: str = ""
) -> Json:
    return {
        "answer": {
            "status": status,
            "code": code,
            "message": message or f"Azure says {code}.",
            "headers": headers or {},
        },
        "after": after,
    }


def _page(status: int, body: str, kind: str = "text/html", *, after: bool = False) -> Json:
    return {"page": {"status": status, "body": body, "content_type": kind}, "after": after}


_IN_PROGRESS = (
    "Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish before starting "
    "a new operation."
)
"""docs/azure.md#refusals-of-the-aks-resource-provider."""
_SOON = {"Retry-After": "0.01"}
_HTML = "<html><body>Please sign in to the guest network</body></html>"
_PUT_CLUSTER = f"PUT /subscriptions/22222222-2222-2222-2222-222222222222/resourcegroups/rg-demo{CLUSTER}"

KINDS = (
    Kind("429, wait a moment", _answer(429, "TooManyRequests", _SOON), delays=True),
    Kind("429, wait an hour", _answer(429, "TooManyRequests", {"Retry-After": "3600"})),
    Kind("429", _answer(429, "Throttled"), delays=True),
    Kind("500", _answer(500, "InternalServerError"), delays=True),
    Kind("500, done all the same", _answer(500, "InternalServerError", after=True), delays=True),
    Kind("502", _answer(502, "BadGateway"), delays=True),
    Kind("503", _answer(503, "ServiceUnavailable"), delays=True),
    Kind(
        "503, wait until a date",
        _answer(503, "ServiceUnavailable", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        delays=True,
    ),
    Kind("504, done all the same", _answer(504, "GatewayTimeout", after=True), delays=True),
    Kind("reset", {"reset": True}, delays=True),
    Kind("answer lost", {"reset": True, "after": True}, delays=True),
    Kind("hang", {"hang": True}, delays=True),
    Kind("nobody listens", {"gone": True}, for_good=True),
    Kind("another certificate", {"untrusted": True}, for_good=True),
    Kind("truncated", {"truncate": True}, delays=True),
    Kind("malformed", {"malformed": True}),
    Kind("a proxy's page", _page(200, _HTML)),
    Kind("a proxy's page, done all the same", _page(200, _HTML, after=True)),
    Kind("a proxy's 404", _page(404, _HTML)),
    Kind("a proxy's 502", _page(502, _HTML), delays=True),
    Kind("a proxy's 403", _page(403, _HTML)),
    Kind("a wordless 403", _page(403, "", "application/json")),
    Kind("a wordless 429", _page(429, "", "application/json"), delays=True),
    Kind("an error in pieces", _page(500, '{"error": {"co', "application/json"), delays=True),
    Kind("empty", _page(200, "", "application/json")),
    Kind("a list", _page(200, "[]", "application/json")),
    Kind("401, token expired", {"token": "expired"}),
    Kind("401, token revoked", {"token": "revoked"}),
    Kind("403", _answer(403, "AuthorizationFailed")),
    Kind("404", _answer(404, "ResourceNotFound")),
    Kind("409 EtagMismatch", _answer(409, "EtagMismatch")),
    Kind("409 OperationNotAllowed", _answer(409, "OperationNotAllowed", message=_IN_PROGRESS)),
    Kind("412", _answer(412, "PreconditionFailed")),
    Kind(
        "operation fails",
        {"lro_fails": {"code": "InternalOperationError", "message": "Internal server error"}},
        _PUT_CLUSTER,
    ),
    Kind("operation preempted", {"lro": "preempted"}, _PUT_CLUSTER),
    Kind("operation never ends", {"lro": "never-ends"}, _PUT_CLUSTER),
    Kind("operation lags", {"lro": "operation-lags"}, _PUT_CLUSTER),
    Kind("resource lags", {"lro": "resource-lags"}, _PUT_CLUSTER),
)

COMMON = (
    "429, wait a moment", "503", "answer lost", "500, done all the same", "a proxy's page", "404", "401, token expired",
)  # fmt: skip
"""What is tried on every procedure; the others, of a request that several procedures make, on the first of them."""
