"""What the layouts of data sets have in common. Imports nothing: the command line is read before torch and numpy,
which bring the matrix library, are loaded."""

# Task → (array or folder, its type as an array, number of values a pixel).
ARRAYS = {"semseg": ("labels", "uint8", 1), "depth": ("depth", "float16", 1), "normals": ("normals", "int8", 3)}
IGNORE = 255
# All that a configuration or a data set may name, in M³ViT's order; the trainer trains those of ARRAYS.
TASKS = ("semseg", "human_parts", "sal", "normals", "edge", "depth")


class DataError(Exception):
    """A fault of a data set, a run's folder or the machine, as one sentence for its owner."""


class UsageError(DataError):
    """A fault of the command itself."""
