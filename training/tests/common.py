"""What the trainer's tests share. Import it first: it ends the program, skipped, where there is no torch."""
import json
import sys
from pathlib import Path

TRAINING = Path(__file__).resolve().parents[1]
ROOT = TRAINING.parent
sys.path[:0] = [str(TRAINING), str(ROOT / "tests" / "golden")]
import require_torch  # noqa: E402,F401  (before torch)
import torch  # noqa: E402

import toy  # noqa: E402


def tiny_config(**changes):
    """configs/models/tiny.json with the toy pictures' classes."""
    config = json.loads((ROOT / "configs" / "models" / "tiny.json").read_text())
    config["tasks"][0].update(outputs=len(toy.CLASSES), class_names=toy.CLASSES)
    config.update(changes)
    return config


def random_model(config, seed):
    """A network whose every tensor is random, running statistics too, so that nothing is hidden by a 0 or a 1."""
    from model import MultiTaskModel
    generator = torch.Generator().manual_seed(seed)
    model = MultiTaskModel(config).eval()
    for name, value in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        noise = torch.randn(value.shape, generator=generator)
        if name.endswith("running_var"):
            value.copy_(0.5 + noise.abs())
        elif value.dim() > 1:
            fan_in = value.shape[0] if name.endswith("w_gate") else value[0].numel() if value.dim() != 3 else value.shape[2]
            value.copy_(noise * (2 if name.endswith("w_gate") else 1) / fan_in ** 0.5)
        else:
            value.copy_((1 if name.endswith("weight") else 0) + 0.3 * noise)
    return model
