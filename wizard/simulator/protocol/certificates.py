"""The certificate authority of the simulated cloud: created once per process, or restored from the state file."""

import ssl
from functools import cache

import trustme

from wizard.simulator.protocol.ids import API_SERVERS


@cache
def process_authority() -> trustme.CA:
    """Return the CA that all simulators of this process share, so that a second one starts in milliseconds."""
    return trustme.CA(organization_name="Simulated Azure")


def restore_authority(saved: str) -> trustme.CA:
    """Return the CA from the PEM text that `save_authority` returned."""
    certificate, _, key = saved.partition("\n\n")
    return trustme.CA.from_pem(certificate.encode(), key.encode())


def save_authority(authority: trustme.CA) -> str:
    """Return the certificate and the private key as one PEM text."""
    return authority.cert_pem.bytes().decode().strip() + "\n\n" + authority.private_key_pem.bytes().decode()


def use_authority(context: ssl.SSLContext, authority: trustme.CA, vault_suffix: str) -> None:
    """Use a certificate of this CA for new connections."""
    authority.issue_cert("localhost", "127.0.0.1", f"*.{vault_suffix}").configure_cert(context)


def untrusted_cert() -> trustme.CA:
    """Return a CA that no client trusts."""
    return trustme.CA(organization_name="Untrusted CA")


def server_context(authority: trustme.CA, vault_suffix: str) -> ssl.SSLContext:
    """Return the TLS settings of the server: one certificate for `localhost` and all vaults, and one for each API server on first use."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    use_authority(context, authority, vault_suffix)
    contexts: dict[str, ssl.SSLContext] = {}

    def choose(connection: ssl.SSLSocket | ssl.SSLObject, host: str | None, _: ssl.SSLContext) -> None:
        if host is not None and host.endswith(API_SERVERS):
            if host not in contexts:
                contexts[host] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                contexts[host].minimum_version = context.minimum_version
                authority.issue_cert(host).configure_cert(contexts[host])
            connection.context = contexts[host]

    context.sni_callback = choose
    return context
