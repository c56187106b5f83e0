"""The files that the variables of a credential name: a federated token, a certificate. Imports the SDKs' core: late."""

import stat
from collections.abc import Callable
from pathlib import Path

from azure.core.exceptions import ClientAuthenticationError

from wizard.errors import Problem
from wizard.system.sanitize import sanitize

_MOST = 1 << 20  # bytes; a token has some thousands


class CredentialFileError(ClientAuthenticationError):
    """A file that a variable names is not what the credential needs; `problem` says why, and what to do."""

    def __init__(self, variable: str, path: str, why: str, remedy: str) -> None:
        file = f"{variable} names {sanitize(path)!r}"
        self.problem = Problem("sign-in", "You are not signed in to Azure.", f"{file}, which {why}.", remedy)
        super().__init__(message=f"{file}, which {why}.")


def federated_token(variable: str, path: str) -> Callable[[], str]:
    """Return what reads the token of a file, which its issuer replaces now and then. Raise CredentialFileError."""
    remedy = (
        f"Set {variable} to the file with the token that your platform provides, or use another --credential."
    )

    def read() -> str:
        try:
            token = _content(path).decode("ascii").strip()
        except OSError as error:
            raise CredentialFileError(variable, path, _cannot(error), remedy) from error
        except UnicodeDecodeError as error:
            raise CredentialFileError(variable, path, "is not a text", remedy) from error
        if not token or len(token.split()) > 1:
            raise CredentialFileError(variable, path, "does not contain one token", remedy)
        return token

    return read


def certificate(variable: str, path: str) -> bytes:
    """Return the content of a certificate's file. Raise CredentialFileError."""
    try:
        return _content(path)
    except OSError as error:
        raise not_a_certificate(variable, path, _cannot(error)) from error


def not_a_certificate(variable: str, path: str, why: str = "") -> CredentialFileError:
    """Return the error of a file that is not a certificate, or needs another password."""
    why = why or "is not a certificate with its private key, or needs another password"
    remedy = (
        f"Set {variable} to a PEM or PKCS12 file with the certificate and its private key, and "
        "AZURE_CLIENT_CERTIFICATE_PASSWORD if it has a password."
    )
    return CredentialFileError(variable, path, why, remedy)


def _content(path: str) -> bytes:
    """Return the content of a file. Raise OSError, also if it is a directory, a pipe or too large."""
    file = Path(path)
    there = file.stat()
    if not stat.S_ISREG(there.st_mode):
        raise OSError(0, "it is not a file")
    if there.st_size > _MOST:
        raise OSError(0, f"it is larger than {_MOST >> 20} MiB")
    return file.read_bytes()


def _cannot(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"
