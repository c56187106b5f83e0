"""The suite itself: every test belongs to one layer, and the tests of a module are found by its name or in a table."""

import re
from fnmatch import fnmatch

import pytest

from tests.conftest import LAYERS, TESTS

ROOT = TESTS.parent
TESTED_IN = {
    "screens/__main__": "journeys/test_command_line_lifecycle",
    "screens/app": "journeys/test_wizard_scenarios",
    "screens/messages": "journeys/test_wizard_scenarios",
    "screens/exit_codes": "hostile/test_command_line",
    "screens/wizard_steps": "unit/screens/session/test_draft",
    "screens/cli/fleet_options": "journeys/test_command_line_fleet",
    "screens/cli/gc_startup": "journeys/test_command_line_lifecycle",
    "screens/cli/interruption_notice": "survival/test_signals",
    "screens/cli/r*": "journeys/test_command_line_r*",
    "screens/cli/*": "journeys/test_command_line_*",
    "screens/pages/*": "journeys/test_wizard_*",
    "screens/session/*": "journeys/test_wizard_*",
    "screens/widgets/crash": "journeys/test_leaving",
    "screens/widgets/*": "journeys/test_wizard_*",
    "wizard/answers/examples": "unit/answers/test_model",
    "wizard/cloud/azure": "simulated/cloud/test_connect",
    "wizard/cloud/bodies": "simulated/cloud/test_inventory",
    "wizard/cloud/compute": "simulated/cloud/test_reads",
    "wizard/cloud/credential_files": "unit/cloud/test_credential",
    "wizard/cloud/linked_roles": "unit/cloud/test_diagnose",
    "wizard/cloud/entra": "unit/cloud/test_diagnose",
    "wizard/cloud/error_body": "unit/cloud/test_diagnose",
    "wizard/cloud/key_access": "unit/verification/test_informing",
    "wizard/cloud/locks": "unit/rules/test_rules",
    "wizard/cloud/ownership": "simulated/verification/test_informing",
    "wizard/cloud/p[io]*": "simulated/cloud/test_response_limit",
    "wizard/cloud/quota": "unit/rules/test_rules",
    "wizard/cloud/re*": "simulated/cloud/test_error_translation",
    "wizard/cloud/settings": "survival/test_budgets",
    "wizard/cloud/s*": "survival/test_faults",
    "wizard/cloud/throttling": "simulated/fleet/test_sweep",
    "wizard/cloud/timeouts": "survival/test_budgets",
    "wizard/cloud/trust": "simulated/cloud/test_connect",
    "wizard/cloud/versions": "simulated/cloud/test_inventory",
    "wizard/cloud/writes": "survival/test_unfinished_journals",
    "wizard/export/hcl": "unit/export/test_terraform",
    "wizard/export/read": "simulated/export/test_export",
    "wizard/export/*": "unit/export/test_templates",
    "wizard/fleet/[rf]*": "simulated/fleet/test_verify",
    "wizard/fleet/*": "simulated/fleet/test_sweep",
    "wizard/in_cluster/*": "simulated/in_cluster/test_odd_answers",
    "wizard/procedure/cluster_lock": "survival/test_lock",
    "wizard/procedure/differences": "simulated/procedure/test_gate",
    "wizard/procedure/events": "simulated/procedure/test_run",
    "wizard/procedure/in_flight": "survival/test_unfinished_journals",
    "wizard/procedure/refusals": "simulated/procedure/test_waiting",
    "wizard/procedure/revalidation": "survival/test_drift",
    "wizard/procedure/role_propagation": "simulated/procedure/test_waiting",
    "wizard/procedure/variables": "unit/procedure/test_script_quoting",
    "wizard/procedure/*": "unit/procedure/test_steps",
    "wizard/reports/*": "unit/reports/test_outputs",
    "wizard/rules/*": "unit/rules/test_rules",
    "wizard/runs/resume": "survival/test_unfinished_journals",
    "wizard/runs/*": "simulated/runs/test_journal",
    "wizard/simulator/arm/deny": "simulated/simulator/test_deny_assignments",
    "wizard/simulator/arm/policy": "simulated/simulator/test_policy_restrictions",
    "wizard/simulator/arm/rbac": "simulated/simulator/test_roles",
    "wizard/simulator/arm/throttling": "simulated/simulator/test_limits",
    "wizard/simulator/arm/*": "simulated/simulator/test_management",
    "wizard/simulator/kubernetes/[ek]*": "simulated/simulator/kubernetes/test_encryption",
    "wizard/simulator/kubernetes/*": "simulated/simulator/kubernetes/test_objects",
    "wizard/simulator/protocol/p*": "simulated/simulator/test_plain_clients",
    "wizard/simulator/protocol/*": "simulated/simulator/test_simulator",
    "wizard/simulator/providers/authorization": "simulated/simulator/test_roles",
    "wizard/simulator/providers/cluster_kms": "simulated/simulator/test_kms_rules",
    "wizard/simulator/providers/cluster_credentials": "simulated/simulator/kubernetes/test_credentials",
    "wizard/simulator/providers/deleted_vaults": "simulated/simulator/test_lasting_deletions",
    "wizard/simulator/providers/managed_identity": "simulated/simulator/test_identities",
    "wizard/simulator/providers/policy_*": "simulated/simulator/test_policy_restrictions",
    "wizard/simulator/providers/resource_groups": "simulated/simulator/test_groups",
    "wizard/simulator/providers/resource_listing": "simulated/simulator/test_generic_lists",
    "wizard/simulator/providers/c*": "simulated/simulator/test_managed_clusters",
    "wizard/simulator/providers/upgrade_profiles": "simulated/simulator/test_managed_clusters",
    "wizard/simulator/providers/vault_keys": "simulated/simulator/test_key_vault",
    "wizard/simulator/providers/deployments": "simulated/simulator/test_monitor",
    "wizard/simulator/providers/*": "simulated/simulator/test_providers",
    "wizard/simulator/resource_graph/*": "simulated/simulator/test_resource_graph",
    "wizard/simulator/scenario/*": "simulated/simulator/test_scenarios",
    "wizard/simulator/server/drift": "survival/test_drift",
    "wizard/simulator/server/*": "simulated/simulator/test_simulator",
    "wizard/simulator/state/body_fields": "simulated/simulator/test_strict_bodies",
    "wizard/simulator/state/cluster_*": "simulated/simulator/test_managed_clusters",
    "wizard/simulator/state/*": "simulated/simulator/test_state_file",
    "wizard/simulator/vaults/vault_access": "simulated/simulator/test_key_vault",
    "wizard/simulator/vaults/*": "simulated/simulator/test_key_states",
    "wizard/state/*": "unit/state/test_target",
    "wizard/system/private_files": "simulated/runs/test_journal",
    "wizard/system/processes": "unit/in_cluster/test_kubectl",
    "wizard/system/signals": "survival/test_signals",
    "wizard/system/yaml_loader": "unit/answers/test_model",
    "wizard/verification/code": "unit/verification/test_informing",
    "wizard/verification/*": "unit/verification/test_checks",
}
"""Where a module is tested that has no test file of its name in a folder of its package's; of several patterns that match, the
first."""


def modules() -> set[str]:
    found = {
        path.relative_to(ROOT).with_suffix("")
        for top in ("wizard", "screens")
        for path in (ROOT / top).rglob("*.py")
    }
    return {path.as_posix() for path in found if path.name != "__init__"}


def test_every_module_is_tested_by_its_name_or_where_the_table_says() -> None:
    files = [path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")]
    used, lost = set(), []
    for module in sorted(modules()):
        _, *packages, name = module.split("/")
        if not any(
            path.stem == f"test_{name}" and (not packages or not {*packages}.isdisjoint(path.parts))
            for path in files
        ):
            pattern = next((each for each in TESTED_IN if fnmatch(module, each)), None)
            used.add(pattern)
            lost += [] if pattern else [module]
    assert lost == []
    assert [each for each in TESTED_IN if each not in used] == [], "not needed"
    assert [each for each in TESTED_IN.values() if not any(TESTS.glob(f"{each}.py"))] == [], "no such file"


def test_every_test_is_of_exactly_one_layer(request: pytest.FixtureRequest) -> None:
    layers = set(LAYERS.values())
    wrong = [
        item.nodeid
        for item in request.session.items
        if len({mark.name for mark in item.iter_markers()} & layers) != 1
    ]
    assert wrong == []


@pytest.mark.parametrize("layer", LAYERS.values())
def test_every_layer_is_declared(layer: str, pytestconfig: pytest.Config) -> None:
    assert any(line.startswith(f"{layer}:") for line in pytestconfig.getini("markers"))


def test_only_one_file_imports_what_a_library_keeps_private() -> None:
    private = re.compile(r"^\s*(?:from|import) (?!_|tests|wizard|screens)[\w.]*\._(?!_)", re.MULTILINE)
    files = (
        each for folder in ("wizard", "screens", "tests", ".ci") for each in (ROOT / folder).rglob("*.py")
    )
    found = {str(each.relative_to(ROOT)) for each in files if private.search(each.read_text("utf-8"))}
    assert found == {"tests/textual_internals.py"}
