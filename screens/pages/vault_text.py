"""What the form for vault, key and identity shows: options, hints and the drawing. Pure functions."""

from collections.abc import Callable, Mapping, Sequence

from textual.content import Content

from screens.session.draft import Draft
from screens.widgets.fields import Said
from screens.widgets.form_words import for_form
from screens.widgets.links import linked
from wizard.answers.naming import how_often
from wizard.cloud.arm import same
from wizard.cloud.encryption import Encryption
from wizard.cloud.inventory import VaultRow
from wizard.errors import Problem
from wizard.reports.wording import LEVELS, STYLES, command_in, hanging, without_command
from wizard.rules import Finding
from wizard.system.sanitize import sanitize

KEY_TYPES = [
    (f"{kind} {size}{note}", f"{kind}:{size}")
    for kind, note in (("RSA", ""), ("RSA-HSM", ", premium vault"))
    for size in (3072, 2048, 4096)
]

ROTATIONS = [
    ("manually", ""),
    ("by the vault, every 90 days", "P90D"),
    ("by the vault, every 6 months", "P6M"),
    ("by the vault, every year", "P1Y"),
    ("by the vault, every 2 years", "P2Y"),
]
"""How often a key is rotated, as ISO 8601 durations."""


def rotations(every: str) -> list[tuple[str, str]]:
    """Return the rotation options. An interval from an answers file that is not in the list is added to it."""
    known = any(value == every for _, value in ROTATIONS)
    return ROTATIONS if known else [*ROTATIONS, (f"by the vault, {how_often(every)}", every)]


THROUGH = [
    ("the key vault (the how-to)", "key-vault"),
    ("Azure Resource Manager", "resource-manager"),
]


def vault_hint(vault: VaultRow | None) -> str:
    """Return what the selected vault is like."""
    if vault is None:
        facts = ["its name must be unique in all of Azure"]
    else:
        facts = ["public network access denied" if vault.firewall_denies else "open to all networks"]
        facts.append("purge protection on" if vault.purge_protection else "no purge protection")
        if not vault.rbac:
            facts.append("uses access policies: the identity gets its own, and no other policy is changed")
    return " · ".join(facts)


def purge_protection_hint(*, on: bool) -> str:
    """Return what purge protection does, or what its absence allows."""
    if on:
        return "cannot be turned off later; a deleted vault or key can be restored for 90 days"
    return "! anyone who is allowed to purge the vault can immediately destroy the secrets of the cluster"


def rotation_hint(every: str) -> str:
    """Return what follows from this rotation."""
    if every:
        return "AKS uses each new version within 6 hours, and automatically re-encrypts every secret"
    return "the key is rotated only if you do it: with `aks-kms rotate`, or with o on the verification page"


def create_through_hint(*, direct: bool, private: bool) -> str:
    """Return what creating the key this way requires."""
    if not direct:
        return (
            "the vault is created with public access denied; you need no data-plane role"
            if private
            else "you need no data-plane role on the vault"
        )
    return (
        "you are assigned Key Vault Crypto Officer; the vault is open until the key is created"
        if private
        else "you are assigned Key Vault Crypto Officer on the vault"
    )


def identity_hint(vault: VaultRow | None) -> str:
    """Return the permissions that the identity gets."""
    if vault is not None and not vault.rbac:
        return "gets an access policy (encrypt, decrypt, get) and Key Vault Contributor on the vault"
    return "gets Key Vault Crypto User and Key Vault Contributor on the vault"


def hints(
    vault: VaultRow | None,
    chosen: Mapping[str, str],
    *,
    private: bool,
    rotated: str | None,
) -> dict[str, str]:
    """Return the hint of every choice.

    `chosen`: the values of the choices; `rotated`: how often the selected existing key is rotated, if that is known.
    """
    key = "in the new vault; RSA, because the key must encrypt and decrypt"
    if vault:
        key = f"rotated by the vault: {how_often(rotated)}" if rotated else ""
    return {
        "vault": vault_hint(vault),
        "purge": purge_protection_hint(on=chosen["purge"] == "on"),
        "key": key,
        "rotate": rotation_hint(chosen["rotate"]),
        "through": create_through_hint(direct=chosen["through"] == "key-vault", private=private),
        "identity": identity_hint(vault),
    }


def why_not_continue(invalid: Sequence[str], mistakes: Sequence[str], *, loading: bool) -> str | None:
    """Return why the form cannot be completed: entries that are not valid, resources that are not listed yet, or errors."""
    if invalid:
        return f"Required: {', '.join(_name(entry) for entry in invalid)}"
    if loading:
        return "Loading existing resources from Azure"
    if mistakes:
        return f"Fix the errors marked ✗ at {', '.join(_name(entry) for entry in mistakes)}"
    return None


def _name(entry: str) -> str:
    """Return how a sentence names an entry of the form."""
    names = {
        "vault-name": "vault name",
        "key-name": "key name",
        "identity-name": "identity name",
        "purge": "purge protection",
        "rotate": "rotation",
        "through": "creation of the key",
    }
    return f"the {names.get(entry, entry.replace('-', ' '))}"


def state(problem: Problem | None, loading: Sequence[str], *, pending: bool) -> Content:
    """Return what is in progress: `loading`, in words, or preflight checks; or why these could not be made."""
    if loading:
        return Content("\n").join(
            Content.assemble(("◐ ", STYLES["busy"]), (each, "$quiet")) for each in loading
        )
    if pending:
        return Content.assemble(("◐ ", STYLES["busy"]), ("running preflight checks…", "$quiet"))
    if problem:
        text = f"{sanitize(problem.summary)} The review checks again."
        return Content.assemble(("! ", STYLES["warn"]), (text, "$quiet"))
    return Content("")


def why_not_read(
    problem: Problem | None, invalid: Sequence[tuple[str, str]], *, valid: bool, pending: bool
) -> str:
    """Return why the preflight checks are not made yet for what the form says, and when they are.

    `problem`: why the last ones could not be made; `invalid`: the entries whose text is not valid, with what is wrong.
    """
    if not valid:
        wrong = [f"✗ {_name(entry).removeprefix('the ')}: {why}" for entry, why in invalid]
        return "\n".join(["They run once every entry is valid.", *wrong])
    if problem and not pending:
        return f"{sanitize(problem.summary)} The review checks again."
    return "They are running: close this, and press F3 again in a moment."


def panel(
    here: Said | None,
    others: Sequence[Said],
    general: Sequence[Finding],
    left_out: Sequence[str],
    progress: Content,
    width: int,
) -> Content:
    """Return the panel beside the form: everything about the entry that has the focus, then what is wrong elsewhere.

    `general`: the findings that belong to no entry; `left_out`: what is not offered, and why; `progress`: of the checks.
    """
    blocks = [_about(here, width)] if here else []
    blocks += [findings_in_panel(general, width)] if general else []
    elsewhere = [each for each in others if each.level and each != here]
    for each in sorted(elsewhere, key=lambda said: said.level != "error"):
        blocks.append(_elsewhere(each, width))
    blocks += [progress] if progress.plain else []
    blocks += [Content.assemble((hanging(text, 0, width), "$quiet")) for text in left_out if text]
    return Content("\n\n").join(blocks)


def _about(said: Said, width: int) -> Content:
    parts = [Content.assemble((_title(said.key), "bold"))]
    if said.problem:
        text = hanging(f"✗ {sanitize(said.problem)}", 2, width)
        parts.append(Content.assemble((text, STYLES["bad"])))
    elif said.hint:
        parts += [Content.assemble((hanging(line, 0, width), "$quiet")) for line in said.hint.splitlines()]
    if said.findings:
        parts.append(findings_in_panel(said.findings, width))
    return Content("\n").join(parts)


def findings_in_panel(findings: Sequence[Finding], width: int) -> Content:
    """Return findings with what to do; a command is not written out, because a key copies that of the first."""
    parts: list[Content] = []
    for number, finding in enumerate(findings):
        sign, _, tone = LEVELS[finding.level]
        parts.append(
            Content.assemble(
                (f"{sign} ", STYLES[tone]),
                (hanging(for_form(sanitize(finding.message)), 2, width), STYLES[tone]),
            )
        )
        fix = without_command(for_form(sanitize(finding.remedy)))
        if command_in(finding.remedy):
            key = "^y copies" if number == 0 else "F3 shows"
            fix = f"{fix} {key} the az command.".lstrip()
        label = "Fix  " if finding.level == "error" else "  "
        if fix:
            parts.append(Content.assemble((label, "$quiet"), hanging(fix, len(label), width)))
    return Content("\n").join(parts)


def _elsewhere(said: Said, width: int) -> Content:
    """Return the first thing that is wrong with another entry, in short."""
    sign, _, tone = LEVELS[said.level if said.level == "error" else "warning"]
    worst = [finding for finding in said.findings if finding.level == said.level]
    text = said.problem or (worst[0].message if worst else "")
    more = len(said.findings) - 1
    return Content.assemble(
        (f"{sign} {_title(said.key)}", f"bold {STYLES[tone]}"),
        (f"  and {more} more" if more > 0 else "", "$quiet"),
        f"\n  {hanging(for_form(sanitize(text)), 2, width)}",
    )


def _title(entry: str) -> str:
    """Return the title of an entry in the panel: `Vault name`."""
    return _name(entry).removeprefix("the ").capitalize()


def drawing(
    draft: Draft,
    vault: VaultRow | None,
    new_name: str,
    link: Callable[[str], str],
    *,
    narrow: bool,
) -> Content:
    """Return a line that shows who can reach the key, and how; below it what changes for a vault that is in use.

    `link`: returns the URL of a resource in the portal, for what exists already.
    """
    private = draft.option == "Private"
    cluster = linked(draft.cluster_name, link(draft.cluster.id) if draft.cluster else "")
    name = linked((vault.name if vault else new_name) or "vault", link(vault.id) if vault else "")
    if private:
        wire = "──trusted──▶" if narrow else "──trusted service──▶"
        line = Content.assemble(
            cluster,
            (f" {wire} ", STYLES["good"]),
            name,
            " (deny) " if narrow else " (firewall: deny) ",
            ("◀──✗──", STYLES["bad"]),
            " internet",
        )
    else:
        line = Content.assemble(
            cluster,
            (" ──token──▶ ", STYLES["good"]),
            name,
            " (open) ",
            ("◀──token──", STYLES["warn"]),
            " any network" if narrow else " any identity with a role",
        )
    if vault and draft.cluster:
        change = change_of_access(draft.cluster_name, draft.cluster.encryption, vault, private=private)
        line = Content.assemble(line, (f"\n{change}" if change else "", STYLES["warn"]))
    return line


def change_of_access(cluster: str, now: Encryption, vault: VaultRow, *, private: bool) -> str:
    """Return the order of changes if the cluster uses this vault already and its network access changes; otherwise nothing."""
    if not now.kms_enabled or not same(now.key_name.partition("/")[0], vault.name):
        return ""
    was_private = same(now.network_access, "Private")
    if was_private == private:
        return ""
    if private:
        return f"{cluster} reaches {vault.name} over the public network now: the cluster is updated first, then public access is denied."
    return f"{cluster} reaches {vault.name} as a trusted service now: public access is allowed first, then the cluster is updated."
