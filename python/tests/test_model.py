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


@pytest.mark.parametrize("number_type", ["float", "int8", "reference"])
@pytest.mark.parametrize("bits", [8, 16])
def test_maps_are_those_of_the_tool(tool, tiny_file, picture, tmp_path, bits, number_type):
    model = edgemoe.load(tiny_file, number_type=number_type, num_threads=2)
    assert model.number_type == {"float": "float32"}.get(number_type, number_type)
    pixels = picture if bits == 8 else picture.astype(np.uint16) * 250 + 7
    write_png(tmp_path / "street.png", pixels)
    tool("run", tmp_path / "street.png", "--model", tiny_file, "--type", number_type, "-o", tmp_path / "maps")
    expected = read_tool_maps(tmp_path / "maps", "street")
    assert_same_maps(model.run(pixels), expected)
    assert_same_maps(model.run(tmp_path / "street.png"), expected)
    assert_same_maps(model.run_batch([pixels])[0], expected)
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
    assert (tiny.patch_size, tiny.num_blocks, tiny.moe_blocks) == (8, 4, [1, 3])
    assert not tiny.trained
    assert (tiny.number_type, tiny.num_threads, tiny.max_batch) == ("float32", 1, 1)
    semseg = tiny.tasks["semseg"]
    assert (semseg.name, semseg.outputs, semseg.unit) == ("semseg", 5, "")
    assert semseg.class_names == ("road", "house", "sky", "person", "car")
    assert len(set(semseg.class_colors)) == 5
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


@pytest.mark.parametrize("number_type", ["float", "int8"])
def test_run_reports_routing_and_times(tiny_file, picture, number_type):
    model = edgemoe.load(tiny_file, number_type=number_type)
    plain = model.run(picture)
    assert plain.routing == []
    maps = model.run(picture, ["depth", "semseg"], routing=True)
    assert_same_maps(maps, {task: plain[task] for task in ("depth", "semseg")})
    assert [(routing.block, routing.task) for routing in maps.routing] == [
        (1, "depth"), (1, "semseg"), (3, "depth"), (3, "semseg")]
    for routing in maps.routing:
        assert routing.experts.shape == routing.weights.shape == (4, 6, 2)
        assert (routing.experts.dtype, routing.weights.dtype) == (np.int32, np.float32)
        assert routing.experts.min() >= 0 and routing.experts.max() < model.num_experts
        assert (routing.experts[..., 0] != routing.experts[..., 1]).all()
        assert (routing.weights[..., 0] >= routing.weights[..., 1]).all()
        assert 0 < routing.weights.min() and routing.weights.sum(axis=-1).max() <= 1 + 1e-5
        assert type(routing.experts.base).__name__ == "PyCapsule"
    assert maps.times.backbone_ns > 0 and maps.times.head_ns > 0
    assert model.run_batch([picture])[0].times is None


def test_max_map_side_bounds_the_maps(tiny, picture):
    maps = tiny.run(picture, max_map_side=35)
    assert maps["normals"].shape == (23, 35, 3)
    assert_same_maps(tiny.run(picture, max_map_side=70), tiny.run(picture))
    with pytest.raises(ValueError, match="max_map_side: expected 0"):
        tiny.run(picture, max_map_side=-1)


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
    for one in (picture, "street.jpg", tiny_file):
        with pytest.raises(TypeError, match="found one"):
            model.run_batch(one)


def test_pickled_model_is_loaded_again(tiny_file, picture):
    model = edgemoe.load(tiny_file, num_threads=1, max_batch=3, number_type="int8")
    again = pickle.loads(pickle.dumps(model))
    assert (again.path, again.num_threads, again.max_batch, again.number_type) == (tiny_file, 1, 3, "int8")
    assert_same_maps(again.run(picture), model.run(picture))


def test_maps_can_be_pickled(tiny, picture):
    maps = tiny.run(picture, routing=True)
    again = pickle.loads(pickle.dumps(maps))
    assert type(again) is edgemoe.Maps
    assert_same_maps(again, maps)
    assert again.times == maps.times
    assert len(again.routing) == len(maps.routing) == 6
    np.testing.assert_array_equal(again.routing[5].experts, maps.routing[5].experts)


@pytest.mark.parametrize(("options", "message"), [
    ({"num_threads": -1}, "thread"),
    ({"num_threads": 257}, "thread"),
    ({"max_batch": 0}, "batch"),
    ({"instruction_set": "mmx"}, "mmx"),
    ({"number_type": "fp16"}, "int8"),
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


def test_drawn_maps_have_their_size_and_colours(tiny, picture):
    maps = tiny.run(picture)
    drawn = tiny.draw_map("semseg", maps["semseg"])
    colors = np.array(tiny.tasks["semseg"].class_colors, np.uint8)
    np.testing.assert_array_equal(drawn, colors[maps["semseg"]])
    assert tiny.draw_map("depth", maps["depth"]).shape == picture.shape
    np.testing.assert_array_equal(tiny.draw_overlay(picture, "semseg", maps["semseg"], alpha=1), drawn)
    np.testing.assert_array_equal(tiny.draw_overlay(picture, "semseg", maps["semseg"], alpha=0), picture)
    with pytest.raises(edgemoe.MismatchError):
        tiny.draw_overlay(picture[1:], "semseg", maps["semseg"])


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
