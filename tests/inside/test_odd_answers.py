"""API servers, and what stands before them, that answer with what no API server should: no look breaks on it."""

from pathlib import Path
from typing import Any

import pytest

from tests.inside.kubectl import stand_in
from tests.support import cluster_id, signed_in
from tests.verification.test_worlds import encrypted_in
from wizard.inside.canary import leftovers
from wizard.inside.kubeconfig import Kubeconfig
from wizard.inside.kubectl import opened
from wizard.inside.look import look_inside
from wizard.verification.report import Check
from wizard.verification.verify import verify

CREDENTIALS = Kubeconfig("{}", "https://there", "as somebody", ())
READYZ = "echo '[+]kms-providers ok'"
"""What the stand-in says of health where the case is not about that."""
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


async def looked(folder: Path, path: str, speed: float = float("inf"), **options: Any) -> dict[str, Check]:
    """The checks of a look inside an encrypted cluster whose kubectl is on that PATH, by their code."""
    async with signed_in(encrypted_in(folder), speed, environment={"PATH": path}) as (_, azure):
        found = await look_inside(azure, await verify(azure, cluster_id()), **options)
    return {check.code.removeprefix("inside-"): check for check in found}


@pytest.mark.parametrize("listed", [*ODD, '{"items": 5}', '{"items": {"a": 1}}'], ids=lambda text: text[:12])
async def test_a_list_of_canaries_that_is_none_is_told(tmp_path: Path, listed: str) -> None:
    found = await looked(tmp_path, server(tmp_path, listed=listed))
    assert found["canary-removed"].outcome == "passed"
    assert "canaries of earlier runs: the API server's" in found["canary-removed"].evidence


@pytest.mark.parametrize("answer", ODD, ids=lambda text: text[:12])
async def test_a_canary_that_comes_back_as_no_secret_is_unknown(tmp_path: Path, answer: str) -> None:
    (tmp_path / "odd").write_text(answer)
    found = await looked(tmp_path, server(tmp_path, get="cat $F/odd"))
    assert found["canary-read"].outcome == "unknown"
    assert found["canary-read"].evidence.startswith("the API server's answer is not")


async def test_a_canary_that_comes_back_as_another_one_has_failed(tmp_path: Path) -> None:
    found = await looked(tmp_path, server(tmp_path))
    assert found["canary-read"].outcome == "failed"


async def test_nothing_is_deleted_but_what_has_the_name_of_a_canary(tmp_path: Path) -> None:
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
