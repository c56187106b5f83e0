"""GET requests to Azure Resource Manager without an SDK. Imports the SDKs' core: late, by `Azure`."""

from typing import Any

from azure.core import exceptions
from azure.core.rest import HttpRequest
from azure.mgmt.core import AsyncARMPipelineClient
from azure.mgmt.core.exceptions import ARMErrorFormat

from wizard.cloud.arm import Json
from wizard.cloud.response_validation import DECODED


class RestClient:
    """A client like those of the SDKs, through the same pipeline, that returns JSON as Azure sent it."""

    def __init__(self, base_url: str, **options: Any) -> None:
        """`options` are those of the SDKs' clients: policies and transport."""
        self._client: AsyncARMPipelineClient[Any, Any] = AsyncARMPipelineClient(base_url, **options)

    async def get(self, address: str, api_version: str = "") -> Json:
        """Return the JSON object at a path, or at a link that Azure gave, which has an api-version.

        Raise what the SDKs raise.
        """
        version = {"api-version": api_version} if api_version else {}
        request = HttpRequest("GET", self._client.format_url(address), params=version)
        decoded: list[Json] = []
        options: dict[str, Any] = {DECODED: decoded}
        response = await self._client.send_request(request, **options)
        if response.status_code != 200:
            kinds = {401: exceptions.ClientAuthenticationError, 404: exceptions.ResourceNotFoundError}
            exceptions.map_error(response.status_code, response, kinds)
            raise exceptions.HttpResponseError(response=response, error_format=ARMErrorFormat)
        return decoded[0]  # an object: the pipeline lets nothing else through
