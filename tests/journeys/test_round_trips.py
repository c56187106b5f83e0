"""How many requests of `verify` wait for each other: what it costs far from Azure (docs/architecture.md#round-trips)."""

from typing import Any

import pytest

from tests.journeys.conftest import StartShell
from tests.support import cluster_id
from wizard.cloud.pipeline import AnnouncingTransport

LEDGER = cluster_id("bank-ledger", "rg-bank")
BY_NAME = ("-g", "rg-bank", "-n", "bank-ledger")


class RoundTrips:
    """The requests to Azure Resource Manager, each with the round trip in which it was sent: one more than the last that had
    ended by then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: dict[str, int] = {}
        self._ended = 0
        send = AnnouncingTransport.send

        async def counted(transport: Any, request: Any, **config: Any) -> Any:
            turn = self.sent[request.url.partition("?")[0]] = self._ended + 1
            try:
                return await send(transport, request, **config)
            finally:
                self._ended = max(self._ended, turn)

        monkeypatch.setattr(AnnouncingTransport, "send", counted)


@pytest.mark.parametrize(("selection", "most"), [(BY_NAME, 3), (("--id", LEDGER), 2)])
def test_verify_takes_few_round_trips_and_reads_nothing_twice(
    selection: tuple[str, ...], most: int, start_shell: StartShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, trips = start_shell(), RoundTrips(monkeypatch)
    done = shell.run("verify", *selection)
    assert (done.code, done.err) == (0, "")
    assert shell.simulator is not None
    paths = [each.path for each in shell.simulator.requests if each.path.startswith("/subscriptions")]
    assert len(paths) == len(set(paths)) == len(trips.sent)
    assert max(trips.sent.values()) == most
    assert len(paths) == 12 + (2 if most == 3 else 0)  # the subscriptions, and the other one's cluster


def test_a_cluster_is_searched_with_one_request_in_each_subscription(start_shell: StartShell) -> None:
    shell = start_shell("fleet")
    done = shell.run("verify", *BY_NAME)
    assert done.code == 0
    assert shell.simulator is not None
    looked = [each for each in shell.simulator.requests if each.path.endswith("/managedClusters/bank-ledger")]
    assert len({each.path for each in looked}) == len(looked) == 42
    assert sum(each.status == 200 for each in looked) == 1
    assert not [each for each in shell.simulator.requests if each.path.endswith("/managedClusters")]
