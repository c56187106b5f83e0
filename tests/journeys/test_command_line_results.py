"""What the command line prints as text: the result in a few lines, and last."""

import re

from tests.journeys.command_line import Shell
from tests.journeys.conftest import StartShell
from tests.support import answers

PRIVATE = answers("customer-managed-private").to_yaml()
SIMULATE = ("--simulate", "--speed=max")


def test_apply_prints_its_result_in_five_lines(shell: Shell) -> None:
    done = shell.run(*SIMULATE, "apply", "-f", shell.write("answers.yaml", PRIVATE), "--yes")
    assert done.code == 0, done.err
    [run] = shell.run("runs", "list", "-o", "json").json["runs"]
    printed = re.sub(r"\d+:\d\d elapsed", "0:00 elapsed", done.out)
    assert re.sub(r"(\d+) of \1 checks", "all checks", printed).splitlines() == [
        "✓ aks-demo: secrets are encrypted with the customer-managed key kv-demo/aks-kms.",
        "  Verified: all checks passed. 0:00 elapsed.",
        "  Keep    kv-demo/aks-kms (all versions), the key vault kv-demo, and id-aks-demo with its role assignments",
        "  To do   Assign the new identity the roles that the old one has outside the node resource group.",
        f"  Report  aks-kms runs report {run['id']}",
    ]
    assert shell.run("runs", "report", run["id"]).code == 0
    parts = (
        r"Plan: \d+ to create, \d+ to change, \d+ unchanged\. Usually \d+–\d+ min\. No problems, 2 warnings\."
    )
    assert re.search(parts, done.err)


def test_a_step_is_one_line_of_the_log_with_its_number_and_v_prints_all(start_shell: StartShell) -> None:
    shell = start_shell()
    file = shell.write("answers.yaml", PRIVATE)
    first = shell.run("apply", "-f", file, "--yes").err
    lines = re.findall(r"(\d+)/(\d+) +✓ +(done|no change) +([a-z-]+)", first)
    assert {("no change", "resource-group"), ("done", "cluster")} <= {line[2:] for line in lines}
    assert {int(number) for number, *_ in lines} == set(range(1, len(lines) + 1))
    assert {int(of) for _, of, *_ in lines} == {len(lines)}
    assert "started" not in first
    verbose = shell.run("apply", "-f", file, "--yes", "-v")
    assert len(re.findall("✓ no change", verbose.err)) == len(lines) - 1, "all but the verification"
    assert len(re.findall("◐ started", verbose.err)) == len(lines)
    assert "Journal: " in verbose.err
    assert "  ✓ identity-role " in verbose.out
    assert "Security profile" not in verbose.out
    assert "Security profile" in shell.run("apply", "-f", file, "--yes", "-vv").out


def test_a_terminal_gets_a_line_for_each_step_and_one_that_is_drawn_again(start_shell: StartShell) -> None:
    shell = start_shell(speed=600)
    file = shell.write("answers.yaml", PRIVATE)
    with shell.terminal("apply", "-f", file, "--yes", environment={"NO_COLOR": "1"}) as terminal:
        assert terminal.ends() == 0
    shown = re.sub(r"[^\n]*\x1b\[K", "", terminal.shown)
    steps = re.findall(r"^ *(\d+)/(\d+)  (.*)$", "\n".join(shown.splitlines()), re.MULTILINE)
    assert sorted(int(number) for number, *_ in steps) == list(range(1, len(steps) + 1))
    assert {int(of) for _, of, _ in steps} == {len(steps)}
    assert any(re.match(r"= Create the resource group +unchanged$", text) for *_, text in steps)
    assert [line.split()[0] for line in shown.splitlines()[-5:]] == ["✓", "Verified:", "Keep", "To", "Report"]
    assert re.search(r"\r\x1b\[K +\d+/\d+  ◐ .* \d+:\d\d el", terminal.shown), "cut at 80 columns"


def test_a_failed_run_ends_with_what_failed_and_how_to_find_out_more(start_shell: StartShell) -> None:
    shell = start_shell("update-fails")
    done = shell.run("apply", "-f", shell.write("answers.yaml", PRIVATE), "--yes")
    assert done.code == 1
    assert done.out == ""
    failed, certain, said, *_, verify, _, resume = done.err.rpartition("\n\n")[2].splitlines()
    last = r"✗ aks-demo: step \d+ of \d+ failed \(cluster\)\. The cluster aks-demo could not be updated\."
    assert re.fullmatch(last, failed)
    assert certain == "  It is not certain whether its secrets are encrypted."
    assert said.startswith("  Azure said:     InternalOperationError: ")
    assert resume.startswith("  To resume: aks-kms runs resume ")
    found = shell.run(*verify.partition("aks-kms ")[2].split())
    assert found.out.splitlines()[0][:11] == "✗ aks-demo:"


def test_a_plan_is_on_one_grid_with_its_problems_first(shell: Shell) -> None:
    file = shell.write("answers.yaml", PRIVATE)
    planned = shell.run("--simulate", "plan", "-f", file).out
    rows = [line for line in planned.splitlines() if line.startswith(("  + create", "  ~ change"))]
    names = {
        row.index(name)
        for row in rows
        for name in row.split("  ")
        if name in {"kv-demo", "aks-demo", "id-aks-demo"}
    }
    assert len(rows) > 1
    assert len(names) == 1, "all names begin in one column"
    assert "= unchanged" not in planned
    verbose = shell.run("--simulate", "plan", "-f", file, "-v").out
    assert "  = unchanged" in verbose
    assert "/managedClusters/aks-demo" in verbose
    refused = shell.run("--simulate=no-rights", "plan", "-f", file)
    assert refused.code == 1
    lines = refused.out.splitlines()
    assert lines.index("Problems") < lines.index("Irreversible")
    assert lines[4:6][0] == "Problems"
    assert lines[-1] == "✗ This plan cannot be applied. Fix the errors marked ✗ and plan again."


def test_clusters_are_a_table_of_a_hundred_columns_and_wide_has_more(shell: Shell) -> None:
    narrow = shell.run("--simulate", "clusters")
    lines = narrow.out.splitlines()
    heads = ["CLUSTER", "RESOURCE", "GROUP", "SUBSCRIPTION", "VERSION", "ENCRYPTION", "REASON"]
    assert lines[0].split() == heads
    assert max(map(len, lines)) <= 100
    assert lines[-1] == "13 clusters in 2 subscriptions: 9 none, 1 platform, 2 customer, 1 legacy KMS"
    rows = {line.split()[1]: line for line in lines[1:-2]}
    assert rows["bank-ledger"].startswith("✓")
    assert rows["bank-ledger"].endswith("1.34.2   customer, private")
    assert rows["batch-eu"].startswith("!")
    assert rows["batch-eu"].split()[-4:] == ["KMS", "not", "migrated", "+1"]
    assert rows["aks-demo"].startswith("–")
    assert narrow.err == ""
    assert "bank-ledger" in (shell.home / "state/aks-kms/seen/simulated.json").read_text("utf-8")
    misspelt = shell.run("--simulate", "verify", "-g", "rg-demo", "-n", "aks-dmeo")
    assert "did you mean -g rg-demo -n aks-demo?" in misspelt.err
    wide = shell.run("--simulate", "clusters", "-o", "wide").out
    assert {"REGION", "IDENTITY"} <= set(wide.splitlines()[0].split())
    assert "customer-managed key, private vault" in wide


def test_long_names_are_shortened_on_a_terminal_only(shell: Shell) -> None:
    with shell.terminal("--simulate", "clusters", environment={"COLUMNS": "80", "NO_COLOR": "1"}) as terminal:
        assert terminal.ends() == 0
    lines = terminal.shown.rpartition("\x1b[K")[2].splitlines()
    assert max(map(len, lines)) <= 80
    assert "Contoso…" in terminal.shown
    assert "bank-ledger" in terminal.shown


def test_check_ends_with_whether_one_can_start(shell: Shell) -> None:
    ready = shell.run("--simulate", "check")
    assert ready.out.splitlines()[0].startswith("✓ Azure ")
    assert ready.out.endswith("\n\nReady. Start with: aks-kms --simulate\n")
    not_ready = shell.run("check", environment={"AZURE_CONFIG_DIR": "/nowhere", "PATH": "/nowhere"})
    assert not_ready.code == 3
    assert not_ready.out.endswith("\n\nNot ready: You are not signed in to Azure.\n")


def test_runs_are_a_table_of_a_hundred_columns(shell: Shell) -> None:
    for key_option in ("customer-managed-private", "platform-managed"):
        file = shell.write("answers.yaml", shell.run("answers", "example", key_option).out)
        assert shell.run(*SIMULATE, "apply", "-f", file, "--yes").code == 0
    head, *rows = shell.run("runs", "list").out.splitlines()
    assert head.split() == ["ID", "CLUSTER", "STATUS", "STARTED", "TOOK", "WHAT"]
    assert max(map(len, rows)) <= 100
    assert {row[head.index("WHAT") :] for row in rows} == {
        "Encrypt: customer, private · sim",
        "Encrypt: platform · sim",
    }
