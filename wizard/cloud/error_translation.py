"""Asking Azure something through its SDKs: whatever becomes of it is told in one way."""

from collections.abc import AsyncIterable, Awaitable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from wizard.cloud.diagnose import problem_from
from wizard.errors import AzureError, odd_answer

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

Found = TypeVar("Found")

_STUMBLED = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError)
"""What reading an answer of another shape than ever ends in; DeserializationError, which the SDKs raise, is a ValueError."""

_OF_ALL = frozenset({"SubscriptionNotFound", "ResourceProviderNotFound"})
"""Codes of a 404 that end as those of a thing do which does not exist, and say more than that."""


@contextmanager
def translate_errors(summary: str) -> Iterator[None]:
    """A block that asks Azure something and reads what it answers. `summary` says in one sentence what did not succeed.

    Raises AzureError for whatever the SDKs raise, and where the answer cannot be read: with no value of it.
    """
    from azure.core.exceptions import AzureError as SdkError  # whoever can ask has it imported

    try:
        yield
    except SdkError as error:
        raise AzureError(problem_from(error, summary)) from error
    except _STUMBLED as error:
        raise AzureError(odd_answer(summary, error)) from error


async def none_if_missing(request: Awaitable[Found]) -> Found | None:
    """What a request for one thing returns; None where Azure says that it (or the group that it is in) does not exist."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return await request
    except ResourceNotFoundError as error:
        if _does_not_exist(error):
            return None
        raise


async def none_if_forbidden(listing: AsyncIterable[Found]) -> list[Found] | None:
    """All of a list; None where it may not be read, or what it is of does not exist."""
    from azure.core.exceptions import HttpResponseError

    try:
        return [each async for each in listing]
    except HttpResponseError as error:
        if error.status_code == 403 or _does_not_exist(error):
            return None
        raise


def _does_not_exist(error: "HttpResponseError") -> bool:
    """Whether a refusal says that a thing does not exist.

    Other 404s do not: that of a subscription which cannot be seen, and that of a cloud which does not know the
    api-version or the type yet (InvalidResourceType, InvalidResourceNamespace, NoRegisteredProviderFound).
    """
    code = str(error.error.code or "") if error.error else ""
    return error.status_code == 404 and code.endswith("NotFound") and code not in _OF_ALL
