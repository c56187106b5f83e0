"""What tests need of Textual and what has no public name. No other file uses it: if an update of Textual changes it, look here."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual._styles_cache import StylesCache
from textual.app import App
from textual.geometry import Size
from textual.pilot import Pilot
from textual.strip import Strip


def strips(app: App[Any]) -> list[Strip]:
    """Return the screen line by line, drawn as for the terminal, with what shines through a dialog."""
    visible_screen_stack.set(app._background_screens)
    return app.screen._compositor.render_strips()


def set_size(app: App[Any], size: Size) -> None:
    """Set the size that the app takes for the terminal's, as `Pilot.resize_terminal` does, which then waits until the app is idle."""
    app._driver._size = size  # type: ignore[union-attr]


@contextmanager
def drawn_when_looked_at(changed: Callable[[], None], quiet: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Do not draw each change for a terminal that is not there, and call `changed` in its place. A pilot waits with `quiet`."""
    draw = Compositor.render_update

    def undrawn(compositor: Compositor, **options: Any) -> Any:
        changed()
        if options.get("full"):  # a screenshot
            return draw(compositor, **options)
        compositor._dirty_regions.clear()
        return None

    async def idle(*_: object) -> bool:
        await quiet()
        return True

    with (
        patch("textual.app.wait_for_idle", idle),
        patch("textual.pilot.wait_for_idle", idle),
        patch.object(Pilot, "_wait_for_screen", idle),
        patch.object(Compositor, "render_update", undrawn),
    ):
        yield
    StylesCache.get_inner_outer.cache_clear()  # it would keep the drawn lines of the last thousand widgets
