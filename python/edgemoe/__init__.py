"""Multi-task vision transformers with mixture of experts (M3ViT) on the CPU: one picture in, one map per task out.

    import edgemoe
    model = edgemoe.load("edgemoe-street")
    maps = model.run("street.jpg", tasks=["semseg", "depth"])
    maps["depth"]     # numpy float32 (height, width), in model.tasks["depth"].unit
    maps["semseg"]    # numpy uint8 (height, width): indices into model.tasks["semseg"].class_names
"""

from edgemoe.errors import (Error, InternalError, InvalidArgumentError, IoError, MalformedError, MismatchError,
                            NotFoundError, TooLargeError, UnsupportedError)
from edgemoe.maps import Maps, Routing, RunTimes, Task
from edgemoe.model import Model, load
from edgemoe.named_files import list_models
from edgemoe.picture import PictureLike, decode_picture, read_picture
from edgemoe.video import Frame, VideoReader, video_supported
from edgemoe._core import __version__

__all__ = ["Error", "Frame", "InternalError", "InvalidArgumentError", "IoError", "MalformedError", "Maps", "MismatchError",
           "Model", "NotFoundError", "PictureLike", "Routing", "RunTimes", "Task", "TooLargeError", "UnsupportedError",
           "VideoReader", "__version__", "decode_picture", "list_models", "load", "read_picture", "video_supported"]
