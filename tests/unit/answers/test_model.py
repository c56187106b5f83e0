"""Answers files: what is accepted, what is rejected with which message, and that a written file reads back the same."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wizard.answers import model as room
from wizard.answers import naming
from wizard.answers.examples import KINDS, example
from wizard.answers.model import Answers, from_mapping, load, parse
from wizard.errors import AnswersError

SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"

PLATFORM: dict[str, Any] = {
    "version": 1,
    "subscription": SUBSCRIPTION,
    "location": "westus2",
    "resource_group": "rg-demo",
    "cluster": {"name": "aks-demo", "create": False},
    "key_option": "platform-managed",
}
CUSTOMER: dict[str, Any] = PLATFORM | {
    "key_option": "customer-managed",
    "vault": {"name": "kv-demo", "network_access": "Private"},
    "key": {"name": "aks-kms"},
    "identity": {"name": "id-aks-demo"},
}


def refusal(data: dict[Any, Any]) -> str:
    with pytest.raises(AnswersError) as error:
        from_mapping(data, "my.yaml")
    return str(error.value)


def within(*path: str, value: object) -> dict[str, Any]:
    """The customer-managed answers with one value changed."""
    changed = dict(CUSTOMER)
    at = changed
    for name in path[:-1]:
        at[name] = dict(at.get(name) or {})
        at = at[name]
    at[path[-1]] = value
    return changed


# -- what is taken ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_fits_the_default_simulated_environment(kind: str):
    answers = parse(example(kind))  # type: ignore[arg-type]
    assert (answers.subscription, answers.resource_group, answers.location) == (
        SUBSCRIPTION,
        "rg-demo",
        "westus2",
    )
    assert (answers.cluster.name, answers.cluster.create) == ("aks-demo", False)
    own = answers.customer_managed
    if kind == "platform-managed":
        assert own is None
    else:
        assert own is not None
        assert (own.vault.name, own.key.name, own.identity.name) == ("kv-demo", "aks-kms", "id-aks-demo")
        assert f"customer-managed-{own.vault.network_access.lower()}" == kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_commented_line_of_an_example_is_valid(kind: str):
    """Uncommented one by one, so that following an example never leads to an error."""
    text = example(kind)  # type: ignore[arg-type]
    optional = [line for line in text.splitlines() if re.match(r" *# (?!create:)[a-z_]+: ", line)]
    assert optional
    for line in optional:
        if line.startswith("  #   "):  # what a new cluster has, which goes with `create:` above it
            changed = text.replace("  create: false", "  # create: false").replace(
                "  # create:  ", "  create:  "
            )
        else:
            changed = text
        parse(changed.replace(line, line.replace("# ", "", 1)))


@pytest.mark.parametrize(("access", "through"), [("Private", "resource-manager"), ("Public", "key-vault")])
def test_the_default_plane_for_creating_the_key_depends_on_the_vault(access: str, through: str):
    own = from_mapping(within("vault", "network_access", value=access)).customer_managed
    assert own is not None
    assert own.create_through == through
    other = "key-vault" if through == "resource-manager" else "resource-manager"
    data = within("vault", "network_access", value=access) | {"key": {"name": "k", "create_through": other}}
    own = from_mapping(data).customer_managed
    assert own is not None
    assert own.create_through == other


def test_vault_and_identity_default_to_the_cluster_s_resource_group():
    answers = from_mapping(CUSTOMER)
    assert (answers.vault_group.name, answers.identity_group.name) == ("rg-demo", "rg-demo")
    answers = from_mapping(within("vault", "resource_group", value="rg-keys"))
    assert (answers.vault_group.name, answers.identity_group.name) == ("rg-keys", "rg-demo")


def test_create_true_means_a_new_cluster_with_defaults():
    answers = from_mapping(within("cluster", "create", value=True))
    assert answers.cluster.create == from_mapping(within("cluster", "create", value={})).cluster.create
    assert answers.cluster.create is not False
    assert answers.cluster.create.node_count == 3


def test_a_byte_order_mark_is_accepted(tmp_path: Path):
    path = tmp_path / "answers.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + from_mapping(CUSTOMER).to_yaml().encode())
    assert load(path) == from_mapping(CUSTOMER)


# -- what is refused, in which words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (PLATFORM | {"vautl": {}}, "vautl: unknown key. Did you mean vault?"),
        (PLATFORM | {"resource-group": "x"}, "resource-group: unknown key. Did you mean resource_group?"),
        (PLATFORM | {"zzz": 1}, "zzz: unknown key. Valid keys: version, subscription,"),
        (within("cluster", "create", value={"node_cout": 3}), "cluster.create.node_cout: unknown key. Did you mean node_count?"),
        (within("vault", "access", value="x"), "Did you mean network_access?"),
        (PLATFORM | {"version": 2}, "version: 2 is not valid here. Write 1."),
        (PLATFORM | {"subscription": 5}, "subscription: this must be text, not 5. Put the value in quotes."),
        (PLATFORM | {"subscription": "prod"}, "subscription: 'prod' is not a subscription ID: enter the GUID"),
        (PLATFORM | {"location": "West US 2"}, "location: 'West US 2' is not the short name of a region: use a name such as westeurope"),
        (PLATFORM | {"cluster": "aks-demo"}, "cluster: 'aks-demo' is not valid here. Give a mapping"),
        (PLATFORM | {"cluster": None}, "cluster: nothing is not valid here. Give a mapping"),
        (PLATFORM | {"cluster": {"name": "-a"}}, "cluster.name: '-a' is not a valid managed cluster name: use letters"),
        (within("cluster", "create", value="yes"), "cluster.create: 'yes' is not valid here. Write false, true or a mapping"),
        (within("cluster", "create", value={"node_count": 0}), "cluster.create.node_count: 0 is out of range. Give at least 1."),
        (within("cluster", "create", value={"node_count": 1001}), "Give at most 1000."),
        (within("cluster", "create", value={"node_count": "3"}), "cluster.create.node_count: '3' is not valid here. Give a whole number."),
        (within("cluster", "create", value={"kubernetes_version": 1.30}), "cluster.create.kubernetes_version: this must be text, not 1.3. Put the value in quotes."),
        (within("cluster", "create", value={"kubernetes_version": "newest"}), "'newest' is not a Kubernetes version: write it in quotes, such as"),
        (PLATFORM | {"key_option": "none"}, "key_option: 'none' is not possible: AKS cannot disable this encryption once it is enabled."),
        (CUSTOMER | {"key": {"name": "https://kv-demo.vault.azure.net/keys/k/0123"}}, "is a key identifier: enter the key name only, without vault and version: the name is"),
        (CUSTOMER | {"key": {"name": "k", "rotate_every": "P3D"}}, "key.rotate_every: 'P3D' is too short: Key Vault rotates a key at most every seven days."),
        (CUSTOMER | {"key": {"name": "k", "rotate_every": "monthly"}}, "key.rotate_every: 'monthly' is not a duration: use a value such as P90D, P6M or P1Y."),
        (CUSTOMER | {"vault": {"name": "kv-demo", "network_access": "Private", "subscription": "prod"}}, "vault.subscription: 'prod' is not a subscription ID"),
        (PLATFORM | {"key_option": "pmk"}, "key_option: 'pmk' is not valid here. Write 'platform-managed' or 'customer-managed'."),
        (PLATFORM | {"vault": {"name": "kv-demo", "network_access": "Private"}}, "vault is not allowed with key_option: platform-managed"),
        (CUSTOMER | {"key": None}, "key is missing; key_option: customer-managed requires vault, key and identity."),
        (within("vault", "network_access", value="private"), "vault.network_access: 'private' is not valid here. Write 'Private' or 'Public'."),
        (within("vault", "name", value="kv"), "vault.name: A key vault name has 3 to 24 characters; this one has 2."),
        (within("vault", "purge_protection", value="yes"), "vault.purge_protection: 'yes' is not valid here. Give true or false."),
        (within("key", "size", value=1024), "key.size: 1024 is not valid here. Write 2048, 3072 or 4096."),
        (within("key", "type", value="EC"), "key.type: 'EC' is not valid here. Write 'RSA' or 'RSA-HSM'."),
        (within("identity", "name", value="id"), "identity.name: A user-assigned identity name has 3 to 128"),
        (PLATFORM | {"tags": ["a"]}, "tags: a list is not valid here. Give a mapping of names to values"),
        (PLATFORM | {"tags": {str(n): "x" for n in range(51)}}, "tags: there are too many entries. Give at most 50."),
        (PLATFORM | {"tags": {"a/b": "x"}}, "tags.a/b: 'a/b' is not a valid tag name: use no <"),
        (PLATFORM | {"tags": {"cost": 7}}, "tags.cost: this must be text, not 7. Put the value in quotes."),
        (dict[Any, Any]({**PLATFORM}) | {5: 6}, "5: a key must be text."),
        ({}, "subscription: this key is missing. Add it;"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_its_place_and_its_fix(data: dict[Any, Any], words: str):
    message = refusal(data)
    assert words in message
    assert message.startswith("my.yaml: ")


def test_a_number_is_shown_as_it_is_written():
    """YAML reads 1.30 as the number 1.3, which is another version."""
    text = example("platform-managed").replace("create: false", "create: {kubernetes_version: 1.30}")
    with pytest.raises(
        AnswersError, match=r"cluster\.create\.kubernetes_version: this must be text, not 1\.30\."
    ):
        parse(text)


def test_all_mistakes_are_reported_together():
    message = refusal({"version": 1, "vautl": 1, "location": 5})
    places = [line.split(": ")[1] for line in message.splitlines()]
    assert sorted(places) == [
        "cluster", "key_option", "location", "resource_group", "subscription", "vautl",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty."),
        ("# only a comment", "the file is empty."),
        ("[1]", "the file is a list, not a mapping."),
        ("just words", "the file is 'just words', not a mapping"),
        ("a: [", "line 1, column 5: this is not YAML:"),
        ("version: 1\nversion: 1\n", "line 2, column 1: this is not YAML: found duplicate key"),
        ("a: 1\n\tb: 2", "line 2, column 1: this is not YAML:"),
        ("--- {a: 1}\n--- {b: 1}\n", "found another document"),
        ("!!python/object/apply:os.system [id]", "could not determine a constructor"),
        ("a: " + "[" * 1000, "nested too deeply"),
        ("a: \x00", "this is not YAML:"),
        ("a: !!int x", "this is not YAML:"),
        ("%YAML 1.9\n---\na: 1", "this is not YAML:"),
    ],
)
def test_a_text_that_is_no_answers_file_is_rejected(text: str, words: str):
    with pytest.raises(AnswersError) as error:
        parse(text, "my.yaml")
    assert words in str(error.value)
    assert re.search(r"Fix|Start from|prints a valid one", str(error.value))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "the file cannot be read: No such file or directory."),
        (lambda path: path.mkdir(), "the file cannot be read: Is a directory."),
        (lambda path: path.write_bytes(b"a: \xff"), "this is not text in UTF-8."),
        (
            lambda path: path.write_bytes(b"#" * (300 * 1024)),
            "this is too large: an answers file has at most 256 KiB.",
        ),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, make: Any, words: str):
    path = tmp_path / "answers.yaml"
    make(path)
    with pytest.raises(AnswersError) as error:
        load(path)
    assert str(error.value).startswith(f"{path}: {words}")


def test_a_stream_is_read_only_to_the_size_limit():
    stream = io.BytesIO(b"#" * (1 << 20))
    with pytest.raises(
        AnswersError, match=r"stdin: this is too large: an answers file has at most 256 KiB\."
    ):
        room.read(stream, "stdin")
    assert stream.tell() == 256 * 1024 + 1


def test_a_long_or_nested_value_is_shortened_in_the_message():
    assert len(refusal(PLATFORM | {"key_option": "x" * 10_000})) < 300
    laughs: Any = ["lol"]
    for _ in range(40):
        laughs = [laughs, laughs]
    assert len(refusal(PLATFORM | {"key_option": laughs})) < 300


def test_control_characters_do_not_reach_the_message():
    message = refusal(PLATFORM | {"evil\x1b[2J\x1b]0;owned\x07": "\x1b[31m", "key_option": "\x1b[31m"})
    assert "\x1b" not in message
    assert "\x07" not in message


# -- any values ----------------------------------------------------------------------------------------------

Names = st.from_regex(r"[a-z][a-z0-9]{2,20}", fullmatch=True)
Texts = st.text(max_size=30)
TagNames = Texts.filter(lambda text: naming.tag_name(text) is None)
TagValues = Texts.filter(lambda text: naming.tag_value(text) is None)


@st.composite
def good_answers(draw: st.DrawFn) -> Answers:
    data: dict[str, Any] = PLATFORM | {
        "resource_group": draw(Names),
        "location": draw(Names),
        "tags": draw(st.dictionaries(TagNames, TagValues, max_size=4)),
        "cluster": {
            "name": draw(Names),
            "create": draw(
                st.just(False)
                | st.fixed_dictionaries(
                    {},
                    optional={
                        "kubernetes_version": st.sampled_from(["1.33", "1.34", "1.40", "1.34.2"]),
                        "node_count": st.integers(1, 1000),
                        "node_vm_size": st.sampled_from(["Standard_D4ds_v5"]),
                    },
                )
            ),
        },
    }
    if draw(st.booleans()):
        data |= {
            "key_option": "customer-managed",
            "vault": {
                "name": draw(Names),
                "network_access": draw(st.sampled_from(["Private", "Public"])),
                "purge_protection": draw(st.booleans()),
            },
            "key": {"name": draw(Names), "size": draw(st.sampled_from([2048, 3072, 4096]))},
            "identity": {"name": draw(Names), "resource_group": draw(st.none() | Names)},
        }
    return from_mapping(data)


@given(good_answers())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_a_written_file_reads_back_as_the_same_answers(answers: Answers):
    assert parse(answers.to_yaml()) == answers


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=150)
def test_any_text_gives_answers_or_an_answers_error(text: str):
    _reads(lambda: parse(text))


_Leaf = st.none() | st.booleans() | st.integers() | st.floats() | Texts
_Tree = st.recursive(
    _Leaf, lambda t: st.lists(t, max_size=3) | st.dictionaries(Texts, t, max_size=3), max_leaves=8
)


@given(st.dictionaries(st.sampled_from([*CUSTOMER, "tags", "vautl"]), _Tree))
@settings(deadline=None, max_examples=150)
def test_any_data_under_valid_keys_gives_answers_or_an_answers_error(changes: dict[str, Any]):
    _reads(lambda: from_mapping(CUSTOMER | changes))


_YAML_BITS = st.lists(
    st.sampled_from(
        ["a", "version", ": ", "\n", "  ", "- ", "[", "]", "{", "}", "&x ", "*x", "!!int ", "!!set ", "!!omap ", "!!binary ",
         "!!timestamp ", "!!float ", "!!merge ", "<<: ", "? ", "| ", "> ", "'", '"', "\\ud800", "%YAML 1.1\n", "---\n", "...", "0x",
         "2024-01-01", "1e9", ".inf", "~", ",", "#", "\t", "\ufeff", "=", "1_0", "0b2", "60:60"]
    ),
    max_size=12,
)  # fmt: skip


@given(_YAML_BITS)
@settings(deadline=None, max_examples=400)
def test_any_combination_of_yaml_syntax_gives_answers_or_an_answers_error(bits: list[str]):
    _reads(lambda: parse("".join(bits)))


_PYDANTIC = re.compile(
    r"Input should|validation error|pydantic|should match pattern|valid dictionary", re.IGNORECASE
)


def _reads(read: Callable[[], Answers]) -> None:
    """Assert one of the two valid outcomes: answers, or mistakes with our own messages."""
    try:
        outcome: Answers | AnswersError = read()
    except AnswersError as error:
        outcome = error
    if isinstance(outcome, AnswersError):
        assert outcome.mistakes
        assert not _PYDANTIC.search(str(outcome)), str(outcome)


# -- the schema -------------------------------------------------------------------------------------------------------


def test_the_schema_describes_every_key_and_rejects_all_others():
    schema = room.schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["properties"]) == {*CUSTOMER, "tags"}
    assert schema["additionalProperties"] is False
    for name in ("Cluster", "NewCluster", "Vault", "Key", "Identity"):
        assert schema["$defs"][name]["additionalProperties"] is False
        assert schema["$defs"][name]["description"]


def test_an_alias_is_rejected_before_it_is_resolved():
    """Nine levels of ten aliases each are 600 bytes, and took an hour that only SIGKILL could end."""
    levels = "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 10))
    with pytest.raises(AnswersError, match=r"line 2: YAML aliases \(\*\) are not allowed") as refused:
        parse(f"a0: &a0 {{x: 1}}\n{levels}")
    assert "Write the value out." in str(refused.value)


def test_an_asterisk_in_a_text_is_no_alias():
    with pytest.raises(AnswersError) as refused:
        parse(example("platform-managed").replace("name: aks-demo", "name: '*a'"))
    assert "cluster.name" in str(refused.value)
    assert "alias" not in str(refused.value)
