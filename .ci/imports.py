"""Print how the packages import each other: `python .ci/imports.py`, from the root of the repository, with Python 3.11 alone.

Exits with code 1 if modules import each other in a cycle, or if an import goes up in the `layers` contracts of pyproject.toml.
"""

import ast
import sys
import tomllib
from collections import Counter
from pathlib import Path

Graph = dict[str, set[str]]


def modules(roots: list[str]) -> dict[str, Path]:
    """Return the file of each module below the root packages."""
    files = (file for root in roots for file in Path(root).rglob("*.py"))
    return {".".join(file.with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imports(files: dict[str, Path]) -> Graph:
    """Return which of the modules each module imports, at its top or inside a function."""
    graph: Graph = {}
    for module, file in files.items():
        found = graph[module] = set()
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module in files:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= names & files.keys() or {node.module}
        found &= files.keys() - {module}
    return graph


def cycles(graph: Graph) -> list[list[str]]:
    """Return the groups of nodes that can reach each other."""
    reach: Graph = {}
    for start in graph:
        reach[start], todo = set(), list(graph[start])
        while todo:
            if (node := todo.pop()) not in reach[start]:
                reach[start].add(node)
                todo += graph[node]
    groups = {tuple(sorted(b for b in reach[a] if a in reach[b])) for a in graph}
    return [list(group) for group in sorted(groups) if group]


def main() -> int:
    """Print packages, imports and cycles, and return the exit code."""
    linter = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    level = {
        f"{container}.{name.strip()}": number
        for contract in linter["contracts"]
        if contract["type"] == "layers"
        for container in contract["containers"]
        for number, layer in enumerate(contract["layers"])
        for name in layer.split("|")
    }

    def package(module: str) -> str:
        parts = module.split(".")
        prefixes = [".".join(parts[:depth]) for depth in range(len(parts), 0, -1)]
        return next((each for each in prefixes if each in level), prefixes[-1])

    graph = imports(modules(linter["root_packages"]))
    pairs = Counter((package(a), package(b)) for a, found in graph.items() for b in found)
    arrows = {pair: count for pair, count in pairs.items() if pair[0] != pair[1]}
    up = 0
    for (a, b), count in sorted(arrows.items()):
        siblings = a in level and b in level and a.rpartition(".")[0] == b.rpartition(".")[0]
        wrong = siblings and level[a] >= level[b]
        up += wrong
        print(f"{a} -> {b}: {count}{'  goes up' if wrong else ''}")
    between: Graph = {package(module): set() for module in graph}
    for a, b in arrows:
        between[a].add(b)
    found = cycles(graph) + cycles(between)
    for group in found:
        print("cycle:", ", ".join(group))
    print(
        f"{len(graph)} modules in {len(between)} packages, {len(arrows)} arrows; upwards: {up}, cycles: {len(found)}"
    )
    return 1 if up or found else 0


if __name__ == "__main__":
    sys.exit(main())
