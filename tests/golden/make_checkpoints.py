#!/usr/bin/env python3
"""Writes tiny M3ViT checkpoints with PyTorch, in every wrapping that `edgemoe convert` reads.

    make_checkpoints.py OUTPUT_DIRECTORY [NAME ...]

The network is the one of tiny_config() in src/checkpoint/checkpoint_testing.cpp. Element i of a tensor is

    ((7 i + 13 s) mod 251 - 125) / 64,   s = sum of the bytes of the tensor's name; without its sign for a running_var

which float32, float16 and bfloat16 hold exactly. Files in tests/golden/checkpoints were written by this script; see the
README there.
"""
import argparse
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch

DIM, MLP, EXPERT, EXPERTS, PATCH, GRID = 8, 12, 6, 4, 4, (2, 3)
TASKS = {'semseg': 3, 'depth': 1}
CHANNELS = 4


def shapes(tasks=TASKS):
    """Name -> shape of every tensor, as the network's state_dict() orders them."""
    table = OrderedDict()

    def linear(prefix, outputs, inputs):
        table[prefix + '.weight'] = (outputs, inputs)
        table[prefix + '.bias'] = (outputs,)

    def norm(prefix, width):
        table[prefix + '.weight'] = (width,)
        table[prefix + '.bias'] = (width,)

    table['backbone.cls_token'] = (1, 1, DIM)
    table['backbone.pos_embed'] = (1, 1 + GRID[0] * GRID[1], DIM)
    table['backbone.patch_embed.proj.weight'] = (DIM, 3, PATCH, PATCH)
    table['backbone.patch_embed.proj.bias'] = (DIM,)
    for block in range(2):
        prefix = f'backbone.blocks.{block}.'
        norm(prefix + 'norm1', DIM)
        linear(prefix + 'attn.qkv', 3 * DIM, DIM)
        linear(prefix + 'attn.proj', DIM, DIM)
        norm(prefix + 'norm2', DIM)
        if block == 0:
            linear(prefix + 'mlp.fc1', MLP, DIM)
            linear(prefix + 'mlp.fc2', DIM, MLP)
            continue
        for task in range(len(tasks)):
            table[prefix + f'mlp.gate.{task}.w_gate'] = (DIM, EXPERTS)
        table[prefix + 'mlp.experts.htoh4.weight'] = (EXPERTS, EXPERT, DIM)
        table[prefix + 'mlp.experts.htoh4.bias'] = (EXPERTS, EXPERT)
        table[prefix + 'mlp.experts.h4toh.weight'] = (EXPERTS, DIM, EXPERT)
        table[prefix + 'mlp.experts.h4toh.bias'] = (EXPERTS, DIM)
    for task, outputs in tasks.items():
        prefix = f'decoders.{task}.'
        norm(prefix + 'norm', DIM)
        table[prefix + 'conv_0.weight'] = (CHANNELS, DIM, 3, 3)
        table[prefix + 'conv_0.bias'] = (CHANNELS,)
        norm(prefix + 'syncbn_fc_0', CHANNELS)
        table[prefix + 'syncbn_fc_0.running_mean'] = (CHANNELS,)
        table[prefix + 'syncbn_fc_0.running_var'] = (CHANNELS,)
        table[prefix + 'conv_1.weight'] = (outputs, CHANNELS, 1, 1)
        table[prefix + 'conv_1.bias'] = (outputs,)
    return table


def formula(name, shape):
    index = torch.arange(int(np.prod(shape)), dtype=torch.int64)
    value = (((index * 7 + sum(name.encode()) * 13) % 251 - 125).float() / 64).reshape(shape)
    return value.abs() if name.endswith('.running_var') else value


def state(tasks=TASKS):
    return OrderedDict((name, formula(name, shape)) for name, shape in shapes(tasks).items())


def narrowed(weights, dtype):
    """Each tensor in `dtype` where that holds its values exactly, else as it is."""

    def exact(value):
        return value.is_floating_point() and torch.equal(value.to(dtype).to(value.dtype), value)

    return OrderedDict((name, value.to(dtype) if exact(value) else value) for name, value in weights.items())


def prefixed(weights, prefix):
    return OrderedDict((prefix + name, value) for name, value in weights.items())


def training_state(weights):
    """What a training script saves: weights of a wrapped model, progress, optimizer, settings."""
    weights = prefixed(weights, 'module.')
    weights['module.decoders.semseg.syncbn_fc_0.num_batches_tracked'] = torch.tensor(17)
    weights['module.tam_model0.layers0.0.weight'] = torch.ones(2, 2)
    weights._metadata = OrderedDict({'': {'version': 1}})
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([parameter])
    parameter.sum().backward()
    optimizer.step()
    sgd = torch.optim.SGD([parameter], lr=0.1, momentum=0.9)
    sgd.step()
    return {
        'epoch': 40, 'backbone': 'VisionTransformer_moe', 'state_dict': weights, 'optimizer': optimizer.state_dict(),
        'sgd': sgd.state_dict(), 'best_result': {'semseg': {'mIoU': np.float64(0.25), 'jaccards': np.arange(3.0)}},
        'args': argparse.Namespace(lr=0.1, tasks=['semseg', 'depth'], size=torch.Size([8, 12]), resume=None),
        'step': 2 ** 40, 'amp': torch.float16, 'device': torch.device('cpu'), 'done': (True, {1, 2}),
    }


def views(weights):
    """The same values as strided views: transposed, with an offset, several in one storage. Counters stay as they are.
    """
    result = OrderedDict(weights)
    weights = {name: value for name, value in weights.items() if value.is_floating_point()}
    shared = torch.cat([value.reshape(-1) for value in weights.values()])
    offset = 0
    for number, (name, value) in enumerate(weights.items()):
        if number % 3 == 0 and value.dim() >= 2:
            result[name] = value.transpose(0, -1).contiguous().transpose(0, -1)
        elif number % 3 == 1:
            padded = torch.full((*value.shape[:-1], value.shape[-1] + 2), float('nan'))
            padded[..., 1:-1] = value
            result[name] = padded[..., 1:-1]
        else:
            result[name] = shared[offset:offset + value.numel()].view(value.shape)
        offset += value.numel()
    return result


def save_ranks(weights, directory, num_ranks=2):
    """fastmoe's form: the first experts in the whole model, the others by themselves."""
    directory.mkdir(parents=True, exist_ok=True)
    for rank in range(num_ranks):
        part = OrderedDict()
        for name, value in weights.items():
            if '.experts.' in name:
                part[name] = value.chunk(num_ranks)[rank].clone()
            elif rank == 0:
                part[name] = value
        torch.save({'epoch': 1, 'state_dict': prefixed(part, 'module.')}, directory / f'{rank}.pth')


def legacy(value, path, protocol=2):
    torch.save(value, path, _use_new_zipfile_serialization=False, pickle_protocol=protocol)


def parameters(weights):
    return OrderedDict((name, torch.nn.Parameter(value, requires_grad=value.is_floating_point()))
                       for name, value in weights.items())


# File name -> what writes a state_dict there.
VARIANTS = {
    'bare.pth': torch.save,
    'training.pth.tar': lambda weights, path: torch.save(training_state(weights), path),
    'legacy.pth': lambda weights, path: legacy(training_state(weights), path),
    'legacy3.pth': lambda weights, path: legacy({'model': weights}, path, 3),
    'legacy4.pth': lambda weights, path: legacy({'model': weights}, path, 4),
    'legacy5.pth': lambda weights, path: legacy(training_state(weights), path, 5),
    'protocol5.pth': lambda weights, path: torch.save(training_state(weights), path, pickle_protocol=5),
    'model.pth': lambda weights, path: torch.save({'model': prefixed(weights, '_orig_mod.')}, path),
    'half.pth': lambda weights, path: torch.save({'state_dict': narrowed(weights, torch.float16)}, path),
    'bfloat16.pth': lambda weights, path: legacy({'state_dict': narrowed(weights, torch.bfloat16)}, path),
    'parameters.pth': lambda weights, path: torch.save(parameters(weights), path),
    'views.pth': lambda weights, path: torch.save(views(weights), path),
    'views_legacy.pth': lambda weights, path: legacy(views(weights), path),
    'ranks.pth.tar': save_ranks,
}


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or VARIANTS:
        VARIANTS[name](state(), out / name)
        print(name)


if __name__ == '__main__':
    main()
