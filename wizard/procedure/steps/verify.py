"""Read the cluster and compare it with the answers."""

from wizard.errors import AzureError, Problem
from wizard.procedure.step import Intent, Step, Work
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target
from wizard.verification.report import Check
from wizard.verification.verify import verify


class Verify(Step):
    """How-to: "Verify KMS configuration"."""

    key = "verify"
    title = "Verify"
    sentence = "Reads the cluster, its key and its roles, and compares them with your configuration."
    needs = ("cluster",)
    read_only = True

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        del target, snapshot
        return Intent("none", ())

    async def apply(self, work: Work) -> None:
        """Nothing is changed."""

    async def confirm(self, work: Work) -> str:
        report = await verify(work.azure, work.target.cluster_id, expect=work.answers)
        work.verified(report)
        if not report.passed:
            name, against = work.answers.cluster.name, report.against
            certain = report.verdict == "not-verified"
            raise AzureError(
                Problem(
                    "transient" if report.transient else "azure",
                    f"{name} is not as configured: {against[0].message}" if certain else report.headline,
                    f"Read: {'; '.join(_seen(check) for check in against)}.",
                    against[0].remedy or "Verify the cluster to see all checks.",
                    retryable=True,
                )
            )
        return report.headline

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        del target, snapshot
        return (
            "az aks show --name $CLUSTER_NAME --resource-group $RESOURCE_GROUP --query 'securityProfile'",
        )


def _seen(check: Check) -> str:
    """Return a failed check: its code and what was read."""
    return f"{check.code} ({check.evidence or check.message})"
