"""Pages of long lists, linked by `nextLink` as ARM does."""

import base64
import binascii
from urllib.parse import quote, urlencode

from wizard.simulator.protocol.wire import Answer, Call, Refusal

PARAMETER = "$skiptoken"


def start_of(call: Call) -> int:
    """Remove the skip token from the query, and return how many entries the earlier pages contained.

    Raise Refusal 400 if the token is not valid.
    """
    token = call.query.pop(PARAMETER, "")
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error) as problem:
        raise Refusal(
            400, "InvalidSkipToken", f"The provided skip token '{token}' is invalid. Use the nextLink as it was given."
        ) from problem  # fmt: skip


def cut(call: Call, answer: Answer, start: int, size: int) -> None:
    """Reduce the list in an answer to one page, with a link to the next one."""
    values = (answer.body or {}).get("value")
    if answer.body is None or not isinstance(values, list):
        return
    shown = values[start : start + size]
    page = dict(answer.body) | {"value": [answer.show(each) for each in shown] if answer.show else shown}
    if start + size < len(values):
        token = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        page["nextLink"] = f"{call.base_url}{quote(call.path)}?{urlencode(call.query | {PARAMETER: token})}"
    answer.body = page
