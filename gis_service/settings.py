"""All settings and all default parameters, each with its value, unit and source.

Settings say how a deployment runs; they come from environment variables with the prefix ``GIS_`` (and
``DATABASE_URL``). Defaults are the numbers of the field; a run stores those that it used.
"""

from __future__ import annotations

import ipaddress
import os
import time
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gis_service import machine

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: ``sql/``, ``data/`` and ``web_map/`` lie below it."""


def _zone(name: str) -> str:
    """Refuse a time zone that this machine does not know."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError) as error:
        raise ValueError(f"no time zone {name!r}; for example Asia/Shanghai") from error
    return name


ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - named, not bound


def _checked_networks(named: str) -> str:
    for part in named.split(","):
        if part.strip():
            ipaddress.ip_network(part.strip(), strict=False)
    return named


class Settings(BaseSettings):
    """How this deployment runs."""

    model_config = SettingsConfigDict(env_prefix="GIS_", extra="ignore")

    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="Address of a PostGIS database of your own, in place of the private one",
    )
    service_database_url: str | None = Field(
        default=None, description="Address by which the service itself connects, when not by DATABASE_URL"
    )
    data_dir: Annotated[Path, AfterValidator(Path.resolve)] = Field(
        default=ROOT / ".gis-data", description="Folder of the private database and the logs"
    )
    database: str = Field(
        default="gis",
        pattern=r"^[a-z][a-z0-9_]{0,40}$",
        description="Name of the database in the private server: one a county",
    )
    work_srid: int = Field(default=4545, description="EPSG number of a new database's metric CRS")
    host: str = Field(default="127.0.0.1", description="Address on which the service listens")
    port: int = Field(default=8000, description="Port on which the service listens")
    lang: Literal["zh", "en"] = Field(default="zh", description="Language of messages: zh or en")
    today: date | None = Field(
        default=None, description="The day on which the service stands, for demos and tests; every page then says so"
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="Asia/Shanghai", description="Time zone of days and hours"
    )
    house_word: str = Field(
        default="栋", pattern=r"^[\u4e00-\u9fff]{1,4}$", description="What bulletins count houses in: 栋, 户, 间, 图斑"
    )
    inline_limit: int = Field(default=5_000, ge=1, description="Most houses drawn inside one offline file")
    allowed_hosts: str = Field(
        default="", description="Names under which the service is reached, beside those of this machine, by commas"
    )
    proxies: Annotated[str, AfterValidator(_checked_networks)] = Field(
        default="",
        description="Addresses or networks of the proxies before the service, by commas: only theirs is the word on "
        "who asks (X-Forwarded-For)",
    )
    processes: int = Field(
        default=2, ge=1, le=32, description="Processes that answer requests, at most one for each core"
    )
    worker: bool = Field(
        default=True, description="Whether the service starts a worker for long work (gis-service jobs)"
    )
    body_max_bytes: int = Field(
        default=8_000_000, ge=1_000, description="Most bytes of a request's body, whatever its route would take"
    )
    upload_max_bytes: int = Field(
        default=500_000_000, ge=1_000, description="Most bytes of a file that somebody signed in uploads"
    )
    head_timeout_s: float = Field(default=10, gt=0, description="Seconds that a sender may take for a request's head")
    idle_timeout_s: int = Field(default=75, ge=1, description="Seconds for which a connection may rest")
    body_timeout_s: float = Field(
        default=30, gt=0, description="Seconds that a sender may take for a body, and one more for each 10 kB"
    )
    send_timeout_s: float = Field(
        default=30, gt=0, description="Seconds in which a reader must take at least 10 kB of an answer that waits"
    )
    connections_max: int = Field(
        default=5_000, ge=10, description="Connections at once, a process; those that rest longest make room"
    )
    requests_max: int = Field(default=1_000, ge=1, description="Requests in progress at once, a process")
    account_requests_max: int = Field(
        default=24, ge=1, description="Requests of one account in progress at once, a process"
    )
    stranger_requests_max: int = Field(
        default=40, ge=1, description="Requests of strangers of one address in progress at once, a process"
    )
    heavy_max: int = Field(default=6, ge=1, description="Heavy questions to the database at once, a process")
    account_heavy_max: int = Field(default=2, ge=1, description="Of these, of one account")
    statement_timeout_s: float = Field(
        default=8, gt=0, description="Seconds after which the database gives up a question from a page or a program"
    )
    log: Literal["file", "stderr"] = Field(
        default="file", description="JSON log lines to logs/service.jsonl in the data folder, or to stderr"
    )
    background: str | None = Field(
        default=None,
        pattern=r"^(https?://[^\s'\"<>]+|.+\.pmtiles)$",
        description="A background map: address of tiles with {z}, {x}, {y} (and {s}), whose key stays in the service, "
        "or a raster PMTiles file",
    )
    elevation: Annotated[Path, AfterValidator(Path.resolve)] | None = Field(
        default=None,
        description="An elevation file (GeoTIFF, Imagine, ASCII grid; one band of metres with its CRS): maps get hill "
        "shading",
    )
    background_credit: str = Field(default="", description="Credit line of the background map")
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s'\"<>]+$",
        description="Address under which people reach this service; QR codes on paper point to it, else they hold the "
        "house's number",
    )
    map_approval: str = Field(
        default="",
        max_length=100,
        description="审图号 of maps that were cleared for the public; they carry it in place of 内部工作用图",
    )

    # Signing in.
    admin_password: SecretStr | None = Field(
        default=None, description="Password of the first administrator; without it one is made and printed once"
    )
    keep_s: float = Field(
        default=1.0,
        ge=0,
        le=5,
        description="Seconds for which the service takes as known who asks and which version the data has",
    )
    session_idle_min: int = Field(
        default=60, ge=5, le=1_440, description="Minutes after which a session that asks nothing is over"
    )
    session_hours: int = Field(
        default=12, ge=1, le=168, description="Hours after which a session is over whatever it does"
    )
    https: bool = Field(default=False, description="People come by https through a proxy: cookies go by https only")
    tls: bool = Field(
        default=False,
        description="Speak https on the port, by a certificate of the county's own authority (up --https)",
    )
    # The organisation's own sign-in (OpenID Connect).
    oidc_issuer: str | None = Field(default=None, description="OpenID Connect provider; off without one")
    oidc_client_id: str = Field(default="", description="Client of that provider")
    oidc_client_secret: SecretStr | None = Field(default=None, description="The client's secret")
    oidc_claim: str = Field(
        default="sub",
        pattern=r"^[A-Za-z0-9_:./-]{1,100}$",
        description="The claim that names an account: it must equal the account's subject",
    )
    oidc_name: str = Field(
        default="统一身份认证", max_length=40, description="What the sign-in page calls the provider"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment alone: to look for files that are not there is two fifths of the time."""
        return init_settings, env_settings

    def hosts(self) -> frozenset[str]:
        """Return the host names under which requests are answered."""
        named = {name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip()}
        if self.host in ANY_ADDRESS:
            named |= machine.names()
        return frozenset({"localhost", "127.0.0.1", "[::1]", self.host.lower(), *named})

    @property
    def shown(self) -> tuple[str | int | None, ...]:
        """What of the settings stands in maps and on sheets: what is kept of those hangs on it."""
        return (
            self.background,
            self.background_credit,
            self.inline_limit,
            self.map_approval,
            self.public_url,
            self.timezone,
        )


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()


def keep_local_time() -> None:
    """Let this process live in the county's time zone: what it says of hours is in it, wherever the machine stands."""
    os.environ["TZ"] = get_settings().timezone
    time.tzset()


@dataclass(frozen=True)
class Default:
    """One default parameter of the field: its value, unit and where the value comes from."""

    value: float
    unit: str
    source: str
    label_zh: str
    source_en: str = ""

    def source_in(self, lang: str) -> str:
        """Return where the value comes from; the titles of Chinese rules stay as they are."""
        return self.source if lang == "zh" else self.source_en or self.source.replace(_OURS, _OURS_EN)

    def unit_in(self, lang: str) -> str:
        """Return the unit in a language."""
        return self.unit if lang == "zh" else _UNIT_EN.get(self.unit, self.unit)


_OURS, _OURS_EN = "本系统取值，可修改（无官方数值）", "ours, may be changed (there is no official number)"
_UNIT_EN = {"栋": "houses", "层": "storeys", "人": "people", "年": "years", "次": "steps"}

DEFAULTS: dict[str, Default] = {
    "buffer_school_m": Default(
        200,
        "m",
        f"参照《互联网上网服务营业场所管理条例》第九条；{_OURS}",
        "学校周边",
        f"after 互联网上网服务营业场所管理条例 9 (net cafés); {_OURS_EN}",
    ),
    "buffer_hospital_m": Default(200, "m", _OURS, "医院周边"),
    "buffer_market_m": Default(200, "m", _OURS, "集贸市场周边"),
    "buffer_resettlement_m": Default(50, "m", _OURS, "安置区及周边"),
    "buffer_industrial_m": Default(100, "m", _OURS, "工业集中区及周边"),
    "min_floors": Default(3, "层", "融政规〔2022〕6号，含本数（民法典第1259条）", "重点房屋层数"),
    "min_people": Default(10, "人", "融政规〔2022〕6号，含本数（民法典第1259条）", "重点房屋人数"),
    "min_age": Default(30, "年", f"{_OURS}；GB 50068-2018 普通房屋设计使用年限为 50 年", "年久房屋房龄"),
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
    "detour_factor": Default(1.4, "–", f"路程与直线之比；{_OURS}", "绕行系数（无道路数据时）"),
    "drive_kmh": Default(25, "km/h", f"乡村道路；{_OURS}", "行车速度"),
    "walk_kmh": Default(4, "km/h", _OURS, "步行速度"),
    "steps_kmh": Default(2, "km/h", f"梯道、台阶；{_OURS}", "梯道步行速度"),
    "park_min": Default(2, "min", f"取车与停车；{_OURS}", "停车用时（无道路数据时）"),
    "walk_max_m": Default(300, "m", f"两户之间直接步行；{_OURS}", "直接步行上限"),
    "road_reach_m": Default(500, "m", f"房屋到道路步行；{_OURS}", "到道路距离上限"),
    "road_snap_m": Default(6, "m", f"道路端点距另一条路在此以内视为相接（数字化误差）；{_OURS}", "道路接头容差"),
    "visit_minutes": Default(30, "min", _OURS, "每栋排查用时"),
    "route_iterations": Default(600, "次", f"每组求解步数；{_OURS}", "求解步数"),
    "route_extent_km": Default(300, "km", f"离其余房屋更远即视为坐标有误；{_OURS}", "排查范围"),
    "replan_saving": Default(0.2, "–", f"节省路程时间份额达到时才改期；{_OURS}", "调整计划的节省门槛"),
}


def default(name: str) -> float:
    """Return the value of the default parameter ``name``."""
    return DEFAULTS[name].value
