"""What no tool looks at in hw/rtl: names stand in their module before they are used (IEEE 1800 wants it), and parameters and ports say
what they are."""
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


PARAMETER = re.compile(r"\s*parameter\s+\w+\s+(\w+)")
PORT = re.compile(r"\s*(?:input|output|inout)\b.*?(\w+),?$")
CLOCK_AND_RESET = {"clk_i", "rst_ni"}


def undocumented(source):
    """Parameters of a module without a comment above them, ports without one there or above their group, with their line."""
    missing, comment_above, group = [], False, False
    begin = source.find("module ")
    if begin < 0:
        return missing
    lines = source[begin:].split("\n);", 1)[0].split("\n")
    for number, line in enumerate(lines, source.count("\n", 0, begin) + 1):
        if line.strip().startswith("//"):
            comment_above = group = True
            continue
        parameter, port = PARAMETER.match(line), PORT.match(line)
        if parameter and not comment_above:
            missing.append((parameter.group(1), number))
        if port and not group and port.group(1) not in CLOCK_AND_RESET:
            missing.append((port.group(1), number))
        if re.match(r"\)\s*\(", line):
            group = False
        comment_above = False
    return missing


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

    def test_parameters_and_ports_are_documented(self):
        for file in sorted(RTL.glob("*.sv")):
            with self.subTest(file=file.name):
                self.assertEqual(undocumented(file.read_text(encoding="utf-8")), [], f"{file.name}: say above these what they are")

    def test_what_is_not_documented_is_seen(self):
        source = ("// A module.\nmodule m #(\n  /// Bits.\n  parameter int Width = 8,\n  parameter int Depth = 4\n) (\n  input  logic clk_i,\n"
                  "  input  logic a_i,\n  // Results.\n  output logic b_o,\n  output logic c_o\n);\n  parameter int Own = 1;\nendmodule\n")
        self.assertEqual(undocumented(source), [("Depth", 5), ("a_i", 8)])


if __name__ == "__main__":
    sys.exit(unittest.main())
