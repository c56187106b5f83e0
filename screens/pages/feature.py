"""The preview feature: its state, and whether to register it now, in the background, or to leave that to the run."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from screens.messages import Completed
from screens.session.feature_registration import GONE, FeatureRegistration
from screens.session.session import Session
from screens.widgets.dialogs import problem_content
from screens.widgets.frame import Frame, Heading
from wizard.reports.wording import SPINNER, STYLES, duration

NAMESPACE, NAME = "Microsoft.ContainerService", "KMSPMKPreview"


class FeatureScreen(Frame):
    """Register the feature now, or leave it to the run."""

    STEP = "feature"
    HELP = """\
KMS data encryption is in preview. Microsoft excludes previews from its service-level agreements, supports them on a \
best-effort basis, and does not recommend them for production. The feature KMSPMKPreview of Microsoft.ContainerService must \
be registered once per subscription. Registering it costs nothing and changes no cluster.

Registration usually takes 5 to 15 minutes, sometimes longer. If you register it now, it continues in the background while \
you answer the next questions. Otherwise it is the first step of the run. In both cases the run waits for it before it \
changes the cluster."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reload", "refresh", tooltip="Read the state of the feature again"),
        Binding(
            "c", "copy", "copy fix", tooltip="Copy the command with which an owner registers the feature"
        ),
    ]

    def body(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Heading("The preview feature")
            yield Static(
                Content(
                    "KMS data encryption is in preview. One preview feature must be registered once per subscription. "
                    "That costs nothing and changes no cluster. Microsoft excludes previews from its service-level "
                    "agreements."
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

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._beats = 0
        self._failed = False
        """Whether the registration has failed."""

    def on_mount(self) -> None:
        self.every(0.25, self._beat)

    def _beat(self) -> None:
        self._beats += 1
        feature = self.session.feature
        if feature and (feature.following or feature.state is None):
            self._show()

    def refresh_frame(self) -> None:
        """Also draw the state of the feature."""
        super().refresh_frame()
        self._show()

    def _show(self) -> None:
        feature, subscription = self.session.feature, self.session.draft.subscription
        if not self.is_mounted or feature is None or subscription is None:
            return
        register, continue_ = self.query_one("#register", Button), self.query_one("#continue", Button)
        offered = can_register(feature)
        if register.display != offered:
            register.display = offered
            (register if offered else continue_).focus()
        elif self.focused is None or not self.focused.display:
            (register if offered else continue_).focus()
        failed = offered and feature.problem is not None
        if failed != self._failed:
            self._failed = failed
            (
                register if offered and not failed else continue_
            ).focus()  # what was refused is not simply repeated
            self.refresh_bindings()
        register.label = "Try to register it again" if failed else "Register it now, in the background"
        continue_.label = "Continue; the run registers it" if offered else "Continue"
        place, spinner = f"{NAME} in {subscription.name}", SPINNER[self._beats % len(SPINNER)]
        state, why = state_of(feature, place, spinner, self.app.size.width - self.beside - 1)
        self.query_one("#state", Static).update(state)
        self.query_one("#why", Static).update(Content(why))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Offer the command only after a failure."""
        return action != "copy" or self._failed

    def action_copy(self) -> None:
        """Copy the command with which an owner registers the feature."""
        if subscription := self.session.draft.subscription:
            command = register_command(subscription.id)
            self.app.copy_to_clipboard(command)
            self.notify(f"Copied, if your terminal allows it: {command}", markup=False)

    def action_reload(self) -> None:
        """Read the state of the feature again."""
        subscription = self.session.draft.subscription
        if subscription and not self.session.is_busy("feature"):
            self.session.look_up_feature(subscription.id, again=True)

    @on(Button.Pressed, "#register")
    def _register(self) -> None:
        if subscription := self.session.draft.subscription:
            self.session.register_feature(subscription.id)

    @on(Button.Pressed, "#continue")
    def _continue(self) -> None:
        self.session.complete("feature")
        self.post_message(Completed("feature"))


def register_command(subscription: str) -> str:
    """Return the command that registers the feature in a subscription."""
    return f"az feature register --namespace {NAMESPACE} --name {NAME} --subscription {subscription}"


def can_register(feature: FeatureRegistration) -> bool:
    """Whether registering the feature is possible and not in progress."""
    return feature.state not in {None, "Registered", "Pending", GONE} and not feature.following


def state_of(feature: FeatureRegistration, place: str, spinner: str, width: int) -> tuple[Content, str]:
    """Return the state of the feature, and a sentence about what follows from it. `place`: feature and subscription; `width`:
    columns of the page.
    """
    if feature.problem:
        why = "An owner of the subscription can register it, once; c copies the command. You can continue: the run tries again."
        return problem_content(feature.problem, width=width), why
    if feature.following:
        state = f"{place}: {feature.state or 'registering'}, {duration(feature.seconds)} so far"
        why = "This usually takes 5 to 15 minutes. You can continue; the run waits for it."
        return Content.assemble((f"{spinner} ", STYLES["busy"]), state), why
    match feature.state:
        case None:
            return Content.assemble((f"{spinner} ", STYLES["busy"]), f"{place}: reading its state…"), ""
        case "Registered":
            text = f"{place} is registered. No action required."
            return Content.assemble(("✓ ", STYLES["good"]), text), ""
        case state if state == GONE:
            text = f"Azure no longer lists the feature {NAME}: it is not needed any more."
            return Content.assemble(("✓ ", STYLES["good"]), text), ""
        case "Pending":
            text = (
                f"{place} requires approval by Microsoft, which does not complete automatically. Ask your account team or "
                "Microsoft support. You can continue to the review, but the run will wait."
            )
            return Content.assemble(("! ", STYLES["warn"]), text), ""
        case state:
            text = f"{place} is not registered yet "
            why = "Registration usually takes 5 to 15 minutes. You can continue meanwhile."
            return Content.assemble(("○ ", STYLES["warn"]), text, (f"({state})", STYLES["dim"])), why
