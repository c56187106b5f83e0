"""The verification: the verdict, each check with its evidence, and the security profile as Azure returned it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens.messages import Back, ChangeEncryption, StartOver
from screens.pages import verification_text
from screens.session.session import Session
from screens.session.watch import Watch
from screens.widgets.dialogs import AskDialog, SaveDialog, TextDialog, problem_content
from screens.widgets.frame import Frame, Heading
from wizard.answers.model import Answers
from wizard.cloud.arm import ResourceId
from wizard.cloud.inventory import one_cluster
from wizard.errors import AzureError, Problem
from wizard.in_cluster.look import check_inside
from wizard.reports.findings import Findings
from wizard.reports.saved import saved
from wizard.reports.wording import KEEP, SPINNER, STYLES, VERDICTS, ago, count, duration, explained
from wizard.state.target import Target
from wizard.system.clock import Clock
from wizard.verification.report import Check, ClusterReport
from wizard.verification.verify import verify

_EVERY, _LEAST = 30.0, 2.0
"""Seconds between two checks of a watch: on Azure's clock, and at least in real time. Azure allows 60 reads of a cluster at
once, and then one per second (AKS:quotas-skus-regions)."""


class VerificationScreen(Frame):
    """Verify one cluster."""

    STEP = "verify"
    HELP = """\
All results are read live from Azure. A check that could not run is shown as unknown and never counts as passed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "verify", "again", tooltip="Verify again"),
        Binding(
            "w",
            "watch",
            "watch",
            tooltip="Verify repeatedly until the verdict changes, or until you press w again",
        ),
        Binding(
            "i",
            "inside",
            "inside",
            tooltip="Check inside the cluster with kubectl, by writing a canary secret",
        ),
        Binding("p", "profile", "raw", tooltip="Show the security profile as Azure returned it"),
        Binding("s", "save", "save", tooltip="Save the report, as JSON and Markdown"),
        Binding("m", "change", "change", tooltip="Change how this cluster is encrypted, or migrate it"),
        Binding(
            "o", "rotate", "rotate", tooltip="Rotate the customer-managed key now, or set a rotation policy"
        ),
        Binding("e", "another", "next cluster", tooltip="Select another cluster"),
    ]

    def __init__(self, session: Session, cluster_id: str = "", *, expect: Answers | None = None) -> None:
        """`cluster_id`: the cluster to verify; or `expect`: the answers to compare their cluster with."""
        super().__init__(session)
        self._cluster_id = cluster_id
        self.expect = expect
        self._report: ClusterReport | None = None
        self._open: set[str] = set()
        self._busy = ""
        """What is in progress, in a few words."""
        self._clock = Clock()
        self._beats = 0
        self._watch: Watch | None = None
        self._age = Clock()
        """Since the last verification."""
        self._keeps_note = False
        """Whether the note must not be replaced by the age of the report."""
        self._stale = False
        """Whether the last verification failed, so that the report is an earlier one."""
        self._read_at = datetime.now().astimezone()
        self._inside_confirmed = False
        self._inside: list[Check] = []
        """The last checks inside the cluster. They stay when the cluster is verified again from outside."""
        self._inside_at = ""

    @property
    def is_the_end(self) -> bool:
        """Whether back leads to the list: always, as going through the finished run would plan again."""
        return True

    def body(self) -> ComposeResult:
        yield Heading("Verification")
        yield Static(id="verdict")
        with Horizontal(id="report"):
            yield OptionList(id="checks")
            with VerticalScroll(id="side"):
                yield Static(Content("securityProfile, as Azure returned it"), classes="muted")
                yield Static(id="profile")
                yield Static(id="keep", classes="text")

    def on_mount(self) -> None:
        self.query_one("#checks").focus()
        self.every(0.25, self._beat)
        self.action_verify()

    def on_resize(self) -> None:
        if self._report:
            self.call_after_refresh(self._fill, self._report)  # once the list has its new width

    # -- verifying -------------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        """Show what is in progress; let the watch verify again when it is due."""
        self._beats += 1
        if self._busy:
            self._note(f"{SPINNER[self._beats % 4]} {self._busy}… {duration(self._clock.elapsed())}")
        elif self._watch and self._watch.left <= 0:
            self.action_verify()
        elif self._watch:
            self._note(self._watch.words(self.query_one(Heading).room))
        elif self._report and not self._keeps_note and not self._stale:
            self._note(f"read from Azure {ago(self._age.elapsed())}")

    def _note(self, text: str) -> None:
        self.query_one(Heading).note(text)

    def action_verify(self) -> None:
        """Verify the cluster again, from outside."""
        if not self._busy:
            self._start("reading from Azure")
            self.background(self._verify(), "verifying")

    def _start(self, what: str) -> None:
        self._busy = what
        self._keeps_note = False
        self._clock = Clock()

    def action_watch(self) -> None:
        """Verify repeatedly until the verdict changes; or stop."""
        if self._watch:
            self._watch = None
            self._keeps_note = True
            self._note("no longer watching")
        elif self._report:
            self._watch = Watch(self._report.verdict, self._seconds())
            self.action_verify()

    def _seconds(self) -> float:
        return max(_LEAST, self.session.azure.clock.scaled(_EVERY))

    async def _verify(self) -> None:
        azure, expect = self.session.azure, self.expect
        cluster_id = Target(expect, azure.cloud.vault_suffix).cluster_id if expect else self._cluster_id
        try:
            report = await verify(azure, cluster_id, expect=expect)
        except AzureError as error:
            self._failed(error.problem)
            return
        finally:
            self._busy = ""
        report = report.with_more(self._inside)
        self._age, self._read_at = Clock(), datetime.now().astimezone()
        self._report = report
        self.refresh_bindings()
        self.session.verified(report, expected=expect is not None)
        self._compare(report)
        self.call_after_refresh(self._show, report)

    def _failed(self, problem: Problem) -> None:
        """Show that the cluster could not be read, and from when an earlier report is."""
        self._stale = self._report is not None
        text = problem_content(problem)
        if self._stale:
            below = f"\nRefresh failed; showing results from {self._read_at:%H:%M}, which may be out of date."
            text += Content.assemble((below, STYLES["warn"]))
        self._show_verdict(text, good=False)
        self._note("")
        if self._watch:  # the next attempt may succeed
            self._watch.looked(self._seconds())

    def _compare(self, report: ClusterReport) -> None:
        """Count the verification for the watch, and end the watch if the verdict has changed."""
        watch = self._watch
        if watch is None:
            return
        watch.looked(self._seconds())
        if report.verdict == watch.verdict or report.transient:  # a later look may be able to read
            return
        self._watch = None
        change = f"The verdict changed to {VERDICTS[report.outcome][1]}"
        self.app.bell()
        self.notify(
            f"{change} at {datetime.now().astimezone():%H:%M:%S}. {report.headline}",
            severity="information" if report.passed else "error",
            markup=False,
            timeout=60,
        )

    def action_inside(self) -> None:
        """Check inside the cluster, after the operator has confirmed it."""
        if self._report is None or self._busy:
            return
        if self._inside_confirmed:
            self._go_inside("check")
            return
        self.app.push_screen(
            AskDialog(
                f"Check inside {self._report.name} with kubectl?",
                "A canary secret named aks-kms-canary-… is written to the namespace default, read back, and always deleted. The "
                "metrics of the API servers then show whether it was encrypted. No other secret is read. The credentials "
                "come from Azure Resource Manager and stay in memory.",
                {"not": "Not now", "check": "Check inside"},
            ),
            self._go_inside,
        )

    def _go_inside(self, answer: str | None) -> None:
        report = self._report
        if answer == "check" and report and not self._busy:
            self._inside_confirmed = True
            self._watch = None
            self._start("checking inside with kubectl")
            self.background(self._check_inside(report), "checking inside")

    async def _check_inside(self, report: ClusterReport) -> None:
        """Show each check when it is done; all of them count for the verdict."""
        found: list[Check] = []

        def show(check: Check) -> None:
            found.append(check)
            self._report = report.with_more(found)
            self._show(self._report)

        try:
            await check_inside(self.session.azure, report, show)
        finally:
            self._busy = ""
        now = datetime.now().astimezone()
        seen = f"seen from inside at {now.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._inside = [replace(c, evidence="; ".join(filter(None, (c.evidence, seen)))) for c in found]
        self._inside_at = f"{now:%H:%M:%S}"
        whole = report.with_more(found)
        self.session.verified(whole, expected=self.expect is not None)
        self._show(whole)

    # -- drawing -------------------------------------------------------------------------------------------------

    def _show_verdict(self, text: Content, *, good: bool) -> None:
        verdict = self.query_one("#verdict", Static)
        verdict.set_class(good, "good")
        verdict.set_class(not good, "bad")
        verdict.update(text)

    def _show(self, report: ClusterReport) -> None:
        self._stale = False
        self._show_verdict(verification_text.verdict(report), good=report.passed)
        self.query_one(Heading).title(f"Verification of {report.name}")
        if not self._busy and not self._watch:
            self._note("read from Azure just now")
        self.query_one("#profile", Static).update(Content(verification_text.profile(report)))
        heading = Content.assemble((f"! {KEEP.lower()}", STYLES["warn"]))
        self.query_one("#keep", Static).update(verification_text.keep(report, heading))
        self._fill(report)

    def _fill(self, report: ClusterReport) -> None:
        options = self.query_one("#checks", OptionList)
        where = options.highlighted
        options.clear_options()
        roomy = self.size.height > 30
        for group in dict.fromkeys(check.group for check in report.checks):
            checks = [check for check in report.checks if check.group == group]
            made = count(sum(check.outcome != "note" for check in checks), "check")
            when = f", at {self._inside_at}" if group == "inside" and self._inside_at else ""
            head = Content.assemble(
                (verification_text.GROUPS.get(group, group), "bold"), (f"  {made}{when}", "$quiet")
            )
            options.add_option(
                Option(Content("\n") + head if options.option_count and roomy else head, disabled=True)
            )
            for check in checks:
                options.add_option(Option(self._prompt(check), id=check.code))
        if report.keep:
            heading = Content.assemble((KEEP, "bold"))
            options.add_option(
                Option(verification_text.keep(report, heading, "  ! "), id="keep", disabled=True)
            )
        if where is None and options.option_count > 1:  # the first check that did not pass
            wrong = next((c.code for c in report.checks if c.outcome not in {"passed", "note"}), None)
            where = options.get_option_index(wrong) if wrong else 1
        options.highlighted = where

    def _prompt(self, check: Check) -> Content:
        width = self.query_one("#checks").size.width - 2
        return verification_text.check_text(check, width, opened=check.code in self._open)

    @on(OptionList.OptionSelected, "#checks")
    def _opened(self, event: OptionList.OptionSelected) -> None:
        if self._report and event.option_id:
            self._open ^= {event.option_id}
            check = next((c for c in self._report.checks if c.code == event.option_id), None)
            if check:
                event.option_list.replace_option_prompt(event.option_id, self._prompt(check))
                self.call_after_refresh(event.option_list.scroll_to_highlight)

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_profile(self) -> None:
        """Show the security profile, to read and copy."""
        if self._report:
            name = f"security-profile-{self._report.name}.json"
            self.app.push_screen(
                TextDialog(
                    "securityProfile, as Azure returned it", verification_text.profile(self._report), name
                )
            )

    def action_save(self) -> None:
        """Save the report as JSON and Markdown, unless it is out of date."""
        if self._stale:
            text = f"Refresh failed; the report is from {self._read_at:%H:%M}. Press r to verify again."
            self.notify(text, severity="warning", markup=False)
        elif self._report:
            texts = saved(Findings.of_one(self._report, self.session.azure.cloud.arm))
            self.app.push_screen(
                SaveDialog("Save the report (adds .json and .md)", f"verify-{self._report.name}", texts)
            )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Offer rotation for a customer-managed key only."""
        return action != "rotate" or bool(self._report and self._report.encryption == "customer-managed")

    def action_rotate(self) -> None:
        """Open the key rotation; verify again if it changes anything."""
        from screens.pages.rotation import RotationDialog

        if self._report and not self._busy:
            self._watch = None
            self.app.push_screen(
                RotationDialog(self.session.azure, self._report.id, self._report.name), self._rotated
            )

    def _rotated(self, changed: bool | None) -> None:
        if changed:
            self.action_verify()

    def action_another(self) -> None:
        """Select another cluster. If this one was only verified, return to the list and keep the answers."""
        if self.expect is None:
            self.post_message(Back())
        else:
            self.post_message(StartOver())

    def action_change(self) -> None:
        """Go to the key options with this cluster selected."""
        if self._report and not self._busy:
            self._start("reading the cluster")
            self.background(self._change(ResourceId.parse(self._report.id)), "reading the cluster")

    async def _change(self, cluster_id: ResourceId) -> None:
        own = self.session.subscription_of(cluster_id.subscription)
        try:
            row = await one_cluster(self.session.azure, cluster_id, own) if own else None
        finally:
            self._busy = ""
            self._note("")
        if row is None or row.why_not:
            why = explained(row) if row else "you cannot see its subscription."
            self.notify(f"{cluster_id.name} cannot be changed now: {why}", severity="warning", markup=False)
            return
        self.post_message(ChangeEncryption(row))
