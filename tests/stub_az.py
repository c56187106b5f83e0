"""A stub of the Azure CLI that records its arguments: what a script would have done."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support import LIMIT

STUB = """\
#!/usr/bin/env bash
case "$*" in
    version*azure-cli*) echo "${CLI_VERSION-2.91.0}"; exit ;;
    version*aks-preview*) echo "${PREVIEW_VERSION-19.0.0b15}"; exit ;;
    account\\ show*) echo "${USER_TYPE-user}"; exit ;;
esac
printf '%s\\0' "$#" "$@" >>"$CALLS"
case "$*" in
    "${FAILS:-nothing}"*) echo "az: no" >&2; exit 3 ;;
    group\\ show*) exit 3 ;;
    feature\\ show*properties.state*) echo Registered ;;
    ad\\ signed-in-user*) echo me ;;
    keyvault\\ show*) echo VAULT_ID ;;
    keyvault\\ key\\ show*) echo https://kv-demo.vault.azure.net/keys/aks-kms/0123456789abcdef ;;
    rest\\ --method\\ get*) echo https://kv-demo.vault.azure.net/keys/aks-kms ;;
    identity\\ show*principalId*) echo principal ;;
    identity\\ show*) echo IDENTITY_ID ;;
    aks\\ get-versions*) printf '1.9\\n1.34\\n1.33\\n' ;;
esac
"""
"""It answers the script's queries, and fails if the arguments start with $FAILS."""


def ran(text: str, folder: Path, **more: str) -> tuple["subprocess.CompletedProcess[str]", list[list[str]]]:
    """Run a script with the stub in an empty folder; return its result and the arguments of each call."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    for name, body in (("az", STUB), ("sleep", "#!/bin/sh\n")):
        (tools / name).write_text(body)
        (tools / name).chmod(0o755)
    calls = folder / "calls"
    calls.write_bytes(b"")
    bash = shutil.which("bash")
    assert bash
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "CALLS": str(calls), "LC_ALL": "C.UTF-8", **more}
    done = subprocess.run(
        [bash, "-c", text],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    return done, list(_read(calls.read_bytes().decode().split("\0")[:-1]))


def _read(words: list[str]) -> Iterator[list[str]]:
    while words:
        count = int(words[0])
        yield words[1 : count + 1]
        words = words[count + 1 :]


def run_plan(text: str, folder: Path) -> list[list[str]]:
    """Run a script that must succeed; return the arguments of each call."""
    done, calls = ran(text, folder)
    assert done.returncode == 0, done.stderr
    return calls


def value(call: list[str], option: str) -> str:
    """Return the value of an option of a call."""
    return call[call.index(option) + 1]


def named(call: list[str]) -> str:
    """Return a call's subcommand, with what distinguishes two calls of one subcommand."""
    words = " ".join(call[: next(i for i, word in enumerate(call) if word.startswith("-"))])
    if words == "rest":
        return f"rest {value(call, '--method')}"
    return f"{words} {value(call, '--role')}" if words == "role assignment create" else words


def check_syntax(text: str) -> None:
    """Assert that bash can parse a script and that shellcheck reports nothing."""
    bash = shutil.which("bash")
    assert bash
    subprocess.run([bash, "-n"], input=text, text=True, check=True, capture_output=True, timeout=LIMIT)
    shellcheck = Path(sys.executable).with_name("shellcheck")
    checked = subprocess.run(
        [str(shellcheck), "--shell=bash", "--severity=style", "-"],
        input=text,
        text=True,
        check=False,
        capture_output=True,
        timeout=LIMIT,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
