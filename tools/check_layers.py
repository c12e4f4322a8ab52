#!/usr/bin/env python3
"""Name every #include that breaks the layers: src/lancea includes only what stands below it, and
cli/ and python/src only public headers. Exit 1 if there is one.

    tools/check_layers.py [ROOT]
"""

import re
import sys
from pathlib import Path

# From the lowest up; a file may include its own folder and folders before it.
LAYERS = """util io io/s3 proto schema encoding encoding/compress encoding/structural encoding/v2_3
            encoding/v2_0 encoding/v0_1 file table expr/kernels expr exec dataset scan index write
            change maintain queue sql""".split()
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"](lancea/[^>"]+)[>"]', re.M)


def sources(folder: Path):
    return sorted(f for f in folder.rglob("*") if f.suffix in {".h", ".cc"})


def broken_includes(root: Path):
    public = {f"lancea/{f.name}" for f in (root / "include/lancea").glob("*.h")}
    for file in sources(root / "src/lancea"):
        layer = file.parent.relative_to(root / "src/lancea").as_posix()
        if layer == ".":
            continue  # precompiled.h
        if layer not in LAYERS:
            yield file, 0, f"folder {layer} is not in the list of layers of tools/check_layers.py"
            continue
        for line, header in includes(file):
            target = Path(header).parent.relative_to("lancea").as_posix()
            if header in public:
                continue
            if target not in LAYERS:
                yield file, line, f"{header} is neither public nor in a layer"
            elif LAYERS.index(target) > LAYERS.index(layer):
                yield file, line, f"{layer} may not include {header}: {target} stands above it"
    for folder in ["cli", "python/src"]:
        for file in sources(root / folder):
            for line, header in includes(file):
                if header not in public:
                    yield file, line, f"{folder} may include public headers only, not {header}"


def includes(file: Path):
    text = file.read_text()
    return [(text.count("\n", 0, m.start(1)) + 1, m[1]) for m in INCLUDE.finditer(text)]


if __name__ == "__main__":
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    broken = [f"{f.relative_to(root)}:{line}: {why}" for f, line, why in broken_includes(root)]
    print("\n".join(broken) if broken else "layers: sound")
    sys.exit(bool(broken))
