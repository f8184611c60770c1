"""Models: loading, what they say of themselves, and their maps, which are the tool's to the byte."""
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import assert_same_maps

import edgemoe

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "cli"))
import png  # noqa: E402  (a reader and writer of PNG that shares nothing with the library)


def read_tool_maps(folder, stem):
    """What `edgemoe run` wrote for one picture of the tiny model."""
    width, height, channels, bits, samples = png.decode((folder / f"{stem}_semseg.png").read_bytes())
    assert (channels, bits) == (1, 8)
    return {"semseg": np.array(samples, np.uint8).reshape(height, width),
            "normals": np.load(folder / f"{stem}_normals.npy"), "depth": np.load(folder / f"{stem}_depth.npy")}


def write_png(path, picture):
    height, width, _ = picture.shape
    bits = 8 * picture.itemsize
    path.write_bytes(png.encode(width, height, picture.astype(picture.dtype.newbyteorder(">")).tobytes(), bits=bits))


@pytest.mark.parametrize("bits", [8, 16])
def test_maps_are_those_of_the_tool(tool, tiny, tiny_file, picture, tmp_path, bits):
    pixels = picture if bits == 8 else picture.astype(np.uint16) * 250 + 7
    write_png(tmp_path / "street.png", pixels)
    tool("run", tmp_path / "street.png", "--model", tiny_file, "-o", tmp_path / "maps")
    expected = read_tool_maps(tmp_path / "maps", "street")
    assert_same_maps(tiny.run(pixels), expected)
    assert_same_maps(tiny.run(tmp_path / "street.png"), expected)
    read = edgemoe.read_picture(tmp_path / "street.png")
    assert read.dtype == pixels.dtype
    np.testing.assert_array_equal(read, pixels)


def test_street_model_is_found_by_name(tool, picture, tmp_path):
    if "edgemoe-street" not in edgemoe.list_models():
        pytest.skip("this package has no models in it")
    model = edgemoe.load("edgemoe-street")
    assert list(model.tasks) == ["semseg", "normals", "depth"]
    assert model.tasks["depth"].unit == "m"
    assert "road" in model.tasks["semseg"].class_names
    assert len(model.tasks["semseg"].class_names) == model.tasks["semseg"].outputs == 11
    write_png(tmp_path / "street.png", picture)
    tool("run", tmp_path / "street.png", "--model", "edgemoe-street", "-o", tmp_path / "maps")
    assert_same_maps(model.run(picture), read_tool_maps(tmp_path / "maps", "street"))


def test_named_folder_comes_first(tiny_file, monkeypatch, tmp_path):
    monkeypatch.setenv("EDGEMOE_MODEL_DIR", str(tmp_path))
    (tmp_path / "mine.safetensors").write_bytes(tiny_file.read_bytes())
    assert "mine" in edgemoe.list_models()
    assert edgemoe.load("mine").path == tmp_path / "mine.safetensors"
    with pytest.raises(edgemoe.InvalidArgumentError, match='no model "other"; there are .*mine'):
        edgemoe.load("other")


def test_model_says_what_it_is(tiny):
    assert tiny.name == "tiny"
    assert tiny.input_size == (32, 48)
    assert (tiny.num_experts, tiny.top_k) == (4, 2)
    assert (tiny.number_type, tiny.num_threads, tiny.max_batch) == ("float32", 1, 1)
    assert tiny.tasks["semseg"] == edgemoe.Task("semseg", 5, "", ("road", "house", "sky", "person", "car"))
    assert tiny.tasks["depth"].unit == "m"
    assert "tiny" in repr(tiny) and tiny.instruction_set in repr(tiny)


def test_maps_are_numpy_arrays_of_the_pictures_size(tiny, picture):
    maps = tiny.run(picture)
    assert list(maps) == ["semseg", "normals", "depth"]
    assert (maps["semseg"].shape, maps["semseg"].dtype) == ((46, 70), np.uint8)
    assert (maps["normals"].shape, maps["normals"].dtype) == ((46, 70, 3), np.float32)
    assert (maps["depth"].shape, maps["depth"].dtype) == ((46, 70), np.float32)
    assert maps["semseg"].max() < 5
    np.testing.assert_allclose(np.linalg.norm(maps["normals"], axis=2), 1, atol=1e-5)
    for array in maps.values():
        assert array.flags.c_contiguous and array.flags.aligned and array.flags.writeable
        # The memory is the library's own: a capsule holds it, and no other array.
        assert not array.flags.owndata
        assert type(array.base).__name__ == "PyCapsule"


def test_maps_outlive_their_model(tiny_file, picture):
    model = edgemoe.load(tiny_file)
    maps = model.run(picture)
    kept = {task: array.copy() for task, array in maps.items()}
    model.run(255 - picture)
    del model
    assert_same_maps(maps, kept)


def test_tasks_come_in_the_order_asked_for(tiny, picture):
    every = tiny.run(picture)
    assert_same_maps(tiny.run(picture, tasks=("depth", "semseg")), {task: every[task] for task in ("depth", "semseg")})


@pytest.mark.parametrize(("tasks", "error", "message"), [
    (["deph"], edgemoe.InvalidArgumentError, "semseg, normals, depth"),
    (["depth", "depth"], edgemoe.InvalidArgumentError, "depth"),
    ([], ValueError, "leave tasks out"),
    ("depth", TypeError, r'write \["depth"\]'),
    ([3], TypeError, "expected names"),
])
def test_wrong_tasks_are_refused(tiny, picture, tasks, error, message):
    with pytest.raises(error, match=message):
        tiny.run(picture, tasks=tasks)


def test_batch_gives_the_same_maps(tiny, tiny_file, picture):
    pictures = [picture, picture[:20, ::2], 255 - picture]
    model = edgemoe.load(tiny_file, max_batch=2, num_threads=2)
    assert (model.max_batch, model.num_threads) == (2, 2)
    batch = model.run_batch(pictures, ["normals", "semseg"])
    assert len(batch) == 3
    for maps, single in zip(batch, pictures):
        assert_same_maps(maps, tiny.run(single, ["normals", "semseg"]))
    assert model.run_batch([]) == []


def test_pickled_model_is_loaded_again(tiny_file, picture):
    model = edgemoe.load(tiny_file, num_threads=1, max_batch=3)
    again = pickle.loads(pickle.dumps(model))
    assert (again.path, again.num_threads, again.max_batch) == (tiny_file, 1, 3)
    assert_same_maps(again.run(picture), model.run(picture))


def test_maps_can_be_pickled(tiny, picture):
    maps = tiny.run(picture)
    again = pickle.loads(pickle.dumps(maps))
    assert type(again) is edgemoe.Maps
    assert_same_maps(again, maps)


@pytest.mark.parametrize(("options", "message"), [
    ({"num_threads": -1}, "thread"),
    ({"num_threads": 257}, "thread"),
    ({"max_batch": 0}, "batch"),
    ({"instruction_set": "mmx"}, "mmx"),
])
def test_wrong_options_are_refused(tiny_file, options, message):
    with pytest.raises(edgemoe.InvalidArgumentError, match=message):
        edgemoe.load(tiny_file, **options)


def test_files_that_are_no_models_are_refused(tmp_path, tiny_file):
    with pytest.raises(FileNotFoundError, match="missing.safetensors") as caught:
        edgemoe.load(tmp_path / "missing.safetensors")
    assert isinstance(caught.value, edgemoe.NotFoundError)
    assert caught.value.code == "not_found"
    (tmp_path / "cut.safetensors").write_bytes(tiny_file.read_bytes()[:1000])
    with pytest.raises(edgemoe.Error, match="cut.safetensors"):
        edgemoe.load(tmp_path / "cut.safetensors")
    with pytest.raises(TypeError):
        edgemoe.load(None)


def test_previews_are_the_tools(tool, tiny, tiny_file, picture, tmp_path):
    write_png(tmp_path / "street.png", picture)
    tool("run", tmp_path / "street.png", "--model", tiny_file, "-o", tmp_path / "maps")
    maps = tiny.run(picture)
    for task, name in (("semseg", "color"), ("depth", "preview")):
        tiny.write_preview(task, maps[task], tmp_path / f"{task}.png")
        assert (tmp_path / f"{task}.png").read_bytes() == (tmp_path / "maps" / f"street_{task}_{name}.png").read_bytes()


def test_wrong_previews_are_refused(tiny, picture, tmp_path):
    maps = tiny.run(picture)
    with pytest.raises(edgemoe.InvalidArgumentError, match="semseg, normals, depth"):
        tiny.write_preview("edge", maps["depth"], tmp_path / "x.png")
    with pytest.raises(TypeError, match="expected an array of float32, found float64"):
        tiny.write_preview("depth", maps["depth"].astype(np.float64), tmp_path / "x.png")
    with pytest.raises(edgemoe.InvalidArgumentError, match="channels"):
        tiny.write_preview("normals", maps["depth"], tmp_path / "x.png")
    with pytest.raises(edgemoe.InvalidArgumentError):
        tiny.write_preview("depth", maps["depth"].ravel(), tmp_path / "x.png")
    with pytest.raises(edgemoe.MismatchError, match="9"):
        tiny.write_preview("semseg", np.full((4, 4), 9, np.uint8), tmp_path / "x.png")
    with pytest.raises(OSError, match="nowhere"):
        tiny.write_preview("depth", maps["depth"], tmp_path / "nowhere" / "x.png")
    assert not (tmp_path / "x.png").exists()
