"""The examples, as a person runs them."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import assert_same_maps

import edgemoe

EXAMPLES = Path(__file__).parents[2] / "examples"
STREET = EXAMPLES / "pictures" / "rendered-street.jpg"


def run_example(name, *arguments, expect=0, **environment):
    command = [sys.executable, EXAMPLES / name, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ, **environment), timeout=400)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout if expect == 0 else done.stderr


def test_run_picture(tiny_file, tmp_path):
    told = run_example("run_picture.py", STREET, tiny_file, tmp_path)
    assert "depth: " in told and " m; see " in told and "sky" in told
    assert edgemoe.read_picture(tmp_path / "semseg.png").shape == edgemoe.read_picture(STREET).shape
    assert "missing.jpg" in run_example("run_picture.py", tmp_path / "missing.jpg", tiny_file, tmp_path, expect=1)


def test_ray_folder(tiny, tiny_file, tmp_path):
    pytest.importorskip("ray")
    pictures, maps = tmp_path / "pictures", tmp_path / "maps"
    (pictures / "far").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "far/a.jpg", "d.jpeg", "e.jpg"):
        shutil.copy(STREET, pictures / name)
    (pictures / "broken.jpg").write_text("text")
    told = run_example("ray_folder.py", pictures, maps, "--model", tiny_file, "--tasks", "depth", "semseg", "--processes", "2",
                       "--batch", "2", expect=1, RAY_DISABLE_IMPORT_WARNING="1")
    assert "broken.jpg: " in told
    rows = [json.loads(line) for line in (maps / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 6
    assert sum(bool(row["error"]) for row in rows) == 1
    expected = tiny.run(STREET, ["depth", "semseg"])
    for row in rows:
        if not row["error"]:
            name = Path(row["picture"]).relative_to(pictures)
            assert row["files"] == [f"{name}_depth.npy", f"{name}_semseg.npy"]
            assert (row["height"], row["width"]) == expected["depth"].shape
            assert_same_maps({task: np.load(maps / f"{name}_{task}.npy") for task in expected}, expected)
