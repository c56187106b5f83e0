"""An operator at the wizard: presses real keys, and sees what a person would see."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

from textual import events
from textual._context import visible_screen_stack
from textual.pilot import Pilot
from textual.widgets import DataTable

from screens.app import WizardApp
from wizard.cloud.azure import connect
from wizard.simulator import Simulator

PATIENCE = 40.0
"""Seconds until a condition that does not come true is a failure; a busy machine is slow."""

_A_WHILE, _LONGEST = 0.01, 0.15
"""Seconds: a step of a wait for the app to have dealt with a key, and all of it."""

SMALL, LARGE = (80, 24), (120, 40)


class Operator:
    """The pilot of one app, with eyes."""

    def __init__(self, app: WizardApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    def frame(self) -> str:
        """What stands on the screen, line by line; drawn as for the terminal, with what shines through a dialog."""
        visible_screen_stack.set(self.app._background_screens)
        return "\n".join(strip.text.rstrip() for strip in self.app.screen._compositor.render_strips())

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition; where it does not come true, fail with the screen as it is."""
        deadline = time.monotonic() + PATIENCE
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
            await self.pilot.pause(0.05)
        raise AssertionError(f"{texts!r} do not stand there together:\n{self.frame()}")

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
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
        """From the first frame, through Contoso Production, to the list of clusters."""
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
        """Choose a cluster in the list. Its name is pasted, as each typed letter takes a tenth of a second."""
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
        """Take one of the three cards."""
        await self.sees("Who manages the encryption key of")
        await self.until(lambda: self.app.focused is not None, "a card with the focus")
        for _ in range(3):
            if self.app.focused and self.app.focused.id == f"card-{option}":
                break
            await self.press("right")
        await self.press("enter")

    async def to_review(self, option: str) -> str:
        """From the key option to the plan."""
        await self.take_key(option)
        if option != "platform-managed":
            await self.sees("Vault, key and identity for")
            await self.press("ctrl+n")
        return await self.sees("Type the cluster name to confirm", "Enter, then type")

    async def start(self, name: str) -> None:
        """Type the cluster's name at the gate."""
        await self.press("enter")
        await self.type(name)
        await self.press("enter")


async def settled(least: float = _A_WHILE, most: float = 1.0) -> None:
    """Textual's own wait of a pilot for the app to have dealt with a key, which ends sooner where something else goes on.

    Textual waits for the process to be idle, up to two seconds a key, which it never is while a simulated Azure in the same
    process answers: what a test needs, it waits for itself.
    """
    begun = time.monotonic()
    while True:
        busy = time.process_time()
        await asyncio.sleep(_A_WHILE)
        spent = time.monotonic() - begun
        if spent >= min(most, _LONGEST) or (spent > least and time.process_time() - busy < _A_WHILE / 10):
            return


@asynccontextmanager
async def wizard(
    simulator: Simulator, folder: Path, size: tuple[int, int] = LARGE, **environment: str
) -> AsyncIterator[Operator]:
    """A wizard on a started simulator, with an operator before it."""
    child_environment = {**os.environ, **simulator.environment, **environment}
    app = WizardApp(
        lambda tell: connect(child_environment, tell=tell),
        environment=child_environment,
        speed_note="no waiting",
        journal_root=folder / "runs",
    )
    with (
        patch("textual.app.wait_for_idle", settled),
        patch("textual.pilot.wait_for_idle", settled),
    ):
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Operator(app, pilot)
            await app.leave()


def _flat(text: str) -> str:
    """Without line breaks, frames and runs of spaces: a sentence is a sentence, however it is wrapped."""
    body = "\n".join(line.split("▎", 1)[-1] for line in text.splitlines())
    return text + "\n" + " ".join(re.sub(r"[▎▌▊▐│┃]", " ", body).split())
