#!/usr/bin/env python3
"""prepare-motorcycle.py FOLDER: a real picture with measured depth as a data set for `edgemoe eval`: scikit-image's motorcycle pair
(Middlebury stereo 2014, Scharstein et al.), from Debian's python3-skimage.

    scripts/prepare-motorcycle.py out/motorcycle
    edgemoe eval --data out/motorcycle --task depth --align-scale
"""
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

# Of the pair at a quarter of its size (scikit-image's documentation): focal length in pixels, distance of the cameras in
# metres, distance of their principal points in pixels.
FOCAL_LENGTH, BASELINE, OFFSET = 994.978, 0.193001, 31.086
PACKAGE = Path("/usr/lib/python3/dist-packages/skimage/data")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        disparity = np.load(PACKAGE / "motorcycle_disp.npz")["arr_0"]
        picture = Image.open(PACKAGE / "motorcycle_left.png").convert("RGB")
    except OSError as error:
        sys.exit(f"prepare-motorcycle.py: {error}; it is in Debian's package python3-skimage")
    with np.errstate(invalid="ignore"):
        depth = np.where(np.isfinite(disparity), FOCAL_LENGTH * BASELINE / (disparity + OFFSET), 0)
    folder = Path(sys.argv[1])
    for name in ("images", "depth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    picture.save(folder / "images" / "motorcycle.png")
    Image.fromarray(np.rint(256 * depth).astype(np.uint16)).save(folder / "depth" / "motorcycle.png")
    (folder / "dataset.json").write_text(json.dumps(
        {"format": "edgemoe-dataset 1", "layout": "files", "tasks": ["depth"], "depth_unit": "m"}) + "\n")
    print(f"{folder}: one picture of {picture.width}x{picture.height}, depth of {np.count_nonzero(depth)} pixels, "
          f"{depth[depth > 0].min():.2f} to {depth.max():.2f} m")


if __name__ == "__main__":
    main()
