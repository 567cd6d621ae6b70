"""What a start needs, what a later one remembers, and connections that nobody could listen to."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from evaluator.errors import UsageError
from evaluator.wire import PrivateKey
from evaluator.worker.broker import tls
from evaluator.worker.settings import FILE, Settings, keep_settings, read_settings

SETTINGS = Settings(
    hospital="lakeside",
    broker="amqps://lakeside:secret@broker.example:5671//",
    platform_key=PrivateKey.new().public.text,
    cohorts=("/data/cohort",),
    registry="https://registry.example/panel/",
    registry_auth="lakeside:pass:word",
)


def test_settings_are_read_back_and_are_their_owners_only(tmp_path: Path) -> None:
    assert read_settings(tmp_path) is None

    keep_settings(tmp_path, SETTINGS)

    assert read_settings(tmp_path) == SETTINGS
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_settings_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"hospital": 7}')

    with pytest.raises(UsageError, match="Remove it"):
        read_settings(tmp_path)


def test_the_registry_is_named_as_the_engine_names_it() -> None:
    registry = SETTINGS.registry_of()

    assert registry is not None
    assert (registry.place, registry.username, registry.password) == (
        "registry.example/panel",
        "lakeside",
        "pass:word",
    )
    assert "pass" not in repr(registry)


@pytest.mark.parametrize("name", ["", "Lake Side", "../lakeside", "lake.side", "x" * 64])
def test_a_name_that_is_no_hospitals_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="short name"):
        Settings(hospital=name, broker="", platform_key="", cohorts=())


def test_tls_checks_the_name_and_the_certificate(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("a certificate")

    assert tls(SETTINGS.broker, ca=ca, insecure=False) == {
        "ca_certs": str(ca),
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": "broker.example",
    }
    assert (tls(SETTINGS.broker, ca=None, insecure=True) or {})["cert_reqs"] == ssl.CERT_REQUIRED


@pytest.mark.parametrize("host", ["broker.example", "10.0.0.7", "[2001:db8::1]"])
def test_an_open_connection_to_another_machine_is_refused_unless_asked_for(host: str) -> None:
    with pytest.raises(UsageError, match="not be encrypted"):
        tls(f"amqp://a:b@{host}//", ca=None, insecure=False)

    assert tls(f"amqp://a:b@{host}//", ca=None, insecure=True) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_on_the_machine_itself_it_needs_no_encryption(host: str) -> None:
    assert tls(f"amqp://a:b@{host}:5672//", ca=None, insecure=False) is None


@pytest.mark.parametrize("url", ["redis://a:b@host/", "amqp://", "broker.example", ""])
def test_what_is_no_brokers_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="address"):
        tls(url, ca=None, insecure=True)


def test_a_missing_certificate_is_named() -> None:
    with pytest.raises(UsageError, match="is not a file"):
        tls(SETTINGS.broker, ca=Path("/nowhere/ca.pem"), insecure=False)
