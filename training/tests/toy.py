"""Pictures for tests and probes: a ground plane under a sky, with boxes that stand on it, rendered with numpy.

Classes ground, box, post, sky. A camera 1.5 m above the ground looks along it; its horizon is a little above the middle.
"""
import json
import sys
from pathlib import Path

import numpy as np

CLASSES = ["ground", "box", "post", "sky"]


def render(generator, height, width):
    """(image uint8 [H,W,3], labels uint8 [H,W], depth float [H,W], normals float [H,W,3])"""
    focal = 0.8 * width
    rows = (np.arange(height) + 0.5)[:, None] - height * (0.4 + 0.05 * generator.random())
    below = np.broadcast_to(rows > 1, (height, width))
    depth = np.where(below, 1.5 * focal / np.maximum(rows, 1), 0.0)
    labels = np.where(below, 0, 3).astype(np.uint8)
    normals = np.zeros((height, width, 3))
    normals[below] = (0, 1, 0)
    image = np.where(below[..., None], generator.uniform(60, 140, 3), generator.uniform(150, 240, 3))
    objects = [(generator.uniform(4, 40), bool(generator.random() < 0.5)) for _ in range(generator.integers(2, 8))]
    for distance, post in sorted(objects, reverse=True):
        wide, tall = (0.3, 4.0) if post else (generator.uniform(1, 4), generator.uniform(1, 3))
        foot = (height - np.count_nonzero(rows > 0)) + 1.5 * focal / distance
        left = generator.uniform(0, width)
        box = (slice(max(0, int(foot - tall * focal / distance)), max(0, int(foot))),
               slice(int(left), int(left + max(1, wide * focal / distance))))
        depth[box], labels[box], normals[box] = distance, 2 if post else 1, (0, 0, 1)
        image[box] = generator.uniform(0, 255, 3)
    depth[depth > 120] = 0
    normals[depth == 0] = 0
    image = image + generator.normal(0, 6, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), labels, depth, normals


def write_arrays(folder, count, height, width, seed):
    """A data set in the layout "arrays" with semseg, depth and normals."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    images, labels, depths, normals = zip(*(render(generator, height, width) for _ in range(count)))
    np.save(folder / "images.npy", np.stack(images))
    np.save(folder / "labels.npy", np.stack(labels))
    np.save(folder / "depth.npy", np.stack(depths).astype(np.float16))
    np.save(folder / "normals.npy", np.rint(127 * np.stack(normals)).astype(np.int8))
    (folder / "dataset.json").write_text(json.dumps({
        "format": "edgemoe-dataset 1", "layout": "arrays", "count": count, "height": height, "width": width,
        "classes": CLASSES, "ignore": 255, "depth_unit": "m", "tasks": ["semseg", "depth", "normals"], "seed": seed,
        "ranges": "toy"}))


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit("usage: toy.py FOLDER COUNT HEIGHT WIDTH SEED")
    write_arrays(sys.argv[1], *map(int, sys.argv[2:]))
