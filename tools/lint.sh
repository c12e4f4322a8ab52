#!/usr/bin/env bash
# Format, mistakes, layers and sizes of the sources. Every check runs; exit 1 if one failed.
#
#   tools/lint.sh            all of it; clang-tidy on files changed since the upstream branch
#   tools/lint.sh --quick    without clang-tidy
#   tools/lint.sh --fix      rewrite the sources instead of reporting their format
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PWD/.venv/bin:$PATH"
mode=${1:-all}
max_lines=800
status=0
fail() { echo "lint: $*" >&2; status=1; }

# Tracked files and new ones that git does not ignore.
files() { git ls-files --cached --others --exclude-standard --deduplicate -- "$@" |
          while read -r file; do [ -f "$file" ] && echo "$file"; done; }

if [ "$mode" = --fix ]; then
  files '*.h' '*.cc' | xargs -r clang-format -i
  ruff check --fix --quiet . ; ruff format --quiet .
  exit 0
fi

# The first place of each file that is not formatted.
files '*.h' '*.cc' | xargs -r -n 1 clang-format --dry-run -Werror --ferror-limit=1 ||
  fail "C++ format: run \`make format\`"
ruff check --quiet . || fail "ruff check"
ruff format --check --quiet . || fail "Python format: run \`make format\`"
.venv/bin/python tools/check_layers.py || fail "layers"
.venv/bin/python tools/check_names.py || fail "names"
while read -r lines file; do
  fail "$file has $lines lines, more than $max_lines: name its second concept and split it"
done < <(files '*.h' '*.cc' '*.py' | xargs -r wc -l |
         awk -v max=$max_lines '$2 != "total" && $1 > max')

# clang cannot read the precompiled header that gcc made: it gets the header's text instead.
tidy_database() {
  .venv/bin/python - "$1" "$2" <<'PY'
import json, re, sys
entries = json.load(open(f"{sys.argv[1]}/compile_commands.json"))
for entry in entries:
    command = re.sub(r"-include \S+cmake_pch\.hxx", "-include lancea/precompiled.h", entry["command"])
    entry["command"] = command.replace("-Winvalid-pch", "").replace("-fno-semantic-interposition", "")
json.dump(entries, open(f"{sys.argv[2]}/compile_commands.json", "w"))
PY
}

tidy=$(command -v clang-tidy-19 || command -v clang-tidy || true)
if [ "$mode" != --quick ] && [ -n "$tidy" ] && [ -f build/release/compile_commands.json ]; then
  base=$(git merge-base HEAD '@{upstream}' 2>/dev/null || git rev-parse HEAD)
  mapfile -t changed < <({ git diff --name-only --diff-filter=d "$base" -- '*.cc'
                           git ls-files --others --exclude-standard -- '*.cc'; } | sort -u |
                         grep -v '^examples/')
  if [ ${#changed[@]} -gt 0 ]; then
    database=$(mktemp -d)
    trap 'rm -rf "$database"' EXIT
    tidy_database build/release "$database"
    printf '%s\0' "${changed[@]}" |
      xargs -0 -n 1 -P "$(nproc)" "$tidy" -p "$database" --quiet 2>/dev/null || fail "clang-tidy"
  fi
elif [ "$mode" != --quick ]; then
  echo "lint: clang-tidy left out (needs clang-tidy and build/release, see \`make build\`)" >&2
fi

[ $status -eq 0 ] && echo "lint: sound"
exit $status
