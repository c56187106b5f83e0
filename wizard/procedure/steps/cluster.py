"""The managed cluster: the only irreversible step."""

import asyncio
import shlex
from dataclasses import replace
from typing import Any

from wizard.cloud.arm import CLUSTER_API, MANAGED_CLUSTER, Json, canonical, same
from wizard.cloud.encryption import SUCCEEDED
from wizard.cloud.error_translation import translate_errors
from wizard.cloud.policies import Request
from wizard.cloud.timeouts import Timeouts
from wizard.cloud.writes import Repeat, declared
from wizard.errors import AzureError, OutcomeUnknownError, Problem
from wizard.procedure import tags
from wizard.procedure.plan import Effect
from wizard.procedure.refusals import Refusals
from wizard.procedure.role_propagation import propagation_time, wait_for_roles
from wizard.procedure.step import Intent, Step, Work, region, shell, unconfirmed, with_timeout_hint
from wizard.rules import RequiredAction
from wizard.rules.cluster import stuck
from wizard.state.cluster import ClusterState, changed, chosen_version, created, linked_actions
from wizard.state.comparison import closes_last, converged, identity_recreated, may_use_key
from wizard.state.settings import compared
from wizard.state.snapshot import Snapshot, read_cluster
from wizard.state.target import Target
from wizard.system.names import listed
from wizard.system.sanitize import sanitize

_BEATS_PER_READ = 12
_OWN_KEY = (
    "With a customer-managed key, the usual cause is that AKS cannot reach or use the key.",
    "Verify the cluster to find the cause and fix it, then run the same plan again to repair the cluster.",
)
_NO_KEY_OF_YOURS = (
    "The AKS operation failed. No key or vault of yours is involved.",
    "Fix the issue that Azure reports, then run the same plan again to repair the cluster.",
)
"""The cause of a failed operation, as far as it may be the key, and what to do."""
_TAGS_URL = (
    "/subscriptions/$SUBSCRIPTION_ID/resourceGroups/$RESOURCE_GROUP/providers/Microsoft.ContainerService"
    f"/managedClusters/$CLUSTER_NAME?api-version={CLUSTER_API}"
)


class Cluster(Step):
    """How-to: "Create a new AKS cluster with …" and "Enable … on an existing cluster"."""

    key = "cluster"
    title = "Encrypt the managed cluster"
    sentence = "Enables the encryption in AKS, which then also encrypts the existing secrets."
    needs = ("provider", "resource-group", "key", "firewall", "crypto-role", "contributor-role")
    reversible = False
    changes = ("exists", "security_profile", "identity", "kubernetes_version")
    usually = (180, 360)

    def duration(self, target: Target, snapshot: Snapshot) -> tuple[float, float]:
        """The update, preceded by the time for new role assignments to propagate."""
        held = target.answers.customer_managed is None or may_use_key(target, snapshot)
        propagation = 0 if held else propagation_time(Timeouts(), target.answers)
        low, high = self.usually if target.answers.cluster.create is False else (240, 600)
        return (low + propagation, high + propagation)

    def title_for(self, target: Target, snapshot: Snapshot) -> str:
        creates = snapshot.cluster is None and target.answers.cluster.create is not False
        return "Create the managed cluster with encryption" if creates else self.title

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        answers, cluster = target.answers, snapshot.cluster_state
        name = answers.cluster.name
        kms = (
            "a platform-managed key"
            if answers.customer_managed is None
            else f"{target.own.vault.name}/{target.own.key.name}"
        )
        if cluster.body is None and answers.cluster.create is False:
            return Intent("update", (Effect("change", "managed cluster", name, "does not exist"),))
        if cluster.body is None:
            return Intent("create", _creation(target, snapshot, kms))
        if converged(target, snapshot):
            detail = (
                f"already encrypted with {kms}"
                if cluster.settings_state == "effective"
                else f"settings request {kms}, an operation is in progress"
            )
            return Intent("none", (Effect("keep", "managed cluster", name, detail),))
        moves = ["update re-applied to repair it"] if cluster.settings_state == "failed" else []
        if answers.customer_managed is not None and not cluster.has_identity(target):
            moves.append(f"identity → {target.own.identity.name}")
        elif identity_recreated(target, snapshot):
            moves.append(f"identity → {target.own.identity.name}, re-created with another principal ID")
        moves.append(f"KMS → {kms}")
        settings, _ = compared(cluster.body, cluster.body)
        return Intent(
            "update",
            (
                Effect("change", "managed cluster", name, " · ".join(moves)),
                Effect("keep", "other settings of the cluster", name, f"{settings} settings compared"),
            ),
        )

    async def apply(self, work: Work) -> None:
        """Update the cluster from its current state, and repeat the request after a transient error.

        The cluster is read again before every request: a write whose response was lost is not sent twice, and a change
        that another user has made since the plan was created is not overwritten.
        """
        await wait_for_roles(work)
        refusals = Refusals(work)
        async for spent in work.tries("operation", work.timeouts.cluster_retry, "the cluster update"):
            now = ClusterState(await read_cluster(work.azure, work.target))
            if _arrived(work, now):
                if not now.failed:
                    return
            elif _touched(now) != _touched(work.snapshot.cluster_state):
                raise _not_asked(_changed_meanwhile(work.answers.cluster.name), refusals.possibly_applied)
            if now.body is not None and not now.at_rest:
                work.progress(
                    f"another operation on the cluster is in progress ({now.provisioning_state})", spent, None
                )
                continue
            try:
                await work.revalidate()
            except AzureError as error:
                raise _not_asked(error.problem, refusals.possibly_applied) from error
            work.log("the facts of the plan are unchanged; sending the cluster update", "detail")
            try:
                await self._send(work, now)
            except AzureError as error:
                await refusals.wait_or_raise(error)
            else:
                return
        raise AzureError(
            with_timeout_hint(refusals.last or _busy_for_good(work.target), work.timeouts, "operation")
        )

    async def _send(self, work: Work, now: ClusterState) -> None:
        """Send the PUT that updates or creates the cluster, and follow the operation. Raise AzureError if it fails."""
        from azure.core import MatchConditions
        from azure.mgmt.containerservice.models import ManagedCluster

        answers = work.answers
        verb = "created" if work.snapshot.cluster is None else "updated"
        body = created(work.target, work.snapshot.versions) if now.body is None else changed(work.target, now)
        summary = f"The cluster {answers.cluster.name} could not be {verb}."
        conditions: dict[str, Any] = (
            {"etag": now.etag, "match_condition": MatchConditions.IfNotModified} if now.etag else {}
        )
        if now.body is None:  # a cluster that another user creates at this moment is not overwritten
            conditions = {"match_condition": MatchConditions.IfMissing}
        client = work.azure.containers(answers.subscription).managed_clusters
        with translate_errors(summary), declared(Repeat.BY_CALLER):
            poller = await client.begin_create_or_update(
                answers.resource_group,
                answers.cluster.name,
                ManagedCluster(body),
                **conditions,
            )
        work.log(
            f"Azure has accepted the request: cluster {answers.cluster.name} is being {verb}", "operator"
        )
        work.log(f"following the operation, {work.timeouts.limit('operation')}", "detail")
        try:
            with translate_errors(summary):
                await _follow(
                    work, poller, f"cluster is being {verb}", self.duration(work.target, work.snapshot)[1]
                )
        except AzureError as error:
            said = error.__cause__  # Azure's error; None if it is a timeout of ours
            if said is None or getattr(said, "status_code", None) == 200:  # the operation itself failed
                raise
            raise OutcomeUnknownError(error.problem) from said  # reading its status failed

    async def confirm(self, work: Work) -> str:
        name = work.answers.cluster.name
        async for spent in work.clock.tries(work.timeouts.heartbeat, work.timeouts.operation):
            cluster = ClusterState(await read_cluster(work.azure, work.target))
            if cluster.body is None:
                raise unconfirmed(f"The cluster {name} does not exist.")
            state = cluster.provisioning_state
            if cluster.at_rest:
                break
            work.progress(f"cluster is {state}", spent, self.usually[1])
        else:
            raise AzureError(_still_going(work))
        if state != SUCCEEDED:
            raise AzureError(_ended_badly(work.target, cluster))
        if not _arrived(work, cluster):
            raise AzureError(_not_as_asked(work, cluster))
        if work.snapshot.cluster is None:
            return f"{name} created, {state}"
        count, differing = compared(work.snapshot.cluster, cluster.body)
        if differing:
            work.log(
                f"other settings have changed since the plan was created: {listed(differing)}", "operator"
            )
        return f"{name} {state}; {count - len(differing)} other settings unchanged"

    def after(self, target: Target, snapshot: Snapshot) -> tuple[str, ...]:
        if closes_last(target, snapshot):
            return tuple(need for need in self.needs if need != "firewall")
        return self.needs

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        if snapshot is not None and self.inspect(target, snapshot).action == "none":
            return ()
        answers = target.answers
        lines = ["--name $CLUSTER_NAME", "--resource-group $RESOURCE_GROUP"]
        new = answers.cluster.create
        if new is not False:
            lines.append("--kubernetes-version $KUBERNETES_VERSION")
            if new.node_count != 3:
                lines.append(f"--node-count {shlex.quote(str(new.node_count))}")
            if new.node_vm_size:
                lines.append("--node-vm-size $NODE_VM_SIZE")
        lines.append("--kms-infrastructure-encryption Enabled")
        if answers.customer_managed is not None:
            lines += [
                "--enable-azure-keyvault-kms",
                "--azure-keyvault-kms-key-id $KEY_ID_NO_VERSION",
                "--azure-keyvault-kms-key-vault-resource-id $KEY_VAULT_RESOURCE_ID",
                f"--azure-keyvault-kms-key-vault-network-access {shlex.quote(target.own.vault.network_access)}",
                "--assign-identity $IDENTITY_RESOURCE_ID",
            ]
            if (
                new is False
            ):  # without it az refuses --assign-identity; with it az asks first (docs/azure.md#what-az-aks-update-requires)
                lines += ["--enable-managed-identity", "--yes"]
        elif snapshot is not None and snapshot.cluster_state.encryption.kms_enabled:
            lines.append("--disable-azure-keyvault-kms")
        if new is not False:
            lines.append("--generate-ssh-keys")
            lines += [*region(answers.group, snapshot), *tags.option(target)]
        verb = "update" if new is False else "create"
        return (
            shell(f"az aks {verb}", *lines),
            *(tags.afterwards(target, _TAGS_URL) if new is not False else ()),
        )

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:
        body = _body(target, snapshot) or {}
        linked = (RequiredAction(action, resource) for action, resource in linked_actions(body))
        return (
            RequiredAction("Microsoft.ContainerService/managedClusters/write", target.cluster_id),
            *linked,
        )

    def requests(self, target: Target, snapshot: Snapshot) -> tuple[Request, ...]:
        body = _body(target, snapshot)
        if body is None:
            return ()
        return (
            Request(target.answers.group, MANAGED_CLUSTER, target.answers.cluster.name, body, CLUSTER_API),
        )


def _body(target: Target, snapshot: Snapshot) -> Json | None:
    """Return the body that creates or updates the cluster; None if a cluster to update does not exist."""
    cluster = snapshot.cluster_state
    if cluster.body is not None:
        return changed(target, cluster)
    return None if target.answers.cluster.create is False else created(target, snapshot.versions)


async def _follow(work: Work, poller: Any, what: str, expected: float) -> None:
    """Wait for a long-running operation, and report its last status and the time spent now and then.

    The cluster itself is read too: operations have been seen to stay InProgress after they were complete
    (Azure/AKS#1968). Raise AzureError if the operation does not end before its timeout.
    """
    started = work.clock.elapsed()
    ending = asyncio.ensure_future(poller.result())
    beat = max(0.02, work.clock.scaled(work.timeouts.heartbeat))
    try:
        for beats in range(1, int(work.timeouts.operation // work.timeouts.heartbeat)):
            if (await asyncio.wait({ending}, timeout=beat))[0]:
                await ending
                return
            work.progress(f"{what}: {poller.status()}", work.clock.elapsed() - started, expected)
            if beats % _BEATS_PER_READ == 0 and await _is_there(work):
                return
        raise AzureError(_still_going(work))
    finally:
        ending.cancel()


def _arrived(work: Work, cluster: ClusterState) -> bool:
    """Whether the cluster matches the answers; if its identity was deleted, with the re-created one."""
    if not cluster.matches(work.target):
        return False
    had = work.snapshot.cluster_state.principal(work.target)
    return not identity_recreated(work.target, work.snapshot) or not same(cluster.principal(work.target), had)


async def _is_there(work: Work) -> bool:
    """Whether the cluster matches the answers, regardless of its operation. A failed read counts as no."""
    try:
        cluster = ClusterState(await read_cluster(work.azure, work.target))
    except AzureError as error:
        work.log(error.problem.summary, "detail")
        return False
    return _arrived(work, cluster) and cluster.provisioning_state == SUCCEEDED


def _creation(target: Target, snapshot: Snapshot, kms: str) -> tuple[Effect, ...]:
    new = target.answers.cluster.create
    version = chosen_version(new.kubernetes_version if new else None, snapshot.versions) or "AKS's default"
    nodes = new.node_count if new else 0
    size = (new.node_vm_size if new else None) or "the default size"
    detail = f"{target.answers.location}, Kubernetes {version}, {nodes} {'node' if nodes == 1 else 'nodes'} of {size} · KMS → {kms}"
    return (Effect("create", "managed cluster", target.answers.cluster.name, detail),)


def _touched(cluster: ClusterState) -> tuple[Any, Any]:
    """Return the parts of a cluster on which the plan is based and that the update replaces."""
    return canonical(cluster.security_profile), sorted(canonical(id_) for id_ in cluster.identities)


def _changed_meanwhile(name: str) -> Problem:
    return Problem(
        "azure",
        f"The cluster {name} was changed since the plan was created.",
        "Its encryption or identity is no longer as it was when the plan was created.",
        "Plan again and review the differences.",
        retryable=True,
    )


def _not_asked(problem: Problem, before: Problem | None) -> AzureError:
    """Return the error of an update that is not sent (again), and whether an earlier request may have changed the cluster."""
    if before is None:
        return AzureError(replace(problem, cause=f"{problem.cause} The cluster was not changed."))
    id_ = f", correlation ID {before.correlation_id}" if before.correlation_id else ""
    said = f"The result of an earlier update request is unknown ({before.code}{id_}); it is not repeated."
    return AzureError(replace(problem, cause=f"{problem.cause} {said}"))


def _busy_for_good(target: Target) -> Problem:
    return Problem(
        "transient",
        f"Another operation on the cluster {target.answers.cluster.name} has not finished.",
        "AKS changes a cluster for one caller at a time.",
        f"{stuck(target)} Otherwise wait until it has finished, then run again: az aks wait {target.cluster_args} --updated",
        retryable=True,
    )


def _still_going(work: Work) -> Problem:
    name, wait = work.answers.cluster.name, work.timeouts.operation
    return Problem(
        "transient",
        f"Azure has not finished with the cluster {name} after {wait / 60:.0f} minutes.",
        "The operation continues in Azure.",
        "Run again later; an operation that is still in progress is followed, not started again; "
        f"{work.timeouts.more('operation')}. {stuck(work.target)}",
        retryable=True,
    )


def _not_as_asked(work: Work, cluster: ClusterState) -> Problem:
    """Return the problem of an operation that succeeded without having applied everything (Azure/AKS#3498)."""
    target, name = work.target, work.answers.cluster.name
    differing = cluster.differences(target) or ("it uses the identity under its previous principal ID",)
    remedy = "Run again; completed steps are skipped. If it remains so, ask Azure support."
    if target.answers.customer_managed is not None and not cluster.has_identity(target):
        remedy = (
            "Run again; completed steps are skipped. If it remains so, assign the identity yourself and run again: "
            f"az aks update {target.cluster_args} --enable-managed-identity --assign-identity "
            f"{shlex.quote(target.identity_id)} --yes"
        )
    return Problem(
        "azure",
        f"The cluster {name} is not encrypted as configured: {'; '.join(differing)}.",
        "Azure reports that its operation succeeded, but it did not apply everything that was requested, or the cluster was "
        "changed afterwards.",
        remedy,
        retryable=True,
    )


def _ended_badly(target: Target, cluster: ClusterState) -> Problem:
    own = target.answers.customer_managed
    cause, fix = _NO_KEY_OF_YOURS if own is None else _OWN_KEY
    return Problem(
        "azure",
        f"The cluster {target.answers.cluster.name} ended in the state {cluster.provisioning_state}.",
        cause,
        fix,
        azure_said=sanitize(cluster.provisioning_error),
        retryable=True,
    )
