"""How long to try, and the sum of what was tried: `pytest tests/hostile --hypothesis-profile=long` tries the most."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hostile.effort import LONG, OUTCOMES


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Counts how what was tried has ended: `success`, `clear error`. Anything else fails the test."""
    counted: Counter[str] = Counter()
    yield counted
    assert set(counted) <= set(OUTCOMES)
    request.node.user_properties.append(("tried", dict(counted)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for each test that counted, and the sum."""
    rows: dict[str, Counter[str]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "teardown":
                for name, value in report.user_properties:
                    if name == "tried":
                        rows.setdefault(report.nodeid.partition("[")[0], Counter()).update(value)
    if not rows:
        return
    terminalreporter.section("bad inputs tried")
    for name, counted in sorted(rows.items()):
        terminalreporter.write_line(f"{_shown(counted)}  {name}")
    terminalreporter.write_line(f"{_shown(sum(rows.values(), Counter()))}  in all")


def _shown(counted: Counter[str]) -> str:
    return f"{counted.total():>6} tried:" + "".join(f" {counted[one]:>6} {one}" for one in OUTCOMES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long way takes as long as it takes."""
    if LONG:
        for item in items:
            item.add_marker(pytest.mark.timeout(0))
