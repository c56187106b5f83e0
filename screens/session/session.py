"""What the wizard knows while it runs: the connection, the answers so far, what was found, and the run."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from screens.exit_codes import FAILURE, INTERRUPTED, SUCCESS, UNREACHABLE, code_of_report
from wizard.errors import AzureError, JournalError, Problem, internal_error
from wizard.reports.wording import duration
from wizard.system.clock import Clock

if TYPE_CHECKING:
    from screens.session.active_run import ActiveRun
    from screens.session.draft import Draft
    from screens.session.feature_registration import FeatureRegistration
    from screens.session.fleet import Fleet
    from screens.session.saved_drafts import SavedDraft
    from wizard.answers.model import Answers
    from wizard.cloud.azure import Azure, Subscription
    from wizard.cloud.inventory import ClusterRow, Unreadable
    from wizard.procedure.plan import Plan
    from wizard.runs.journal import Journal
    from wizard.runs.resume import ResumableRun
    from wizard.verification.report import ClusterReport

_OFFER = 0.3
"""Seconds after which the earlier runs that were found so far are offered, while the journal is still read."""

Connect = Callable[[Callable[[str], None]], "AbstractAsyncContextManager[Azure]"]
"""Opens the connection to Azure; its argument is called with instructions for an interactive sign-in."""


class Host(Protocol):
    """What a session needs from the app that owns it."""

    def background(
        self, work: Coroutine[Any, Any, None], name: str, *, group: str = "app", exclusive: bool = False
    ) -> object:
        """Run `work` until it ends or the app does. `exclusive`: first cancel what runs in the same group."""

    def changed(self) -> None:
        """Redraw what shows the session."""

    def call_later(self, callback: Callable[[], object], /) -> bool:
        """Call `callback` on the app's own thread."""

    def run_ended(self, active: "ActiveRun", /) -> None:
        """Say that a run has ended to someone who is not looking."""

    def warn(self, text: str) -> None:
        """Show a warning for a few seconds."""


class Session:
    """Created once, by the app. Pages read it, and change it through its methods."""

    def __init__(
        self,
        host: Host,
        connect: Connect,
        *,
        environment: Mapping[str, str],
        speed_note: str = "",
        journal_root: Path | None = None,
        can_resume: bool = True,
    ) -> None:
        """`speed_note` is set for a simulated cloud (`60× faster`); `journal_root` is where runs are recorded.

        `can_resume`: whether earlier runs can be resumed; not in a simulated environment that starts with the wizard.
        """
        self._host = host
        self._connect = connect
        self.environment = environment
        self.speed_note = speed_note
        self.journal_root = journal_root
        self._draft: Draft | None = None
        self.implicit_steps: frozenset[str] = frozenset()
        """Steps that were completed by selecting a cluster elsewhere, without showing their page."""
        self.azure_or_none: Azure | None = None
        self.connection_problem: Problem | None = None
        self.sign_in_instruction = ""
        self.subscriptions: list[Subscription] = []
        self.clusters: list[ClusterRow | Unreadable] = []
        """The clusters that were found; kept so that returning to the list shows them at once."""
        self.clusters_complete = False
        """Whether `clusters` holds all clusters of all subscriptions."""
        self.clusters_read = Clock()
        """Since they were all read."""
        self.clusters_revision = 0
        """Increases when a list that was read before is out of date."""
        self.fleet: Fleet | None = None
        """What the fleet overview has found; kept so that returning to it shows it at once."""
        self.registrations: dict[str, FeatureRegistration] = {}
        """By subscription id."""
        self.can_resume = can_resume
        self.resumable: list[ResumableRun] | None = None
        """Earlier runs that can be resumed, the newest first; None until the journal was read."""
        self.resumed_run: ResumableRun | None = None
        """The run that is being resumed."""
        self.drafts: list[SavedDraft] = []
        """Answers of earlier wizards that were not applied, the newest first."""
        self.active: ActiveRun | None = None
        self.result: int | None = None
        """The exit code of the last run or verification."""

    @cached_property
    def _draft_path(self) -> Path:
        """The file in which the answers of this wizard are kept."""
        from screens.session.saved_drafts import new_path

        return new_path(self.journal_root)

    @property
    def draft(self) -> "Draft":
        """The answers so far."""
        if self._draft is None:
            from screens.session.draft import Draft

            self._draft = Draft()
        return self._draft

    @draft.setter
    def draft(self, draft: "Draft") -> None:
        self._draft = draft

    @property
    def subscription(self) -> "Subscription | None":
        """The subscription that was selected."""
        return self._draft.subscription if self._draft else None

    # -- the connection ------------------------------------------------------------------------------------------

    @property
    def azure(self) -> "Azure":
        """The open connection. Pages after the first one can rely on it."""
        if self.azure_or_none is None:
            raise RuntimeError("Azure is used before it is connected.")
        return self.azure_or_none

    def connect(self) -> None:
        """Connect to Azure (again), and stay connected until the app ends."""
        self.connection_problem = None
        self._host.background(self._stay_connected(), "connection", group="connection", exclusive=True)

    async def _stay_connected(self) -> None:
        try:
            async with self._connect(self._show_instruction) as azure:
                self.subscriptions = await azure.subscriptions()
                self.azure_or_none = azure
                self.sign_in_instruction = ""
                self._host.changed()
                self.find_resumable()
                await asyncio.Event().wait()
        except AzureError as error:
            self.connection_problem = error.problem
        except Exception as error:  # noqa: BLE001 - the first page shows any error, and offers another attempt
            self.connection_problem = internal_error(error, "connection")
        finally:
            self.azure_or_none = None
            self._host.changed()

    def _show_instruction(self, instruction: str) -> None:
        """Show how to sign in. May be called from a thread."""
        self.sign_in_instruction = instruction
        self._host.call_later(self._host.changed)

    def subscription_of(self, identifier: str) -> "Subscription | None":
        """Return the subscription with this id, or None if the signed-in identity cannot see it."""
        from wizard.cloud.arm import same

        return next((each for each in self.subscriptions if same(each.id, identifier)), None)

    def portal_link(self, resource_id: str) -> str:
        """Return the URL of a resource in the Azure portal; empty if its cloud has none that is known."""
        azure = self.azure_or_none
        return azure.cloud.portal_link(resource_id, azure.signed_in.tenant_id) if azure else ""

    # -- the answers ---------------------------------------------------------------------------------------------

    def complete(self, step: str, **changes: Any) -> None:
        """Record that this step is answered. Completed steps that depend on what changed need another review."""
        self.draft, self.implicit_steps = self.draft.complete(step, **changes), self.implicit_steps - {step}
        self.keep_draft()
        self._host.changed()

    def select_subscription(self, own: "Subscription") -> None:
        """Select a subscription without its step, together with a cluster in it. The preview feature is looked up there;
        the run registers it if necessary.
        """
        implicit = {"prerequisites", "feature"} - self.draft.completed
        self.complete("prerequisites", subscription=own)
        self.complete("feature")
        self.implicit_steps |= implicit
        self.look_up_feature(own.id)

    def start_over(self) -> None:
        """Forget the answers, except for the subscription and its feature."""
        from screens.session.draft import Draft

        completed = self.draft.completed & {"prerequisites", "feature"}
        self.draft, self.resumed_run = Draft(subscription=self.subscription, completed=completed), None
        self.keep_draft()
        self._host.changed()

    def forget_clusters(self) -> None:
        """Mark the clusters that were found as out of date; each list is read again when it is next shown."""
        self.clusters, self.clusters_complete = [], False
        self.clusters_revision += 1
        if self.fleet:
            self.fleet.complete = False

    @property
    def answers_to_verify(self) -> "Answers | None":
        """What the verify step compares the cluster with: the reviewed answers, or those of the run."""
        reviewed = self.draft.answers_or_none() if "review" in self.draft.completed else None
        return reviewed or (self.active.answers if self.active else None)

    # -- the state of each step ----------------------------------------------------------------------------------

    def can_go_to(self, step: str) -> bool:
        """Whether the page of a step can be shown now."""
        if step == "verify":
            return self.answers_to_verify is not None
        return self.active is not None if step == "run" else step in self.draft.reachable

    def is_busy(self, step: str) -> bool:
        """Whether work for this step is in progress."""
        if step == "feature":
            return bool(self.feature and self.feature.following)
        return step == "run" and bool(self.active and self.active.in_flight)

    def has_failed(self, step: str) -> bool:
        """Whether the work for this step failed."""
        if step == "feature":
            return bool(self.feature and self.feature.problem)
        return step == "run" and bool(self.active and self.active.status == "failed")

    def has_changed(self, step: str) -> bool:
        """Whether the answers have changed since a successful run, so that its result is not about them."""
        run = self.ended_run
        if step not in {"run", "verify"} or run is None or not self.draft.is_about(run.plan.cluster_id):
            return False
        return step in self.draft.completed and self.draft.answers_or_none() != run.answers

    def is_deferred(self, step: str) -> bool:
        """Whether a completed step is still to be done: its page was not shown, or the run does it."""
        feature = self.feature if step == "feature" else None
        return step in self.implicit_steps or bool(feature and feature.deferred)

    def rail_note(self, step: str) -> str:
        """Return the few words below a step's name in the step rail."""
        draft = self.draft
        match step:
            case "prerequisites" if step in self.implicit_steps:
                return "set by cluster"
            case "feature":
                return self.feature.note if self.feature else ""
            case "cluster" if "cluster" in draft.completed:
                return draft.cluster_name
            case "key" if draft.option:
                return {
                    "platform-managed": "platform-managed",
                    "Private": "customer, private",
                    "Public": "customer, public",
                }[draft.option]
            case "vault" if "vault" in draft.completed and draft.option != "platform-managed":
                return draft.vault_name
            case "run" if self.active:
                return self.active.status or duration(self.active.elapsed)
        return ""

    # -- the preview feature -------------------------------------------------------------------------------------

    @property
    def feature(self) -> "FeatureRegistration | None":
        """What is known of the preview feature in the selected subscription."""
        return self.registrations.get(self.subscription.id) if self.subscription else None

    def look_up_feature(self, subscription: str, *, again: bool = False) -> None:
        """Look up, in the background, whether the feature is registered in a subscription."""
        if again or subscription not in self.registrations:
            from screens.session.feature_registration import FeatureRegistration

            registration = self.registrations[subscription] = FeatureRegistration()
            work = registration.look_up(self.azure, subscription, self._host.changed)
            self._host.background(work, "feature")

    def register_feature(self, subscription: str) -> None:
        """Register the feature in the background."""
        from screens.session.feature_registration import FeatureRegistration

        registration = self.registrations.setdefault(subscription, FeatureRegistration())
        if not registration.following:
            work = registration.follow(self.azure, subscription, self._host.changed)
            self._host.background(work, "registration")

    # -- earlier runs --------------------------------------------------------------------------------------------

    def find_resumable(self) -> None:
        """Look, in the background, for earlier runs that can be resumed with this sign-in."""
        if self.can_resume and self.azure_or_none:
            work = self._find_resumable()
            self._host.background(work, "reading the journal", group="journal", exclusive=True)

    async def _find_resumable(self) -> None:
        from screens.session.saved_drafts import saved_drafts
        from wizard.runs.resume import ResumableRun, each_resumable_run

        cloud = self.azure.cloud
        self.drafts = [
            draft
            for draft in await asyncio.to_thread(saved_drafts, self._draft_path.parent, cloud.arm)
            if self.subscription_of(draft.subscription) and draft.path != self._draft_path
        ]
        first, found, stopped = self.resumable is None, list[ResumableRun](), False

        def offer() -> None:
            if not stopped:
                self.resumable = [run for run in found if self.subscription_of(run.answers.subscription)]
                self._host.changed()

        def read() -> None:
            began = time.monotonic()
            for run in each_resumable_run(self.journal_root, cloud=cloud):
                if stopped:
                    return
                found.append(run)
                if first and time.monotonic() - began > _OFFER:  # of a journal of years, what is found so far
                    self._host.call_later(offer)
                    began = time.monotonic()

        try:
            await asyncio.to_thread(read)
        except JournalError as error:
            self._host.warn(str(error))
            self._host.changed()
        else:
            offer()
        finally:
            stopped = True

    async def resume(self, run: "ResumableRun") -> None:
        """Take over the answers of an earlier run, with its cluster as it is now. Raise AzureError if the cluster cannot be
        read.
        """
        from screens.session.draft import Draft
        from wizard.cloud.arm import ResourceId
        from wizard.cloud.inventory import one_cluster
        from wizard.state.target import Target

        answers, own = run.answers, self.subscription_of(run.answers.subscription)
        if own is None:
            raise AzureError(
                Problem(
                    "input",
                    f"The run {run.id} is for the subscription {answers.subscription}, which you cannot see.",
                    f"{self.azure.signed_in.name} has no role in it, or it is in another cloud or tenant.",
                    "Sign in as the user who started the run, then start the wizard again.",
                )
            )
        cluster = None
        if not answers.cluster.create:
            cluster_id = Target(answers, self.azure.cloud.vault_suffix).cluster_id
            cluster = await one_cluster(self.azure, ResourceId.parse(cluster_id), own)
        self.draft, self.resumed_run = Draft.of(answers, own, cluster), run
        self.look_up_feature(own.id)

    # -- answers that were not applied -----------------------------------------------------------------------------

    def keep_draft(self) -> str:
        """Save the answers so far, unless a run has them in its journal. Return the name of their cluster if they are kept."""
        if not self.can_resume or self.azure_or_none is None:
            return ""
        from screens.session import saved_drafts

        runs = [run.answers for run in (self.active, self.resumed_run) if run]
        applied = bool(runs) and self.draft.answers_or_none() in runs
        draft = None if applied else saved_drafts.to_save(self.draft, self.azure_or_none.cloud.arm)
        try:
            saved_drafts.write(self._draft_path, draft)
        except OSError as error:
            self._host.warn(f"Your answers could not be saved: {error.strerror or error}.")
            return ""
        return draft.name if draft else ""

    async def restore(self, saved: "SavedDraft") -> None:
        """Take over answers that were not applied, with their cluster as it is now. Raise AzureError if it cannot be read."""
        from wizard.cloud.arm import ResourceId
        from wizard.cloud.inventory import one_cluster

        own = self.subscription_of(saved.subscription)
        if own is None:
            return
        cluster = (
            await one_cluster(self.azure, ResourceId.parse(saved.cluster), own) if saved.cluster else None
        )
        self.draft, self.resumed_run = replace(saved.draft, subscription=own, cluster=cluster), None
        self._draft_path = saved.path
        self.drafts = [draft for draft in self.drafts if draft is not saved]
        self.look_up_feature(own.id)
        self._host.changed()

    def discard(self, saved: "SavedDraft") -> None:
        """Delete answers that were not applied."""
        from screens.session import saved_drafts

        self.drafts = [draft for draft in self.drafts if draft is not saved]
        try:
            saved_drafts.write(saved.path, None)
        except OSError as error:
            self._host.warn(f"The answers could not be deleted: {error.strerror or error}.")
        self._host.changed()

    # -- the run -------------------------------------------------------------------------------------------------

    @property
    def ended_run(self) -> "ActiveRun | None":
        """The last run, if none is in progress."""
        return self.active if self.active and not self.active.in_flight else None

    def start_run(self, answers: "Answers", plan: "Plan") -> bool:
        """Apply the plan that was confirmed for these answers. Return whether it was started: one run at a time."""
        from screens.session.active_run import ActiveRun

        if self.active and self.active.in_flight:
            return False
        self.draft = replace(self.draft, completed=self.draft.completed - {"run", "verify"})
        self.active = ActiveRun(answers, plan, self.azure.clock, self._journal(answers, plan))
        self.keep_draft()
        self._host.background(self._execute(self.active), "run", group="run")
        return True

    def no_journal(self, plan: "Plan") -> str:
        """Return why no journal of an irreversible run can be kept; empty if one can, or if the plan is not irreversible."""
        from wizard.runs.journal import Journal

        return Journal.obstacle(self.journal_root) if plan.irreversible and plan.writes else ""

    def _journal(self, answers: "Answers", plan: "Plan") -> "Journal | None":
        """Start the journal of a run. A disk that cannot keep one does not stop the run."""
        from wizard.runs.journal import Journal

        try:
            return Journal.begin(answers, plan, root=self.journal_root)
        except JournalError as error:
            self._host.warn(f"{error} Continuing without a journal.")
            return None

    async def _execute(self, active: "ActiveRun") -> None:
        try:
            await active.execute(self.azure)
        finally:
            self._run_ended(active)

    def _run_ended(self, active: "ActiveRun") -> None:
        self.result = SUCCESS if active.status == "succeeded" else FAILURE
        if active.status == "failed" and active.problem:
            self._host.background(self._read_cluster(active), "reading the cluster", group="run")
        if active.has_done("feature"):
            self.look_up_feature(active.answers.subscription, again=True)
        self.forget_clusters()  # a run that failed has changed its cluster too, or found it changed
        if active.status == "succeeded" and self.draft.is_about(active.plan.cluster_id):
            self.complete("run")
        self._host.changed()
        if active.status != "interrupted":
            self._host.run_ended(active)

    async def _read_cluster(self, active: "ActiveRun") -> None:
        """Read the state in which a failed run has left the cluster."""
        active.cluster_now = await self.cluster_now(active.answers)

    async def cluster_now(self, answers: "Answers") -> str:
        """Return the state in which the cluster of these answers is now, or why that is not known."""
        from wizard.reports.wording import state_of
        from wizard.state.snapshot import read_cluster
        from wizard.state.target import Target

        try:
            return state_of(await read_cluster(self.azure, Target(answers, self.azure.cloud.vault_suffix)))
        except AzureError as error:
            return f"not known: {error.problem.summary}"

    def verified(self, report: "ClusterReport", *, expected: bool) -> None:
        """Take note of a verification. `expected`: the cluster was compared with answers."""
        self.result = code_of_report(report)
        if expected:
            self._keep(report)
        if expected and report.passed and self.draft.is_about(report.id):
            self.complete("verify")

    def _keep(self, report: "ClusterReport") -> None:
        """Store a verification with the run that led to it: this wizard's own, or the one that is resumed."""
        from wizard.cloud.arm import same

        if self.active and self.active.journal and same(self.active.plan.cluster_id, report.id):
            self.active.journal.save_report(report)
        elif self.resumed_run and same(str(self.resumed_run.run.plan.get("cluster_id")), report.id):
            from wizard.runs.journal import save_report

            try:
                save_report(self.resumed_run.run.summary.path, report)
            except OSError as error:
                why = error.strerror or error
                self._host.warn(f"The verification could not be saved with its run: {why}.")

    @property
    def exit_code(self) -> int:
        """The exit code if the operator quits now."""
        if self.active and self.active.in_flight:
            return INTERRUPTED
        if self.result is not None:
            return self.result
        return UNREACHABLE if self.connection_problem else INTERRUPTED
