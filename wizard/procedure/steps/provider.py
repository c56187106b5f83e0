"""The resource provider, which has to pick up the feature."""

from wizard.cloud import features
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work
from wizard.rules import RequiredAction
from wizard.state.comparison import converged
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target


class Provider(Step):
    """How-to: "Register the feature flag", step 3.

    Always done before a cluster is updated: Azure does not show whether AKS has picked up the feature since it was
    registered, and rejects the update if it has not (docs/azure.md#refusals-of-the-aks-resource-provider). Repeating it changes nothing.
    """

    key = "provider"
    title = "Refresh the resource provider"
    sentence = "Registers Microsoft.ContainerService again, so that AKS picks up the feature."
    needs = ("feature",)
    usually = (5, 60)

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        if not converged(target, snapshot) and (
            snapshot.feature is not None or snapshot.provider != "Registered"
        ):
            return Intent(
                "register",
                (Effect("change", "resource provider", features.NAMESPACE, "registration refreshed"),),
            )
        return Intent("none", (Effect("keep", "resource provider", features.NAMESPACE, "registered"),))

    async def apply(self, work: Work) -> None:
        def report(state: str, spent: float) -> None:
            if not spent:
                work.log(
                    f"waiting for the resource provider, {work.timeouts.limit('registration')}", "operator"
                )
            work.progress(f"{features.NAMESPACE} is {state}", spent, self.usually[1])

        await features.refresh_provider(
            work.azure,
            work.answers.subscription,
            report,
            work.timeouts.registration,
        )

    async def confirm(self, work: Work) -> str:
        state = await features.provider_state(work.azure, work.answers.subscription)
        return f"{features.NAMESPACE} is {state.lower()}"

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        if snapshot is not None and self.inspect(target, snapshot).action == "none":
            return ()
        return (f"az provider register --namespace {features.NAMESPACE}",)

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:
        del snapshot
        return (
            RequiredAction(
                f"{features.NAMESPACE}/register/action", f"/subscriptions/{target.answers.subscription}"
            ),
        )
