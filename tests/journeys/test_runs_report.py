"""What a run leaves to its operator can be read again from the journal."""

from tests.journeys.conftest import StartShell
from tests.support import answers


def test_a_migration_is_reported_with_what_moved_and_what_stays_needed(start_shell: StartShell) -> None:
    shell = start_shell("legacy-kms")
    file = shell.write("answers.yaml", answers("platform-managed").to_yaml())
    done = shell.run("apply", "-f", file, "--yes", "-o", "json")
    assert done.code == 0, done.err
    run = done.json["journal"].rsplit("/", 1)[1]
    shown = shell.run("runs", "show", run).out
    for words in (
        "from: legacy KMS, kv-demo/aks-kms (Public), identity id-aks-demo",
        "to:   a key that AKS manages",
        "Still needed",
        "May be cleaned up later, by you",
    ):
        assert words in shown, shown
    report = shell.run("runs", "report", run, "-o", "markdown")
    assert report.code == 0, report.err
    for words in (
        "# Move aks-demo to a key that AKS manages",
        "- from: legacy KMS, kv-demo/aks-kms (Public), identity id-aks-demo",
        "- outcome: succeeded",
        "- ✓ `cluster` ",
        "- by: application 44444444-4444-4444-4444-444444444444",
        "- begun: 20",
        "  - PUT aks-demo: HTTP 200, correlation id ",
        "## What was verified",
        "- ✓ passed: Secrets are encrypted with a KMS key.",
        "## Still needed\n\n- The old key kv-demo/aks-kms with all its versions",
        "## May be cleaned up later, by you",
    ):
        assert words in report.out, report.out
