"""The preview feature: what it is, where it stands, and the operator's word to register it in the background."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from screens.messages import Completed
from screens.session.feature_registration import GONE
from screens.widgets.dialogs import problem_content
from screens.widgets.frame import Frame, Heading
from wizard.reports.wording import SPINNER, STYLES, duration

NAME = "KMSPMKPreview"


class FeatureScreen(Frame):
    """Register now, or leave it to the run."""

    STEP = "feature"
    HELP = """\
KMS data encryption is in preview: Microsoft's service-level agreements leave previews out, support for them is \
best-effort, and Microsoft does not mean them for production. Azure wants the feature KMSPMKPreview of Microsoft.ContainerService registered once \
in each subscription. That costs nothing and changes no cluster.

It usually takes 5 to 15 minutes, sometimes more. Registered now, it goes on in the background while you choose; left \
to the run, it is the run's first step. Either way the run waits for it before it touches the cluster.

enter   press the chosen button
r       ask Azure again"""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "again", "ask again")]

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Heading("The preview feature")
            yield Static(
                Content(
                    "KMS data encryption is in preview: Azure wants one feature registered in the subscription, once. "
                    "That costs nothing and changes no cluster. Microsoft's service-level agreements leave previews out."
                ),
                classes="text",
            )
            yield Static(id="state", classes="text")
            yield Static(id="why", classes="muted")
            with Horizontal(classes="buttons"):
                yield Button(
                    "Register it now, in the background", id="register", variant="primary", compact=True
                )
                yield Button("Continue", id="continue", compact=True)

    def on_mount(self) -> None:
        self._beats = 0
        self.every(0.25, self._beat)

    def _beat(self) -> None:
        self._beats += 1
        watch = self.session.feature
        if watch and (watch.following or watch.state is None):
            self._show()

    def refresh_frame(self) -> None:
        """Also the feature's state."""
        super().refresh_frame()
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        watch, subscription = self.session.feature, self.session.draft.subscription
        if watch is None or subscription is None:
            return
        place = f"{NAME} in {subscription.name}"
        register = self.query_one("#register", Button)
        onward = self.query_one("#continue", Button)
        offered = watch.state not in {None, "Registered", "Pending", GONE} and not watch.following
        if register.display != offered:
            register.display = offered
            (register if offered else onward).focus()
        elif self.focused is None or not self.focused.display:
            (register if offered else onward).focus()
        onward.label = "Continue; the run registers it" if offered else "Continue"
        spin = SPINNER[self._beats % len(SPINNER)]
        why = ""
        if watch.problem:
            state = problem_content(watch.problem)
            why = "You can go on: the run tries again, and says so if it cannot."
        elif watch.following:
            state = Content.assemble(
                (f"{spin} ", STYLES["busy"]),
                f"{place}: {watch.state or 'asking Azure'}, {duration(watch.seconds)} so far",
            )
            why = "This usually takes 5 to 15 minutes. You can go on; the run will wait for it."
        elif watch.state is None:
            state = Content.assemble((f"{spin} ", STYLES["busy"]), f"{place}: asking Azure…")
        elif watch.state == "Registered":
            state = Content.assemble(("✓ ", STYLES["good"]), f"{place} is registered. Nothing to do here.")
        elif watch.state == GONE:
            state = Content.assemble(
                ("✓ ", STYLES["good"]), f"Azure knows no feature {NAME} any more: it is not needed any more."
            )
        elif watch.state == "Pending":
            state = Content.assemble(
                ("! ", STYLES["warn"]),
                f"{place} waits for Microsoft's approval. That is up to Microsoft, not to time: ask your account team "
                "or Microsoft's support. You can go on and look, but the run will wait.",
            )
        else:
            state = Content.assemble(
                ("○ ", STYLES["warn"]), f"{place} is not registered yet ", (f"({watch.state})", STYLES["dim"])
            )
            why = "It usually takes 5 to 15 minutes; you can go on meanwhile."
        self.query_one("#state", Static).update(state)
        self.query_one("#why", Static).update(Content(why))

    def action_again(self) -> None:
        """Ask Azure for the state again."""
        subscription = self.session.draft.subscription
        if subscription and not self.session.is_busy("feature"):
            self.session.look_up_feature(subscription.id, again=True)

    @on(Button.Pressed, "#register")
    def _register(self) -> None:
        if subscription := self.session.draft.subscription:
            self.session.register_feature(subscription.id)

    @on(Button.Pressed, "#continue")
    def _onward(self) -> None:
        self.session.complete("feature")
        self.post_message(Completed("feature"))
