"""The package as what surrounds it sees it: stubs, names, docstrings, the tool."""
import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import edgemoe
from edgemoe import _core

PACKAGE = Path(edgemoe.__file__).parent
PROJECT = Path(__file__).parents[2]


def stubbed():
    """{name: parameters, or None for what is no function} of _core.pyi; a class's members are "Class.member"."""
    found = {}

    def add(prefix, body):
        for node in body:
            if isinstance(node, ast.FunctionDef):
                is_property = any(ast.unparse(decorator) == "property" for decorator in node.decorator_list)
                found[prefix + node.name] = None if is_property else [argument.arg for argument in node.args.args]
            elif isinstance(node, ast.AnnAssign):
                found[prefix + node.target.id] = None
            elif isinstance(node, ast.ClassDef):
                found[prefix + node.name] = None
                add(f"{node.name}.", node.body)

    add("", ast.parse((PACKAGE / "_core.pyi").read_text(encoding="utf-8")).body)
    return found


def compiled():
    """The same of the compiled module, whose docstrings begin with "name(parameter: type, …)"."""
    found = {}

    def add(prefix, members):
        for name, member in members.items():
            if name.startswith("_") and name not in ("__init__", "__version__"):
                continue
            signature = re.match(rf"{name}\((.*?)\) ->", inspect.getdoc(member) or "")
            if name == "__init__" and not signature:
                continue  # of a class that Python cannot make
            found[prefix + name] = re.findall(r"(?:^|, )(\w+):", signature.group(1)) if signature else None
            if inspect.isclass(member):
                add(f"{name}.", vars(member))

    add("", vars(_core))
    return found


def test_stubs_say_what_the_module_has():
    assert len(compiled()) > 10
    assert stubbed() == compiled()


def test_package_is_typed_and_documented():
    assert (PACKAGE / "py.typed").is_file()
    for name in edgemoe.__all__:
        member = getattr(edgemoe, name)
        if inspect.isclass(member) or inspect.isfunction(member):
            assert inspect.getdoc(member), name
            for part, method in vars(member).items() if inspect.isclass(member) else ():
                if not part.startswith("_") and (inspect.isfunction(method) or isinstance(method, property)):
                    assert inspect.getdoc(method), f"{name}.{part}"


def test_version_is_the_projects():
    text = (PROJECT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert re.search(r"project\(edgemoe VERSION ([0-9.]+)", text).group(1) == edgemoe.__version__


def test_each_code_of_the_library_has_its_class():
    header = (PROJECT / "include" / "edgemoe" / "status.h").read_text(encoding="utf-8")
    codes = set(re.findall(r'return "(\w+)";', header)) - {"ok", "unknown"}
    assert len(codes) >= 8
    for code in codes:
        error = edgemoe.errors.from_code(code, "what happened")
        assert (type(error).code, str(error)) == (code, "what happened")
        assert isinstance(error, edgemoe.Error)


@pytest.mark.skipif("EDGEMOE_TOOL" in os.environ, reason="the tool is in the build tree, not in the package")
def test_tool_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "edgemoe", "doctor"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "m3vit-small-nyud" in done.stdout
    done = subprocess.run([sys.executable, "-m", "edgemoe", "nothing"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
