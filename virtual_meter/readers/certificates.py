"""A certificate authority of a vendor, and the certificate of a reader, as bare as that of HomeWizard's readers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
import ssl
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """Signs certificates."""

    def __init__(self, name: str = "Appliance Access CA") -> None:
        """Make a new one, whose key nobody has."""
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        # HomeWizard's is of the first version, which has no extensions; this library makes the third, which needs it.
        certificate = self._signed(self._name, self._key.public_key(), is_authority=True)
        self.pem = certificate.public_bytes(Encoding.PEM).decode()
        """Its own certificate."""

    def _signed(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=3650))
        if is_authority:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return builder.sign(self._key, SHA256())

    def context(self, name: str) -> ssl.SSLContext:
        """Return what a server proves with that it has this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(_named(name), key.public_key())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as folder:
            chain = Path(folder) / "chain.pem"
            secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            chain.write_bytes(certificate.public_bytes(Encoding.PEM) + secret)
            context.load_cert_chain(chain)
        return context
