"""All settings and all default parameters, each with its value, unit and source.

Settings say how a deployment runs; they come from environment variables with the prefix ``GIS_`` (and
``DATABASE_URL``). Defaults are the numbers of the field; a run stores those that it used.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: ``sql/``, ``data/`` and ``web_map/`` lie below it."""

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - named, not bound


class Settings(BaseSettings):
    """How this deployment runs."""

    model_config = SettingsConfigDict(env_prefix="GIS_", extra="ignore")

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    service_database_url: str | None = None
    data_dir: Annotated[Path, AfterValidator(Path.resolve)] = ROOT / ".gis-data"
    database: str = Field(default="gis", pattern=r"^[a-z][a-z0-9_]{0,40}$")
    work_srid: int = 4545
    host: str = "127.0.0.1"
    port: int = 8000
    lang: Literal["zh", "en"] = "zh"
    inline_limit: int = Field(default=5_000, ge=1)
    allowed_hosts: str = Field(default="", description="Names that this service goes by, beside those of this machine")
    body_max_bytes: int = Field(default=8_000_000, ge=1_000)
    body_timeout_s: float = Field(default=30, gt=0)
    connections_max: int = Field(default=200, ge=1)
    log: Literal["file", "stderr"] = "file"
    background: str | None = Field(
        default=None,
        pattern=r"^(https?://[^\s'\"<>]+|.+\.pmtiles)$",
        description="A background map: address of tiles with {z}, {x}, {y} (and {s}), or a PMTiles file",
    )
    background_credit: str = ""
    map_approval: str = Field(default="", max_length=100, description="审图号 of maps that were cleared for the public")

    # Signing in.
    admin_password: SecretStr | None = None
    """Password of the first administrator; without it one is made and printed once."""
    keep_s: float = Field(default=1.0, ge=0, le=5)
    """Seconds for which the service takes as known who asks and which version the data has, once it has asked."""
    session_idle_min: int = Field(default=60, ge=5, le=1_440)
    """Minutes after which a session that asks nothing is over."""
    session_hours: int = Field(default=12, ge=1, le=168)
    """Hours after which a session is over whatever it does: a working day."""
    https: bool = False
    """Whether people reach the service by https, through a proxy that does not say so itself."""
    # The organisation's own sign-in (OpenID Connect); off without an issuer.
    oidc_issuer: str | None = None
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_claim: str = Field(default="sub", pattern=r"^[A-Za-z0-9_:./-]{1,100}$")
    """The claim that names an account: it must equal the account's subject."""
    oidc_name: str = Field(default="统一身份认证", max_length=40)
    """What the sign-in page calls it."""

    def hosts(self) -> frozenset[str]:
        """Return the host names under which requests are answered."""
        named = {name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip()}
        if self.host in ANY_ADDRESS:
            named |= _names_of_this_machine()
        return frozenset({"localhost", "127.0.0.1", "[::1]", self.host.lower(), *named})


@lru_cache(maxsize=1)
def _names_of_this_machine() -> frozenset[str]:
    name = socket.gethostname()
    with contextlib.suppress(OSError):
        found = {str(row[4][0]) for row in socket.getaddrinfo(name, None)}
        return frozenset({name.lower(), *(f"[{a}]" if ":" in a else a for a in found)})
    return frozenset({name.lower()})


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()


@dataclass(frozen=True)
class Default:
    """One default parameter of the field: its value, unit and where the value comes from."""

    value: float
    unit: str
    source: str
    label_zh: str


_OURS = "本系统取值，可修改（无官方数值）"

DEFAULTS: dict[str, Default] = {
    "buffer_school_m": Default(200, "m", f"参照《互联网上网服务营业场所管理条例》第九条；{_OURS}", "学校周边"),
    "buffer_hospital_m": Default(200, "m", _OURS, "医院周边"),
    "buffer_market_m": Default(200, "m", _OURS, "集贸市场周边"),
    "buffer_resettlement_m": Default(50, "m", _OURS, "安置区及周边"),
    "buffer_industrial_m": Default(100, "m", _OURS, "工业集中区及周边"),
    "min_floors": Default(3, "层", "融政规〔2022〕6号，含本数（民法典第1259条）", "重点房屋层数"),
    "min_people": Default(10, "人", "融政规〔2022〕6号，含本数（民法典第1259条）", "重点房屋人数"),
    "storey_height_m": Default(3.0, "m", _OURS, "层高"),
    "max_width_m": Default(4.0, "m", "GB 50016 7.1.8(1) 消防车道净宽", "间距上限"),
    "touch_m": Default(0.3, "m", f"{_OURS}：数字化误差", "贴面"),
    "handshake_m": Default(1.0, "m", f"{_OURS}：两臂可及", "手牵手"),
    "sky_line_m": Default(2.0, "m", f"{_OURS}；下限参照花莲县狭小巷道管理作业程序", "一线天"),
    "sky_view_max": Default(0.165, "–", f"{_OURS}：H/W ≥ 3（Oke 天空可视率）", "一线天天空可视率"),
    "facing_deg": Default(150, "°", _OURS, "相对墙面最小夹角"),
    "min_gap_m": Default(0.5, "m", _OURS, "最短间隙"),
    "min_alley_m": Default(5.0, "m", _OURS, "最短巷道"),
    "link_gap_m": Default(3.0, "m", f"Cicione 2020（3 m 安全间距）；{_OURS}", "连片间距"),
    "min_buildings": Default(10, "栋", _OURS, "连片最少栋数"),
    "engine_width_m": Default(4.0, "m", "GB 50016 7.1.8(1)", "消防车净宽"),
    "small_engine_width_m": Default(3.0, "m", f"车宽 2.5 m 加余量；{_OURS}", "小型消防车净宽"),
    "hose_width_m": Default(0.5, "m", _OURS, "水带可通过宽度"),
    "depth_zero_m": Default(3.0, "m", _OURS, "临车距离"),
    "spread_i_ii_m": Default(3.0, "m", "Cicione 2020", "蔓延距离（一、二级）"),
    "spread_iii_m": Default(6.0, "m", "参照 GB 50016 表 5.2.2", "蔓延距离（三级）"),
    "spread_iv_m": Default(12.0, "m", "Thomas et al. 2003, IAFSS 7:691", "蔓延距离（四级、木结构）"),
    "burn_part_buildings": Default(30, "栋", "融水 2008–2011（30 户）", "防火分隔后每片栋数"),
    "hydrant_radius_m": Default(150, "m", "GB 50974-2014 7.2.5", "消火栓保护半径"),
}


def default(name: str) -> float:
    """Return the value of the default parameter ``name``."""
    return DEFAULTS[name].value
