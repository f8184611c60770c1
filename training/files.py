"""Layout "files": a folder of pictures with label, depth and normals files, packed once into arrays of the network's
size.

images/NAME.{jpg,jpeg,png}; labels/NAME.png 8-bit index, 255 = ignore; depth/NAME.png 16-bit grey, metres·256, 0 = none;
normals/NAME.png 8-bit RGB round(127.5 (n + 1)), (0,0,0) = none. A folder that is not there is a task that is not there.
"""
import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from data import ArrayData
from dataset_json import check_extents, read_description
from layout import ARRAYS, IGNORE, DataError

SUFFIXES = (".jpg", ".jpeg", ".png")
# To be raised when the arrays of the same files come out otherwise: older ones are then not opened any more.
PACKED_FORMAT = 1


def open_pillow(path):
    try:
        from PIL import Image
    except ImportError as error:
        raise DataError("reading picture files needs Pillow: Debian's python3-pil") from error
    try:
        picture = Image.open(path)
        picture.load()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    return picture


def read_image(path, size, resize):
    """uint8 [H,W,3] in the network's size, resized as the network's configuration says."""
    from PIL import ImageOps
    picture = ImageOps.exif_transpose(open_pillow(path)).convert("RGB")
    values = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float()
    if tuple(values.shape[-2:]) != size:
        values = F.interpolate(values, size=size, mode=resize.split("_")[0], align_corners=False,
                               antialias=resize.endswith("antialias"))
    return values.round().clamp(0, 255).byte()[0].permute(1, 2, 0).numpy(), (picture.height, picture.width)


def nearest(values, size):
    """[h,w,…] → [H,W,…]: the value at each target pixel's centre."""
    rows, columns = (((np.arange(wanted) + 0.5) * have / wanted).astype(int)
                     for wanted, have in zip(size, values.shape[:2]))
    return values[rows][:, columns]


def nearest_valid(values, valid, size):
    """Like nearest(), but a target pixel whose source pixel is invalid takes the valid one that is nearest to its centre
    within its own area; invalid (0) only where there is none."""
    result, found = nearest(values, size).copy(), nearest(valid, size).copy()
    if found.all() or (values.shape[0] <= size[0] and values.shape[1] <= size[1]):
        result[~found] = 0
        return result
    for row, column in zip(*np.nonzero(~found)):
        centre = [(place + 0.5) * have / wanted for place, have, wanted in zip((row, column), values.shape, size)]
        reach = [have / wanted / 2 for have, wanted in zip(values.shape, size)]
        low = [max(0, int(c - r)) for c, r in zip(centre, reach)]
        high = [int(np.ceil(c + r)) for c, r in zip(centre, reach)]
        places = np.argwhere(valid[low[0]:high[0], low[1]:high[1]])
        result[row, column] = 0
        if len(places):
            places = places + low
            best = places[np.argmin(((places + 0.5 - centre) ** 2).sum(1))]
            result[row, column] = values[best[0], best[1]]
    return result


def read_truth(task, path, size, image_size, outputs, ignore=IGNORE):
    """One label, depth or normals file as the arrays hold it; the label `ignore` becomes 255."""
    picture = open_pillow(path)
    if (picture.height, picture.width) != image_size:
        raise DataError(f"{path}: {picture.height}x{picture.width}, its picture {image_size[0]}x{image_size[1]} "
                        "(height x width): they must be of one size")
    if task == "semseg":
        if picture.mode not in ("L", "P"):
            raise DataError(f"{path}: mode {picture.mode}; labels are 8-bit indices in one channel")
        labels = np.array(picture)
        labels[labels == ignore] = IGNORE
        wrong = labels[(labels >= outputs) & (labels != IGNORE)]
        if wrong.size:
            raise DataError(f"{path}: label {wrong[0]} in {wrong.size} pixels; the configuration has {outputs} "
                            f"classes, 0 to {outputs - 1}, and {ignore} means ignore")
        return nearest(labels, size)
    if task == "depth":
        if not picture.mode.startswith("I"):
            raise DataError(f"{path}: mode {picture.mode}; depth is 16-bit grey, metres times 256, 0 = none")
        depth = np.array(picture).astype(np.float32) / 256
        return nearest_valid(depth, depth > 0, size).astype(np.float16)
    if picture.mode != "RGB":
        raise DataError(f"{path}: mode {picture.mode}; normals are 8-bit RGB")
    stored = np.array(picture)
    normals = stored.astype(np.float32) / 127.5 - 1
    length = np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-6)
    valid = stored.any(axis=2)
    return np.rint(127 * nearest_valid(normals / length, valid, size)).astype(np.int8)


def file_table(folder, tasks):
    """[(image path, {task: path})] by name; a picture without one of its files is an error, and so are two pictures for
    one file."""
    images = folder / "images"
    if not images.is_dir():
        raise DataError(f"{folder}: neither dataset.json nor a folder images/: not a data set")
    table, stems = [], set()
    for path in sorted(images.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in stems:
            raise DataError(f"{images}: two pictures are named {path.stem}; which of them is the ground truth for?")
        stems.add(path.stem)
        truth = {task: folder / ARRAYS[task][0] / f"{path.stem}.png" for task in tasks}
        for task, other in truth.items():
            if not other.is_file():
                raise DataError(f"{other}: missing; {path.name} needs it for {task}; leave the task out with --tasks "
                                "or the picture out of images/")
        table.append((path, truth))
    if not table:
        raise DataError(f"{images}: no .jpg or .png in it")
    return table


def remove_leftovers(cache):
    """Folders of processes that were killed while they packed; their names end in the process's number."""
    for making in Path(cache).glob("*.making-*"):
        try:
            os.kill(int(making.name.rpartition("-")[2]), 0)
        except ProcessLookupError:
            shutil.rmtree(making, ignore_errors=True)
        except (ValueError, OverflowError, PermissionError):
            continue


def create_array(path, dtype, shape):
    """A mapped .npy that has all its room on the disk: a full disk is an OSError here, no SIGBUS at a later write."""
    array = np.lib.format.open_memmap(path, "w+", dtype, shape)
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def fill_arrays(making, table, size, config, ignore):
    """Writes the arrays of the pictures of a file_table() into the folder `making`."""
    outputs = {task["name"]: task["outputs"] for task in config["tasks"]}
    wanted = {"images": ("images", "uint8", 3), **{task: ARRAYS[task] for task in table[0][1]}}
    arrays = {name: create_array(making / f"{file}.npy", dtype, (len(table), *size, *((3,) if channels == 3 else ())))
              for name, (file, dtype, channels) in wanted.items()}
    for number, (image, truth) in enumerate(table):
        arrays["images"][number], image_size = read_image(image, size, config["input"]["resize"])
        for task, path in truth.items():
            arrays[task][number] = read_truth(task, path, size, image_size, outputs[task], ignore)
    for array in arrays.values():
        array.flush()


def pack_files(folder, tasks, config, cache, say):
    """Opens the packed arrays in `cache`, packing them first unless that was done of these very files."""
    size = (config["input"]["height"], config["input"]["width"])
    description, table = read_description(folder), file_table(folder, tasks)
    check_extents(description, folder, len(table))
    states = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns)
              for image, truth in table for path in (image, *truth.values())]
    made_from = [PACKED_FORMAT, states, size, config["input"]["resize"], list(tasks), description.ignore]
    key = hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]
    packed = Path(cache) / key
    if packed.is_dir():
        return ArrayData.open(packed, tasks, size)
    say(f"packing {len(table)} pictures of {folder} into {packed}, once")
    remove_leftovers(cache)
    making = packed.with_name(f"{key}.making-{os.getpid()}")
    try:
        making.mkdir(parents=True)
        fill_arrays(making, table, size, config, description.ignore)
        making.rename(packed)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{making}: {reason}: the pictures of {folder} cannot be packed there") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return ArrayData.open(packed, tasks, size)
