#!/usr/bin/env bash
# Make this machine ready: Python, PostGIS and, for tests, a browser. Says what it does; does nothing twice.
#   scripts/setup.sh run     what the service needs
#   scripts/setup.sh check   that without its loops compiled, and what the checks need
#   scripts/setup.sh test    all of it, and what the tests need
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE
for_what=${1:-run}
say() { printf '== %s\n' "$*"; }
refuse() { printf '%s\n' "$*" >&2; exit 1; }

# A Python environment cannot lie below a path with a colon, and its scripts cannot name a path with quotes.
case $PWD in
  *:*) refuse "目录 $PWD 的路径含有冒号，Python 环境无法建在其中；请换一个目录。
The path of $PWD has a colon, and no Python environment can be made in it; use another folder." ;;
  *[\"\$\`\\]*) say "目录 $PWD 的路径含有引号等字符，.venv/bin/gis-service 无法运行，请改用 .venv/bin/python -m gis_service.cli（make 不受影响）。
== The path of $PWD has quotes or the like: .venv/bin/gis-service cannot start there, .venv/bin/python -m gis_service.cli can (make is not affected)." ;;
esac

# Run a command with the right to install packages: as root, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else return 1
  fi
}

apt_updated=no
apt_update() {
  command -v apt-get >/dev/null || return 1
  if [ $apt_updated = no ]; then as_root apt-get update -qq >/dev/null || return 1; apt_updated=yes; fi
}
apt_install() {
  apt_update || return 1
  say "安装系统软件包 Installing packages: $*"
  # Whoever installs at this moment, the machine itself for one, is waited for.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=600 "$@" >/dev/null
}
# Packages without which something else still works: all at once, or one by one, where not every release has each.
apt_try() {
  local without_zh=$1 without_en=$2 one
  shift 2
  apt_install "$@" || for one in "$@"; do
    apt_install "$one" || say "未能安装 $one，$without_zh。Not installed: $one; $without_en."
  done
}

apt_has() { apt_update && apt-cache show "$1" >/dev/null 2>&1; }

have_command() { command -v "$1" >/dev/null; }
# Ubuntu has a command of that name that only asks for a snap.
have_browser() {
  local name
  for name in chromium-headless-shell chromium chromium-browser; do
    ! have_command "$name" || ! "$name" --version >/dev/null 2>&1 || return 0
  done
  return 1
}

good_python() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
find_python() {
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$name" >/dev/null && good_python "$name"; then command -v "$name"; return; fi
  done
  return 1
}

have_postgis() { compgen -G "/usr/share/postgresql/*/extension/postgis.control" >/dev/null ||
  { command -v pg_config >/dev/null && [ -e "$(pg_config --sharedir)/extension/postgis.control" ]; }; }

server_version() { basename "$(dirname "$(dirname "$(compgen -G '/usr/share/postgresql/*/extension/postgis.control' | sort -V | tail -1)")")"; }

# What comes from the system: PostGIS, what sets PDF sheets, and for tests a browser, an office and the database's checkers.
install_system() {
  local version wanted=()
  if [ -z "${DATABASE_URL:-}" ] && ! have_postgis; then
    # The package without a version exists on newer releases; the versioned one on all.
    apt_install postgresql-postgis ||
      apt_install "$(apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' 2>/dev/null | sort -V | tail -1 | cut -d' ' -f1)" ||
      refuse "本机没有 PostGIS，也无法自动安装。三种办法任选其一：安装软件包 postgis；设置 DATABASE_URL；或运行 docker compose up。
This machine has no PostGIS and it cannot be installed from here; either install the package postgis, or set DATABASE_URL, or run docker compose up."
  fi
  command -v apt-get >/dev/null || return 0
  [[ $(/sbin/ldconfig -p 2>/dev/null) == *libpangoft2* ]] || wanted+=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)
  [ -d /usr/share/fonts/opentype/noto ] || wanted+=(fonts-noto-cjk)
  [ ${#wanted[@]} = 0 ] || apt_try "PDF 不能生成" "no PDF can be made" "${wanted[@]}"
  [ "$for_what" != run ] || return 0
  # Without a window around its pages the browser takes a third of the time; not every release has it so.
  have_command chromium-headless-shell || { apt_has chromium-headless-shell && apt_install chromium-headless-shell; } ||
    have_command chromium || have_command chromium-browser ||
    apt_try "网页测试会跳过" "the tests of pages are skipped" chromium
  have_browser || say "没有能运行的 Chromium，网页测试会跳过（Ubuntu：先运行 snap install chromium）。
== No Chromium runs here: the tests of pages are skipped (Ubuntu: run snap install chromium before)."
  wanted=()
  # Papers are opened by the office that opens them elsewhere.
  command -v soffice >/dev/null || wanted+=(libreoffice-writer-nogui libreoffice-calc-nogui)
  if compgen -G "/usr/share/postgresql/*/extension/postgis.control" >/dev/null; then
    version=$(server_version)
    [ -e "/usr/share/postgresql/$version/extension/pgtap.control" ] || wanted+=("postgresql-$version-pgtap")
    [ -e "/usr/share/postgresql/$version/extension/plpgsql_check.control" ] || wanted+=("postgresql-$version-plpgsql-check")
  fi
  [ ${#wanted[@]} = 0 ] || apt_try "相应测试会跳过" "the tests that need it are skipped" "${wanted[@]}"
}

if [ ! -x .venv/bin/python ]; then
  python=$(find_python) || { apt_install python3 python3-venv && python=$(find_python); } ||
    refuse "需要 Python 3.11 或更新版本（含 venv）。Python 3.11 or newer with venv is needed; install it and run this again."
  say "建立 Python 环境 Making the Python environment (.venv, $("$python" --version))"
  "$python" -m venv .venv
fi

# Beside the packages of Python, which do not need them.
install_system &
system=$!

# What a lock file names, all of it and nothing else, by two at once: unpacking takes a core for a minute.
install_locked() {
  local halves first
  halves=$(mktemp -d)
  awk -v to="$halves/" '/^[^ #]/ { n++ } n { print > (to n % 2) }' "$1"
  set -- .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r
  "$@" "$halves/0" &
  first=$!
  "$@" "$halves/1"
  wait "$first"
  rm -r "$halves"
}

lock=requirements.lock
[ "$for_what" = run ] || lock=requirements-dev.lock
stamp=.venv/.installed-$lock
if ! cmp -s "$lock" "$stamp"; then
  say "安装 Python 软件包 Installing Python packages ($lock)"
  install_locked "$lock"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --no-build-isolation -e .
  cp "$lock" "$stamp"
fi

# One core for a minute, while the rest is installed.
compiled=.venv/.compiled-$lock
compiling=
if [ "$for_what" != check ] && ! cmp -s "$lock" "$compiled"; then
  say "编译计算内核 Compiling loops (once, about a minute, beside what follows)"
  .venv/bin/python -m gis_service.density.warm &
  compiling=$!
fi

# Checking and testing the pages' scripts needs more packages than serving them.
tools=web_map/node_modules/.installed-test
if [ "$for_what" != run ] && ! cmp -s web_map/package-lock.json "$tools"; then
  say "安装网页检查工具 Installing what checks the pages' scripts (web_map/package-lock.json)"
  (cd web_map && PATH="$PWD/../.venv/bin:$PATH" ../.venv/bin/python ../.venv/bin/npm ci --loglevel=error)
  cp web_map/package-lock.json "$tools"
fi

wait "$system"
if [ -n "$compiling" ]; then
  wait "$compiling"
  cp "$lock" "$compiled"
fi
