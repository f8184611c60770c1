#!/usr/bin/env python3
"""check_layers.py ROOT [TABLE]: does every #include under ROOT keep to the table of layers (layers.toml)?

Reports each include that the table does not allow, include cycles, files over the allowed length, and folders that the
table does not know. Exit code 0 when there is nothing to report, 1 otherwise, 2 when it looked at no file.
"""
import re
import sys
import tomllib
from pathlib import Path, PurePosixPath

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"(?P<own>[^"]+)"|<(?P<angle>[^>]+)>)')
STANDARD = re.compile(r"^[a-z0-9_]+$")
TOP_FOLDERS = ("src", "include", "apps", "python", "examples", "bench", "tests", "training", "hw")
EXTENSIONS = (".cpp", ".h")
# x_test.cpp, and what tests share: test_x.h, testing.h, x_testing.cpp.
TEST_FILE = re.compile(r"(_test\.cpp|(^|/)test_\w+\.(cpp|h)|(^|/)(\w+_)?testing\.(cpp|h))$")


class Checker:
    def __init__(self, root, table):
        self.root = root
        self.roots = table["roots"]
        self.max_lines = table["max_lines"]
        self.folders = table["folders"]
        self.third_party = table["third_party"]
        self.system = tuple(table["system"]["prefixes"])
        self.faults = []
        self.edges = {}  # file -> [(line number, included file of this tree)]

    def folder_of(self, path):
        """The longest row of the table that holds `path` (a file's row wins over its folder's), or None."""
        for candidate in (path, *PurePosixPath(path).parents):
            if str(candidate) in self.folders:
                return str(candidate)
        return None

    def is_test(self, path):
        return bool(TEST_FILE.search(path)) or self.folder_of(path) == "tests"

    def resolve(self, name):
        for root in self.roots:
            if (self.root / root / name).is_file():
                return f"{root}/{name}"
        return None

    def check_table(self):
        for folder, row in self.folders.items():
            for used in [] if row["may_use"] == "all" else row["may_use"]:
                if used not in self.folders:
                    self.faults.append(f"layers table: {folder} may use {used}, which has no row")
                elif self.folders[used]["level"] > row["level"]:
                    self.faults.append(f"layers table: {folder} (level {row['level']}) may not use {used}, which is above it")

    def check_file(self, path):
        text = (self.root / path).read_text(encoding="utf-8")
        lines = text.splitlines()
        if len(lines) > self.max_lines:
            self.faults.append(f"{path}: {len(lines)} lines, at most {self.max_lines} are allowed")
        folder = self.folder_of(path)
        if folder is None:
            self.faults.append(f"{path}: no row in the table of layers for folder {PurePosixPath(path).parent}")
            return
        self.edges[path] = []
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match and match["own"]:
                self.check_own(path, folder, number, match["own"])
            elif match and (self.root / "include" / match["angle"]).is_file():
                self.check_own(path, folder, number, match["angle"])
            elif match:
                self.check_angle(path, folder, number, match["angle"])

    def check_own(self, path, folder, number, name):
        target = self.resolve(name)
        if target is None:
            self.faults.append(f'{path}:{number}: "{name}" is not found from {", ".join(self.roots)}; '
                               "includes are written from there")
            return
        self.edges[path].append((number, target))
        if TEST_FILE.search(target) and not self.is_test(path):
            self.faults.append(f'{path}:{number}: "{name}" is for tests only')
        used = self.folder_of(target)
        row = self.folders[folder]
        if used is None or used == folder or row["may_use"] == "all" or used in row["may_use"]:
            return
        if TEST_FILE.search(path) and self.folders[used]["level"] <= row["level"]:
            return
        self.faults.append(f'{path}:{number}: {folder} may not include {used} ("{name}"); '
                           f'it may use {", ".join(row["may_use"]) or "nothing"}')

    def check_angle(self, path, folder, number, name):
        if STANDARD.match(name) or name.startswith(self.system):
            return
        is_test = self.is_test(path)
        for library, rule in self.third_party.items():
            if not name.startswith(tuple(rule["prefixes"])):
                continue
            if rule.get("test_only"):
                allowed = is_test
            else:
                allowed = library in self.folders[folder].get("third_party", []) or is_test
            if not allowed:
                self.faults.append(f"{path}:{number}: {folder} may not include <{name}> ({library})")
            elif path.endswith(".h") and not rule.get("headers", True):
                self.faults.append(f"{path}:{number}: <{name}> ({library}) may not be included by a header")
            return
        self.faults.append(f"{path}:{number}: <{name}> belongs to no library of the table of layers")

    def check_cycles(self):
        done = set()

        def visit(path, trail):
            if path in trail:
                cycle = trail[trail.index(path):] + [path]
                self.faults.append(f"include cycle: {' -> '.join(cycle)}")
                return
            if path in done:
                return
            for _, target in self.edges.get(path, []):
                visit(target, trail + [path])
            done.add(path)

        for path in sorted(self.edges):
            visit(path, [])

    def run(self):
        """Returns how many files it looked at."""
        paths = sorted(
            path.relative_to(self.root).as_posix()
            for top in TOP_FOLDERS
            for path in (self.root / top).rglob("*")
            if path.suffix in EXTENSIONS and path.is_file())
        self.check_table()
        for path in paths:
            self.check_file(path)
        self.check_cycles()
        return len(paths)


def main(argv):
    if len(argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(argv[1])
    table = Path(argv[2]) if len(argv) == 3 else Path(__file__).with_name("layers.toml")
    checker = Checker(root, tomllib.loads(table.read_text(encoding="utf-8")))
    looked_at = checker.run()
    for fault in checker.faults:
        print(fault)
    print(f"layers: {looked_at} files, {sum(map(len, checker.edges.values()))} includes, {len(checker.faults)} faults")
    if looked_at == 0:
        print(f"layers: no C++ file under {root}", file=sys.stderr)
        return 2
    return 1 if checker.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
