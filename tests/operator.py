"""An operator at the wizard: presses real keys, and sees what a person would see."""

import asyncio
import itertools
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path

from textual import events
from textual.pilot import Pilot
from textual.widgets import DataTable, Input

from screens.app import WizardApp
from tests.support import LIMIT, PRODUCTION
from tests.textual_internals import drawn_when_looked_at, strips
from wizard.cloud.azure import connect
from wizard.simulator import Simulator

_TURNS, _LONGEST = 5, 5.0
"""The app is quiet where its queues are empty before and after so many turns of its loop, and is waited for no longer than so
many seconds."""

SMALL, LARGE = (80, 24), (120, 40)


class Operator:
    """The pilot of one app, which also reads the screen."""

    def __init__(self, app: WizardApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot
        self.drawn: str | None = None
        """What stood on the screen when it was last looked at; empty once something has changed; None: it is always drawn."""

    def frame(self) -> str:
        """What stands on the screen, line by line; drawn as for the terminal, with what shines through a dialog."""
        if self.drawn:
            return self.drawn
        frame = "\n".join(strip.text.rstrip() for strip in strips(self.app))
        if self.drawn is not None:
            self.drawn = frame
        return frame

    async def until(self, condition: Callable[[], bool], what: str, limit: float = LIMIT) -> None:
        """Wait for a condition; where it does not come true within `limit` seconds, fail with the screen as it is."""
        deadline = time.monotonic() + limit
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}:\n{self.frame()}"
            await self.pilot.pause(0.02)

    async def sees(self, *texts: str) -> str:
        """Wait until all of these stand on the screen, however they are wrapped; returns the screen."""
        await self.until(lambda: self._shows(*texts), repr(texts))
        return self.frame()

    def _shows(self, *texts: str) -> bool:
        shown = _flat(self.frame())
        return all(text in shown for text in texts)

    async def scrolls_to(self, *texts: str) -> None:
        """Scroll down, line by line, until all of these stand on the screen at once."""
        for _ in range(100):
            if self._shows(*texts):
                return
            await self.press("down")
        raise AssertionError(f"{texts!r} do not stand there together:\n{self.frame()}")

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other. A button that was just pressed ignores keys for 0.2 s: wait until it takes them."""
        focused = self.app.focused
        if focused:
            await self.until(lambda: not focused.has_class("-active"), "the button")
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.pilot.press(*text)
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        """Paste a text, as a terminal does: at once."""
        self.app.post_message(events.Paste(text))
        await self.pilot.pause()

    # -- the way to a screen -------------------------------------------------------------------------------------

    async def to_clusters(self, *, register: bool = True) -> None:
        """From the first frame, through Contoso Production, to the list of clusters: with what `walk_to_clusters` chooses, and
        without the pages between, which would take half of a test's time."""
        await self.sees("Signed in to")
        session = self.app.session
        subscription = session.subscription_of(PRODUCTION)
        assert subscription is not None
        session.complete("prerequisites", subscription=subscription)
        session.look_up_feature(subscription.id)
        await self.until(lambda: bool(session.feature and session.feature.state), "the feature's state")
        if register:
            session.register_feature(subscription.id)
            await self.until(
                lambda: bool(session.feature and session.feature.state == "Registered"), "the feature"
            )
        session.complete("feature")
        self.app.go_to("cluster")
        await self.until(lambda: session.clusters_complete, "all clusters")

    async def walk_to_clusters(self, *, register: bool = True) -> None:
        """From the first frame, page by page, through Contoso Production, to the list of clusters."""
        await self.sees("Signed in to")
        await self.press("enter")
        await self.sees("Which subscription?", "Contoso Production")
        await self.press("end", "enter")
        await self.sees("not registered yet")
        if register:
            await self.press("enter")
            await self.sees("is registered. No action required.")
            await self.press("enter")
        else:
            await self.press("tab", "enter")
        await self.until(lambda: self.app.session.clusters_complete, "all clusters")

    async def choose(self, cluster: str) -> None:
        """Choose a cluster in the list, of the selected subscription. Its name is pasted, as each typed letter takes a tenth of a second."""
        await self.press("slash")
        await self.paste(cluster)
        await self.press("enter")
        await self.until(lambda: isinstance(self.app.focused, DataTable), "the list to have the focus again")
        await self.press("enter")

    async def create(self, name: str, group: str, region: str) -> None:
        """Fill in the form for a new cluster."""
        await self.press("n")
        await self.sees("Create a cluster with encryption enabled")
        await self.paste(name)
        await self.press("tab")
        await self.paste(group)
        await self.press("tab")
        await self.paste(region)
        await self.sees("the newest suitable version is")
        await self.press("ctrl+n")

    async def take_key(self, option: str) -> None:
        """Take one of the three cards, by its number."""
        await self.sees("Who manages the encryption key of")
        await self.until(lambda: self.app.focused is not None, "a card with the focus")
        await self.press({"platform-managed": "1", "Private": "2", "Public": "3"}[option])

    async def to_review(self, option: str) -> str:
        """From the key option to the plan."""
        await self.take_key(option)
        if option != "platform-managed":
            await self.sees("Vault, key and identity for")
            await self.press("ctrl+n")
        return await self.sees("Type the cluster name to confirm", "Enter, then type")

    async def to_gate(self) -> None:
        """Read the plan to its end, and go to the input for the cluster's name."""
        for _ in range(20):
            if isinstance(self.app.focused, Input):
                break
            await self.press("enter")

    async def start(self, name: str) -> None:
        """Read the plan to its end, and give the cluster's name at the gate."""
        await self.to_gate()
        await self.paste(name)
        await self.press("enter")


async def quiet(app: WizardApp) -> None:
    """Wait until the app has dealt with what it was sent: no widget on its screen has a message left.

    In place of a pilot's own waits, for the whole process to be idle, which it is not while a simulated Azure in it answers.
    What takes longer, such as an answer of Azure's, a test waits for itself.
    """
    end, empty = time.monotonic() + _LONGEST, 0
    while empty < 2 and time.monotonic() < end:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        widgets = (app, *app.screen.walk_children(with_self=True)) if app.screen_stack else (app,)
        empty = 0 if any(widget.message_queue_size for widget in widgets) else empty + 1


@asynccontextmanager
async def wizard(
    simulator: Simulator, folder: Path, size: tuple[int, int] = LARGE, **environment: str
) -> AsyncIterator[Operator]:
    """A wizard on a started simulator, with an operator before it."""
    child_environment = {**os.environ, **simulator.environment, **environment}
    app = WizardApp(
        lambda show: connect(child_environment, on_instruction=show),
        environment=child_environment,
        speed_note="no waiting",
        journal_root=folder / "runs",
    )

    app.animation_level = "none"
    operator = Operator(app, Pilot(app))

    def changed() -> None:
        operator.drawn = ""

    changed()
    with drawn_when_looked_at(changed, lambda: quiet(app)):
        async with app.run_test(size=size, notifications=True):
            yield operator
            await app.leave()


@lru_cache(maxsize=8)  # the same frame is looked at again and again
def _flat(text: str) -> str:
    """Without line breaks, frames, scrollbars, the rail of steps and runs of spaces: a sentence, however it is wrapped.

    What is beside each other, with a line between, is read line by line, and each side by itself.
    """
    lines = [re.sub(r"^.{22}│", "", line) for line in text.splitlines()]
    sides = itertools.zip_longest(*(line.split("│") for line in lines), fillvalue="")
    read = ["\n".join(lines), *("\n".join(side) for side in sides)]
    return text + "\n" + "\n".join(" ".join(re.sub(r"[▎▌▊▐│┃▁▂▃▄▅▆▇]", " ", each).split()) for each in read)
