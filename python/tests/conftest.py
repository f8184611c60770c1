"""What the tests share: small models made by the tool, pictures made from a seed."""
import os
import subprocess
import sys

import numpy as np
import pytest

import edgemoe

# The tool beside the package, unless the build says which.
TOOL = [os.environ["EDGEMOE_TOOL"]] if "EDGEMOE_TOOL" in os.environ else [sys.executable, "-m", "edgemoe"]


def run_tool(*arguments):
    done = subprocess.run([*TOOL, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def tool():
    """The command-line tool as a function of its arguments; returns what it printed."""
    return run_tool


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory):
    """A small model with the tasks semseg, normals, depth."""
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    run_tool("new", "tiny", "--seed", "2", "-o", path)
    return path


@pytest.fixture(scope="session")
def tiny(tiny_file):
    return edgemoe.load(tiny_file, num_threads=1)


@pytest.fixture(scope="session")
def picture():
    """A picture with all byte values, wider than high."""
    return np.random.default_rng(1).integers(0, 256, (46, 70, 3), dtype=np.uint8)


def assert_same_maps(found, expected):
    """Equal tasks, types, shapes and bytes; and that there was something to compare."""
    assert list(found) == list(expected)
    assert len(found) > 0
    for task, array in expected.items():
        assert found[task].dtype == array.dtype
        assert found[task].shape == array.shape
        assert array.size > 0
        assert found[task].tobytes() == array.tobytes(), f"{task} differs"
