# SPDX-License-Identifier: BSD-3-Clause
"""Makes a C++ source of the dashboard's files: embed.py OUTPUT FILE…"""
import os
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def main(output, paths):
    text = '// Made by control/web/embed.py.\n#include "control/web/page.h"\n\n'
    text += "namespace sluice::control::web {\nnamespace {\n\n"
    rows = ""
    for number, path in enumerate(paths):
        name = os.path.basename(path)
        with open(path, "rb") as file:
            data = file.read()
        text += f"constexpr char kFile{number}[] = {{  // {name}\n"
        for at in range(0, len(data), 24):
            text += ",".join(str(b if b < 128 else b - 256) for b in data[at:at + 24]) + ",\n"
        text += "};\n"
        place = "/" if name == "index.html" else "/" + name
        kind = TYPES[os.path.splitext(name)[1]]
        rows += f'    {{"{place}", "{kind}", {{kFile{number}, sizeof kFile{number}}}}},\n'
    text += f"\nconstexpr PageFile kFiles[] = {{\n{rows}}};\n\n}}  // namespace\n\n"
    text += "std::span<const PageFile> page_files() {\n  return kFiles;\n}\n\n"
    text += "}  // namespace sluice::control::web\n"
    with open(output, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
