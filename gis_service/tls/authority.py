"""The county's certificate authority, made once, and the service's certificate, signed by it and renewed in time.

All of it lies in ``tls/`` of the data folder, its owner's alone: ``ca.key``, ``ca.crt``, ``service.pem`` (key and chain).
A phone that trusts the authority trusts all that it signs, so it is bound (RFC 5280, 4.2.1.10) to addresses of private
networks and to the names and addresses that this service had when the authority was made: a stolen key signs for no bank.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gis_service import machine
from gis_service.errors import InputError
from gis_service.files import replacing
from gis_service.settings import ANY_ADDRESS, get_settings

AUTHORITY_YEARS = 10
SERVICE_DAYS = 397
"""Browsers take 398 days of a certificate; iOS takes no more than 825 even of an authority that its user trusts."""
RENEW_DAYS = 30
_LOCAL_NAMES = ("localhost", "local", "lan", "internal")
_PRIVATE = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10",
    "fc00::/7", "fe80::/10", "::1/128",
)  # fmt: skip
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOSTNAME = re.compile(rf"^(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*$")
_CLOCK = timedelta(days=1)
"""How far a phone's clock may be behind."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Authority:
    """A certificate authority: its key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def folder() -> Path:
    """Return where keys and certificates lie."""
    return get_settings().data_dir / "tls"


def key_file() -> Path:
    """Return the authority's key, which is its owner's alone (PEM)."""
    return folder() / "ca.key"


def certificate_file() -> Path:
    """Return the authority's certificate, which is for everybody (PEM)."""
    return folder() / "ca.crt"


def service_file() -> Path:
    """Return the service's key and chain (PEM)."""
    return folder() / "service.pem"


def prepare(names: frozenset[str]) -> None:
    """Make the authority unless it is there, and the service's certificate unless it holds for ``names`` long enough.

    Raises
    ------
    InputError
        A name is none, the folder cannot be written, or key and certificate of the authority do not fit.

    """
    wanted = alternative_names(names)
    authority = _open_authority() or _make_authority([*wanted, *alternative_names(machine.names())])
    wanted = [name for name in wanted if _is_permitted(authority, name)]
    if not _holds(authority, wanted):
        _make_service(authority, wanted)


def context() -> ssl.SSLContext:
    """Return what the service speaks TLS by: 1.2 or newer, its key and chain."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    made.load_cert_chain(service_file())
    return made


def fingerprint() -> str:
    """Return the SHA-256 of the authority's certificate, as phones show it: pairs of digits with colons."""
    digest = x509.load_pem_x509_certificate(certificate_file().read_bytes()).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def certificate_der() -> bytes:
    """Return the authority's certificate as phones take it (DER)."""
    certificate = x509.load_pem_x509_certificate(certificate_file().read_bytes())
    return certificate.public_bytes(serialization.Encoding.DER)


def alternative_names(names: frozenset[str]) -> list[x509.GeneralName]:
    """Return names and addresses as a certificate has them (subjectAltName), in order.

    Raises
    ------
    InputError
        One is no name of a host and no address.

    """
    # 0.0.0.0 and :: are where the service listens, and nobody's address.
    return [_alternative(name) for name in sorted(names) if name.strip("[]") not in ANY_ADDRESS]


def _alternative(name: str) -> x509.GeneralName:
    address = _address(name.strip("[]"))
    if address is not None:
        return x509.IPAddress(address)
    # A last label of digits is no name: browsers take it for an address.
    if _HOSTNAME.match(name) is None or name.rsplit(".", 1)[-1].isdigit():
        raise InputError(
            f"“{name}”不是主机名，也不是 IP 地址，不能写进证书；请更正 GIS_ALLOWED_HOSTS 或 --host（中文域名请写成 xn-- 形式）。",
            f"{name!r} is neither the name of a host nor an address, and no certificate can hold it; mend "
            "GIS_ALLOWED_HOSTS or --host (names in Chinese are written as xn--).",
        )
    return x509.DNSName(name)


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _open_authority() -> Authority | None:
    """Return the authority that is there; None where there is none."""
    if not key_file().exists() and not certificate_file().exists():
        return None
    try:
        key = serialization.load_pem_private_key(key_file().read_bytes(), None)
        certificate = x509.load_pem_x509_certificate(certificate_file().read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError) as error:
        raise _unfit() from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise _unfit()
    if certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(days=RENEW_DAYS):
        raise InputError(
            f"县级证书颁发机构的证书将于 {certificate.not_valid_after_utc:%Y-%m-%d} 到期；请删除 {folder()} 后重新运行，"
            "并让每部手机重新信任。",
            f"The authority's certificate ends on {certificate.not_valid_after_utc:%Y-%m-%d}; remove {folder()} and run "
            "this again, and let each phone trust the new one.",
        )
    return Authority(key, certificate)


def _unfit() -> InputError:
    return InputError(
        f"{folder()} 里的 ca.key 与 ca.crt 不是一对；请从备份恢复这两个文件，或删除该目录重新生成（每部手机需重新信任）。",
        f"ca.key and ca.crt in {folder()} do not fit each other; restore both from a backup, or remove that folder to make "
        "new ones (each phone then trusts anew).",
    )


def _make_authority(wanted: list[x509.GeneralName]) -> Authority:
    try:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            f"证书要存放在 {folder()}，但那里不是文件夹；请移走它，或换一个数据目录（GIS_DATA_DIR）。",
            f"Certificates are to lie in {folder()}, which is no folder; move it away, or use another data folder (GIS_DATA_DIR).",
        ) from error
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    subject = x509.Name([
        x509.NameAttribute(NameOID.COMMON_NAME, f"自建房排查系统 县级证书颁发机构 {now:%Y-%m-%d}"),
    ])  # fmt: skip
    networks = [ipaddress.ip_network(part) for part in _PRIVATE]
    own = [*map(x509.DNSName, _LOCAL_NAMES), *map(x509.IPAddress, networks)]
    own += [_subtree(name) for name in wanted]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK)
        .not_valid_after(now + timedelta(days=365 * AUTHORITY_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=list(dict.fromkeys(own)), excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    # The certificate last: a key alone is refused, and a pair that was half made is seen.
    _write(key_file(), _private(key))
    _write(certificate_file(), certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(key, certificate)


def _subtree(name: x509.GeneralName) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_network(name.value)) if isinstance(name, x509.IPAddress) else name


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _holds(authority: Authority, wanted: list[x509.GeneralName]) -> bool:
    """Tell whether the service's certificate is the authority's, is for all names, and does not end soon."""
    try:
        certificate = x509.load_pem_x509_certificate(service_file().read_bytes())
        certificate.verify_directly_issued_by(authority.certificate)
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        context()
    except Exception:
        return False
    return set(wanted) <= set(held) and certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=RENEW_DAYS)


def _make_service(authority: Authority, wanted: list[x509.GeneralName]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        # No name of a host: those stand in subjectAltName, where browsers look.
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "自建房排查系统")]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK)
        .not_valid_after(min(now + timedelta(days=SERVICE_DAYS) - _CLOCK, authority.certificate.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
        .sign(authority.key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    _write(service_file(), _private(key) + certificate.public_bytes(pem) + authority.certificate.public_bytes(pem))


def _is_permitted(authority: Authority, name: x509.GeneralName) -> bool:
    """Tell whether the authority may sign for a name: one that this machine came by since may not be signed for.

    Raises
    ------
    InputError
        It may not, and somebody asked for that name.

    """
    permitted = authority.certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    if any(_lies_in(name, subtree) for subtree in permitted or ()):
        return True
    if str(name.value) in {found.strip("[]") for found in machine.names()}:
        return False
    raise InputError(
        f"县级证书颁发机构生成时还没有“{name.value}”这个名称，不能为它签发证书；请从 GIS_ALLOWED_HOSTS 或 --host 去掉它，"
        f"或删除 {folder()} 重新生成（每部手机需重新信任）。",
        f"The authority was made before {name.value} was a name of this service, and may not sign for it; take it out of "
        f"GIS_ALLOWED_HOSTS or --host, or remove {folder()} to make a new one (each phone then trusts anew).",
    )


def _lies_in(name: x509.GeneralName, subtree: x509.GeneralName) -> bool:
    if isinstance(name, x509.IPAddress):
        network = subtree.value
        return isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network) and name.value in network
    return isinstance(subtree, x509.DNSName) and f".{name.value}".endswith(f".{subtree.value}")


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip


def _write(path: Path, content: bytes) -> None:
    """Write a file that its owner alone reads, whole or not at all."""
    with replacing(path) as partial:
        partial.write_bytes(content)
