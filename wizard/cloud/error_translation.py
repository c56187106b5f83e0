"""Translates the errors of Azure's SDKs into AzureError."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from wizard.cloud.diagnose import problem_from
from wizard.cloud.error_body import error_body
from wizard.errors import AzureError, PagingError, unexpected_response
from wizard.system.coroutines import closing_arguments

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

Found = TypeVar("Found")

_UNEXPECTED_FORMAT = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError)
"""What reading a response in an unexpected format raises; the SDKs' DeserializationError is a ValueError."""

_NOT_ABOUT_THE_RESOURCE = frozenset({"subscriptionnotfound", "resourceprovidernotfound"})
"""Codes of a 404, in lower case, that end in `notfound` but are not about the requested resource."""


@contextmanager
def translate_errors(summary: str) -> Iterator[None]:
    """Translate the errors of a block that calls Azure and reads the response. `summary` says what did not succeed.

    Raise AzureError for each error of the SDKs, and if the response cannot be read, without any value of it.
    """
    from azure.core.exceptions import AzureError as SdkError  # imported by connect

    try:
        yield
    except SdkError as error:
        raise AzureError(problem_from(error, summary)) from error
    except PagingError as error:
        raise AzureError(unexpected_response(summary, str(error))) from error
    except _UNEXPECTED_FORMAT as error:
        raise AzureError(unexpected_response(summary, error)) from error


@closing_arguments
async def none_if_missing(request: Awaitable[Found]) -> Found | None:
    """Return the result of a request for one resource; None if it, or its resource group, does not exist."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return await request
    except ResourceNotFoundError as error:
        if _does_not_exist(error):
            return None
        raise


def _does_not_exist(error: "HttpResponseError") -> bool:
    """Return whether an error means that the resource does not exist.

    Other 404s do not: of a subscription that is not visible, and of a cloud that does not support the api-version or the
    type yet (InvalidResourceType, InvalidResourceNamespace, NoRegisteredProviderFound).
    """
    code = error_body(error).code.casefold()
    return error.status_code == 404 and code.endswith("notfound") and code not in _NOT_ABOUT_THE_RESOURCE
