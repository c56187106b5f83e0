"""Admission to a cluster: webhooks and ValidatingAdmissionPolicies that deny writes of secrets.

The replies follow kubernetes/apiserver (docs/azure.md#proof-from-inside-a-cluster): a webhook without a status code answers
400 without a reason, an unreachable one 500, and a ValidatingAdmissionPolicy 422 with the reason Invalid.
"""

from wizard.simulator.kubernetes.replies import ApiError
from wizard.simulator.kubernetes.seeds import specification_of
from wizard.simulator.protocol.wire import Json
from wizard.simulator.scenario.access import AdmissionSpec
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World


def _applies(rule: AdmissionSpec, operation: str, secret: Json) -> bool:
    metadata: Json = secret["metadata"]
    return (
        operation in rule.operations
        and (not rule.namespaces or metadata.get("namespace") in rule.namespaces)
        and not (rule.unless_label and rule.unless_label in (metadata.get("labels") or {}))
    )


def denial(world: World, cluster: Resource, operation: str, secret: Json) -> ApiError | None:
    """Return the error for a write of a secret (`CREATE`, `UPDATE`, `DELETE`) that the cluster does not admit, or None."""
    specification = specification_of(world, cluster)
    name = str(secret["metadata"].get("name", ""))
    for given, rule in (specification.admission if specification else {}).items():
        if not _applies(rule, operation, secret):
            continue
        if rule.kind == "policy":
            text = (
                f"ValidatingAdmissionPolicy '{given}' with binding '{given}' denied request: {rule.message}"
            )
            details = {"name": name, "kind": "secrets", "causes": [{"message": text}]}
            return ApiError(422, "Invalid", f'secrets "{name}" is forbidden: {text}', details)
        if rule.unreachable:
            text = (
                f'failed calling webhook "{given}": failed to call webhook: Post "https://{given}.svc:443/validate?timeout=10s": '
                "context deadline exceeded"
            )
            return ApiError(500, "InternalError", f"Internal error occurred: {text}", {"causes": [{"message": text}]})  # fmt: skip
        text = f'admission webhook "{given}" denied the request: {rule.message}'
        return ApiError(rule.status, "Forbidden" if rule.status == 403 else "", text)
    return None


def check(world: World, cluster: Resource, operation: str, secret: Json) -> None:
    """Raise the error of `denial`."""
    if error := denial(world, cluster, operation, secret):
        raise error
