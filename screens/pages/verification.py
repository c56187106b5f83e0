"""The verification: a verdict large enough to photograph, each check with its evidence, what Azure returned."""

import json
from collections import Counter
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
from wizard.reports.wording import (
    KEEP,
    KINDS,
    OUTCOMES,
    SPINNER,
    STYLES,
    VERDICTS,
    ago,
    count,
    details,
    duration,
    explained,
    hanging,
)
from wizard.state.target import Target
from wizard.system.clock import Clock
from wizard.system.sanitize import sanitize
from wizard.verification.report import Check, ClusterReport
from wizard.verification.verify import verify

GROUPS = {
    "cluster": "The cluster",
    "key": "The key",
    "vault": "The vault",
    "identity": "The identity",
    "expectation": "As you asked for it",
    "inside": "Inside the cluster",
}
_EVERY, _LEAST = 30.0, 2.0
"""Seconds of Azure's time between two looks of a watch, and of real time at least. A cluster may be read 60 times at
once, and once a second after that (AKS:quotas-skus-regions)."""


class VerificationScreen(Frame):
    """One cluster, looked at again from the start."""

    STEP = "verify"
    HELP = """\
Everything here was read from Azure just now; nothing is remembered. A check that could not be made says so and is \
never counted as passed by silence.

enter   open a check: what Azure returned, what it proves, and what to do
r       look again
w       watch: look again and again until the verdict is another one, or until w is pressed again
i       look inside with kubectl: writes one secret of its own, sees it being encrypted, and removes it
p       the security profile as Azure returned it, to be copied
s       save the report, as JSON and as Markdown
m       change how this cluster is encrypted, or migrate it
o       rotate the key: a new version now, or every so often by the vault itself; then it is looked at again
n       another cluster
esc     back"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", "again", show=False),
        Binding("w", "watch", "watch"),
        Binding("i", "inside", "inside"),
        Binding("p", "profile", "raw"),
        Binding("s", "save", "save"),
        Binding("m", "change", "change"),
        Binding("o", "rotate", "rotate"),
        Binding("n", "another", "other"),
    ]

    def __init__(self, session: Session, cluster_id: str = "", *, expect: Answers | None = None) -> None:
        """Either the id of a cluster that is only looked at, or the answers that theirs is held against."""
        super().__init__(session)
        self._cluster_id = cluster_id
        self.expect = expect
        self._report: ClusterReport | None = None
        self._open: set[str] = set()
        self._busy = ""
        """What is being done now, in a few words."""
        self._clock = Clock()
        self._beats = 0
        self._watch: Watch | None = None
        self._read = Clock()
        """Since the last look."""
        self._told = False
        """Whether the note says something that is not to be written over."""
        self._stale = False
        """Whether the last look failed, so that the report is an earlier one's."""
        self._read_at = datetime.now().astimezone()
        self._may_check_inside = False
        self._inside: list[Check] = []
        """What was last seen from inside: a look from outside, such as a watch's, adds nothing to it and takes nothing away."""
        self._inside_at = ""

    def body(self) -> ComposeResult:
        yield Heading("Verification")
        yield Static(id="verdict")
        with Horizontal(id="found"):
            yield OptionList(id="checks")
            with VerticalScroll(id="beside"):
                yield Static(Content("securityProfile, as Azure returned it"), classes="muted")
                yield Static(id="profile")
                yield Static(id="keep", classes="text")

    def on_mount(self) -> None:
        self.query_one("#checks").focus()
        self.every(0.25, self._beat)
        self.action_again()

    def on_resize(self) -> None:
        if self._report:
            self.call_after_refresh(self._fill, self._report)  # by then the list has its new width

    # -- looking -------------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        """Four times a second: what is going on, and whether the watch is to look again."""
        self._beats += 1
        if self._busy:
            self._note(f"{SPINNER[self._beats % 4]} {self._busy}… {duration(self._clock.elapsed())}")
        elif self._watch and self._watch.left <= 0:
            self.action_again()
        elif self._watch:
            self._note(self._watch.words(self.query_one(Heading).room))
        elif self._report and not self._told and not self._stale:
            self._note(f"read from Azure {ago(self._read.elapsed())}")

    def _note(self, text: str) -> None:
        self.query_one(Heading).note(text)

    def action_again(self) -> None:
        """Look again, from outside."""
        if not self._busy:
            self._begin("reading Azure")
            self.background(self._look(), "verifying")

    def _begin(self, what: str) -> None:
        self._busy = what
        self._told = False
        self._clock = Clock()

    def action_watch(self) -> None:
        """Look again and again until the verdict is another one; or stop doing so."""
        if self._watch:
            self._watch = None
            self._told = True
            self._note("no longer watching")
        elif self._report:
            self._watch = Watch(self._report.verdict, self._seconds())
            self.action_again()

    def _seconds(self) -> float:
        return max(_LEAST, self.session.azure.clock.scaled(_EVERY))

    async def _look(self) -> None:
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
        self._read, self._read_at = Clock(), datetime.now().astimezone()
        self._report = report
        self.refresh_bindings()
        self.session.verified(report, expected=expect is not None)
        self._watched(report)
        self.call_after_refresh(self._show, report)

    def _failed(self, problem: Problem) -> None:
        """It could not be read: that is what is said, and of an earlier look, when it was."""
        self._stale = self._report is not None
        said = problem_content(problem)
        if self._stale:
            below = (
                f"\nBelow: as read from Azure at {self._read_at:%H:%M}. Whether it still is so is not known."
            )
            said += Content.assemble((below, STYLES["warn"]))
        self._verdict(said, good=False)
        self._note("")
        if self._watch:  # what cannot be read now may be read soon
            self._watch.looked(self._seconds())

    def _watched(self, report: ClusterReport) -> None:
        """The watch has looked once more, and is over where the verdict is another one."""
        watch = self._watch
        if watch is None:
            return
        watch.looked(self._seconds())
        if report.verdict == watch.verdict or report.transient:  # a later look may be able to read
            return
        self._watch = None
        told = f"The verdict changed to {VERDICTS[report.outcome][1]}"
        self.app.bell()
        self.notify(
            f"{told} at {datetime.now().astimezone():%H:%M:%S}. {report.headline}",
            severity="information" if report.passed else "error",
            markup=False,
            timeout=60,
        )

    def action_inside(self) -> None:
        """Look inside the cluster, once the operator has read what that does."""
        if self._report is None or self._busy:
            return
        if self._may_check_inside:
            self._go_inside("look")
            return
        self.app.push_screen(
            AskDialog(
                f"Look inside {self._report.name} with kubectl?",
                "One secret named aks-kms-canary-… is written into the namespace default, read back, and removed in every "
                "case; the API servers' metrics then show whether it was encrypted. No other secret is read. The "
                "credentials come from Azure Resource Manager and stay in memory.",
                {"not": "Not now", "look": "Look inside"},
            ),
            self._go_inside,
        )

    def _go_inside(self, answer: str | None) -> None:
        report = self._report
        if answer == "look" and report and not self._busy:
            self._may_check_inside = True
            self._watch = None
            self._begin("looking inside with kubectl")
            self.background(self._check_inside(report), "looking inside")

    async def _check_inside(self, report: ClusterReport) -> None:
        """Each check is shown as it is made; all of them count for the verdict."""
        found: list[Check] = []

        def tell(check: Check) -> None:
            found.append(check)
            self._report = report.with_more(found)
            self._show(self._report)

        try:
            await check_inside(self.session.azure, report, tell)
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

    def _verdict(self, text: Content, *, good: bool) -> None:
        verdict = self.query_one("#verdict", Static)
        verdict.set_class(good, "good")
        verdict.set_class(not good, "bad")
        verdict.update(text)

    def _show(self, report: ClusterReport) -> None:
        self._stale = False
        outcomes = Counter(check.outcome for check in report.checks if check.outcome != "note")
        failed, other = outcomes["failed"], outcomes["warning"] + outcomes["unknown"]
        words = [f"{outcomes['passed']} of {outcomes.total()} checks passed"]
        words += [f"{failed} failed"] if failed else []
        words += [f"{other} to look at"] if other else []
        sign, _, tone = VERDICTS["passed" if report.passed else report.outcome]
        facts = (
            f"{KINDS[report.encryption]} · Kubernetes {report.kubernetes_version} · {report.resource_group}"
        )
        self._verdict(
            Content.assemble(
                (f"{sign}  {report.headline}", f"bold {STYLES[tone]}"),
                (f"\n   {', '.join(words)} · {facts}", "$quiet"),
            ),
            good=report.passed,
        )
        self.query_one(Heading).title(f"Verification of {report.name}")
        if not self._busy and not self._watch:
            self._note("read from Azure just now")
        self.query_one("#profile", Static).update(Content(self._profile_text(report)))
        keep = Content("\n").join(
            [
                Content.assemble((f"! {KEEP.lower()}", STYLES["warn"])),
                *(Content(text) for text in report.keep),
            ]
        )
        self.query_one("#keep", Static).update(keep if report.keep else Content(""))
        self._fill(report)

    def _profile_text(self, report: ClusterReport) -> str:
        return sanitize(json.dumps(report.security_profile, indent=2, ensure_ascii=False))

    def _fill(self, report: ClusterReport) -> None:
        options = self.query_one("#checks", OptionList)
        where = options.highlighted
        options.clear_options()
        roomy = self.size.height > 30
        for group in dict.fromkeys(check.group for check in report.checks):
            checks = [check for check in report.checks if check.group == group]
            made = count(sum(check.outcome != "note" for check in checks), "check")
            when = f", seen at {self._inside_at}" if group == "inside" and self._inside_at else ""
            head = Content.assemble((GROUPS.get(group, group), "bold"), (f"  {made}{when}", "$quiet"))
            options.add_option(
                Option(Content("\n") + head if options.option_count and roomy else head, disabled=True)
            )
            for check in checks:
                options.add_option(Option(self._prompt(check), id=check.code))
        if report.keep:
            text = Content.assemble((KEEP, "bold"), *(f"\n  ! {sentence}" for sentence in report.keep))
            options.add_option(Option(text, id="keep", disabled=True))
        if where is None and options.option_count > 1:  # what stands against the cluster comes first
            wrong = next((c.code for c in report.checks if c.outcome not in {"passed", "note"}), None)
            where = options.get_option_index(wrong) if wrong else 1
        options.highlighted = where

    def _prompt(self, check: Check) -> Content:
        sign, word, tone = OUTCOMES[check.outcome]
        width = self.query_one("#checks").size.width - 2
        told = "" if check.outcome == "passed" else f"{word}: "
        text = Content.assemble(
            (f"  {sign} ", STYLES[tone]),
            (told, STYLES[tone]),
            hanging(sanitize(check.message), 4, width - len(told)),
        )
        if check.code in self._open:
            for label, words in details(check):
                text += Content.assemble(
                    (f"\n      {label}: ", "$quiet"), hanging(sanitize(words), 8, width - len(label))
                )
            text += Content.assemble((f"\n      check {check.code}", "$quiet"))
        return text

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
        """The security profile, to be read and copied."""
        if self._report:
            name = f"security-profile-{self._report.name}.json"
            self.app.push_screen(
                TextDialog("securityProfile, as Azure returned it", self._profile_text(self._report), name)
            )

    def action_save(self) -> None:
        """The report as JSON and as Markdown; an earlier look's is not saved as if it were of now."""
        if self._stale:
            said = f"The last look failed; the report is of {self._read_at:%H:%M}. r looks again."
            self.notify(said, severity="warning", markup=False)
        elif self._report:
            texts = saved(Findings.of_one(self._report, self.session.azure.cloud.arm))
            self.app.push_screen(
                SaveDialog("Save the report (.json and .md are added)", f"verify-{self._report.name}", texts)
            )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """A key is rotated where there is one of the operator's own."""
        return action != "rotate" or bool(self._report and self._report.encryption == "customer-managed")

    def action_rotate(self) -> None:
        """What rotating the key comes to; where that changed anything, look again."""
        from screens.pages.rotation import RotationDialog

        if self._report and not self._busy:
            self._watch = None
            self.app.push_screen(
                RotationDialog(self.session.azure, self._report.id, self._report.name), self._rotated
            )

    def _rotated(self, changed: bool | None) -> None:
        if changed:
            self.action_again()

    def action_another(self) -> None:
        """Choose another cluster; where this one was only looked at, back to the list and nothing else."""
        if self.expect is None:
            self.post_message(Back())
        else:
            self.post_message(StartOver())

    def action_change(self) -> None:
        """Go to the key options with this cluster chosen, as it is now."""
        if self._report and not self._busy:
            self._begin("reading the cluster")
            self.background(self._change(ResourceId.parse(self._report.id)), "reading the cluster")

    async def _change(self, cluster_id: ResourceId) -> None:
        own = self.session.subscription_of(cluster_id.subscription)
        try:
            row = await one_cluster(self.session.azure, cluster_id, own) if own else None
        finally:
            self._busy = ""
            self._note("")
        if row is None or row.why_not:
            why = explained(row) if row else "its subscription is not among those that you see."
            self.notify(f"{cluster_id.name} cannot be changed now: {why}", severity="warning", markup=False)
            return
        self.post_message(ChangeEncryption(row))
