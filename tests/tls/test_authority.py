"""The county's certificate authority: made once, fits what OpenSSL verifies, renewed in time, refuses what it may not sign."""

from __future__ import annotations

import shutil
import ssl
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gis_service.errors import InputError
from gis_service.settings import get_settings
from gis_service.tls import authority

NAMES = frozenset({"localhost", "127.0.0.1", "gis.donglan.example", "[::1]", "0.0.0.0"})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("GIS_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield tmp_path / "tls"
    get_settings.cache_clear()


def _handshake(host: str) -> None:
    """A handshake in memory: OpenSSL's own client trusts the authority and nothing else, and asks for ``host``."""
    client = ssl.create_default_context(cafile=str(authority.certificate_file()))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=host)
    other = authority.context().wrap_bio(to_server, to_client, server_side=True)
    left = {one, other}
    while left:
        for side in sorted(left, key=id):
            try:
                side.do_handshake()
                left.discard(side)
            except ssl.SSLWantReadError:
                pass


def _service() -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.service_file().read_bytes())


def test_a_client_that_trusts_the_authority_trusts_each_name(folder: Path):
    authority.prepare(NAMES)
    for host in ("localhost", "127.0.0.1", "gis.donglan.example", "::1"):
        _handshake(host)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake("elsewhere.example")


def test_keys_are_their_owners_alone_and_the_authority_is_made_once(folder: Path):
    authority.prepare(NAMES)
    first = authority.fingerprint()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    kept = authority.service_file().read_bytes()
    authority.prepare(NAMES)
    assert authority.service_file().read_bytes() == kept  # nothing was wanted
    authority.prepare(NAMES | {"10.1.2.3"})
    assert authority.service_file().read_bytes() != kept
    assert authority.fingerprint() == first
    _handshake("10.1.2.3")


def test_the_service_gets_another_certificate_before_it_ends(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(authority, "SERVICE_DAYS", authority.RENEW_DAYS)
    authority.prepare(NAMES)
    ends = _service().not_valid_after_utc
    monkeypatch.undo()
    monkeypatch.setenv("GIS_DATA_DIR", str(folder.parent))
    get_settings.cache_clear()
    authority.prepare(NAMES)
    assert _service().not_valid_after_utc > ends + timedelta(days=300)
    assert _service().not_valid_after_utc - _service().not_valid_before_utc <= timedelta(days=398)


def test_a_certificate_of_another_authority_is_replaced(folder: Path):
    authority.prepare(NAMES)
    foreign = authority.service_file().read_bytes()
    shutil.rmtree(folder)
    authority.prepare(NAMES)
    authority.service_file().write_bytes(foreign)
    authority.prepare(NAMES)
    _handshake("localhost")


def test_it_signs_for_no_site_of_others(folder: Path):
    authority.prepare(NAMES)
    constraints = x509.load_pem_x509_certificate(authority.certificate_file().read_bytes()).extensions
    assert constraints.get_extension_for_class(x509.NameConstraints).critical
    with pytest.raises(InputError, match=r"bank\.example"):
        authority.prepare(NAMES | {"bank.example"})
    with pytest.raises(InputError, match=r"8\.8\.4\.4"):
        authority.prepare(NAMES | {"8.8.4.4"})
    authority.prepare(NAMES | {"next.lan", "www.gis.donglan.example", "192.168.7.9"})
    _handshake("next.lan")


@pytest.mark.parametrize("name", ["房屋.local", "a b", "-x.local", "1.2.3.999", "x" * 64 + ".lan", "*.lan", ""])
def test_what_is_no_name_is_refused_before_anything_is_written(folder: Path, name: str):
    with pytest.raises(InputError, match="GIS_ALLOWED_HOSTS"):
        authority.prepare(NAMES | {name})
    assert not folder.exists()


def test_a_key_that_does_not_fit_is_refused_and_nothing_replaced(folder: Path, tmp_path: Path):
    authority.prepare(NAMES)
    first = (folder / "ca.key").read_bytes()
    shutil.move(folder, tmp_path / "old")
    authority.prepare(NAMES)
    (folder / "ca.key").write_bytes(first)
    before = authority.certificate_file().read_bytes()
    for broken in (first, b"no key", None):
        if broken is None:
            (folder / "ca.key").unlink()
        else:
            (folder / "ca.key").write_bytes(broken)
        with pytest.raises(InputError, match=r"ca\.key"):
            authority.prepare(NAMES)
    assert authority.certificate_file().read_bytes() == before


def test_an_authority_near_its_end_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch):
    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=365 * authority.AUTHORITY_YEARS)

    authority.prepare(NAMES)
    monkeypatch.setattr(authority, "datetime", Later)
    with pytest.raises(InputError, match="ends on"):
        authority.prepare(NAMES)
    assert datetime.now(UTC) < _service().not_valid_after_utc


def test_a_file_where_the_folder_should_be_is_named(folder: Path):
    folder.write_text("in the way")
    with pytest.raises(InputError, match="no folder"):
        authority.prepare(NAMES)
