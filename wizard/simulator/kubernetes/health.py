"""`/livez`, `/readyz` and `/healthz` (docs/azure.md#proof-from-inside-a-cluster).

As in AKS, `kms-providers` is listed and ok even if no KMS provider is configured, because API servers reload their
encryption configuration automatically. `/livez` does not include it.
"""

from wizard.simulator.kubernetes.replies import Reply, Request, as_text
from wizard.simulator.state.cluster_memory import ClusterMemory

_ALIVE = (
    "ping", "log", "etcd", "poststarthook/start-apiserver-admission-initializer", "poststarthook/generic-apiserver-start-informers",
    "poststarthook/rbac/bootstrap-roles", "poststarthook/apiservice-registration-controller", "autoregister-completion",
)  # fmt: skip
_CHECKS = {
    "livez": _ALIVE,
    "readyz": (*_ALIVE[:3], "etcd-readiness", "kms-providers", "informer-sync", *_ALIVE[3:], "shutdown"),
    "healthz": (*_ALIVE[:3], "kms-providers", *_ALIVE[3:]),
}


def answer(request: Request, memory: ClusterMemory) -> Reply | None:
    """Return the reply to a health path or to one check of it (`/readyz/kms-providers`), or None for any other path."""
    endpoint, _, single = request.path.strip("/").partition("/")
    checks = _CHECKS.get(endpoint)
    if request.method != "GET" or checks is None or (single and single not in checks):
        return None
    failing = {"kms-providers"} if memory.failing_since else set()
    asked = (single,) if single else checks
    failed = failing.intersection(asked)
    if single:
        return as_text(f"internal server error: {single} failed" if failed else "ok", 500 if failed else 200)
    if not failed and "verbose" not in request.query:
        return as_text("ok")
    lines = [f"[-]{name} failed: reason withheld" if name in failed else f"[+]{name} ok" for name in checks]
    lines.append(f"{endpoint} check {'failed' if failed else 'passed'}")
    return as_text("\n".join(lines) + "\n", 500 if failed else 200)
