#!/usr/bin/env bash
# Installs what the build and the tests need and is missing: Debian packages (as root or through sudo)
# and a .venv with the test tools. Returns at once when everything is there. Registries are the ones
# that apt and pip are set up for.
#
#   tools/bootstrap.sh           build and test
#   tools/bootstrap.sh --lint    and what `make lint` uses
#   tools/bootstrap.sh --bench   and the rivals that `make bench` measures against
#   PYTHON=python3.12 tools/bootstrap.sh    another interpreter for a new .venv
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

required=(cmake ninja-build g++ make pkg-config protobuf-compiler libprotobuf-dev libzstd-dev
          liblz4-dev libroaring-dev libhwy-dev libcli11-dev nlohmann-json3-dev libgtest-dev
          libcurl4-openssl-dev)
optional=(ccache mold)  # faster builds; nothing fails without them
requirements=(tools/requirements-test.txt)
for option in "$@"; do
  case "$option" in
    --lint) required+=(clang-tidy-19 git); requirements+=(tools/requirements-lint.txt) ;;
    --bench) requirements+=(tools/requirements-bench.txt) ;;
    *) echo "bootstrap.sh: unknown option $option" >&2; exit 2 ;;
  esac
done

say() { echo "bootstrap: $*" >&2; }

# The packages among "$@" that are not installed, one a line.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
              sed -n 's/^ii *//p' || true)
  printf '%s\n' "$@" | grep -vxF -f <(printf '%s\n' "$installed") || true
}

install_packages() {
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { say "run as root or install sudo, to install: $*"; exit 1; }
    root=(sudo)
  fi
  say "installing $*"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "$@" >/dev/null
}

python=${PYTHON:-python3}
if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  mapfile -t missing < <(missing_packages "${required[@]}")
  if [ ! -x .venv/bin/python ]; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  fi
  "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' 2>/dev/null ||
    missing+=(python3-dev)
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
  mapfile -t missing < <(missing_packages "${optional[@]}")
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}" || say "going on without ${missing[*]}"
else
  say "no apt-get here: install by other means what CMake finds missing (${required[*]})"
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  { say "needs Python 3.10 or newer; set PYTHON to one"; exit 1; }
if ! .venv/bin/python -c '' 2>/dev/null; then
  say "creating .venv"
  "$python" -m venv --clear .venv
fi
for file in "${requirements[@]}"; do
  stamp=".venv/$(basename "$file")"
  if ! cmp -s "$file" "$stamp"; then
    say "installing $file into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$file"
    cp "$file" "$stamp"
  fi
done

# Releases that others still run, beside the newest in .venv: what we write, pylance 1.0 must read, and
# Pulsing 0.1.0 keeps its queues elsewhere.
for old in pylance-1.0=pylance==1.0.0 pulsing-0.1.0=pulsing==0.1.0; do
  folder=.venv/${old%%=*}
  if [ ! -d "$folder" ]; then
    say "installing ${old#*=} into $folder"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
      --target "$folder" "${old#*=}" || say "going on without ${old#*=}: its tests are skipped"
  fi
done
# What some tests can do without: they skip, and say so.
file=tools/requirements-optional.txt
stamp=".venv/$(basename "$file")"
if ! cmp -s "$file" "$stamp"; then
  say "installing $file into .venv"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$file" ||
    say "going on without $file"
  cp "$file" "$stamp"
fi
# DuckDB's library, which `lancea sql` looks for at run time, as its package for node carries it.
duckdb=.venv/duckdb
if [ ! -f "$duckdb/libduckdb.so" ] && [ "$(uname -sm)" = "Linux x86_64" ]; then
  if command -v npm >/dev/null; then
    say "installing DuckDB's library into $duckdb"
    mkdir -p "$duckdb"
    { (cd "$duckdb" && npm pack --silent @duckdb/node-bindings-linux-x64@1.5.6-r.1 >/dev/null 2>&1) &&
      tar -xzf "$duckdb"/*.tgz -C "$duckdb" --strip-components=1 package/libduckdb.so &&
      rm "$duckdb"/*.tgz; } || say "going on without DuckDB's library: its tests are skipped"
  else
    say "going on without DuckDB's library (no npm here): its tests are skipped"
  fi
fi
