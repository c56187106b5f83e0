"""Imports a library without what it does at its import and what nothing here uses."""

import ssl
import sys
import threading

_ONE_AT_A_TIME = threading.Lock()


def import_aiohttp() -> None:
    """Import aiohttp, which at its import reads the certificates of the system twice, in 40 ms.

    They are for connections without a TLS context of their own. Each of this program has one, and without certificates any
    other would be refused. Contexts that other threads make meanwhile are made as always.
    """
    with _ONE_AT_A_TIME:
        if "aiohttp" in sys.modules:
            return
        here, read = threading.get_ident(), ssl.SSLContext.set_default_verify_paths

        def leave_out(context: ssl.SSLContext) -> None:
            if threading.get_ident() != here:
                read(context)

        ssl.SSLContext.set_default_verify_paths = leave_out  # type: ignore[assignment,method-assign]  # for one import
        try:
            import aiohttp  # noqa: F401 - for its import
        finally:
            del ssl.SSLContext.set_default_verify_paths  # it is inherited
