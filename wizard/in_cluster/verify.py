"""Checks one cluster from inside, from the kubeconfig to the last check. A check that cannot be made fails nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field

from wizard.cloud.arm import ResourceId
from wizard.cloud.azure import Azure
from wizard.cloud.encryption import Encryption
from wizard.errors import AzureError, KubectlError
from wizard.in_cluster import checks
from wizard.in_cluster.canary import OPEN_ENDED, new_canary, sweep
from wizard.in_cluster.kubeconfig import invoke, kubeconfig
from wizard.in_cluster.kubectl import TIME_LIMIT, Kubectl, opened
from wizard.in_cluster.metrics import KMS, Readings, survey
from wizard.state.target import cli_args
from wizard.system.clock import Clock
from wizard.system.processes import program as program_of
from wizard.verification.report import Check, ClusterReport

_REACHED = "That the API server accepts the credentials. Nothing about encryption."


@dataclass
class _Results:
    """The checks so far, each reported as soon as it is made."""

    on_check: Callable[[Check], None]
    all: list[Check] = field(default_factory=list)

    def add(self, check: Check) -> None:
        self.all.append(check)
        self.on_check(check)


async def check_inside(
    azure: Azure,
    report: ClusterReport,
    on_check: Callable[[Check], None] = lambda _: None,
    *,
    time_limit: float = TIME_LIMIT,
) -> tuple[Check, ...]:
    """Return the checks from inside a cluster that was verified from outside. `on_check` receives each check as it is made.

    Create one secret in the namespace `default` and delete it in every case. A check that cannot be made has an unknown
    outcome and a remedy. `time_limit` is in seconds, for each request.
    """
    cluster, results = ResourceId.parse(report.id), _Results(on_check)
    if any(check.code == "cluster-running" and check.outcome != "passed" for check in report.checks):
        start = f"az aks start {cli_args(str(cluster))}"
        results.add(
            _not_reached("The cluster is not running, so it cannot be checked from inside.", "", start)
        )
        return tuple(results.all)
    program = program_of("kubectl", azure.environment)
    if program is None:
        missing = "kubectl is not found on the PATH, so nothing was checked inside the cluster."
        results.add(
            _not_reached(
                missing,
                "",
                f"Install kubectl with `az aks install-cli`, or check through Azure: {invoke(cluster)}",
            )
        )
        return tuple(results.all)
    try:
        credentials = await kubeconfig(azure, cluster)
    except AzureError as error:
        problem = error.problem
        said = f"{problem.code}: {problem.azure_said}" if problem.azure_said else problem.cause
        results.add(_not_reached(problem.summary, said, problem.remedy))
        return tuple(results.all)
    with opened(program, credentials, azure.environment, limit=time_limit) as kubectl:
        try:
            health = await _health(kubectl)
        except KubectlError as error:
            results.add(_no_answer(error, cluster, credentials.server))
            return tuple(results.all)
        results.add(_reached(credentials.server, credentials.how))
        results.add(health)
        await _watch_a_canary(kubectl, azure.clock, Encryption.of(_body(report)), results)
    return tuple(results.all)


def _body(report: ClusterReport) -> dict[str, object]:
    return {"properties": {"securityProfile": report.security_profile}}


async def _health(kubectl: Kubectl) -> Check:
    """Return the check of `/readyz?verbose`. Raise KubectlError if no API server responds or accepts the credentials."""
    try:
        return checks.health(await kubectl.get("/readyz?verbose"))
    except KubectlError as error:
        if error.reason in {"Unauthorized", "Unreachable", "TimeLimit", "Broken"}:
            raise
        if error.reason in {"Forbidden", "Unknown"}:
            return checks.unseen_health(error)
        # An API server that is not ready answers 500 with the same lines, which kubectl puts into its message.
        return checks.health(error.said.replace("\\n", "\n").replace('("', "\n"))


def _reached(server: str, how: str) -> Check:
    return checks.made("reached", True, f"The API server responds, {how}.", evidence=server, proves=_REACHED)


def _not_reached(message: str, evidence: str, remedy: str) -> Check:
    return checks.made("reached", "unknown", "", message, evidence, remedy, _REACHED)


def _no_answer(error: KubectlError, cluster: ResourceId, server: str) -> Check:
    if error.reason == "Unauthorized":
        return _not_reached(
            "The API server does not accept the credentials.",
            error.said,
            "Check that the cluster's Microsoft Entra integration is for the tenant that you are signed in to, or check through "
            f"Azure: {invoke(cluster)}",
        )
    if error.reason == "Broken":
        return _not_reached("kubectl cannot be started.", error.said, "az aks install-cli")
    private = ".privatelink." in server
    return _not_reached(
        "The cluster is private, and its API server is not reachable from this computer."
        if private
        else "The API server is not reachable from this computer.",
        f"{server}: {error.said}",
        f"Verify from a computer that reaches it{'' if private else ' (see its authorized IP ranges)'}, or check through Azure: "
        + invoke(cluster),
    )


async def _watch_a_canary(kubectl: Kubectl, clock: Clock, encryption: Encryption, results: _Results) -> None:
    """Compare the metrics before and after one secret is written, read and deleted."""
    swept = await _swept(kubectl)
    before: Readings | KubectlError
    try:
        before = await survey(kubectl)
        results.add(checks.seen_metrics(before))
    except KubectlError as error:
        before = error
        results.add(checks.unseen_metrics(error))
    tried = await _canary(kubectl, clock, results, swept)
    if isinstance(before, KubectlError):
        return
    try:
        after = await survey(kubectl, expected=before)
    except KubectlError as error:
        results.add(checks.unseen_growth(error))
        return
    if tried:
        results.add(checks.encrypted(before, after, _prefix(after)))
    if encryption.kind != "none":
        results.add(checks.plain_reads(before, after))
        results.add(checks.one_key(after, encryption))
        results.add(checks.kms_errors(before, after))


async def _swept(kubectl: Kubectl) -> int | KubectlError:
    """Return how many canaries of earlier runs were deleted, or why that is unknown."""
    try:
        return await sweep(kubectl)
    except KubectlError as error:
        return error


async def _canary(kubectl: Kubectl, clock: Clock, results: _Results, swept: int | KubectlError) -> bool:
    """Write, read and delete one canary, and return whether an API server tried to write it. It is deleted in every case, also
    if this is cancelled.
    """
    canary = new_canary()
    refused: KubectlError | None = None
    failure: KubectlError | None = None
    may_appear = True  # until it is known whether it was made
    was_made: bool | None = True
    try:
        await canary.create(kubectl)
        may_appear = False
        results.add(checks.written(None, canary.name))
        try:
            results.add(checks.read_back(await canary.reads_back(kubectl)))
        except KubectlError as error:
            results.add(checks.read_back(error))
    except KubectlError as error:
        refused, may_appear = error, error.reason in OPEN_ENDED
        results.add(checks.written(error, canary.name))
    finally:
        try:
            was_there = await canary.remove(kubectl, clock, may_appear=may_appear)
            was_made = was_there or refused is None or (None if may_appear else False)
        except KubectlError as error:
            failure = error
    never_made = refused is not None and refused.reason in {"Forbidden", "Denied"}
    if not never_made or (isinstance(swept, int) and swept):
        results.add(checks.removed(None if never_made else failure, canary.name, swept, was_made=was_made))
    return refused is None or checks.of_encryption(refused)


def _prefix(readings: Readings) -> str:
    """Return the transformer's prefix in the metrics, which names the KMS provider."""
    prefixes = (
        sample.labels.get("transformer_prefix", "")
        for reading in readings.values()
        for sample in reading.samples
    )
    return next((prefix for prefix in prefixes if prefix.startswith(KMS)), "")
