"""The standard variables decide which requests go through a proxy."""

import pytest

from wizard.cloud.proxies import ca_bundle, proxy_for

PROXY = "http://proxy.example:3128"
ARM = "management.azure.com"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_by_any_of_its_names(name: str) -> None:
    assert proxy_for(ARM, {name: PROXY}) == PROXY


def test_the_one_for_https_wins_and_the_one_for_http_does_not_count() -> None:
    assert proxy_for(ARM, {"ALL_PROXY": "http://other.example", "HTTPS_PROXY": PROXY}) == PROXY
    assert proxy_for(ARM, {"HTTP_PROXY": PROXY}) is None
    assert proxy_for(ARM, {"HTTPS_PROXY": ""}) is None
    assert proxy_for(ARM, {}) is None


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("*", ARM, True),
        (ARM, ARM, True),
        ("MANAGEMENT.azure.com", ARM, True),
        ("azure.com", ARM, True),
        (".azure.com", ARM, True),
        ("zure.com", ARM, False),
        ("example.com, .azure.com", ARM, True),
        ("example.com,localhost", ARM, False),
        ("localhost,127.0.0.1", "localhost", True),
        ("localhost,127.0.0.1", "127.0.0.1", True),
        ("vault.azure.net", "kv-demo.vault.azure.net", True),
        ("", ARM, False),
    ],
)
def test_no_proxy_names_hosts_and_domains(no_proxy: str, host: str, direct: bool) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        assert proxy_for(host, {"HTTPS_PROXY": PROXY, name: no_proxy}) == (None if direct else PROXY)


def test_the_bundle_of_trusted_certificates() -> None:
    assert ca_bundle({}) is None
    assert ca_bundle({"REQUESTS_CA_BUNDLE": "/b.pem"}) == "/b.pem"
    assert ca_bundle({"SSL_CERT_FILE": "/a.pem", "REQUESTS_CA_BUNDLE": "/b.pem"}) == "/a.pem"
    assert ca_bundle({"SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": ""}) is None
