"""A script never executes a value of the answers, valid or not, and every value arrives unchanged."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.facts import complete_snapshot, empty_snapshot
from tests.stub_az import named, ran, run_plan
from wizard.answers.model import Answers, Cluster, Identity, Key, NewCluster, Vault
from wizard.procedure.order import applicable_steps
from wizard.procedure.script import script
from wizard.procedure.variables import spelled_out
from wizard.state.target import Target

PROCEDURE = Path(__file__).parents[3] / "wizard" / "procedure"
NASTY = st.sampled_from(
    [
        *(
            "$(touch pwned)",
            "`touch pwned`",
            "; touch pwned #",
            "\ntouch pwned\n",
            "'",
            '"',
            "'$(touch pwned)'",
        ),
        *(
            '"$(touch pwned)"',
            "\\",
            "$HOME",
            "${PATH}",
            "$RESOURCE_GROUP",
            "-",
            "--help",
            "@pwned",
            "=",
            "&&",
            "*",
        ),
        *("~", "!!", "\r", "\t", " ", "ü", "\u2028", "\u202e", "🔑", "%s", "}", ")", "|"),
    ]
)
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
"""Any text that a process argument can contain: no NUL byte, no lone surrogate."""
TEXT = st.lists(NASTY | PLAIN, max_size=5).map("".join)


@st.composite
def anything(draw: Any) -> Answers:
    """Return answers that bypass validation, with any text in every text field."""
    private = draw(st.booleans())
    return Answers.model_construct(
        subscription=draw(TEXT),
        location=draw(TEXT),
        resource_group=draw(TEXT),
        cluster=Cluster.model_construct(
            name=draw(TEXT),
            create=NewCluster.model_construct(
                kubernetes_version=draw(TEXT.filter(bool)),
                node_count=draw(TEXT),
                node_vm_size=draw(TEXT.filter(bool)),
            ),
        ),
        key_option="customer-managed",
        vault=Vault.model_construct(
            name=draw(TEXT),
            network_access="Private" if private else draw(TEXT),
            resource_group=draw(TEXT.filter(bool)),
            purge_protection=draw(st.booleans()),
        ),
        key=Key.model_construct(
            name=draw(TEXT),
            type=draw(TEXT),
            size=draw(TEXT),
            rotate_every=draw(TEXT),
            create_through=draw(st.sampled_from(["resource-manager", "key-vault"])),
        ),
        identity=Identity.model_construct(name=draw(TEXT), subscription=draw(TEXT.filter(bool))),
        tags=draw(st.dictionaries(TEXT, TEXT, max_size=4)),
    )


def given_to(call: list[str], option: str) -> str:
    """Return the value of an option, in either of its forms."""
    joined = [word.removeprefix(f"{option}=") for word in call if word.startswith(f"{option}=")]
    return joined[0] if joined else call[call.index(option) + 1]


def tags_of(call: list[str]) -> dict[str, str]:
    words = call[call.index("--tags") + 1 :]
    return dict(word.split("=", 1) for word in words)


@settings(
    max_examples=max(1, settings().max_examples // 4),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # a run of bash is too slow for shrinking
)
@given(anything())
def test_values_arrive_unchanged_and_are_never_commands(chosen: Answers) -> None:
    own = chosen.customer_managed
    assert own is not None
    assert chosen.cluster.create is not False
    with TemporaryDirectory() as place:
        folder = Path(place)
        calls = run_plan(script(chosen, ".vault.'$(touch pwned)"), folder)
        assert sorted(path.name for path in folder.iterdir()) == ["bin", "calls"]
    by_name = {named(call): call for call in calls}
    assert given_to(by_name["account set"], "--subscription") == chosen.subscription
    first = next(call for call in calls if call[:2] == ["group", "create"])
    assert given_to(first, "--name") == chosen.resource_group
    assert given_to(first, "--location") == chosen.location

    create = by_name["aks create"]
    for option, value in {
        "--name": chosen.cluster.name,
        "--kubernetes-version": chosen.cluster.create.kubernetes_version,
        "--node-count": chosen.cluster.create.node_count,
        "--node-vm-size": chosen.cluster.create.node_vm_size,
        "--azure-keyvault-kms-key-vault-network-access": own.vault.network_access,
        "--azure-keyvault-kms-key-vault-resource-id": "VAULT_ID",
        "--assign-identity": "IDENTITY_ID",
    }.items():
        assert given_to(create, option) == value

    assert given_to(by_name["keyvault create"], "--name") == own.vault.name
    assert given_to(by_name["identity create"], "--name") == own.identity.name
    if own.create_through == "key-vault":
        key = by_name["keyvault key create"]
        assert [given_to(key, option) for option in ("--name", "--kty", "--size")] == [
            own.key.name,
            own.key.type,
            own.key.size,
        ]
    else:
        put = by_name["rest put"]
        assert given_to(put, "--url").startswith(f"VAULT_ID/keys/{own.key.name}?")
        assert json.loads(given_to(put, "--body"))["properties"]["kty"] == own.key.type

    if chosen.tags:
        assert json.loads(given_to(by_name["identity create"], "--tags")) == chosen.tags
    patches = [call for call in calls if call[:3] == ["rest", "--method", "patch"]]
    for patch in patches:
        assert json.loads(given_to(patch, "--body")) == {"tags": chosen.tags}
    if chosen.tags and not patches:
        assert tags_of(create) == tags_of(by_name["keyvault create"]) == tags_of(first) == chosen.tags


@given(TEXT, TEXT)
def test_a_tag_that_az_would_misread_is_never_passed_as_an_argument(name: str, value: str) -> None:
    """A tag is passed as `name=value` only if the Azure CLI parses it as exactly that."""
    text = script(Answers.model_construct(**{**BASE, "tags": {name: value}}))
    plain = "--tags" in text
    if plain:
        assert not name.startswith(("-", "@"))
        assert "=" not in name
        assert not value.startswith("@")
    else:
        assert "az rest --method patch" in text


BASE: dict[str, Any] = {
    "subscription": "22222222-2222-2222-2222-222222222222",
    "location": "westus2",
    "resource_group": "rg-demo",
    "cluster": Cluster.model_construct(name="aks-demo", create=False),
    "key_option": "platform-managed",
}


@settings(max_examples=max(1, settings().max_examples // 5), phases=[Phase.explicit, Phase.generate])
@given(anything(), st.booleans())
def test_commands_of_a_plan_and_a_live_script_run_nothing_else(chosen: Answers, full: bool) -> None:
    """Each command of a plan, with its values, is one shell command; the same holds for a script made from the live state."""
    target = Target(chosen, ".vault.'$(touch pwned)")
    there = (complete_snapshot if full else empty_snapshot)(chosen)
    planned = [
        spelled_out(command, target)
        for step in applicable_steps(target, there)
        for command in step.commands(target, there)
    ]
    fitted = script(chosen, ".vault.'$(touch pwned)", there)
    for text in ("\n".join(planned), fitted):
        with TemporaryDirectory() as place:
            folder = Path(place)
            done, calls = ran(text, folder)
            assert sorted(path.name for path in folder.iterdir()) == ["bin", "calls"], text
            assert done.returncode == 0, (done.stderr, text)
            assert {call[0] for call in calls} <= COMMANDS


COMMANDS = {
    group
    for file in PROCEDURE.rglob("*.py")
    for group in re.findall(r"\baz ([a-z]+)\b", file.read_text("utf-8"))
}
"""The command groups of the Azure CLI that the procedure uses."""
