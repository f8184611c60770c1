#!/usr/bin/env python3
"""Trees that check_layers.py must reject, each with the words that it must say, and one that it must pass."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECKER = Path(__file__).with_name("check_layers.py")

TABLE = """
roots = ["src", "include", "apps"]
max_lines = 20
[folders]
"include/edgemoe" = { level = 2, may_use = [] }
"src/base" = { level = 0, may_use = [], third_party = ["fmt"] }
"src/model" = { level = 1, may_use = ["src/base"], third_party = ["nlohmann"] }
"src/image" = { level = 1, may_use = ["src/base"] }
[third_party]
fmt = { prefixes = ["fmt/"] }
nlohmann = { prefixes = ["nlohmann/"], headers = false }
gtest = { prefixes = ["gtest/"], test_only = true }
[system]
prefixes = ["sys/"]
"""

CLEAN = {
    "src/base/status.h": "#include <string>\n#include <sys/stat.h>\n",
    "src/model/config.h": '#include "base/status.h"\n',
    "src/model/config.cpp": '#include "model/config.h"\n#include <nlohmann/json.hpp>\n',
    "src/model/config_test.cpp": '#include <gtest/gtest.h>\n#include "image/image.h"\n',
    "src/image/image.h": '#include "base/status.h"\n',
}


def check(files, table=TABLE):
    """(exit code, output) of the checker on a tree of {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "layers.toml").write_text(table, encoding="utf-8")
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, CHECKER, root, root / "layers.toml"],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class CheckLayersTest(unittest.TestCase):
    def assert_rejected(self, message, files, table=TABLE):
        code, output = check(CLEAN | files, table)
        self.assertEqual(code, 1, output)
        self.assertIn(message, output)
        self.assertIn(" 1 faults", output)

    def test_clean_tree_passes(self):
        code, output = check(CLEAN)
        self.assertEqual(code, 0, output)
        self.assertIn("5 files, 4 includes, 0 faults", output)

    def test_include_of_a_higher_layer_is_rejected(self):
        self.assert_rejected('src/base/tensor.cpp:2: src/base may not include src/model ("model/config.h")',
                             {"src/base/tensor.cpp": '\n#include "model/config.h"\n'})

    def test_include_of_a_neighbour_is_rejected(self):
        self.assert_rejected("src/image/decode.cpp:1: src/image may not include src/model",
                             {"src/image/decode.cpp": '#include "model/config.h"\n'})

    def test_include_of_a_higher_layer_by_a_test_is_rejected(self):
        self.assert_rejected("src/base may not include src/model",
                             {"src/base/tensor_test.cpp": '#include "model/config.h"\n'})

    def test_header_of_tests_in_the_library_is_rejected(self):
        self.assert_rejected('src/base/tensor.cpp:1: "base/testing.h" is for tests only',
                             {"src/base/tensor.cpp": '#include "base/testing.h"\n', "src/base/testing.h": "#include <gtest/gtest.h>\n"})

    def test_public_header_that_includes_an_inner_one_is_rejected(self):
        self.assert_rejected("include/edgemoe may not include src/base",
                             {"include/edgemoe/edgemoe.h": '#include "base/status.h"\n'})

    def test_public_header_that_includes_a_library_is_rejected(self):
        self.assert_rejected("include/edgemoe may not include <fmt/core.h> (fmt)",
                             {"include/edgemoe/edgemoe.h": "#include <fmt/core.h>\n"})

    def test_library_of_another_folder_is_rejected(self):
        self.assert_rejected("src/base may not include <nlohmann/json.hpp> (nlohmann)",
                             {"src/base/tensor.cpp": "#include <nlohmann/json.hpp>\n"})

    def test_cpp_only_library_in_a_header_is_rejected(self):
        self.assert_rejected("src/model/json.h:1: <nlohmann/json.hpp> (nlohmann) may not be included by a header",
                             {"src/model/json.h": "#include <nlohmann/json.hpp>\n"})

    def test_test_library_outside_a_test_is_rejected(self):
        self.assert_rejected("src/base may not include <gtest/gtest.h>",
                             {"src/base/tensor.cpp": "#include <gtest/gtest.h>\n"})

    def test_unknown_library_is_rejected(self):
        self.assert_rejected("<boost/any.hpp> belongs to no library",
                             {"src/base/tensor.cpp": "#include <boost/any.hpp>\n"})

    def test_include_relative_to_the_file_is_rejected(self):
        self.assert_rejected('src/base/tensor.cpp:1: "status.h" is not found',
                             {"src/base/tensor.cpp": '#include "status.h"\n'})

    def test_unknown_folder_is_rejected(self):
        self.assert_rejected("no row in the table of layers for folder src/utils",
                             {"src/utils/strings.h": ""})

    def test_include_cycle_is_rejected(self):
        self.assert_rejected("include cycle: src/base/a.h -> src/base/b.h -> src/base/a.h",
                             {"src/base/a.h": '#include "base/b.h"\n', "src/base/b.h": '#include "base/a.h"\n'})

    def test_long_file_is_rejected(self):
        self.assert_rejected("src/base/long.cpp: 21 lines, at most 20", {"src/base/long.cpp": "\n" * 21})

    def test_table_with_an_arrow_that_points_up_is_rejected(self):
        upward = TABLE.replace('"src/base" = { level = 0, may_use = []', '"src/base" = { level = 0, may_use = ["src/model"]')
        self.assert_rejected("src/base (level 0) may not use src/model, which is above it", {}, upward)

    def test_tree_without_files_is_no_success(self):
        code, output = check({})
        self.assertEqual(code, 2, output)
        self.assertIn("no C++ file", output)


if __name__ == "__main__":
    unittest.main()
