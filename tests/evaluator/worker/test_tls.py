"""Over a network the worker speaks to nobody whose certificate is not signed by the CA that it was given."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from evaluator.errors import HospitalFault
from evaluator.worker.broker import BrokerCarrier, tls

HELLO = b"AMQP\x00\x00\x09\x01"


def write_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own CA, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "broker.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(certificate.public_bytes(encoding) + private)
    return path


class Listener:
    """Shakes hands, keeps the first words that come encrypted, and hangs up."""

    def __init__(self, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.heard: set[bytes] = set()
        self._over = threading.Event()
        self._server.settimeout(0.05)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._server.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            with suppress(OSError):
                plain, _ = self._server.accept()
                with plain, self._context.wrap_socket(plain, server_side=True) as secure:
                    self.heard.add(secure.recv(len(HELLO)))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return write_certificate(tmp_path)


@pytest.fixture
def listener(certificate: Path) -> Iterator[Listener]:
    listener = Listener(certificate)
    yield listener
    listener.close()


def speak(listener: Listener, *, ca: Path | None, host: str = "127.0.0.1") -> None:
    url = f"amqps://lakeside:secret@{host}:{listener.port}//"
    BrokerCarrier(url, slug="lakeside", security=tls(url, ca=ca, insecure=False)).carry(b"{}")


def test_with_its_ca_the_broker_is_spoken_to_over_tls(listener: Listener, certificate: Path) -> None:
    with pytest.raises(HospitalFault):  # it hangs up
        speak(listener, ca=certificate)

    assert listener.heard == {HELLO}


def test_a_broker_that_our_ca_does_not_know_hears_nothing(listener: Listener) -> None:
    with pytest.raises(HospitalFault, match="certificate verify failed"):
        speak(listener, ca=None)

    assert listener.heard == set()


def test_a_certificate_of_another_host_is_refused(listener: Listener, certificate: Path) -> None:
    with pytest.raises(HospitalFault, match="certificate verify failed"):
        speak(listener, ca=certificate, host="localhost")

    assert listener.heard == set()
