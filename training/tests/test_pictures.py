"""test_pictures.py [EDGEMOE]: what becomes of picture files; with the edgemoe tool, that it is what `edgemoe run` sees."""
import io
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

from common import random_model, tiny_config
import numpy as np

from layout import DataError
from pictures import check_headers, nearest, nearest_valid, read_image, read_truth
from safetensors_io import read_safetensors, write_safetensors

try:
    from PIL import Image, ImageCms
except ImportError as error:
    print(f"skipped: {error}; Debian has python3-pil")
    sys.exit(77)

TOOL = Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
SIZE = (32, 48)
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(values, bits, colour, before=()):
    """A PNG's bytes from samples [h,w] or [h,w,c] as they are to be stored; `before`: (kind, data) of other chunks."""
    height, width = values.shape[:2]
    if bits < 8:
        expanded = (values[..., None] >> np.arange(bits - 1, -1, -1)) & 1
        rows = np.packbits(expanded.reshape(height, -1).astype(np.uint8), axis=1)
    else:
        rows = values.astype(">u2" if bits == 16 else np.uint8).reshape(height, -1).view(np.uint8)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunk(*one) for one in before) + chunk(
        b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def jpeg(picture, **options):
    """A picture's bytes as a JPEG of the best quality."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=100, subsampling=0, **options)
    return file.getvalue()


def smooth(channels, largest):
    """Samples [H,W,channels] 0 … largest that JPEG keeps nearly as they are."""
    y, x = np.mgrid[0:SIZE[0], 0:SIZE[1]]
    waves = [(np.sin(y / (9 + place) + place) + np.cos(x / (11 + 2 * place))) / 4 + 0.5 for place in range(channels)]
    return np.rint(np.stack(waves, 2) * largest).astype(np.int64)


def without_adobe_marker(data):
    """A CMYK JPEG whose inks are stored as they are: 0 = none."""
    begin = data.index(b"\xff\xee")
    return data[:begin] + data[begin + 2 + int.from_bytes(data[begin + 2:begin + 4], "big"):]


def forms():
    """{name: (bytes, the RGB picture 0…255 it stands for, allowed difference)}"""
    rgb, grey, deep = smooth(3, 255), smooth(1, 255)[..., 0], smooth(1, 65535)[..., 0]
    alpha = np.arange(SIZE[1])[None, :] * np.ones((SIZE[0], 1), int) * 5
    levels = {bits: smooth(1, 2 ** bits - 1)[..., 0] for bits in (1, 2, 4)}
    table = np.random.default_rng(1).integers(0, 256, (16, 3)).astype(np.uint8)
    inks = smooth(4, 255)
    printed = np.rint((255 - inks[..., :3]) * (255 - inks[..., 3:]) / 255)
    same = [np.stack([values] * 3, 2) for values in (grey, deep / 257)]
    result = {
        "grey": (png(grey, 8, GREY), same[0], 0), "grey 16": (png(deep, 16, GREY), same[1], 0.51),
        "grey alpha": (png(np.dstack((grey, alpha)), 8, GREY_ALPHA), same[0], 0),
        "grey alpha 16": (png(np.dstack((deep, alpha)), 16, GREY_ALPHA), same[1], 1.01),
        "rgb": (png(rgb, 8, RGB), rgb, 0), "rgb 16": (png(rgb * 257, 16, RGB), rgb, 0),
        "rgb alpha": (png(np.dstack((rgb, alpha)), 8, RGB_ALPHA), rgb, 0),
        "rgb transparent": (png(rgb, 8, RGB, [(b"tRNS", struct.pack(">HHH", *rgb[0, 0]))]), rgb, 0),
        "palette": (png(levels[4], 4, PALETTE, [(b"PLTE", table.tobytes()), (b"tRNS", bytes(range(16)))]), table[levels[4]], 0),
        "grey jpeg": (jpeg(Image.fromarray(grey.astype(np.uint8))), same[0], 2),
        "rgb jpeg": (jpeg(Image.fromarray(rgb.astype(np.uint8))), rgb, 4)}
    for bits, values in levels.items():
        result[f"grey {bits}"] = (png(values, bits, GREY), np.stack([values * (255 // (2 ** bits - 1))] * 3, 2), 0)
    # Pillow stores 255 − ink beside Adobe's marker, which says so; without it what is stored is the ink.
    stored = {"of Adobe": jpeg(Image.fromarray(inks.astype(np.uint8), "CMYK")),
              "without marker": without_adobe_marker(jpeg(Image.fromarray((255 - inks).astype(np.uint8), "CMYK")))}
    result.update((f"cmyk jpeg {name}", (data, printed, 4)) for name, data in stored.items())
    return result


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="edgemoe-training-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path


class Pictures(Folder):
    def test_every_form_becomes_the_rgb_it_stands_for(self):
        for name, (data, expected, allowed) in forms().items():
            found, size = read_image(self.write("picture", data), SIZE, "bilinear")
            self.assertEqual((found.shape, size), ((*SIZE, 3), SIZE), name)
            self.assertLessEqual(np.abs(found - np.asarray(expected, float)).max(), allowed, name)

    def test_a_picture_is_turned_upright(self):
        values = np.random.default_rng(1).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
        turned = {1: values, 2: values[:, ::-1], 3: values[::-1, ::-1], 4: values[::-1], 5: values.transpose(1, 0, 2),
                  6: np.rot90(values, 1), 7: values[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(values, -1)}
        for orientation, stored in turned.items():
            exif = Image.Exif()
            exif[0x0112] = orientation
            block = exif.tobytes()
            bare = block[6:] if block.startswith(b"Exif") else block
            found, size = read_image(self.write("a", png(stored, 8, RGB, [(b"eXIf", bare)])), SIZE, "bilinear")
            np.testing.assert_array_equal(found, values, f"PNG {orientation}")
            self.assertEqual(size, SIZE)
            plain, _ = read_image(self.write("b", jpeg(Image.fromarray(np.ascontiguousarray(stored)))), stored.shape[:2], "bilinear")
            found, _ = read_image(self.write("c", jpeg(Image.fromarray(np.ascontiguousarray(stored)), exif=block)), SIZE, "bilinear")
            self.assertLess(np.abs(found.astype(int) - values).mean(), 3, f"JPEG {orientation}")
            self.assertEqual(sorted(found.reshape(-1)), sorted(plain.reshape(-1)))
        broken = png(values, 8, RGB, [(b"eXIf", b"MM\0*\xff\xff\xff\xff")])
        np.testing.assert_array_equal(read_image(self.write("d", broken), SIZE, "bilinear")[0], values)

    def test_an_embedded_profile_is_followed(self):
        values = smooth(3, 255).astype(np.uint8)
        xyz = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        for profile, allowed in ((srgb, 1), (xyz, 0), (b"no profile", 0)):
            embedded = [(b"iCCP", b"x\0\0" + zlib.compress(profile))]
            found, _ = read_image(self.write("a", png(values, 8, RGB, embedded)), SIZE, "bilinear")
            self.assertLessEqual(np.abs(found.astype(int) - values).max(), allowed)
        # The red and the blue primary exchanged: so must be the colours.
        at = [srgb.index(name) for name in (b"rXYZ", b"bXYZ")]
        swapped = bytearray(srgb)
        swapped[at[0] + 4:at[0] + 12], swapped[at[1] + 4:at[1] + 12] = (srgb[at[1] + 4:at[1] + 12],
                                                                        srgb[at[0] + 4:at[0] + 12])
        embedded = [(b"iCCP", b"x\0\0" + zlib.compress(bytes(swapped)))]
        found, _ = read_image(self.write("a", png(values, 8, RGB, embedded)), SIZE, "bilinear")
        self.assertLessEqual(np.abs(found.astype(int) - values[..., ::-1]).max(), 2)

    @unittest.skipIf(TOOL is None or not TOOL.is_file(), "the edgemoe tool is not built")
    def test_it_is_what_edgemoe_run_sees(self):
        config = tiny_config()
        config["input"].update(mean=[0, 0, 0], deviation=[1, 1, 1])
        model = {name: value.numpy() for name, value in random_model(config, 5).state_dict().items()
                 if not name.endswith("num_batches_tracked")}
        write_safetensors(self.folder / "model.safetensors", model,
                          {"edgemoe.format": "1", "edgemoe.config": json.dumps(config)})
        for name, (data, _expected, _allowed) in forms().items():
            path = self.write("picture.png", data)
            done = subprocess.run([TOOL, "run", path, "--model", self.folder / "model.safetensors", "--dump-taps",
                                   self.folder / "taps.safetensors"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, f"{name}: {done.stdout}{done.stderr}")
            taps = read_safetensors(self.folder / "taps.safetensors")[0]
            seen = next(values for tap, values in taps.items() if tap.endswith("input")).reshape(3, *SIZE) * 255
            own, _ = read_image(path, SIZE, config["input"]["resize"])
            # Pillow cuts 16 bits of two or more channels to 8, edgemoe keeps them.
            self.assertLessEqual(np.abs(seen.transpose(1, 2, 0) - own).max(), 1.01 if "16" in name or "cmyk" in name else 0.01, name)

    def test_damaged_files_are_named(self):
        whole = {"a.png": png(smooth(3, 255), 8, RGB), "a.jpg": jpeg(Image.fromarray(smooth(3, 255).astype(np.uint8)))}
        for name, data in whole.items():
            for cut in (0, 1, 20, 40, len(data) // 2, len(data) - 30):
                with self.assertRaisesRegex(DataError, rf"{name}: (no JPEG or PNG|damaged or cut off|cannot be read)"):
                    read_image(self.write(name, data[:cut]), SIZE, "bilinear")
        bomb = png(np.zeros((1, 1), int), 8, GREY)
        header = struct.pack(">IIBBBBB", 60000, 60000, 8, GREY, 0, 0, 0)
        bomb = bomb[:8] + chunk(b"IHDR", header) + bomb[33:]
        gif = io.BytesIO()
        Image.new("L", (4, 4)).save(gif, "GIF")
        for data, message in ((bomb, "60000x60000: at most 100 million pixels"), (b"no picture", "no JPEG or PNG by its content"),
                              (gif.getvalue(), "no JPEG or PNG by its content")):
            path = self.write("b.png", data)
            for read in (lambda: read_image(path, SIZE, "bilinear"), lambda: read_truth("depth", path, SIZE, SIZE, 1),
                         lambda: check_headers(path, {})):
                with self.assertRaisesRegex(DataError, f"b.png: {message}"):
                    read()
        (self.folder / "c.png").mkdir()
        with self.assertRaisesRegex(DataError, "c.png: cannot be read"):
            read_image(self.folder / "c.png", SIZE, "bilinear")

    def test_whatever_is_in_a_file_it_is_read_or_refused(self):
        generator, refused = np.random.default_rng(5), 0
        for name, (data, _expected, _allowed) in forms().items():
            for _ in range(20):
                broken = bytearray(data)
                for place in generator.integers(0, min(len(data), 200), 3):
                    broken[place] = generator.integers(0, 256)
                path = self.write(name, bytes(broken))
                for read in (lambda: read_image(path, SIZE, "bilinear"), lambda: read_truth("semseg", path, SIZE, SIZE, 255)):
                    try:
                        read()
                    except DataError as error:
                        self.assertIn(name, str(error))
                        refused += 1
        self.assertGreater(refused, 100)


class Truth(Folder):
    def test_labels_are_the_stored_numbers_at_any_depth(self):
        for bits in (1, 2, 4, 8):
            labels = np.random.default_rng(bits).integers(0, min(2 ** bits, 16), SIZE)
            table = (b"PLTE", np.random.default_rng(1).integers(0, 256, (2 ** bits, 3)).astype(np.uint8).tobytes())
            for data in (png(labels, bits, GREY), png(labels, bits, PALETTE, [table, (b"tRNS", b"\0\1")])):
                found = read_truth("semseg", self.write("a.png", data), SIZE, SIZE, 16)
                np.testing.assert_array_equal(found, labels)

    def test_depth_is_all_of_its_16_bits(self):
        stored = np.random.default_rng(1).integers(0, 65536, SIZE)
        found = read_truth("depth", self.write("a.png", png(stored, 16, GREY)), SIZE, SIZE, 1)
        np.testing.assert_array_equal(found, (stored / 256).astype(np.float16))

    def test_other_forms_are_refused_by_header_and_by_reader(self):
        picture = self.write("picture.png", png(smooth(3, 255), 8, RGB))
        grey, rgb = np.zeros(SIZE, int), np.zeros((*SIZE, 3), int)
        for task, data, message in (("semseg", png(rgb, 8, RGB), r"class numbers \(8 bits, .*found 8 bits, RGB"),
                                    ("semseg", png(grey, 16, GREY), "found 16 bits, grey"),
                                    ("depth", png(grey, 8, GREY), "16-bit grey .*found 8 bits, grey"),
                                    ("depth", png(rgb, 16, RGB), "found 16 bits, RGB"),
                                    ("normals", png(rgb, 16, RGB), "found 16 bits, RGB"),
                                    ("normals", png(np.dstack((rgb, grey)), 8, RGB_ALPHA), "found 8 bits, RGB and alpha"),
                                    ("semseg", jpeg(Image.new("L", SIZE[::-1])), "found JPEG, which does not keep numbers"),
                                    ("depth", png(grey[:, 1:], 16, GREY), "32x47, its picture 32x48")):
            path = self.write("truth.png", data)
            for read in (lambda: read_truth(task, path, SIZE, SIZE, 4), lambda: check_headers(picture, {task: path})):
                with self.assertRaisesRegex(DataError, rf"truth\.png: .*{message}"):
                    read()

    def test_depth_takes_a_valid_neighbour_within_its_pixel(self):
        values = np.array([[0, 7, 0, 0], [0, 0, 0, 0]], float)
        np.testing.assert_array_equal(nearest_valid(values, values > 0, (1, 2)), [[7, 0]])

    def test_the_neighbour_is_the_nearest_of_all(self):
        generator, filled = np.random.default_rng(3), 0
        for shape, size in (((64, 96), SIZE), ((71, 53), (32, 16)), ((33, 200), (32, 48)), ((300, 20), (16, 48)),
                            ((9, 9), (32, 48)), ((40, 60), (1, 1))):
            for share in (0.02, 0.3, 0.9, 1.0, 0.0):
                valid = generator.random(shape) < share
                for values in (generator.random(shape) + 1, generator.random((*shape, 3)) + 1):
                    expected, found = nearest_valid_by_definition(values, valid, size), nearest_valid(values, valid, size)
                    np.testing.assert_array_equal(found, expected, f"{shape} {size} {share}")
                    filled += np.count_nonzero(found.any(-1) if values.ndim == 3 else found) - np.count_nonzero(nearest(valid, size))
        self.assertGreater(filled, 1000)


def nearest_valid_by_definition(values, valid, size):
    """Pixel after pixel."""
    result, found = nearest(values, size).copy(), nearest(valid, size)
    for row, column in zip(*np.nonzero(~found)):
        result[row, column] = 0
        if values.shape[0] <= size[0] and values.shape[1] <= size[1]:
            continue
        centre = [(place + 0.5) * have / wanted for place, have, wanted in zip((row, column), values.shape, size)]
        reach = [have / wanted / 2 for have, wanted in zip(values.shape, size)]
        low = [max(0, int(c - r)) for c, r in zip(centre, reach)]
        high = [int(np.ceil(c + r)) for c, r in zip(centre, reach)]
        places = np.argwhere(valid[low[0]:high[0], low[1]:high[1]]) + low
        if len(places):
            best = places[np.argmin(((places + 0.5 - centre) ** 2).sum(1))]
            result[row, column] = values[best[0], best[1]]
    return result


if __name__ == "__main__":
    unittest.main()
