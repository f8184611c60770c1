#!/usr/bin/env python3
"""Dumps what a PyTorch M3ViT computes, so that `edgemoe verify` can compare a converted model with it value by value.

Runs inside your own Python, beside your own model; needs torch and numpy only. In your script:

    import sys
    sys.path.insert(0, "edgemoe/scripts")
    from dump_golden import dump

    model = get_model(p)                        # your M3ViT ...
    model.load_state_dict(checkpoint)           # ... with the weights that you converted
    image = dataset[0]["image"].unsqueeze(0)    # as the network takes it: [1, 3, H, W], mean and deviation applied
    dump(model, image, "mine.json", "mine.golden.safetensors")       # mine.json: the model's edgemoe configuration

and then on the machine with edgemoe:

    edgemoe convert checkpoint.pth.tar --config mine.json -o mine.safetensors
    edgemoe verify mine.safetensors --golden mine.golden.safetensors

`model` has M3ViT's module names: backbone.patch_embed, backbone.blocks.<i>.{norm1,attn.qkv,attn.proj,norm2,mlp},
mlp.gate or mlp.gate.<task>, and decoders.<task> (or decoder, for one task). DataParallel wrappers are looked through.
Forward hooks record the values; the model is run in evaluation mode, once a task, and left as it was found.
"""
import contextlib
import json
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

GOLDEN_FORMAT = "1"
# By numpy's names. numpy has no bfloat16: two opaque bytes ("V2") stand for one.
DTYPE_NAMES = {"float64": "F64", "float32": "F32", "float16": "F16", "void16": "BF16", "int64": "I64", "int32": "I32",
               "uint8": "U8"}


def dump(model, image, config, out_path, tasks=None):
    """Runs `model` on one picture and writes the golden file `out_path`.

    model     torch module, see above; its own type and device are used
    image     tensor [1, 3, H, W] or [3, H, W], exactly what the network takes
    config    the model's edgemoe configuration: a dict, a JSON text, or the path of a JSON file
    tasks     names of the tasks to run; all of the configuration's by default

    Returns the dict of arrays written: "shared/input" and "<task>/<tap>" for every tap of docs/taps.md.
    """
    config = load_config(config)
    network = find_network(model)
    names = [task["name"] for task in config["tasks"]]
    tasks = list(tasks or names)
    unknown = [task for task in tasks if task not in names]
    if unknown:
        raise ValueError(f"the configuration has no task {unknown}; it has {names}")
    parameter = next(network.parameters())
    image = as_input(image, config).to(device=parameter.device, dtype=parameter.dtype)
    tensors = {"shared/input": to_array(image[0])}
    with evaluation(network), torch.no_grad():
        for task in tasks:
            taps = run_task(network, image, config, names.index(task))
            tensors.update((f"{task}/{name}", value) for name, value in taps.items())
    metadata = {"edgemoe.golden": GOLDEN_FORMAT, "generator": "scripts/dump_golden.py", "torch": torch.__version__,
                "computed_in": str(parameter.dtype).replace("torch.", ""), "model": config["name"],
                "tasks": ",".join(tasks)}
    write_safetensors(out_path, tensors, metadata)
    return tensors


def run_task(network, image, config, task_id):
    """{tap: array} of one task."""
    recorder = TapRecorder(network, config, task_id)
    with recorder:
        # Routers that do not know tasks are run without one, as the original's plain forward does.
        moe = config["moe"]
        knows_tasks = moe is not None and (moe["router"] != "shared" or moe["experts_per_task"] > 0)
        features = network.backbone(image, task_id=task_id) if knows_tasks else network.backbone(image)
        if config["head"] is not None:
            logits = decoder_of(network, config, task_id)[1](features)
            size = image.shape[-2:]
            recorder.keep("head.logits", F.interpolate(logits, size=size, mode="bilinear", align_corners=False)[0])
    return recorder.finished()


class TapRecorder:
    """Forward hooks on M3ViT's modules for one task; each tap must come exactly once."""

    def __init__(self, network, config, task_id):
        self.network, self.config, self.task_id = network, config, task_id
        self.modules = dict(network.named_modules())
        self.taps = {}
        self.expected = set()
        self.handles = []

    def __enter__(self):
        self.before("backbone.blocks.0", "patch_embed")
        for index in range(self.config["depth"]):
            self.watch_block(index)
        if self.config["head"] is not None:
            self.after(decoder_of(self.network, self.config, self.task_id)[0] + ".norm", "head.norm")
            self.expected.add("head.logits")
        return self

    def __exit__(self, *_error):
        for handle in self.handles:
            handle.remove()

    def watch_block(self, index):
        block, tap = f"backbone.blocks.{index}", f"block{index}"
        self.after(f"{block}.norm1", f"{tap}.norm1")
        self.after(f"{block}.attn.qkv", f"{tap}.attn.qkv")
        self.before(f"{block}.attn.proj", f"{tap}.attn.heads")
        self.after(f"{block}.attn", f"{tap}.attn.out")
        self.after(f"{block}.norm2", f"{tap}.norm2")
        self.after(f"{block}.mlp", f"{tap}.mlp.out")
        self.after(block, f"{tap}.out")
        if self.config["moe"] is not None and index in self.config["moe"]["blocks"]:
            self.watch_gate(f"{block}.mlp.gate", tap)

    def watch_gate(self, gate, tap):
        moe = self.config["moe"]
        if moe["router"] == "per_task":
            gate = f"{gate}.{self.task_id}"
        if not hasattr(self.module(gate), "w_gate"):
            raise ValueError(f"{gate} has no w_gate of its own: does moe.router \"{moe['router']}\" fit the model?")
        start, size = expert_group(self.config, self.task_id)

        def hook(module, inputs, output):
            tokens = inputs[0].reshape(-1, inputs[0].shape[-1])
            indices, weights = (value.reshape(-1, moe["top_k"]) for value in output)
            threshold = moe["prune_threshold"]
            if threshold is not None:
                weights = torch.where(weights > threshold, weights, torch.zeros_like(weights))
            self.keep(f"{tap}.router.logits", tokens @ module.w_gate[:, start:start + size])
            self.keep(f"{tap}.router.indices", (indices + start).to(torch.int32))
            self.keep(f"{tap}.router.weights", weights)

        self.expected.update(f"{tap}.router.{what}" for what in ("logits", "indices", "weights"))
        self.handles.append(self.module(gate).register_forward_hook(hook))

    def after(self, name, tap):
        """Keeps the module's output."""
        self.expected.add(tap)
        hook = lambda _module, _inputs, output: self.keep(tap, output[0])
        self.handles.append(self.module(name).register_forward_hook(hook))

    def before(self, name, tap):
        """Keeps the module's input."""
        self.expected.add(tap)
        hook = lambda _module, inputs: self.keep(tap, inputs[0][0])
        self.handles.append(self.module(name).register_forward_pre_hook(hook))

    def module(self, name):
        if name not in self.modules:
            near = sorted(known for known in self.modules if known.startswith(name.rsplit(".", 1)[0]))
            raise ValueError(f"the model has no module {name}, which the configuration asks for; near it are "
                             f"{near[:8]}. Check depth, moe.blocks, moe.router and tasks")
        return self.modules[name]

    def keep(self, tap, value):
        if tap in self.taps:
            raise ValueError(f"tap {tap} was computed twice in one pass: the model reuses a module")
        self.taps[tap] = to_array(value)

    def finished(self):
        missing = sorted(self.expected - set(self.taps))
        if missing:
            raise ValueError(f"{len(missing)} taps were never computed, first {missing[:4]}: the model's forward does "
                             f"not call these modules")
        return self.taps


def expert_group(config, task_id):
    """First expert and number of experts that the task's router sees. The original accumulates the starts."""
    moe = config["moe"]
    size = moe["experts_per_task"]
    if size == 0:
        return 0, moe["num_experts"]
    others = len(config["tasks"]) - 1
    return sum(int(task * (moe["num_experts"] - size) / others) for task in range(1, task_id + 1)), size


def find_network(model):
    """The module that has `backbone`, looking through DataParallel and the like."""
    while not hasattr(model, "backbone") and isinstance(getattr(model, "module", None), torch.nn.Module):
        model = model.module
    if not hasattr(model, "backbone"):
        children = [name for name, _ in model.named_children()]
        raise ValueError(f"no module 'backbone' in the model; its children are {children}")
    return model


def decoder_of(network, config, task_id):
    """Name and module of the task's decoder."""
    if hasattr(network, "decoder") and not hasattr(network, "decoders"):
        return "decoder", network.decoder
    task = config["tasks"][task_id]["name"]
    return f"decoders.{task}", network.decoders[task]


def load_config(config):
    if isinstance(config, dict):
        return config
    if str(config).lstrip().startswith("{"):
        return json.loads(config)
    with open(config, encoding="utf-8") as file:
        return json.load(file)


def as_input(image, config):
    if image.dim() == 3:
        image = image[None]
    wanted = (1, 3, config["input"]["height"], config["input"]["width"])
    if tuple(image.shape) != wanted:
        raise ValueError(f"image has shape {tuple(image.shape)}, the configuration wants {wanted}")
    return image


@contextlib.contextmanager
def evaluation(network):
    """Evaluation mode and full float32 products; both as they were afterwards."""
    training = {module: module.training for module in network.modules()}
    tf32 = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    network.eval()
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = tf32
        for module, mode in training.items():
            module.training = mode


def to_array(value):
    """float32, or int32 for indices."""
    value = value.detach().cpu()
    return value.to(torch.int32 if value.dtype == torch.int32 else torch.float32).contiguous().numpy().copy()


def write_safetensors(path, tensors, metadata):
    """Writes {name: array} to a safetensors file, under a temporary name first. Tensors lie in the dict's order."""
    header, offset = {"__metadata__": metadata}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": DTYPE_NAMES[value.dtype.name], "shape": list(value.shape),
                        "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 64)
    part = f"{path}.part"
    with open(part, "wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for value in tensors.values():
            file.write(np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False).tobytes())
    os.replace(part, path)


if __name__ == "__main__":
    print(__doc__)
    sys.exit(0 if sys.argv[1:] in (["--help"], ["-h"]) else 2)
