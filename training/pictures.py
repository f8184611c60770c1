"""Picture files as arrays of the network's size: pictures as `edgemoe run` reads them (docs/pictures.md), ground truth as
`edgemoe eval` does."""
import functools
import io
import warnings

import numpy as np
import torch
import torch.nn.functional as F

from layout import IGNORE, DataError

# What edgemoe takes.
MAX_PIXELS, MAX_SIDE = 100_000_000, 65_500
ORIENTATION = 0x0112  # in EXIF
# Task → (bits of a sample, colour types in the PNG's header, how a person says it).
TRUTH_FORMS = {"semseg": ((1, 2, 4, 8), (0, 3), "class numbers (8 bits, grey or palette)"),
               "depth": ((16,), (0,), "16-bit grey (metres times 256, 0 = none)"),
               "normals": ((8,), (2,), "normals (8 bits, RGB)")}
CHANNELS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey and alpha", 6: "RGB and alpha"}


def open_picture(path):
    """A Pillow picture of which only the header was read. Raises DataError."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise DataError("reading picture files needs Pillow: Debian's python3-pil") from error
    Image.MAX_IMAGE_PIXELS = None  # The size is checked below.
    try:
        picture = Image.open(path, formats=("JPEG", "PNG"))
    except UnidentifiedImageError as error:
        raise DataError(f"{path}: no JPEG or PNG by its content, whatever its name: get a whole copy, or remove it") from error
    except Exception as error:  # Pillow raises whatever it stumbles over.
        raise DataError(f"{path}: cannot be read: {error}") from error
    if max(picture.size) > MAX_SIDE or picture.width * picture.height > MAX_PIXELS:
        picture.close()
        raise DataError(f"{path}: {picture.height}x{picture.width}: at most {MAX_PIXELS // 10 ** 6} million pixels and {MAX_SIDE} a "
                        "side: shrink it first")
    return picture


def load(picture, path):
    """Decodes all of it."""
    try:
        picture.load()
    except Exception as error:
        raise DataError(f"{path}: damaged or cut off ({error}): get a whole copy, or remove it") from error
    return picture


def png_form(path):
    """(bits of a sample, colour type) from the header of a file that is known to be a PNG."""
    with open(path, "rb") as file:
        header = file.read(26)
    return header[24], header[25]


def check_truth_form(task, path, picture):
    """Raises DataError where a ground-truth file cannot be what the task needs."""
    bits, colours, expected = TRUTH_FORMS[task]
    if picture.format != "PNG":
        raise DataError(f"{path}: expected a PNG of {expected}, found {picture.format}, which does not keep numbers")
    found_bits, colour = png_form(path)
    if found_bits not in bits or colour not in colours:
        raise DataError(f"{path}: expected a PNG of {expected}, found {found_bits} bits, {CHANNELS.get(colour, colour)}")


def size_text(size):
    return f"{size[0]}x{size[1]}"


def check_size(path, size, image_size):
    if size != image_size:
        raise DataError(f"{path}: {size_text(size)}, its picture {size_text(image_size)} (height x width): they must be of one "
                        "size")


def check_headers(image, truth):
    """Finds what the headers of a picture and its ground truth {task: path} tell, long before they are decoded."""
    with open_picture(image) as picture:
        size = (picture.height, picture.width)
    for task, path in truth.items():
        with open_picture(path) as other:
            check_truth_form(task, path, other)
            # Which side is up is known for sure when the picture is decoded.
            if (other.width, other.height) != size:
                check_size(path, (other.height, other.width), size)


def upright(picture, rgb):
    """`rgb` turned as the EXIF block of `picture` says; a broken block says nothing."""
    from PIL import Image
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            orientation = picture.getexif().get(ORIENTATION, 1)
        except Exception:
            return rgb
    turns = {2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE,
             6: Image.ROTATE_270, 7: Image.TRANSVERSE, 8: Image.ROTATE_90}
    return rgb.transpose(turns[orientation]) if orientation in turns else rgb


@functools.lru_cache(maxsize=8)
def srgb_transform(profile, mode):
    """From the colours of an embedded profile to sRGB; None where it cannot be used, or changes nothing by more than a step."""
    from PIL import Image, ImageCms
    try:
        transform = ImageCms.buildTransform(ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), mode,
                                            "RGB", renderingIntent=1, flags=0x2000)  # relative; black point compensation
    except (ImportError, OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None
    if mode == "RGB":
        grid = np.stack(np.meshgrid(*[np.arange(9) * 255 // 8] * 3), -1).reshape(-1, 9, 3).astype(np.uint8)
        moved = np.asarray(ImageCms.applyTransform(Image.fromarray(grid), transform))
        if np.abs(moved.astype(int) - grid).max() <= 1:
            return None
    return transform


def in_srgb(picture):
    """A picture in RGB or CMYK by the profile that is embedded; None where there is none to go by."""
    from PIL import ImageCms
    profile = picture.info.get("icc_profile")
    transform = srgb_transform(profile, picture.mode) if profile else None
    return transform and ImageCms.applyTransform(picture, transform)


def to_rgb(picture):
    """A loaded picture of any mode as 8-bit sRGB without its alpha."""
    from PIL import Image, ImageChops
    if picture.mode.startswith("I"):
        # Pillow's own conversion cuts 16 bits off at 255.
        return Image.fromarray(np.rint(np.asarray(picture).astype(np.float64) / 257).astype(np.uint8)).convert("RGB")
    if picture.mode == "CMYK":
        # Pillow takes every JPEG for one of Adobe's, which hold 255 for no ink.
        inks = picture if "adobe" in picture.info else ImageChops.invert(picture)
        inks.info = picture.info
        return in_srgb(inks) or inks.convert("RGB")
    coloured = picture.mode in ("RGB", "RGBA", "P")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A transparent palette is warned of; alpha is dropped on purpose.
        rgb = picture.convert("RGB")
    rgb.info = picture.info
    return (in_srgb(rgb) if coloured else None) or rgb


def read_image(path, size, resize):
    """(uint8 [H,W,3] in the network's size, resized as the network's configuration says; the upright picture's size)"""
    with open_picture(path) as picture:
        rgb = upright(load(picture, path), to_rgb(picture))
    values = torch.from_numpy(np.array(rgb)).permute(2, 0, 1)[None].float()
    if tuple(values.shape[-2:]) != size:
        values = F.interpolate(values, size=size, mode=resize.split("_")[0], align_corners=False,
                               antialias=resize.endswith("antialias"))
    return values.round().clamp(0, 255).byte()[0].permute(1, 2, 0).numpy(), (rgb.height, rgb.width)


def nearest(values, size):
    """[h,w,…] → [H,W,…]: the value at each target pixel's centre."""
    rows, columns = (((np.arange(wanted) + 0.5) * have / wanted).astype(int)
                     for wanted, have in zip(size, values.shape[:2]))
    return values[rows][:, columns]


def nearest_valid(values, valid, size):
    """Like nearest(), but a target pixel whose source pixel is invalid takes the valid one that is nearest to its centre
    within its own area, the upper left of several; invalid (0) only where there is none."""
    result, found = nearest(values, size).copy(), nearest(valid, size)
    result[~found] = 0
    if found.all() or (values.shape[0] <= size[0] and values.shape[1] <= size[1]):
        return result
    places = np.nonzero(~found)
    # Of each target pixel without a value and each axis: its centre, and the source pixels low … high − 1 of its area.
    centres, lows, highs = [], [], []
    for place, have, wanted in zip(places, values.shape, size):
        centre, reach = (place + 0.5) * have / wanted, have / wanted / 2
        centres.append(centre)
        lows.append(np.maximum(0, (centre - reach).astype(int)))
        highs.append(np.minimum(have, np.ceil(centre + reach).astype(int)))
    best, source = np.full(len(places[0]), np.inf), np.zeros((2, len(places[0])), int)
    for down in range((highs[0] - lows[0]).max()):
        row = lows[0] + down
        for right in range((highs[1] - lows[1]).max()):
            column = lows[1] + right
            inside = (row < highs[0]) & (column < highs[1])
            distance = (row + 0.5 - centres[0]) ** 2 + (column + 0.5 - centres[1]) ** 2
            closer = inside & (distance < best)
            closer[closer] = valid[row[closer], column[closer]]
            best[closer], source[0, closer], source[1, closer] = distance[closer], row[closer], column[closer]
    some = np.isfinite(best)
    result[places[0][some], places[1][some]] = values[source[0, some], source[1, some]]
    return result


def read_labels(picture, path, outputs, ignore):
    """uint8 [h,w], the label `ignore` as 255."""
    labels = np.array(picture).astype(np.uint8)
    if picture.mode == "L":
        # Pillow spreads grey of 2 and 4 bits over 0 to 255.
        labels //= {2: 85, 4: 17}.get(png_form(path)[0], 1)
    labels[labels == ignore] = IGNORE
    wrong = labels[(labels >= outputs) & (labels != IGNORE)]
    if wrong.size:
        raise DataError(f"{path}: label {wrong[0]} in {wrong.size} pixels; the configuration has {outputs} classes, 0 to "
                        f"{outputs - 1}, and {ignore} means ignore")
    return labels


def read_truth(task, path, size, image_size, outputs, ignore=IGNORE):
    """One label, depth or normals file as the arrays hold it; the label `ignore` becomes 255."""
    with open_picture(path) as picture:
        check_truth_form(task, path, picture)
        check_size(path, (picture.height, picture.width), image_size)
        load(picture, path)
        if task == "semseg":
            return nearest(read_labels(picture, path, outputs, ignore), size)
        stored = np.array(picture)
    valid = stored.any(axis=2) if task == "normals" else stored > 0
    stored = nearest_valid(stored, valid, size)
    if task == "depth":
        return (stored.astype(np.float32) / 256).astype(np.float16)
    normals = stored.astype(np.float32) / 127.5 - 1
    length = np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-6)
    return np.rint(127 * np.where(stored.any(axis=2, keepdims=True), normals / length, 0)).astype(np.int8)
