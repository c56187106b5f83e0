"""The preview feature flag of KMS data encryption."""

from wizard.cloud import features
from wizard.procedure.plan import Effect
from wizard.procedure.step import Intent, Step, Work
from wizard.rules import RequiredAction
from wizard.state.comparison import converged
from wizard.state.snapshot import Snapshot
from wizard.state.target import Target

_NOT_ASKED = "not needed, the cluster is already encrypted"


class Feature(Step):
    """How-to: "Register the feature flag", steps 1 and 2."""

    key = "feature"
    title = "Register the feature"
    sentence = (
        "Registers the preview feature KMSPMKPreview in the subscription and waits until it is registered."
    )
    usually = (300, 900)

    def inspect(self, target: Target, snapshot: Snapshot) -> Intent:
        if converged(target, snapshot):
            return Intent("none", (Effect("keep", "feature", features.FEATURE, _NOT_ASKED),))
        if snapshot.feature is None:
            return Intent(
                "none",
                (Effect("keep", "feature", features.FEATURE, "no longer exists, not needed"),),
            )
        if snapshot.feature in features.REGISTRABLE:
            return Intent(
                "register", (Effect("change", "feature", features.FEATURE, "registered in the subscription"),)
            )
        detail = {
            "Registered": "registered",
            "Registering": "being registered; the run waits for it",
            "Pending": "waiting for Microsoft's approval; the run waits for it",
        }.get(snapshot.feature, snapshot.feature)
        return Intent("none", (Effect("keep", "feature", features.FEATURE, detail),))

    async def apply(self, work: Work) -> None:
        await features.register_feature(work.azure, work.answers.subscription)

    async def confirm(self, work: Work) -> str:
        if converged(work.target, work.snapshot):
            return f"{features.FEATURE}: {_NOT_ASKED}"
        last = ""

        def report(state: str, spent: float) -> None:
            nonlocal last
            if not last and state not in {"Registered", features.NOT_NEEDED}:
                work.log(f"waiting for the feature, {work.timeouts.limit('registration')}", "operator")
            last = state
            words = {
                "Registering": "Azure is registering the feature",
                "Pending": "waiting for Microsoft's approval",
            }
            if state in words:
                work.progress(words[state], spent, self.usually[1])

        await features.follow_feature(
            work.azure, work.answers.subscription, report, work.timeouts.registration
        )
        return f"{features.FEATURE} is {'registered' if last == 'Registered' else last}"

    def commands(self, target: Target, snapshot: Snapshot | None) -> tuple[str, ...]:
        if snapshot is not None and self.inspect(target, snapshot).action == "none":
            return ()
        return (
            f"az feature register --namespace {features.NAMESPACE} --name {features.FEATURE}",
            f"az feature show --namespace {features.NAMESPACE} --name {features.FEATURE}",
        )

    def required_actions(self, target: Target, snapshot: Snapshot) -> tuple[RequiredAction, ...]:
        del snapshot
        where = f"/subscriptions/{target.answers.subscription}"
        return (RequiredAction("Microsoft.Features/providers/features/register/action", where),)
