"""What the layouts of data sets have in common. Needs no torch: the command line is read before torch is loaded."""
import numpy as np

# Task → (array or folder, its type as an array, number of values a pixel).
ARRAYS = {"semseg": ("labels", np.uint8, 1), "depth": ("depth", np.float16, 1), "normals": ("normals", np.int8, 3)}
IGNORE = 255


class DataError(Exception):
    """A fault of a data set or a run's folder, as one sentence for its owner."""
