"""The verification: a verdict large enough to photograph, each check with its evidence, what Azure returned."""

import json
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens.dialogs import SaveDialog, TextDialog, problem_content
from screens.frame import Frame, Heading
from screens.reports import verification_report
from screens.words import KINDS, OUTCOMES, SPINNER, STYLES, count, duration, hanging
from wizard.clock import Clock
from wizard.cloud.clean import clean
from wizard.cloud.problems import AzureError
from wizard.verification.report import Check, ClusterReport
from wizard.verification.verify import verify

GROUPS = {
    "cluster": "The cluster",
    "key": "The key",
    "vault": "The vault",
    "identity": "The identity",
    "expectation": "As you asked for it",
}


class VerificationScreen(Frame):
    """One cluster, looked at again from the start."""

    STEP = "verify"
    HELP = """\
Everything here was read from Azure just now; nothing is remembered. A check that could not be made says so and is \
never counted as passed by silence.

enter   open a check: what Azure returned, and what to do
p       the security profile as Azure returned it, to be copied
r       look again
s       save the report, as JSON and as Markdown
n       another cluster
esc     back"""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", "look again"),
        Binding("p", "profile", "security profile"),
        Binding("s", "save", "save report"),
        Binding("n", "another", "another cluster"),
    ]

    def __init__(self, cluster_id: str | None = None) -> None:
        """Without an id: the cluster of the last run, or the one that was chosen."""
        super().__init__()
        self._cluster_id = cluster_id
        self._report: ClusterReport | None = None
        self._open: set[str] = set()
        self._looking = False
        self._clock = Clock()
        self._beats = 0

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
        super().on_mount()
        self.query_one("#checks").focus()
        self.every(0.25, self._beat)
        self.action_again()

    def on_resize(self) -> None:
        super().on_resize()
        if self._report:
            self._fill(self._report)

    def _beat(self) -> None:
        self._beats += 1
        if self._looking:
            sign = SPINNER[self._beats % 4]
            self.query_one(Heading).note(f"{sign} reading Azure… {duration(self._clock.elapsed())}")

    def action_again(self) -> None:
        """Look again."""
        if not self._looking:
            self._looking = True
            self._clock = Clock()
            self.background(self._look(), "verifying")

    async def _look(self) -> None:
        wizard = self.wizard
        active = wizard.active
        cluster_id, expect = self._cluster_id, None
        if cluster_id is None and active:
            cluster_id, expect = active.plan.cluster_id, active.answers
        elif cluster_id is None and wizard.draft.cluster:
            cluster_id, expect = wizard.draft.cluster.id, wizard.draft.answers()
        try:
            report = await verify(wizard.azure, cluster_id or "", expect=expect)
        except AzureError as error:
            self._looking = False
            self.query_one(Heading).note("")
            self.query_one("#verdict", Static).update(problem_content(error.problem))
            return
        finally:
            self._looking = False
        self._report = report
        wizard.verified(report, asked=self._cluster_id is None)
        if active and active.journal and expect is active.answers:
            active.journal.keep_report(report)
        self.call_after_refresh(self._show, report)

    # -- drawing -------------------------------------------------------------------------------------------------

    def _show(self, report: ClusterReport) -> None:
        failed = sum(check.outcome == "failed" for check in report.checks)
        other = sum(check.outcome in {"warning", "unknown"} for check in report.checks)
        passed = len(report.checks) - failed - other
        words = [f"{passed} of {len(report.checks)} checks passed"]
        words += [f"{failed} failed"] if failed else []
        words += [f"{other} to look at"] if other else []
        sign, tone = ("✓", "good") if report.passed else ("✗", "bad")
        verdict = self.query_one("#verdict", Static)
        verdict.set_class(report.passed, "good")
        verdict.set_class(not report.passed, "bad")
        facts = (
            f"{KINDS[report.encryption]} · Kubernetes {report.kubernetes_version} · {report.resource_group}"
        )
        verdict.update(
            Content.assemble(
                (f"{sign}  {report.verdict}", f"bold {STYLES['good' if tone == 'good' else 'bad']}"),
                (f"\n   {', '.join(words)} · {facts}", "$quiet"),
            )
        )
        self.query_one(Heading).title(f"Verification of {report.name}")
        self.query_one(Heading).note("read from Azure just now")
        self.query_one("#profile", Static).update(Content(self._profile_text(report)))
        keep = Content("\n").join(
            [Content.assemble(("! keep for ever", STYLES["warn"])), *(Content(text) for text in report.keep)]
        )
        self.query_one("#keep", Static).update(keep if report.keep else Content(""))
        self._fill(report)

    def _profile_text(self, report: ClusterReport) -> str:
        return clean(json.dumps(report.security_profile, indent=2, ensure_ascii=False))

    def _fill(self, report: ClusterReport) -> None:
        options = self.query_one("#checks", OptionList)
        where = options.highlighted
        options.clear_options()
        roomy = self.size.height > 30
        for group in dict.fromkeys(check.group for check in report.checks):
            checks = [check for check in report.checks if check.group == group]
            head = Content.assemble(
                (GROUPS.get(group, group), "bold"), (f"  {count(len(checks), 'check')}", "$quiet")
            )
            options.add_option(
                Option(Content("\n") + head if options.option_count and roomy else head, disabled=True)
            )
            for check in checks:
                options.add_option(Option(self._prompt(check), id=check.code))
        if report.keep:
            text = Content.assemble(
                ("Keep for ever", "bold"), *(f"\n  ! {sentence}" for sentence in report.keep)
            )
            options.add_option(Option(text, id="keep", disabled=True))
        options.highlighted = where if where is not None else (1 if options.option_count > 1 else None)

    def _prompt(self, check: Check) -> Content:
        sign, word, tone = OUTCOMES[check.outcome]
        width = self.query_one("#checks").size.width - 2
        told = "" if check.outcome == "passed" else f"{word}: "
        text = Content.assemble(
            (f"  {sign} ", STYLES[tone]),
            (told, STYLES[tone]),
            hanging(clean(check.message), 4, width - len(told)),
        )
        if check.code in self._open:
            for label, words in (("Azure returned", check.evidence), ("what to do", check.remedy)):
                if words:
                    text += Content.assemble(
                        (f"\n      {label}: ", "$quiet"), hanging(clean(words), 8, width - len(label))
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

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_profile(self) -> None:
        """The security profile, to be read and copied."""
        if self._report:
            name = f"security-profile-{self._report.name}.json"
            self.app.push_screen(
                TextDialog("securityProfile, as Azure returned it", self._profile_text(self._report), name)
            )

    def action_save(self) -> None:
        """The report as JSON and as Markdown."""
        if self._report:
            texts = {
                ".json": json.dumps(self._report.to_json(), indent=2) + "\n",
                ".md": verification_report(self._report),
            }
            self.app.push_screen(
                SaveDialog("Save the report (.json and .md are added)", f"verify-{self._report.name}", texts)
            )

    def action_another(self) -> None:
        """Choose another cluster."""
        self.wizard.found_all = False
        self.wizard.another()
