"""Secrets that are used during every kind of work: none is in anything that is written, shown or kept meanwhile."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from screens.app import WizardApp
from tests.in_process import Ended, run
from tests.journeys.test_wizard_verification import looked_inside, verify_only
from tests.operator import LARGE, wizard
from tests.simulated.in_cluster.kubectl import NEEDED, on_path
from tests.support import PRODUCTION, answers, approving, child_environment, cluster_id, scenario_file
from wizard.cloud.arm import ResourceId
from wizard.cloud.azure import connect
from wizard.cloud.credential import CachedCredential
from wizard.cloud.endpoints import CLOUDS
from wizard.in_cluster import canary, kubeconfig, kubectl
from wizard.procedure.step import Step
from wizard.procedure.steps import STEPS
from wizard.simulator import Simulator
from wizard.simulator.entra.sign_in import SignIn

CLIENT_SECRET = "sentinel-client-secret-8Q~zk"
IN_CLUSTER = "sentinel-inside-a-kubernetes-secret"
ENVIRONMENT = {
    "AWS_SECRET_ACCESS_KEY": "sentinel-of-another-cloud",
    "GITHUB_TOKEN": "ghs_sentinelOfGitHub",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD": "sentinel-certificate-password",
    "AZURE_PASSWORD": "sentinel-password",
}
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]+")
PEM = re.compile(r"PRIVATE KEY|LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}")


class Kept:
    """Every secret that was in play."""

    def __init__(self) -> None:
        self.planted = {CLIENT_SECRET, IN_CLUSTER, *ENVIRONMENT.values()}
        self.met: set[str] = set()
        """Those that Azure gave: tokens, codes, the kubeconfig's credentials, the canary's value."""
        self.kinds: set[str] = set()
        """Of which kinds."""

    def meets(self, kind: str, *secrets: str) -> None:
        """From now on these may be nowhere."""
        self.met.update(secret for secret in secrets if secret)
        self.kinds |= {kind} if any(secrets) else set()

    def are_not_in(self, text: str, where: object) -> None:
        for secret in self.planted | self.met:
            assert secret not in text, where
            assert json.dumps(secret)[1:-1] not in text, where
        assert not JWT.search(text), where
        assert not PEM.search(text), where

    def are_not_below(self, folder: Path) -> None:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.name not in {"world.yaml", "env"}:
                self.are_not_in(path.read_text("utf-8", "replace"), path)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """Listens where the secrets come in; a token has to have been met by the end of a test that asks for it."""
    found = Kept()
    get, reduce, new = CachedCredential.get_token_info, kubeconfig.reduced, canary.new_canary
    sign_in = SignIn.answer

    async def token(self: CachedCredential, *scopes: str, **more: Any) -> Any:
        info = await get(self, *scopes, **more)
        found.meets("token", info.token)
        return info

    async def config(azure: Any, text: str) -> Any:
        made = await reduce(azure, text)
        found.meets("kubeconfig", *made.secrets, made.text)
        return made

    def bird() -> canary.Canary:
        made = new()
        found.meets("canary", made.value)
        return made

    async def given(self: SignIn, *request: Any) -> Any:
        answer = await sign_in(self, *request)
        if answer is not None and isinstance(answer.body, dict):
            for kind in ("device_code", "refresh_token", "access_token"):
                found.meets(kind, str(answer.body.get(kind) or ""))
        return answer

    monkeypatch.setattr(CachedCredential, "get_token_info", token)
    monkeypatch.setattr(kubeconfig, "reduced", config)
    monkeypatch.setattr("wizard.in_cluster.verify.new_canary", bird)
    monkeypatch.setattr(SignIn, "answer", given)
    yield found
    assert {"token", "access_token"} <= found.kinds, "no token was met: nothing was tested"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A scenario with the secrets, and answers for it."""
    secrets = {"default/app": {"data": {"password": IN_CLUSTER}}}
    subscriptions = {PRODUCTION: {"groups": {"rg-web": {"clusters": {"web-stage": {"secrets": secrets}}}}}}
    scenario_file(tmp_path, principals={"operator": {"secret": CLIENT_SECRET}}, subscriptions=subscriptions)
    for key_option in ("customer-managed-private", "customer-managed-public"):
        (tmp_path / f"{key_option}.yaml").write_text(answers(key_option).to_yaml())
    return tmp_path


LOOK = ("verify", "-g", "rg-web", "-n", "web-stage", "--in-cluster", "-v", "-v")
COMMANDS = [
    ("check", "-v", "-v"),
    ("clusters", "-v", "-v"),
    ("plan", "-v", "-v", "-f", "customer-managed-private.yaml"),
    ("apply", "-v", "-v", "-f", "customer-managed-private.yaml", "--yes", "-o", "json"),
    ("apply", "-v", "-v", "-f", "customer-managed-public.yaml", "--yes", "-o", "jsonl"),
    ("rotate", "-v", "-g", "rg-bank", "-n", "bank-ledger", "--yes"),
    ("script", "--live", "-f", "customer-managed-public.yaml"),
    ("verify", "--all", "--depth=full", "-v", "-o", "json"),
    pytest.param(LOOK, marks=NEEDED),
    pytest.param((*LOOK, "-o", "json"), marks=NEEDED),
]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command)[:60])
@pytest.mark.parametrize("crashes", [False, True], ids=["", "crashes"])
def test_no_command_tells(
    command: tuple[str, ...], crashes: bool, place: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    if crashes:
        break_down(monkeypatch)
    path = f"{on_path(place)}:{os.environ['PATH']}" if "--in-cluster" in command else os.environ["PATH"]
    ended = run(
        "--simulate=world.yaml",
        "--speed=max",
        *command,
        home=place,
        environment={**ENVIRONMENT, "PATH": path},
    )
    kept.are_not_in(ended.out + ended.err, command)
    kept.are_not_below(place)
    if "--in-cluster" in command and not crashes:
        assert {"kubeconfig", "canary"} <= kept.kinds
    if crashes:
        assert ended.code == 1, ended
        assert "RuntimeError in " in ended.err
    assert any(place.rglob("run.log")) is (command[0] == "apply" and not crashes)
    for journal in (place / "state").rglob("plan.json"):
        for words in (("show",), ("show", "-o", "json"), ("report",), ("report", "-o", "markdown")):
            told: Ended = run("runs", words[0], journal.parent.name, *words[1:], home=place)
            kept.are_not_in(told.out + told.err, words)


@pytest.mark.sampled(13)
@pytest.mark.parametrize("output", ["text", "json", "jsonl"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_no_step_that_falls_over_tells(
    step: Step, output: str, place: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error within a run: its message contains the secrets, and its traceback goes to the log."""
    seen = []

    async def failing(self: Any, work: Any) -> None:
        seen.append(step.key)
        quoted = [*kept.planted, *kept.met, work.azure.environment]
        raise RuntimeError(f"{work.azure!r} {quoted}")

    monkeypatch.setattr(type(step), "apply", failing)
    command = ("apply", "-v", "-v", "-f", "customer-managed-public.yaml", "--yes", "-o", output)
    ended = run("--simulate=world.yaml", "--speed=max", *command, home=place, environment=ENVIRONMENT)
    kept.are_not_in(ended.out + ended.err, command)
    kept.are_not_below(place)
    if seen:
        assert ended.code == 1, ended
        assert any("RuntimeError" in path.read_text("utf-8") for path in place.rglob("run.log"))
    else:
        assert ended.code == 0, ended


def break_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request to Azure raises an unexpected error, which quotes all secrets."""

    def failing(self: Any, *_: Any) -> Any:
        secret = [*ENVIRONMENT.values(), CLIENT_SECRET, IN_CLUSTER]
        raise RuntimeError(f"{self!r} {secret} {self._environment}")

    monkeypatch.setattr("wizard.cloud.azure.Azure.subscriptions", failing)
    monkeypatch.setattr("wizard.cloud.azure.Azure._arm_client", failing)


@pytest.mark.parametrize("path", ["*/token", "*/managedClusters"])
def test_what_the_other_side_echoes_is_masked(path: str, tmp_path: Path) -> None:
    secrets = (CLIENT_SECRET, "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.c2lnbmF0dXJl")
    echo = " ".join(secrets)
    body = (
        {"error": "x", "error_description": f"AADSTS1: {echo}"}
        if path == "*/token"
        else {"error": {"code": "E", "message": echo}}
    )
    fault = {"match": {"path": path}, "raw": {"status": 400, "text": json.dumps(body)}}
    scenario_file(tmp_path, principals={"operator": {"secret": CLIENT_SECRET}}, faults=[fault])
    done = run("--simulate=world.yaml", "clusters", "-o", "json", home=tmp_path)
    assert done.code in {1, 3}
    assert "(secret) (secret)" in done.out + done.err
    assert [each for each in secrets if each in done.out + done.err] == []


async def test_no_recording_tells(place: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    record = place / "record.jsonl"
    async with Simulator(place / "world.yaml", record=record, speed=float("inf")) as simulator:
        async with connect(child_environment(simulator)) as azure:
            await kubeconfig.kubeconfig(azure, ResourceId.parse(cluster_id("web-stage", "rg-web")))
        host = simulator.managed_identity_environment
        for name, value in host.items():  # azure-identity looks nowhere else
            monkeypatch.setenv(name, value)
        kept.meets("identity header", host["IDENTITY_HEADER"])
        async with connect(
            child_environment(simulator, {"AZURE_CLIENT_ID": None, "AZURE_CLIENT_SECRET": None, **host}),
            credential="managed-identity",
        ) as azure:
            await azure.subscriptions()
        told: list[str] = []
        async with connect(
            child_environment(simulator), credential="device-code", on_instruction=approving(simulator, told)
        ) as azure:
            await azure.subscriptions()
    assert {"device_code", "refresh_token", "kubeconfig"} <= kept.kinds
    text = record.read_text("utf-8")
    kept.are_not_in(text, "record")
    given = [json.loads(line)["response"] or {} for line in text.splitlines()]
    assert {body["device_code"] for body in given if "device_code" in body} == {"(left out)"}


async def test_no_object_tells_when_it_is_shown(place: Path, kept: Kept) -> None:
    async with (
        Simulator(place / "world.yaml", speed=float("inf")) as simulator,
        connect(child_environment(simulator)) as azure,
    ):
        config = await kubeconfig.kubeconfig(azure, ResourceId.parse(cluster_id("web-stage", "rg-web")))
        with kubectl.opened("/usr/bin/kubectl", config, {**azure.environment, **ENVIRONMENT}) as opened:
            bird = canary.new_canary()
            kept.meets("canary", bird.value)
            for each in (
                azure,
                azure._credential,
                config,
                opened,
                bird,
                CLOUDS,
                simulator,
                simulator.requests,
            ):
                kept.are_not_in(f"{each!r} {each!s}", type(each))
            kept.are_not_in(simulator.in_world(lambda world: repr(world.scenario)), "the scenario")


@NEEDED
async def test_no_screen_tells(place: Path, kept: Kept) -> None:
    """The pictures of the wizard from its first frame to a look inside, as Textual exports them."""
    pictures: list[str] = []
    async with (
        Simulator(place / "world.yaml", speed=float("inf")) as simulator,
        wizard(simulator, place, LARGE, PATH=on_path(place), **ENVIRONMENT) as operator,
    ):
        app: WizardApp = operator.app
        pictures.append(app.export_screenshot())
        await verify_only(operator, "web-stage")
        pictures.append(app.export_screenshot())
        await operator.sees("checks passed")
        await operator.press("i")
        await operator.sees("Check inside web-stage with kubectl?")
        await operator.press("tab", "enter")
        await operator.until(lambda: looked_inside(operator), "the end")
        pictures.append(app.export_screenshot())
        app.background(failing(place), "a test")
        await operator.sees("aks-kms itself failed at a test: RuntimeError")
        pictures.append(app.export_screenshot())
        for picture in pictures:
            kept.are_not_in(picture, "picture")
    kept.are_not_below(place)


async def failing(_: Path) -> None:
    raise RuntimeError(CLIENT_SECRET)
