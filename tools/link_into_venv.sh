#!/usr/bin/env bash
# Lets .venv import `lancea` and run the command `lancea` straight from a build directory, so that an
# edit of a .py file counts at once and a rebuilt library needs no new installation.
#
#   tools/link_into_venv.sh build/release
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build="$PWD/$1"
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$build/python" > "$site/lancea_build_tree.pth"
ln -sfn "$build/cli/lancea" .venv/bin/lancea
