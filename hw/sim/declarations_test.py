"""Names of hw/rtl stand in their module before they are used: IEEE 1800 wants it, Verilator and Yosys do not look."""
import pathlib
import re
import sys
import unittest

RTL = pathlib.Path(__file__).resolve().parent.parent / "rtl"
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
STRING = re.compile(r'"[^"\n]*"')
DECLARATION = re.compile(r"^\s*(?:logic|genvar|localparam|parameter|tile_pkg::\w+|\w+_e)\b([^;]*);", re.M)
NAME = re.compile(r"[A-Za-z_]\w*")


def declared_names(declaration):
    """The names that a declaration of variables or constants introduces, without widths and values."""
    text = re.sub(r"\[[^\]]*\]|\{[^}]*\}", " ", declaration)
    text = re.sub(r"=[^,;]*", " ", text)
    return [part.split()[-1] for part in text.split(",") if part.split()]


def used_too_early(source):
    """Names of a module's variables and constants that stand in it before their declaration, with their line."""
    def keep_lines(match):
        return re.sub(r"[^\n]", " ", match.group())

    text = STRING.sub(keep_lines, COMMENT.sub(keep_lines, source))
    body = text.find(");", text.find("module ")) if "module " in text else 0
    first_use = {}
    for match in NAME.finditer(text, max(body, 0)):
        # Neither ports of an instance, fields, members of packages nor digits of a literal.
        if match.start() > 0 and text[match.start() - 1] in ".'$:":
            # `.name,` and `.name)` connect the variable of that name.
            if text[match.start() - 1] != "." or not re.match(r"\s*[,)]", text[match.end() :]):
                continue
        first_use.setdefault(match.group(), match.start())
    # Blocks may have names of their own: the first declaration counts.
    declared = {}
    for declaration in DECLARATION.finditer(text, max(body, 0)):
        for name in declared_names(declaration.group(1)):
            declared.setdefault(name, declaration.start())
    early = [name for name, place in declared.items() if first_use.get(name, len(text)) < place]
    return [(name, text.count("\n", 0, first_use[name]) + 1) for name in early]


class Declarations(unittest.TestCase):
    def test_names_of_the_rtl_stand_before_their_use(self):
        files = sorted(RTL.glob("*.sv"))
        self.assertGreater(len(files), 50, f"{RTL} should hold the accelerator's modules")
        for file in files:
            with self.subTest(file=file.name):
                early = used_too_early(file.read_text(encoding="utf-8"))
                self.assertEqual(early, [], f"{file.name}: declare these above the lines that use them")

    def test_names_used_too_early_are_seen(self):
        head = "module m (\n  input logic a_i\n);\n"
        early = head + "  logic b;\n  assign b = late;\n  logic [2:0] other, late;\nendmodule\n"
        self.assertEqual(used_too_early(early), [("late", 5)])
        port = head + "  unit u (\n    .late(a_i), .late2\n  );\n  logic late, late2;\nendmodule\n"
        self.assertEqual(used_too_early(port), [("late2", 5)])


if __name__ == "__main__":
    sys.exit(unittest.main())
