"""The certificate authority of the simulated cloud: made once per process, or kept with a saved world."""

import ssl
from functools import cache

import trustme

from wizard.simulator.protocol.ids import API_SERVERS


@cache
def process_authority() -> trustme.CA:
    """The CA that every simulator of this process shares, so that a second one starts in milliseconds."""
    return trustme.CA(organization_name="Simulated Azure")


def saved_authority(saved: str) -> trustme.CA:
    """The CA from the PEM text that `save_authority` gave."""
    certificate, _, key = saved.partition("\n\n")
    return trustme.CA.from_pem(certificate.encode(), key.encode())


def save_authority(authority: trustme.CA) -> str:
    """Certificate and private key as one text."""
    return authority.cert_pem.bytes().decode().strip() + "\n\n" + authority.private_key_pem.bytes().decode()


def show(context: ssl.SSLContext, authority: trustme.CA, vault_suffix: str) -> None:
    """Have new connections shown a certificate of that CA."""
    authority.issue_cert("localhost", "127.0.0.1", f"*.{vault_suffix}").configure_cert(context)


def untrusted_cert() -> trustme.CA:
    """A CA that nobody trusts."""
    return trustme.CA(organization_name="Somebody Else")


def server_context(authority: trustme.CA, vault_suffix: str) -> ssl.SSLContext:
    """The TLS settings of the server: one certificate for `localhost` and for every vault, and one for each API server met."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    show(context, authority, vault_suffix)
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
