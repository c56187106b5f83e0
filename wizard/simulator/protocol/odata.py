"""The subset of OData `$filter` that ARM lists support: `name eq 'value'` and `function('value')`, joined by `and`."""

import re

from wizard.simulator.protocol.wire import Call, Refusal

_TERM = re.compile(
    r"(?P<name>\w+)\s+eq\s+'(?P<value>[^']*)'|(?P<function>\w+)\((?:'(?P<argument>[^']*)')?\)", re.IGNORECASE
)


def filter_terms(call: Call, *known: str) -> dict[str, str]:
    """Return the terms of `$filter`, by lower-case name; a function without an argument has the value "".

    Raise Refusal 400 for any other form, and for a property that is not one of `known`.
    """
    text, terms = call.query.get("$filter", "").strip(), {}
    for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE) if text else []:
        match = _TERM.fullmatch(part.strip())
        if match is None:
            raise Refusal(400, "BadRequestFormat", f"The filter '{text}' is not valid or not supported.")
        name = (match["name"] or match["function"]).lower()
        if name not in known:
            raise Refusal(
                400,
                "UnsupportedQuery",
                f"The filter on '{name}' is not supported. Supported filters are: {', '.join(known)}.",
            )
        terms[name] = match["value"] or match["argument"] or ""
    return terms
