"""The page of exceptions (wizard/errors.py) shows all of them, each below its base."""

import ast
import re
from pathlib import Path

from wizard import errors

ENGINE = Path(errors.__file__).parent
EXTEND_A_LIBRARY = {"AzureCliError", "CredentialFileError", "ConnectionLostError", "InvalidResponseError"}


def bases() -> dict[str, str]:
    """Return the first base of each exception class of the engine, by name; the simulator's are not among them."""
    found = {}
    for path in ENGINE.rglob("*.py"):
        if "simulator" in path.relative_to(ENGINE).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.bases and node.name.endswith(("Error", "Exception")):
                found[node.name] = ast.unparse(node.bases[0])
    return found


def test_page_shows_every_exception_of_the_engine() -> None:
    drawn: list[tuple[int, str]] = [
        (len(match[1]), match[2])
        for match in re.finditer(r"^([│├└─ ]*)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE)
    ]
    tree = {}
    for at, (depth, name) in enumerate(drawn):
        above = [each for each_depth, each in drawn[:at] if each_depth < depth]
        tree[name] = above[-1] if above else "Exception"
    assert tree == {name: base for name, base in bases().items() if name not in EXTEND_A_LIBRARY}


def test_exceptions_that_extend_a_library_are_named_on_the_page() -> None:
    outside = {name for name in bases() if name in EXTEND_A_LIBRARY}
    assert outside == EXTEND_A_LIBRARY
    assert all(name in (errors.__doc__ or "") for name in outside)
