"""aiohttp is imported without certificates, and nothing else is changed."""

import os
import ssl
import subprocess
import sys
from pathlib import Path

import trustme

READ = """
import ssl
from wizard.system.lean_imports import import_aiohttp
import_aiohttp()
from aiohttp import ClientSession, connector
contexts = [each for each in vars(connector).values() if isinstance(each, ssl.SSLContext)]
print(*(each.cert_store_stats()["x509"] for each in (*contexts, ssl.create_default_context())))
"""


def test_aiohttp_is_imported_without_the_certificates_that_others_still_read(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    environment = os.environ | {"SSL_CERT_FILE": str(bundle), "SSL_CERT_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", READ], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "0", "1"]
    assert "set_default_verify_paths" not in vars(ssl.SSLContext)
