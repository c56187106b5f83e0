"""Unexpected responses of API servers, and of proxies and webhooks before them, do not break the checks."""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulated.in_cluster.kubectl import stand_in
from tests.simulated.verification.test_scenarios import encrypted_in
from tests.support import cluster_id, wait_until
from wizard.cloud.azure import connect
from wizard.in_cluster import checks
from wizard.in_cluster.canary import leftovers
from wizard.in_cluster.kubeconfig import Kubeconfig
from wizard.in_cluster.kubectl import opened
from wizard.in_cluster.metrics import parse
from wizard.in_cluster.verify import check_inside
from wizard.simulator import Simulator
from wizard.verification.report import Check, ClusterReport
from wizard.verification.verify import verify

CREDENTIALS = Kubeconfig("{}", "https://there", "as ops", ())
READYZ = "echo '[+]kms-providers ok'"
"""The health that the stand-in reports if the case is not about it."""
ODD = ["null", "[1]", "7", '"text"', "not JSON", "[" * 200_000, "9" * 5000]


def server(
    folder: Path,
    *,
    readyz: str = READYZ,
    metrics: tuple[str, str] = ("", ""),
    listed: str = '{"items": null}',
    create: str = ":",
    get: str = "echo '{}'",
    delete: str = ":",
) -> str:
    """A PATH on which kubectl answers as one API server would: commands of a shell for each request, the metrics before
    and after the canary, and the list of the canaries that there are. `$F` is a folder of its own.
    """
    for name, text in (("before", metrics[0]), ("after", metrics[1]), ("listed", listed)):
        (folder / name).write_text(text)
    script = f"""\
F={folder}
case "$*" in
*/readyz*) {readyz};;
*/metrics*) if [ -e $F/asked ]; then cat $F/after; else cat $F/before; fi;;
*labelSelector*) cat $F/listed;;
*" create "*) touch $F/asked; {create};;
*" delete "*) echo "$*" >> $F/deletes; {delete};;
*) {get};;
esac"""
    return f"{stand_in(folder, script)}:/usr/bin:/bin"


@pytest.fixture(scope="module", autouse=True)
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An encrypted cluster that is verified once: kubectl answers for its API server, so that no test changes it."""

    async def verified() -> ClusterReport:
        async with connect(simulator.environment) as azure:
            return await verify(azure, cluster_id())

    simulator = Simulator(encrypted_in(tmp_path_factory.mktemp("world")), speed=math.inf)
    simulator.start()
    try:
        _THERE.append((simulator.environment, asyncio.run(verified())))
        yield
    finally:
        _THERE.clear()
        simulator.stop()


_THERE: list[tuple[dict[str, str], ClusterReport]] = []


async def looked(path: str, speed: str = "max", **options: Any) -> dict[str, Check]:
    """Return the checks inside an encrypted cluster with the kubectl on that PATH, by code."""
    [(environment, report)] = _THERE
    async with connect(environment | {"PATH": path, "AKS_KMS_SPEED": speed}) as azure:
        found = await check_inside(azure, report, **options)
    return {check.code.removeprefix("inside-"): check for check in found}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("listed", [*ODD, '{"items": 5}', '{"items": {"a": 1}}'], ids=lambda text: text[:12])
async def test_an_invalid_list_of_canaries_is_reported(tmp_path: Path, listed: str) -> None:
    found = await looked(server(tmp_path, listed=listed))
    assert found["canary-removed"].outcome == "passed"
    assert "canaries of earlier runs: the API server's" in found["canary-removed"].evidence


@pytest.mark.sampled(3)
@pytest.mark.parametrize("answer", ODD, ids=lambda text: text[:12])
async def test_a_canary_read_back_as_no_secret_is_unknown(tmp_path: Path, answer: str) -> None:
    (tmp_path / "odd").write_text(answer)
    found = await looked(server(tmp_path, get="cat $F/odd"))
    assert found["canary-read"].outcome == "unknown"
    assert found["canary-read"].evidence.startswith("the API server's response is not")


async def test_a_canary_read_back_changed_fails(tmp_path: Path) -> None:
    found = await looked(server(tmp_path))
    assert found["canary-read"].outcome == "failed"


async def test_only_secrets_with_a_canary_name_are_deleted(tmp_path: Path) -> None:
    names = (
        "aks-kms-canary-1/../theirs",
        "theirs",
        "aks-kms-canary-\\ud800",
        "aks-kms-canary-\\u0000",
        "aks-kms-canary-0a",
    )
    items = ", ".join(f'{{"metadata": {{"name": "{name}"}}}}' for name in names)
    (tmp_path / "listed").write_text(f'{{"items": [{items}, 1, null, {{"metadata": []}}]}}')
    program = str(Path(stand_in(tmp_path, f"/bin/cat {tmp_path}/listed"), "kubectl"))
    with opened(program, CREDENTIALS, {}) as kubectl:
        assert await leftovers(kubectl) == ["aks-kms-canary-0a"]


# -- metrics -----------------------------------------------------------------------------------------------------

ODD_NUMBERS = ["1e300", "NaN", "+Inf", "-1e15"]
BY_COUNTERS = ("canary-encrypted", "plain-reads", "kms-errors")


def metrics(
    written: float | str, *, start: str = "1.7e9", server_id: str = "a", when: str = "1.7e9", plain: str = "0"
) -> str:
    """Return the metrics of one API server: how often KMS encrypted a secret, and the identification of the server."""
    labels = 'resource="secrets",status="OK",transformation_type="to_storage",transformer_prefix'
    storage = "apiserver_storage_transformation_operations_total"
    status = "apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds"
    identity = f'apiserver_id_hash="sha256:{server_id}",' if server_id else ""
    return (
        f'{storage}{{{labels}="k8s:enc:kms:v2:x:"}} {written}\n'
        f'{storage}{{{labels}=""}} {plain}\n'
        f'{status}{{{identity}key_id_hash="sha256:k",provider_name="x"}} {when}\n'
        + (f"process_start_time_seconds {start}\n" if start else "")
    )


def by_counters(found: dict[str, Check]) -> set[str]:
    return {found[code].outcome for code in BY_COUNTERS}


async def test_valid_numbers_pass(tmp_path: Path) -> None:
    found = await looked(server(tmp_path, metrics=(metrics(5), metrics(6))))
    assert by_counters(found) == {"passed"}
    assert found["one-key"].outcome == "passed"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("number", ODD_NUMBERS)
async def test_an_invalid_counter_makes_its_checks_unknown(tmp_path: Path, number: str) -> None:
    for odd in (
        (metrics(number), metrics(6)),
        (metrics(5), metrics(6, plain=number)),
        (metrics(5), metrics(number)),
    ):
        found = await looked(server(tmp_path, metrics=odd))
        assert by_counters(found) == {"unknown"}
        assert "that no counter can have" in found["canary-encrypted"].message
        (tmp_path / "asked").unlink()


@pytest.mark.sampled(4)
@pytest.mark.parametrize("number", ODD_NUMBERS)
async def test_a_key_with_an_invalid_time_is_unknown(tmp_path: Path, number: str) -> None:
    odd = (metrics(5, when=number), metrics(6, when=number))
    found = await looked(server(tmp_path, metrics=odd))
    assert by_counters(found) == {"passed"}
    assert found["one-key"].outcome == "unknown"
    assert "at an unknown time" in found["one-key"].evidence


@pytest.mark.sampled(3)
@pytest.mark.parametrize("start", ["", *ODD_NUMBERS])
async def test_a_server_with_an_invalid_start_time_is_identified_by_its_id(
    tmp_path: Path, start: str
) -> None:
    odd = (metrics(5, start=start), metrics(6, start=start))
    found = await looked(server(tmp_path, metrics=odd))
    assert by_counters(found) == {"passed"}
    assert "since an unknown time" in found["plain-reads"].evidence


async def test_counters_of_two_servers_are_not_compared(tmp_path: Path) -> None:
    odd = (metrics(5, start=""), metrics(9, start="", server_id="b"))
    found = await looked(server(tmp_path, metrics=odd))
    assert found["canary-encrypted"].outcome == "unknown"
    assert "did not respond again" in found["canary-encrypted"].message


async def test_unidentified_servers_pass_no_check(tmp_path: Path) -> None:
    odd = (metrics(5, start="", server_id=""), metrics(9, start="", server_id=""))
    found = await looked(server(tmp_path, metrics=odd))
    assert by_counters(found) == {"unknown"}
    assert found["one-key"].outcome == "unknown"
    assert "do not identify their API server" in found["canary-encrypted"].message


async def test_a_restarted_server_is_not_compared(tmp_path: Path) -> None:
    odd = (metrics(5, start="", plain="9"), metrics(6, start="", plain="3"))
    found = await looked(server(tmp_path, metrics=odd))
    assert by_counters(found) == {"unknown"}
    assert "restarted in the meantime" in found["canary-encrypted"].message


def test_a_secret_stored_in_plain_text_fails_despite_doubts() -> None:
    known = (metrics(5, start="1"), metrics(6, start="1", plain="1"))
    readings = [parse(text) for text in (*known, metrics("NaN", start="2"), metrics("NaN", start="2"))]
    early, late = ({one.server: one for one in readings[at::2]} for at in (0, 1))
    assert checks.encrypted(early, late, "").outcome == "failed"


# -- health ------------------------------------------------------------------------------------------------------


async def test_one_unhealthy_provider_of_two_fails(tmp_path: Path) -> None:
    lines = (
        r"[+]ping ok\n[+]kms-provider-0 ok\n[-]kms-provider-1 failed: reason withheld\nreadyz check failed"
    )
    said = f'Error from server (InternalError): an error on the server ("{lines}") has prevented the request'
    readyz = f"printf '%s\\n' '{said}' >&2; exit 1"
    found = await looked(server(tmp_path, readyz=readyz))
    assert found["kms-providers"].outcome == "failed"
    assert found["kms-providers"].evidence == "[-]kms-provider-1 failed: reason withheld"


# -- refusals ----------------------------------------------------------------------------------------------------

GONE = "echo 'Error from server (NotFound): secrets \"x\" not found' >&2; exit 1"


def refusing(message: str) -> str:
    """Return what the stand-in does if the API server responds with an InternalError."""
    return f"echo 'Error from server (InternalError): Internal error occurred: {message}' >&2; exit 1"


async def test_a_broken_webhook_is_unknown(tmp_path: Path) -> None:
    create = refusing('failed calling webhook "kms.kyverno.svc-fail": no endpoints available')
    path = server(tmp_path, metrics=(metrics(5), metrics(5)), create=create, delete=GONE)
    found = await looked(path)
    assert found["canary-written"].outcome == "unknown"
    assert "An admission webhook of the cluster could not be called" in found["canary-written"].message
    assert "Fix the webhook" in found["canary-written"].remedy
    assert "canary-encrypted" not in found, "no API server has tried to write it"


async def test_broken_encryption_fails(tmp_path: Path) -> None:
    path = server(
        tmp_path,
        metrics=(metrics(5), metrics(5)),
        create=refusing("failed to encrypt DEK, error: rpc error: code = Unknown"),
        delete=GONE,
    )
    found = await looked(path)
    assert found["canary-written"].outcome == "failed"
    assert found["canary-encrypted"].outcome == "unknown", "the server that tried was not seen"


# -- a canary that lands late ------------------------------------------------------------------------------------

TAKEN = f"if [ -e $F/landed ]; then rm $F/landed; else touch $F/missed; {GONE}; fi"
"""What the stand-in does with a DELETE if the canary appears at some time."""


LANDING = """(setsid sh -c '
touch '$F'/started; n=0; while [ ! -e '$F'/missed ] && [ $n -lt 3000 ]; do sleep 0.02; n=$((n+1)); done
touch '$F'/landed; touch '$F'/appeared' </dev/null >/dev/null 2>&1 &); sleep 60"""
"""A create that times out, and takes effect after the first DELETE has found nothing."""


async def test_a_canary_created_after_the_timeout_is_deleted(tmp_path: Path) -> None:
    path = server(tmp_path, create=LANDING, delete=TAKEN)
    found = await looked(path, "1", time_limit=1)
    assert found["canary-written"].outcome == "unknown"
    assert found["canary-removed"].outcome == "passed"
    assert found["canary-removed"].message == "The canary secret was deleted."
    assert not (tmp_path / "landed").exists()
    assert len((tmp_path / "deletes").read_text().splitlines()) > 1


@pytest.mark.parametrize("create", ["sleep 60", "echo 'Unable to connect to the server: EOF' >&2; exit 1"])
async def test_a_canary_that_may_still_appear_is_not_reported_as_deleted(tmp_path: Path, create: str) -> None:
    found = await looked(server(tmp_path, create=create, delete=GONE), time_limit=1)
    check = found["canary-removed"]
    assert check.outcome == "warning"
    assert "it may still appear" in check.message
    name = (tmp_path / "deletes").read_text().split()[-1].rpartition("/")[2]
    assert check.remedy == f"kubectl --namespace default delete secret {name}"


async def test_a_refused_canary_is_not_awaited(tmp_path: Path) -> None:
    found = await looked(server(tmp_path, create=refusing("no"), delete=GONE))
    assert found["canary-removed"].outcome == "passed"
    assert found["canary-removed"].message == "No canary secret was created, and none is left."
    assert len((tmp_path / "deletes").read_text().splitlines()) == 1


async def test_a_cancelled_check_waits_for_its_canary(tmp_path: Path) -> None:
    path = server(tmp_path, create=LANDING, delete=TAKEN)
    look = asyncio.create_task(looked(path, "1"))
    await wait_until((tmp_path / "started").exists)
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
    await wait_until((tmp_path / "appeared").exists)
    assert len((tmp_path / "deletes").read_text().splitlines()) > 1
    assert not (tmp_path / "landed").exists()
