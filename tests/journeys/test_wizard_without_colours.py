"""Without colours, the row that Enter takes differs by an attribute of its text."""

import math
from pathlib import Path

import pytest

from tests.operator import Operator, wizard
from tests.textual_internals import strips
from wizard.simulator import Simulator


def marked(operator: Operator, attribute: str) -> str:
    """Return the text that is drawn with an attribute, without runs of spaces."""
    segments = (segment for strip in strips(operator.app) for segment in strip)
    drawn = [s.text for s in segments if s.style and getattr(s.style, attribute)]
    return " ".join("".join(drawn).split())


async def test_selection_and_focus_are_seen_without_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with Simulator("contoso", speed=math.inf) as simulator, wizard(simulator, tmp_path) as operator:
        await operator.sees("Signed in to")
        await operator.press("enter")
        await operator.sees("Which subscription?", "Contoso Production")
        assert marked(operator, "underline").startswith("Contoso Development")
        await operator.press("end")
        await operator.until(
            lambda: marked(operator, "underline").startswith("Contoso Production"), "the selected row"
        )
        await operator.press("enter")
        await operator.sees("not registered yet")
        assert marked(operator, "reverse") == "Register it now, in the background"
        await operator.press("tab", "enter")
        await operator.sees("Which cluster?", "aks-demo")
        assert marked(operator, "reverse").startswith("aks-demo")
        assert marked(operator, "reverse").count("not encrypted") == 1
