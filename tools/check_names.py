#!/usr/bin/env python3
"""Name every type that is defined twice under one name. Exit 1 if there is one.

Two types of one name break the one-definition rule: the linker keeps one of what templates made of
them, and nobody warns.

    tools/check_names.py [ROOT]
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

DEFINITION = re.compile(
    r"(?:template <.*> )?(?:struct|class|enum class|union)\s+"
    r"(?:[A-Z_]+_EXPORT\s+|\[\[\w+\]\]\s+)?(\w+)(?!\w|::)(?!.*;\s*$)"
)
NAMESPACE = re.compile(r"namespace (\w+(?:::\w+)*) \{")


def definitions(file: Path):
    """Types at namespace scope, but those of unnamed namespaces, which are the file's own."""
    namespace, is_unnamed = "", False
    for number, line in enumerate(file.read_text().split("\n"), 1):
        if line.startswith("namespace {"):
            is_unnamed = True
        elif line.rstrip() == "}  // namespace":
            is_unnamed = False
        elif match := NAMESPACE.match(line):
            namespace = match[1]
        elif not is_unnamed and (match := DEFINITION.match(line)):
            yield f"{namespace}::{match[1]}", f"{file}:{number}"


def defined_twice(root: Path):
    places = defaultdict(list)
    for folder in ["include", "src"]:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in {".h", ".cc"}:
                for name, place in definitions(file):
                    places[name].append(place)
    return {name: found for name, found in places.items() if len(found) > 1}


if __name__ == "__main__":
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    twice = defined_twice(root)
    for name, found in twice.items():
        print(f"{name} is defined {len(found)} times: {', '.join(found)}")
    print("names: " + ("not sound" if twice else "sound"))
    sys.exit(bool(twice))
