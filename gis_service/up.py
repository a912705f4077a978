"""``gis-service up``: set up, load the demo into an empty database, analyse, serve."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import uvicorn
from sqlalchemy import text

from gis_service import machine
from gis_service.accounts import sessions
from gis_service.accounts.audit_log import MACHINE
from gis_service.accounts.first import ensure_accounts
from gis_service.accounts.people import listed
from gis_service.api.serve import protocol, serve
from gis_service.db.engine import transaction
from gis_service.db.migrate import set_up_alone
from gis_service.db.queries import statement
from gis_service.db.ready import prepare
from gis_service.db.server import private_server
from gis_service.errors import SetupError
from gis_service.files import private
from gis_service.identity import Role, operator
from gis_service.jobs.ask import ask
from gis_service.relief.elevation import refusal
from gis_service.say import say
from gis_service.selection.published import ensure_published
from gis_service.selection.select import latest_run
from gis_service.settings import ANY_ADDRESS, get_settings
from gis_service.tls import authority
from web_map import assets

_CHECKED = (
    "/health",
    "/",
    "/map/planner",
    "/map/fire",
    "/plans",
    "/account",
    "/accounts",
    "/audit-trail",
    "/collections",
    "/collections/building/items?limit=1",
    "/tiles/buildings/0/0/0.pbf",
)


@click.command()
@click.option("--check", is_flag=True, help="检查页面和瓦片能打开，然后停止。Verify that it answers, then stop.")
@click.option("--demo", type=click.Choice(["donglan", "rongan", "none"]), default="donglan", show_default=True)
@click.option("--host", default=None, help="监听地址。Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=None)
@click.option(
    "--https", is_flag=True, help="用本县自己的证书提供 https。Serve https by a certificate of the county's own."
)
def up(check: bool, demo: str, host: str | None, port: int | None, https: bool) -> None:
    """准备并启动服务。Set up, load the demo into an empty database, analyse, serve."""
    settings = get_settings()
    host, port = host or settings.host, port or settings.port
    os.environ["GIS_HOST"] = host  # the names under which the service answers depend on it
    if https:
        os.environ["GIS_TLS"] = "true"  # told to the processes that answer
    get_settings.cache_clear()
    _check_port(host, port)
    if get_settings().tls:
        authority.prepare(get_settings().hosts())
    install_front_end()
    say("准备数据库 …", "Preparing the database …")
    with ExitStack() as held:
        county = held.enter_context(_county_beside(demo))
        prepare()
        held.enter_context(set_up_alone())
        if demo != "none" and _empty():
            _load_demo(demo, county)
        with transaction(operator()) as connection:
            houses = connection.execute(text(statement("maps.headline"))).mappings().one()["houses"]
            analysed = latest_run(connection, "density")
            if houses:
                ensure_published(connection)
            if demo != "none" and connection.execute(text(statement("campaign.to_begin"))).scalar_one():
                ask(connection, operator(), "replay", {})  # done beside the service, once the pages are there
        if houses and analysed is None:
            _analyse(wait=check)
        ensure_accounts(demo=demo != "none")
        _prepare_ground(demo=demo != "none")
    address = f"{'https' if get_settings().tls else 'http'}://{host}:{port}"
    if check:
        _check(host, port, address, has_data=bool(houses))
        return
    serve(host, port, lambda: _tell_open(host, port, address))


def _tell_open(host: str, port: int, address: str) -> None:
    say(f"服务已启动：{address}（按 Ctrl-C 停止；数据库继续运行，gis-service db stop 可停止）",
        f"Serving on {address} (Ctrl-C stops; the database goes on, gis-service db stop ends it)")  # fmt: skip
    if get_settings().tls:
        _tell_trust(host, port)


def _tell_trust(host: str, port: int) -> None:
    """Say how a phone comes to trust the county's certificate authority."""
    names = sorted(machine.names() if host in ANY_ADDRESS else {host})
    outside = [name for name in names if not name.startswith(("127.", "[::1]")) and name != "localhost"]
    if not outside:
        say("只有本机能打开；要让手机打开，请加 --host 0.0.0.0 。",
            "Only this machine can open it; for phones add --host 0.0.0.0.")  # fmt: skip
    pages = "  ".join(f"http://{name}:{port}/trust" for name in outside or names)
    say(f"手机先用浏览器打开下面一个地址（注意是 http），按页面说明信任本县证书，再用 https 登录：\n  {pages}\n"
        f"证书指纹（SHA-256），请与手机上显示的逐段核对：\n  {authority.fingerprint()}\n"
        f"密钥在 {authority.folder()}，请随备份保管，不要外传。",
        f"On a phone first open one of these (http, not https), trust the county's certificate as the page says, then sign "
        f"in by https:\n  {pages}\nFingerprint (SHA-256) to compare with the one the phone shows:\n  "
        f"{authority.fingerprint()}\nThe keys lie in {authority.folder()}: keep them with the backups, give them to nobody.")  # fmt: skip


def _check_port(host: str, port: int) -> None:
    """Refuse a port that is taken before minutes are spent on setting up."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SetupError(
                f"不能在 {host}:{port} 提供服务（{error.strerror}）；请用 --port 换一个端口。",
                f"Cannot serve on {host}:{port} ({error.strerror}); choose another port with --port.",
            ) from error


def install_front_end() -> None:
    """Install the npm packages of the lock file and build the pages' scripts, where they are missing or older."""
    lock = assets.HERE / "package-lock.json"
    done = assets.MODULES / ".package-lock.json"
    if _is_newer(done, lock) and assets.is_built():
        return
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # npm takes away what is there before it installs
        if not _is_newer(done, lock):
            say("安装网页文件 …", "Installing the front-end files …")
            _npm("ci", "--omit=dev")
            done.touch()
        if not assets.is_built():
            _npm("run", "build")


def _is_newer(file: Path, than: Path) -> bool:
    return file.exists() and file.stat().st_mtime >= than.stat().st_mtime


def _npm(*command: str) -> None:
    beside = Path(sys.executable).with_name("npm")
    # Asked for by our Python: the first line of a script cannot name a path of any kind.
    found = shutil.which("npm")
    npm = [sys.executable, str(beside)] if beside.exists() else [found] if found else None
    if npm is None:
        raise SetupError("找不到 npm；请运行 make run。", "There is no npm; run make run.")
    result = subprocess.run(  # noqa: S603 - npm of our own environment, no shell
        [*npm, *command], cwd=assets.HERE, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{beside.parent}:{os.environ.get('PATH', '')}"},
    )  # fmt: skip
    if result.returncode != 0:
        said = _reason(result.stderr)
        zh, en = ("。请检查网络或代理后再运行一次。", ". Check the network or the proxy and run this again.")
        online = command[0] == "ci"
        raise SetupError(
            f"网页文件安装失败：{said}{zh if online else ''}",
            f"The front-end files were not installed: {said}{en if online else ''}",
        )


def _reason(said: str) -> str:
    """Return what npm says went wrong as one line, without the line that names its log."""
    lines = [line.removeprefix("npm error").strip() for line in said.splitlines()]
    return "; ".join(line for line in lines if line and "complete log of this run" not in line)[:300] or "?"


def _empty() -> bool:
    with transaction(operator(), read_only=True) as connection:
        return not connection.execute(text("SELECT EXISTS (SELECT FROM gis.building)")).scalar_one()


@contextmanager
def _county_beside(demo: str) -> Iterator[Future[dict[str, Path]] | None]:
    """Have another process make the simulated county while the first database of this folder is set up."""
    if demo == "none" or get_settings().database_url or private_server().cluster.exists():
        yield None
        return
    from gis_service.demo.load import make_files

    with (
        TemporaryDirectory(prefix="gis-county-") as folder,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
    ):
        yield pool.submit(make_files, demo, Path(folder))


def _load_demo(name: str, files: Future[dict[str, Path]] | None) -> None:
    from gis_service.demo.load import load_demo

    started = time.monotonic()
    county = {"donglan": "东兰县", "rongan": "融安县"}[name]
    say(f"生成并导入模拟的{county} …", f"Making and importing the simulated county {name} …")
    load_demo(name, files)
    say(
        f"模拟数据已导入（{time.monotonic() - started:.0f} 秒）。",
        f"Demo loaded in {time.monotonic() - started:.0f} s.",
    )


def _prepare_ground(*, demo: bool) -> None:
    """Make the ground of the simulated county; say what is wrong with the file of another."""
    if demo and get_settings().elevation is None:
        from gis_service.demo.load import make_ground

        make_ground()
    with transaction(operator(), read_only=True) as connection:
        wrong = refusal(connection.execute(text(statement("maps.extent"))).one_or_none())
    if wrong is not None:
        say(f"地形阴影未启用：{wrong.zh}", f"No hill shading: {wrong.en}")


def _analyse(*, wait: bool) -> None:
    """Analyse alleys and clusters; beside the service, so that the map can be seen at once."""
    command = [sys.executable, "-m", "gis_service.cli", "analyze"]
    if wait:
        if subprocess.run(command, check=False).returncode != 0:  # noqa: S603 - our own command
            raise SetupError("分析失败。", "The analysis failed.")
        return
    log = get_settings().data_dir / "analyze.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    say(
        f"正在后台分析巷道和连片区（约一分钟，记录在 {log}）；完成后打开 /map/fire 。",
        f"Analysing alleys and clusters in the background (about a minute, log in {log}); then open /map/fire.",
    )
    private(log, "")
    with log.open("w") as told:
        begun = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=told)  # noqa: S603
    os.setpriority(os.PRIO_PROCESS, begun.pid, 10)  # whoever waits for a page comes first


def _check(host: str, port: int, address: str, *, has_data: bool) -> None:
    """Serve for a moment and ask for the pages and a tile, as a browser would."""
    config = uvicorn.Config(
        "gis_service.api.app:create_app",
        factory=True,
        host=host,
        port=port,
        log_level="warning",
        proxy_headers=False,
        http=protocol(),
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    secret = _open_for_check()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise SetupError(
                    f"服务无法在 {address} 启动（端口被占用？）。", f"Nothing could be served on {address}."
                )
            time.sleep(0.05)
        for path in _CHECKED if has_data else _CHECKED[:1]:
            _ask(address, path, secret)
    finally:
        sessions.close(secret)
        server.should_exit = True
        thread.join(timeout=10)
    say("检查通过。", "All answered.")


def _open_for_check() -> str:
    """Return the secret of a session of an administrator, for as long as the check takes."""
    with transaction(operator(), read_only=True) as connection:
        able = [a for a in listed(connection) if a.role == Role.ADMINISTRATOR and a.disabled_at is None]
    if not able:
        raise SetupError("没有可用的系统管理员账号；请用 gis-service user add 新建。",
                         "No administrator is able to sign in; make one with gis-service user add.")  # fmt: skip
    return sessions.open_(able[0].account_id, MACHINE, by="up --check").secret


def _ask(address: str, path: str, secret: str) -> None:
    settings = get_settings()
    name = "__Host-gis_session" if settings.https or settings.tls else "gis_session"
    trusted = ssl.create_default_context(cafile=str(authority.certificate_file())) if settings.tls else None
    headers = {"Accept": "text/html, */*", "Cookie": f"{name}={secret}"}
    request = urllib.request.Request(f"{address}{path}", headers=headers)  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(request, timeout=60, context=trusted) as answer:  # noqa: S310
            size = len(answer.read())
    except (urllib.error.URLError, TimeoutError) as error:
        raise SetupError(f"{path} 没有应答：{error}", f"{path} does not answer: {error}") from error
    click.echo(f"  200 {path} ({size:,} B)")
