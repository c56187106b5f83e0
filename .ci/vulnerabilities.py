"""The known vulnerabilities of what a file of requirements pins, by pip-audit: python vulnerabilities.py FILE pypi|osv.

Ends with 0 where none is known, 1 where one is, 3 where not all could be asked: what nobody knows is never taken for good.

Some mirrors of PyPI keep a record for each distribution, and none for each of its versions. It tells the vulnerabilities of the
newest version, so it answers for a version that is the newest.
"""

import io
import json
import re
import runpy
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from http import HTTPStatus
from typing import Any

from requests import RequestException, Response, Session

_OF_A_VERSION = re.compile(r"(.*/pypi/[^/]+)/([^/]+)/json")
_get = Session.get


def _or_of_the_newest(self: Session, url: str, **options: Any) -> Response:
    answer = _get(self, url, **options)
    asked = _OF_A_VERSION.fullmatch(url)
    if asked and answer.status_code == HTTPStatus.NOT_FOUND:
        newest = _get(self, f"{asked[1]}/json", **options)
        if newest.ok and newest.json()["info"]["version"] == asked[2]:
            return newest
    return answer


def _found(file: str, service: str) -> list[dict[str, Any]]:
    """What pip-audit says of each distribution. Raises ValueError or RequestException where it cannot ask."""
    said, aside = io.StringIO(), io.StringIO()
    sys.argv[1:] = ["--requirement", file, "--no-deps", "--disable-pip", "--progress-spinner=off"]
    sys.argv += ["--vulnerability-service", service, "--format", "json"]
    # It ends with 1 both where it finds something and where it cannot ask: what it prints tells the two apart.
    with redirect_stdout(said), redirect_stderr(aside), suppress(SystemExit):
        runpy.run_module("pip_audit", run_name="__main__")
    dependencies: list[dict[str, Any]] = json.loads(said.getvalue())["dependencies"]
    return dependencies


def main(file: str, service: str) -> int:
    """Print what is known, and return the exit code."""
    Session.get = _or_of_the_newest  # type: ignore[assignment]
    try:
        found = _found(file, service)
    except (ValueError, RequestException):
        print(
            f"✗ vulnerabilities: {service} could not be asked, nothing is known. Try the other service, or elsewhere."
        )
        return 3
    asked = [each for each in found if "skip_reason" not in each]
    unknown = [each["name"] for each in found if "skip_reason" in each]
    vulnerable = [each for each in asked if each["vulns"]]
    for each in vulnerable:
        for id_, mended in {known["id"]: ", ".join(known["fix_versions"]) for known in each["vulns"]}.items():
            print(f"✗ {each['name']} {each['version']}: {id_}, mended in {mended or 'no version'}")
    print(
        f"{'✗' if vulnerable else '✓'} vulnerabilities: known to {service} in {len(vulnerable)} of {len(asked)} distributions"
    )
    if unknown:
        print(
            f"✗ {service} has no record of {', '.join(unknown)}, or of this version: there nothing is known"
        )
    return 1 if vulnerable else 3 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
