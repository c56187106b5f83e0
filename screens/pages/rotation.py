"""Key rotation, from the verification page: the versions of the key, a new version now, or a rotation policy."""

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from screens.pages.vault_text import ROTATIONS
from screens.widgets.dialogs import Answer, AskDialog, Dialog, problem_content
from screens.widgets.fields import Choice, findings_content
from screens.widgets.key_footer import KeyFooter
from wizard.answers.naming import how_often
from wizard.cloud.azure import Azure
from wizard.errors import AzureError, Problem
from wizard.procedure.key_rotation import Rotation, read_rotation, rotate, rotate_every
from wizard.reports.wording import STYLES, count
from wizard.rules import Finding
from wizard.system.coroutines import closing_arguments

_PENDING = "rotation-pending"


class RotationDialog(Dialog[bool]):
    """Rotate the key of one cluster. The result is whether anything was changed."""

    AUTO_FOCUS: ClassVar[str | None] = "#close"

    def __init__(self, azure: Azure, cluster_id: str, name: str) -> None:
        super().__init__()
        self._azure = azure
        self._cluster_id = cluster_id
        self._cluster_name = name
        self._rotation: Rotation | None = None
        self._changed = False
        self._busy = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(f"The key of {self._cluster_name}"), classes="title")
            with VerticalScroll(can_focus=False):
                yield Static(id="rotation", classes="text")
                yield Static(id="rotation-message", classes="text")
                yield Choice("Rotation policy", ROTATIONS[1:], key="every", value="P1Y")
            with Horizontal(classes="buttons"):
                yield Answer("Close", id="close", compact=True)
                yield Answer("Rotate now", id="now", compact=True)
                yield Answer("Set the policy", id="by-vault", compact=True)
        yield KeyFooter()

    def on_mount(self) -> None:
        self._do("Reading the key…", self._read())

    def _do(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Run one piece of work in the background; problems are shown in this dialog."""
        self._busy = what
        self._show_message(Content.assemble(("◐ ", STYLES["busy"]), what))
        self._show()
        self.background(self._run(work), "rotation")

    @closing_arguments
    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        problem: Problem | None = None
        try:
            await work
        except AzureError as error:
            problem = error.problem
        finally:
            self._busy = ""
        if problem:
            self._show_message(problem_content(problem, remedy_first=True))
        self._show()

    def _show_message(self, text: Content) -> None:
        message = self.query_one("#rotation-message", Static)
        message.update(text)
        message.display = bool(text.plain)

    async def _read(self) -> None:
        self._rotation = await read_rotation(self._azure, self._cluster_id)
        self._show_message(Content(""))

    # -- drawing -------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        if not self.is_mounted:
            return
        rotation = self._rotation
        may = bool(rotation and rotation.needed and not self._busy)
        pending = may and rotation is not None and [f.code for f in rotation.errors] == [_PENDING]
        forbidden = rotation is not None and bool(rotation.errors) and not pending
        now, by_vault = self.query_one("#now", Button), self.query_one("#by-vault", Button)
        now.label = Content("Rotate anyway" if pending else "Rotate now")
        now.disabled = by_vault.disabled = not may or forbidden
        shown = rotation is not None and rotation.needed and not forbidden
        now.display = by_vault.display = shown
        self.query_one("#every", Choice).display = shown
        if rotation is not None:
            self.query_one("#rotation", Static).update(facts(rotation))
        if not may:
            self.query_one("#close").focus()

    # -- actions ----------------------------------------------------------------------------------------

    @on(Button.Pressed, "#now")
    def _ask_now(self) -> None:
        rotation = self._rotation
        if rotation is None or self._busy:
            return
        again = " AKS might not use the last new version yet." if rotation.errors else ""
        self.app.push_screen(
            AskDialog(
                f"Create a new version of {rotation.vault}/{rotation.key}?",
                f"AKS uses it within 6 hours, and automatically re-encrypts every secret of {rotation.cluster}. Keep the old "
                f"versions enabled: until then the cluster reads with them, and backups need them.{again}",
                {"not": "Not now", "now": "Create it"},
            ),
            lambda answer: self._do("Creating a new version…", self._rotate()) if answer == "now" else None,
        )

    @on(Button.Pressed, "#by-vault")
    def _ask_every(self) -> None:
        rotation, every = self._rotation, self.query_one("#every", Choice).value
        if rotation is None or self._busy:
            return
        words = next(text for text, value in ROTATIONS if value == every)
        replaces = (
            f" This replaces the current policy ({how_often(rotation.every)})." if rotation.every else ""
        )
        self.app.push_screen(
            AskDialog(
                f"Rotate {rotation.vault}/{rotation.key} {words}?",
                f"The vault then creates a new version in this interval, and AKS uses it automatically.{replaces}",
                {"not": "Not now", "now": "Set the policy"},
            ),
            lambda answer: (
                self._do("Setting the policy…", self._rotate_every(every)) if answer == "now" else None
            ),
        )

    async def _rotate(self) -> None:
        if self._rotation is None:
            return
        version = await rotate(self._azure, self._rotation)
        self._changed = True
        await self._read()
        self._show_message(
            Content.assemble(
                ("✓ ", STYLES["good"]), f"Created version {version}. AKS uses it within 6 hours."
            )
        )

    async def _rotate_every(self, every: str) -> None:
        if self._rotation is None:
            return
        await rotate_every(self._azure, self._rotation, every)
        self._changed = True
        await self._read()
        self._show_message(
            Content.assemble(("✓ ", STYLES["good"]), f"The vault now rotates the key {how_often(every)}.")
        )

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        """Return to the verification page."""
        if not self._busy or self._rotation is None:
            self.dismiss(self._changed)


def facts(rotation: Rotation) -> Content:
    """Return the versions and the policy of the key, and the findings about its rotation."""
    lines: list[Content] = []
    if rotation.key:
        newest = f", the newest of {rotation.newest:%Y-%m-%d %H:%M} UTC" if rotation.newest else ""
        policy = f"by the vault, {how_often(rotation.every)}" if rotation.every else "manually; no policy"
        for label, text in (
            ("key", f"{rotation.vault}/{rotation.key}"),
            ("versions", f"{count(rotation.versions, 'version')}{newest}"),
            ("rotated", policy),
        ):
            lines.append(Content.assemble((f"{label:<10}", "$quiet"), text))
    if rotation.findings:
        lines.append(findings_content([_for_dialog(finding) for finding in rotation.findings]))
    if not rotation.needed and not rotation.errors:
        lines.append(Content("No action required."))
    return Content("\n").join(lines)


def _for_dialog(finding: Finding) -> Finding:
    """Return a finding with the remedy of this dialog instead of an option of the command line."""
    if finding.code == _PENDING:
        return replace(finding, remedy="Wait until then, or rotate anyway.")
    return finding
