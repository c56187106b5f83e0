"""The verification: the verdict with its cause, what did not pass, the groups of what did, and one check in full."""

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

from screens.messages import Alert, Back, ChangeEncryption, StartOver
from screens.pages import verification_text
from screens.session.session import Session
from screens.session.watch import Watch
from screens.widgets.dialogs import AskDialog, SaveDialog, TextDialog, problem_content
from screens.widgets.frame import NARROW, Heading
from screens.widgets.infrastructure_code import CodePage
from wizard.answers.model import Answers
from wizard.cloud.arm import ResourceId
from wizard.cloud.inventory import one_cluster
from wizard.errors import AzureError, Problem
from wizard.in_cluster.verify import check_inside
from wizard.reports.findings import Findings
from wizard.reports.saved import saved
from wizard.reports.wording import SPINNER, STYLES, VERDICTS, ago, command_in, duration, explained
from wizard.state.target import Target
from wizard.system.clock import Clock
from wizard.verification.report import Check, ClusterReport
from wizard.verification.verify import verify

_EVERY, _LEAST = 30.0, 2.0
"""Seconds between two checks of a watch: on Azure's clock, and at least in real time. Azure allows 60 reads of a cluster at
once, and then one per second (docs/azure.md#refusals-of-the-aks-resource-provider)."""


class VerificationScreen(CodePage):
    """Verify one cluster."""

    STEP = "verify"
    HELP = """\
All results are read live from Azure; after a run, first those with which it ended are shown. A check that could not run is shown as unknown and never counts as passed.

What did not pass comes first. The checks that passed are in groups: Enter opens and closes one, F3 all of them. Beside the list is \
everything about the check under the cursor: what Azure returned, what it proves, and how to fix it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "only_problems", "failed only", tooltip="Show only what did not pass, or everything"),
        Binding("f8", "next_problem", "next", show=False, tooltip="Go to the next check that did not pass"),
        Binding("c", "copy", "copy fix", tooltip="Copy the fix of this check: its command, if it has one"),
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
        Binding("m", "change", "change", tooltip="Change how this cluster is encrypted, or migrate it"),
        Binding("s", "save", "save", tooltip="Save the report, as JSON and Markdown"),
        Binding("e", "another", "next cluster", tooltip="Select another cluster"),
        Binding(
            "o", "rotate", "rotate", tooltip="Rotate the customer-managed key now, or set a rotation policy"
        ),
        Binding("f3", "all_checks", "all checks", tooltip="Open every group of checks, or close them"),
        Binding("p", "profile", "raw", tooltip="Show the security profile as Azure returned it"),
    ]

    def __init__(
        self,
        session: Session,
        cluster_id: str = "",
        *,
        expect: Answers | None = None,
        report: ClusterReport | None = None,
        inside: bool = False,
    ) -> None:
        """`cluster_id`: the cluster to verify; or `expect`: the answers to compare their cluster with.

        `report`: that with which a run has just ended; it is shown, and read again only if that is asked for;
        `inside`: offer to check inside the cluster as soon as there is a report.
        """
        super().__init__(session)
        self._cluster_id = cluster_id
        self.expect = expect
        self._report: ClusterReport | None = None
        self._of_run = report
        self._offers_inside = inside
        self._open: set[str] = set()
        """The groups whose checks are shown."""
        self._only_problems = False
        self._rows: list[verification_text.Row] = []
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
        """Whether back leads to the list: unless the run has failed, which can be retried on its page."""
        active = self.session.active
        return not self.has_rail or active is None or active.status == "succeeded"

    @property
    def has_rail(self) -> bool:
        """Whether the page is a step; the verification of any other cluster is none."""
        return self.expect is not None

    def body(self) -> ComposeResult:
        yield Heading("Verification")
        yield Static(id="verdict")
        with Horizontal(id="report"):
            yield OptionList(id="checks")
            with VerticalScroll(id="side", can_focus=False):
                yield Static(id="check")

    def on_mount(self) -> None:
        self.query_one("#checks").focus()
        self.every(0.25, self._beat)
        if self._of_run:
            self._report = self._of_run
            self.session.verified(self._of_run, expected=True)
            self.call_after_refresh(self._show_of_run, self._of_run)
        else:
            self.action_verify()

    def _show_of_run(self, report: ClusterReport) -> None:
        self._keeps_note = True
        self._show(report)
        at = f" at {report.provenance.read_at.astimezone():%H:%M:%S}" if report.provenance else ""
        self._note(f"read from Azure by the run{at}")

    def on_resize(self) -> None:
        if self._report:
            self.call_after_refresh(self._show, self._report)  # once the list has its new width

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
            self.refresh_bindings()
            self._keeps_note = True
            self._note(f"no longer watching · read at {self._read_at:%H:%M:%S}")
        elif self._report:
            self._watch = Watch(self._report.verdict, self._seconds())
            self.refresh_bindings()
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
            self._watch.checked(self._seconds())

    def _compare(self, report: ClusterReport) -> None:
        """Count the verification for the watch, and end the watch if the verdict has changed."""
        watch = self._watch
        if watch is None:
            return
        watch.checked(self._seconds())
        if report.verdict == watch.verdict or report.transient:  # a later look may be able to read
            return
        self._watch = None
        change = f"The verdict changed to {VERDICTS[report.outcome][1]}"
        self.post_message(Alert(f"{change}. {report.headline}"))
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
            self._open.add("group-inside")
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
        if self._offers_inside:
            self._offers_inside = False
            self.action_inside()
        width = self.query_one("#verdict").size.width
        self._show_verdict(verification_text.verdict(report, width), good=report.passed)
        self.query_one(Heading).title(f"Verification of {report.name}")
        if not self._busy and not self._watch and not self._keeps_note:
            self._note("read from Azure just now")
        self._fill(report)

    def _fill(self, report: ClusterReport) -> None:
        """Fill the list; the cursor stays on its check, and is first on the first that did not pass."""
        options = self.query_one("#checks", OptionList)
        before = options.highlighted
        here = self._rows[before].key if before is not None and before < len(self._rows) else ""
        self._rows = rows = verification_text.listed(
            report,
            options.size.width - 3,
            opened=self._open,
            only_problems=self._only_problems,
            inside_at=self._inside_at,
        )
        roomy = self.size.height > 30
        options.clear_options()
        for number, each in enumerate(rows):
            apart = number and roomy and not each.enabled
            text = Content("\n") + each.text if apart else each.text
            options.add_option(Option(text, id=each.key, disabled=not each.enabled))
        places = [at for at, each in enumerate(rows) if each.key == here]
        places += [at for at, each in enumerate(rows) if each.enabled]
        options.highlighted = next(iter(places), None)
        self._show_check()

    @on(OptionList.OptionHighlighted, "#checks")
    def _show_check(self) -> None:
        """Show the check under the cursor in full."""
        if self._report is None:
            return
        check, side = self._check, self.query_one("#side", VerticalScroll)
        width = side.size.width - (3 if self.app.size.width >= NARROW else 1)
        brief = self.app.size.width < NARROW
        if check:
            links = None if brief else verification_text.portal_of(self._report, self.session.portal_link)
            text = verification_text.detail(check, width, brief=brief, links=links)
        else:
            text = verification_text.about(self._report, width, self.session.portal_link)
        self.query_one("#check", Static).update(text)
        side.scroll_home(animate=False)
        self.refresh_bindings()

    @property
    def _check(self) -> Check | None:
        """The check under the cursor."""
        at = self.query_one("#checks", OptionList).highlighted
        return self._rows[at].check if at is not None and at < len(self._rows) else None

    @on(OptionList.OptionSelected, "#checks")
    def _opened(self, event: OptionList.OptionSelected) -> None:
        """Open or close a group; show a check in a dialog, to read and copy."""
        if self._report is None or event.option_id is None:
            return
        if event.option_id.startswith("group-"):
            self._open ^= {event.option_id}
            self._fill(self._report)
        elif check := self._check:
            text = verification_text.detail(check, 100).plain
            self.app.push_screen(TextDialog(check.code, text, f"{check.code}.txt", wrap=True))

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_only_problems(self) -> None:
        """Show only what did not pass, or everything."""
        if self._report:
            self._only_problems = not self._only_problems
            self._fill(self._report)

    def action_all_checks(self) -> None:
        """Open every group of checks; close them if all are open."""
        if self._report:
            groups = {f"group-{check.group}" for check in self._report.checks}
            self._open = set() if groups <= self._open else groups
            self._only_problems = False
            self._fill(self._report)

    def action_next_problem(self) -> None:
        """Go to the next check that did not pass."""
        options = self.query_one("#checks", OptionList)
        place = verification_text.next_problem(self._rows, options.highlighted)
        if place is not None:
            options.highlighted = place

    def action_copy(self) -> None:
        """Copy the fix of the check under the cursor: its command if it has one, else its sentence."""
        if check := self._check:
            text = command_in(check.remedy) or check.remedy or check.evidence or check.message
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied, if your terminal allows it: {text}", markup=False)

    @property
    def escape_does(self) -> str:
        """What Esc does first: stop the watch, or show everything again."""
        return "stop watching" if self._watch else "show all" if self._only_problems else ""

    def action_back(self) -> None:
        """Stop the watch, or show everything again; then go back."""
        if self._watch:
            self.action_watch()
        elif self._only_problems:
            self.action_only_problems()
        else:
            super().action_back()

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
        """Offer rotation for a customer-managed key only, and the keys of problems only if there are any."""
        if action == "rotate":
            return bool(self._report and self._report.encryption == "customer-managed")
        if action == "export":
            return bool(self._report and self._report.encryption != "none")
        if action in {"only_problems", "next_problem"}:
            return any(each.check and each.check.outcome in verification_text.PROBLEMS for each in self._rows)
        return action != "copy" or self._rows == [] or self._check is not None

    def cluster_to_export(self) -> str:
        """Return the cluster that is verified."""
        return self._report.id if self._report else ""

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
