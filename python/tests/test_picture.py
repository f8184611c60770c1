"""What may be given as a picture, and what is said of what may not."""
import numpy as np
import pytest
from conftest import assert_same_maps

import edgemoe
from edgemoe.picture import as_picture


@pytest.fixture(scope="module")
def expected(tiny, picture):
    return tiny.run(picture)


def padded_rows(picture):
    """The picture within wider rows, as cameras and croppings have it."""
    height, width, _ = picture.shape
    wide = np.zeros((height, width + 5, 3), picture.dtype)
    wide[:, :width] = picture
    return wide[:, :width]


VIEWS = {
    "padded rows": padded_rows,
    "Fortran order": np.asfortranarray,
    "rows backwards in memory": lambda picture: picture[::-1].copy()[::-1],
    "columns backwards in memory": lambda picture: picture[:, ::-1].copy()[:, ::-1],
    "every second pixel of a larger one": lambda picture: picture.repeat(2, axis=0).repeat(2, axis=1)[::2, ::2],
    "channels first in memory": lambda picture: np.moveaxis(np.moveaxis(picture, -1, 0).copy(), 0, -1),
    "channels backwards in memory": lambda picture: picture[..., ::-1].copy()[..., ::-1],
    "alpha left out": lambda picture: np.concatenate([picture, picture[..., :1]], axis=2)[..., :3],
    "read only": lambda picture: np.frombuffer(picture.tobytes(), np.uint8).reshape(picture.shape),
    "a buffer that is no array": lambda picture: memoryview(picture),
}


@pytest.mark.parametrize("view", VIEWS)
def test_any_view_of_a_picture_gives_its_maps(tiny, picture, expected, view):
    assert_same_maps(tiny.run(VIEWS[view](picture)), expected)


def test_sixteen_bits_in_either_byte_order(tiny, picture):
    deep = picture.astype(np.uint16) * 257
    native = tiny.run(deep)
    assert_same_maps(tiny.run(deep.astype(deep.dtype.newbyteorder("S"))), native)
    odd = np.frombuffer(b"\0" + deep.tobytes(), np.uint8)[1:].view(np.uint16).reshape(deep.shape)
    assert_same_maps(tiny.run(odd), native)


def test_blue_first_is_the_same_picture(tiny, picture, expected, tmp_path):
    assert_same_maps(tiny.run(np.ascontiguousarray(picture[..., ::-1]), bgr=True), expected)
    assert_same_maps(tiny.run(padded_rows(np.ascontiguousarray(picture[..., ::-1])), bgr=True), expected)
    deep = picture.astype(np.uint16) * 257
    assert_same_maps(tiny.run(np.ascontiguousarray(deep[..., ::-1]), bgr=True), tiny.run(deep))
    assert not np.array_equal(tiny.run(picture, bgr=True)["normals"], expected["normals"])


def test_an_array_is_read_where_it_lies(picture):
    array, bgr = as_picture(picture, bgr=True)
    assert array is picture and bgr


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (46, 1), (17, 33), (3, 3)])
def test_small_pictures(tiny, picture, shape):
    height, width = shape
    crop = picture[:height, :width]
    maps = tiny.run(crop)
    assert maps["depth"].shape == shape
    assert_same_maps(maps, tiny.run(crop.copy()))


def test_pil_images(tiny, picture, expected):
    image = pytest.importorskip("PIL.Image")
    assert_same_maps(tiny.run(image.fromarray(picture)), expected)
    assert_same_maps(tiny.run(image.fromarray(picture).convert("RGBA")), expected)
    assert_same_maps(tiny.run(image.fromarray(picture), bgr=True), expected)
    grey = image.fromarray(picture[..., 0])
    assert_same_maps(tiny.run(grey), tiny.run(np.stack([picture[..., 0]] * 3, axis=-1)))
    with pytest.raises(ValueError, match='mode "F"'):
        tiny.run(image.fromarray(picture[..., 0].astype(np.float32)))


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda p: p.astype(np.float32) / 255, TypeError, r"found float32; values in \[0, 1\] become bytes by"),
    (lambda p: p.astype(np.int64), TypeError, "found int64; if its values are 0 to 255"),
    (lambda p: p > 100, TypeError, "found bool"),
    (lambda p: None, TypeError, "found an object of type NoneType"),
    (lambda p: [[1, 2], [3]], (TypeError, ValueError), "."),
    (lambda p: p[..., 0], ValueError, r"found \(46, 70\); for a grey picture use numpy.stack"),
    (lambda p: p[..., :1], ValueError, r"found \(46, 70, 1\); for a grey picture use numpy.repeat"),
    (lambda p: np.concatenate([p, p[..., :1]], axis=2), ValueError, r"found \(46, 70, 4\); leave the alpha channel out"),
    (lambda p: np.moveaxis(p, -1, 0), ValueError, r"found \(3, 46, 70\); channels come last"),
    (lambda p: p[None], ValueError, r"found \(1, 46, 70, 3\); run takes one picture"),
    (lambda p: p[:0], edgemoe.InvalidArgumentError, "expected at least one pixel, found 70x0"),
    (lambda p: np.broadcast_to(p[:1, :1], (40_000, 40_000, 3)), edgemoe.TooLargeError, "40000x40000; the limit is"),
])
def test_what_is_no_picture_is_refused(tiny, picture, make, error, message):
    with pytest.raises(error, match=message):
        tiny.run(make(picture))


@pytest.fixture
def png(tmp_path, tiny):
    """A PNG file of 70 x 46 pixels."""
    tiny.write_preview("semseg", np.zeros((46, 70), np.uint8), tmp_path / "street.png")
    return tmp_path / "street.png"


def test_files_that_are_no_pictures_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing.jpg"):
        edgemoe.read_picture(tmp_path / "missing.jpg")
    (tmp_path / "text.jpg").write_text("text")
    with pytest.raises(edgemoe.Error, match="text.jpg"):
        edgemoe.read_picture(tmp_path / "text.jpg")
    with pytest.raises(TypeError):
        edgemoe.read_picture(3)


def test_a_read_picture_owns_the_librarys_memory(png):
    read = edgemoe.read_picture(png)
    assert (read.shape, read.dtype) == ((46, 70, 3), np.uint8)
    assert type(read.base).__name__ == "PyCapsule"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, np.uint8)])
def test_pictures_in_memory_are_those_of_their_files(png, kind):
    np.testing.assert_array_equal(edgemoe.decode_picture(kind(png.read_bytes())), edgemoe.read_picture(png))


def test_what_is_no_picture_in_memory_is_refused(png):
    data = png.read_bytes()
    with pytest.raises(edgemoe.TooLargeError, match="70x46"):
        edgemoe.decode_picture(data, max_pixels=46 * 70 - 1)
    with pytest.raises(edgemoe.InvalidArgumentError, match="max_pixels"):
        edgemoe.decode_picture(data, max_pixels=0)
    for damaged in (b"", b"text", data[:60]):
        with pytest.raises(edgemoe.MalformedError):
            edgemoe.decode_picture(damaged)
    with pytest.raises(edgemoe.InvalidArgumentError, match="follow each other"):
        edgemoe.decode_picture(memoryview(data)[::2])
    with pytest.raises(TypeError):
        edgemoe.decode_picture("street.png")
