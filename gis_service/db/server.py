"""A private PostgreSQL with PostGIS in the program's own data folder.

It listens on a Unix socket only, in a folder that nobody else can enter; it has no TCP port, so two checkouts on
one machine never meet. The data folder may have any name: no path of it goes through a shell or an address. It survives kill -9 and a reboot: what they leave behind is recognised and removed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import IO, Any

import psycopg2

from gis_service import storage
from gis_service.db.binaries import Binaries, find_binaries
from gis_service.errors import SetupError
from gis_service.settings import get_settings

SUPERUSER = "postgres"
READER = "gis_reader"
_LOCK_PATIENCE_S = 180.0
_SOCKET_NAME = ".s.PGSQL.5432"
# A socket's path may have 107 bytes on Linux and 103 on macOS.
_SOCKET_PATH_MAX = 100
# An address knows no comma in a host, and others read it too: QGIS, psql, the server's own settings.
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")

_CONF = """
# Written by gis-service at every start.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0777
max_connections = 60
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
random_page_cost = 1.1
# Compiling a query costs more than our short queries take.
jit = off
logging_collector = off
log_min_messages = warning
timezone = 'UTC'
{preloaded}
"""
# Else each new connection takes 13 ms to load it at its first question of a place.
_PRELOADED = "shared_preload_libraries = 'postgis-3'"


@dataclass(frozen=True)
class Server:
    """The private server of one data folder.

    Parameters
    ----------
    data_dir
        The program's data folder. The server's files lie in it, unless this process is root and the user that
        the server must run as cannot enter it; then they lie under ``/var/lib/gis-service``.

    """

    data_dir: Path

    @cached_property
    def place(self) -> Path:
        """The folder of the server's files."""
        if self._account is None or _can_enter(self._account, self.data_dir):
            return self.data_dir / "database"
        return Path("/var/lib/gis-service") / self._digest

    @cached_property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.place / "postgres"

    @cached_property
    def sockets(self) -> Path:
        """The folder of the Unix socket, short and plain enough for a socket's path and for an address."""
        near = self.place / "run"
        if len(str(near / _SOCKET_NAME).encode()) <= _SOCKET_PATH_MAX and _PLAIN.fullmatch(str(near)):
            return near
        return Path("/tmp") / f"gis-service-{os.getuid()}-{self._digest}"  # noqa: S108 - made 0700, owner checked

    @property
    def _name(self) -> str:
        """What the server's processes are called, so that they are known whatever the folder's name."""
        return f"gis-service-{self._digest}"

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(str(self.data_dir.resolve()).encode()).hexdigest()[:12]

    @cached_property
    def _account(self) -> pwd.struct_passwd | None:
        """The user that the server runs as when this process is root, which PostgreSQL refuses to be."""
        if os.getuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise SetupError(
            "以 root 运行需要系统中有用户 postgres 或 nobody。",
            "Running as root needs a user postgres or nobody.",
        )

    @cached_property
    def _binaries(self) -> Binaries:
        version = self.cluster / "PG_VERSION"
        return find_binaries(int(version.read_text()) if version.exists() else None)

    def _run(self, *command: str, check: bool = True, told: IO[str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program of the server's, as its user; what it says goes to ``told``, or is returned."""
        identity: dict[str, Any] = {}
        if self._account is not None:
            identity = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        # The current folder may be one that the server's user cannot enter.
        result = subprocess.run(  # noqa: S603 - fixed programs, no shell
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=told or subprocess.PIPE,
            stderr=told or subprocess.PIPE,
            text=True,
            # pg_ctl writes what stands behind -D and -l into a shell's command, and quotes nothing in it.
            env={
                "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
                "LC_ALL": "C.UTF-8",
                "TZ": "UTC",
                "PGDATA": str(self.cluster),
            },
            check=False,
            **identity,
        )
        if check and result.returncode != 0:
            said = result.stderr or result.stdout
            raise self._refusal(said) or SetupError(
                f"数据库程序 {Path(command[0]).name} 失败：{_cause(said)}（日志：{self.log}）",
                f"{Path(command[0]).name} failed: {_cause(said)} (log: {self.log})",
            )
        return result

    def _refusal(self, said: str) -> SetupError | None:
        """Return the sentence for a failure of the disk; None where ``said`` tells of another."""
        found = storage.refusal_in(said, self.place)
        return storage.full(self.place) if found is None and storage.is_full(self.place) else found

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.place / "postgres.log"

    def _make_folder(self, folder: Path, mode: int) -> None:
        if not folder.parent.exists():
            folder.parent.mkdir(parents=True)
            folder.parent.chmod(0o755)
        folder.mkdir(exist_ok=True)
        if self._account is not None:
            os.chown(folder, self._account.pw_uid, self._account.pw_gid)
        elif folder.stat().st_uid != os.getuid():
            raise _foreign(folder)
        folder.chmod(mode)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time set up, start or stop this server."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            # Nobody else can open it, and so nobody else can hold it.
            handle = os.fdopen(os.open(self.data_dir / "server.lock", os.O_RDWR | os.O_CREAT, 0o600), "r+")
            os.fchmod(handle.fileno(), 0o600)
        except PermissionError as error:
            raise storage.closed(self.data_dir) if _is_ours(self.data_dir) else _foreign(self.data_dir) from error
        except OSError as error:
            raise storage.refusal_of(error, self.data_dir) or error from error
        with handle:
            _hold(handle, self.data_dir)
            yield

    def _initialise(self) -> None:
        fresh = self.place / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)  # left by a set-up that was killed
        self._make_folder(fresh, 0o700)
        self._run(
            self._binaries.path("initdb"), "-D", str(fresh), "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8",
            "--auth-local=peer", "--auth-host=reject",
        )  # fmt: skip
        with (fresh / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'gis.conf'\n")
        fresh.rename(self.cluster)

    def _configure(self) -> None:
        library = Path(self._binaries.path("postgres")).parent.parent / "lib" / "postgis-3.so"
        preloaded = _PRELOADED if library.exists() else ""
        (self.cluster / "gis.conf").write_text(_CONF.format(sockets=self.sockets, preloaded=preloaded))
        # The kernel tells the server who is at the other end of the socket: no password is kept anywhere.
        me = pwd.getpwuid(os.getuid()).pw_name
        roles = "".join(f"gis {me} {role}\n" for role in (SUPERUSER, "gis_owner", "gis_service", READER))
        (self.cluster / "pg_ident.conf").write_text(roles)
        (self.cluster / "pg_hba.conf").write_text("local all all peer map=gis\n")
        if self._account is not None:
            for name in ("gis.conf", "pg_ident.conf", "pg_hba.conf", "postgresql.conf"):
                os.chown(self.cluster / name, self._account.pw_uid, self._account.pw_gid)

    def _forget_dead(self) -> None:
        """Remove lock files of a server that is no more.

        After a reboot the recorded process number may belong to another process of the same user; PostgreSQL would
        then refuse to start. A number counts as ours only while it runs ``postgres`` in this data directory.
        """
        for lock in (self.cluster / "postmaster.pid", self.sockets / f"{_SOCKET_NAME}.lock"):
            with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
                pid = int(lock.read_text().split()[0])
                if not _runs_postgres(pid, (self._name, str(self.cluster))):
                    lock.unlink()

    def running(self) -> bool:
        """Tell whether the server runs and takes connections."""
        if not (self.cluster / "postmaster.pid").exists():
            return False
        # A connection is proof, and a third of the time of a program; what refuses one may run all the same.
        with contextlib.suppress(psycopg2.OperationalError):
            psycopg2.connect(self.url(SUPERUSER, "postgres"), connect_timeout=3).close()
            return True
        ready = self._run(self._binaries.path("pg_isready"), "-q", "-h", str(self.sockets), check=False)
        return ready.returncode == 0

    def start(self) -> bool:
        """Set up where needed and start; return False when it ran already."""
        with self._alone():
            if (self.cluster / "PG_VERSION").exists() and self.running():
                return False
            try:
                self._make_folder(self.place, 0o700)
                self._make_folder(self.sockets, 0o700)
                if not (self.cluster / "PG_VERSION").exists():
                    self._initialise()
                self._configure()
                self._start_patiently()
                self._on_purpose.unlink(missing_ok=True)
            except OSError as error:
                raise storage.refusal_of(error, self.place) or error from error
            return True

    def _start_patiently(self) -> None:
        # The children of a killed server take a moment to notice; until then their shared memory is in the way.
        for attempt in range(10):
            self._forget_dead()
            with self.log.open("a") as log:
                before = log.tell()
                named = f"-c cluster_name={self._name}"
                result = self._run(
                    self._binaries.path("pg_ctl"), "start", "-w", "-t", "120", "-o", named, check=False, told=log
                )
            if result.returncode == 0 or self.running():
                return
            if storage.is_full(self.place):
                raise storage.full(self.place)
            time.sleep(0.3 * (attempt + 1))
        with self.log.open(errors="replace") as log:
            log.seek(before)
            said = log.read()
        raise self._refusal(said) or SetupError(
            f"数据库无法启动：{_cause(said)}（日志：{self.log}）",
            f"The database does not start: {_cause(said)} (log: {self.log})",
        )

    def stop(self) -> bool:
        """Stop the server; return False when it did not run."""
        with self._alone():
            if not (self.cluster / "PG_VERSION").exists() or not self.running():
                return False
            self._on_purpose.touch()
            self._run(self._binaries.path("pg_ctl"), "stop", "-m", "fast", "-w", "-t", "60")
            return True

    @property
    def _on_purpose(self) -> Path:
        """The file that says that somebody stopped the server, who may start it again."""
        return self.data_dir / "database.stopped"

    def revive(self) -> bool:
        """Start a server that died; return False where it runs, or where somebody stopped it on purpose."""
        return not self._on_purpose.exists() and (self.cluster / "PG_VERSION").exists() and self.start()

    def remove(self) -> None:
        """Stop the server and delete everything that it stored."""
        self.stop()
        for folder in (self.sockets, self.place):
            shutil.rmtree(folder, ignore_errors=True)

    def program(self, name: str) -> str:
        """Return the path of a client program (``psql``, ``pg_dump``, …) of the server's version."""
        return self._binaries.path(name)

    def url(self, role: str, database: str) -> str:
        """Return the address for SQLAlchemy, psql and QGIS; the socket's folder stands in place of a host."""
        return f"postgresql://{role}@/{database}?host={self.sockets}"


def _hold(handle: IO[str], data_dir: Path) -> None:
    """Take the lock of a data folder; say who has it where it does not come free.

    Raises
    ------
    SetupError
        Another program has it for longer than a start takes.

    """
    until = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            if time.monotonic() > until:
                handle.seek(0)
                holder = handle.read(20).strip() or "?"
                raise SetupError(
                    f"数据目录 {data_dir} 正被另一个程序（进程 {holder}）使用，等了 {_LOCK_PATIENCE_S:g} 秒；"
                    "请等它结束，或结束该进程后重试。",
                    f"Another program (process {holder}) has had the data folder {data_dir} for {_LOCK_PATIENCE_S:g} s; "
                    "let it end, or end it, and try again.",
                ) from error
            time.sleep(0.05)
        else:
            handle.seek(0)
            handle.truncate()
            handle.write(f"{os.getpid()}\n")
            handle.flush()
            return


def _foreign(folder: Path) -> SetupError:
    return SetupError(
        f"文件夹 {folder} 属于另一个用户；请用建立它的用户运行，或用 GIS_DATA_DIR 指定另一个目录。",
        f"The folder {folder} belongs to another user; run as the user who made it, or set GIS_DATA_DIR.",
    )


def _is_ours(folder: Path) -> bool:
    """Tell whether ``folder``, or where it is missing the one that it would lie in, belongs to this user."""
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
        return there.stat().st_uid == os.getuid()
    except OSError:
        return False


def _can_enter(account: pwd.struct_passwd, folder: Path) -> bool:
    """Tell whether ``account`` can reach ``folder``, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = subprocess.run(  # noqa: S603 - asks the kernel as that user; no shell
        ["/usr/bin/env", "test", "-x", str(folder)],
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return probe.returncode == 0


def _cause(said: str) -> str:
    """Return the line of a program's or a log's words that tells what went wrong."""
    lines = said.strip().splitlines() or ["?"]
    return next((line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error:"))), lines[-1])


def _runs_postgres(pid: int, names: tuple[str, ...]) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        # No such process; or no /proc at all (macOS), where being alive must be enough.
        return not Path("/proc/self").exists() and _alive(pid)
    return b"postgres" in command and any(name.encode() in command for name in names)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def private_server() -> Server:
    """Return the private server of this deployment's data folder."""
    return _server_of(get_settings().data_dir)


@lru_cache(maxsize=8)
def _server_of(data_dir: Path) -> Server:
    # As root a server asks the kernel, through a process, where its user may enter: once, not with every request.
    return Server(data_dir)
