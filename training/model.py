"""M³ViT for training. Module names are M³ViT's own, so that the state_dict is a checkpoint that `edgemoe convert` reads.

One forward pass serves all tasks of a batch: what stands before the first router is computed once for every picture,
then the tokens of all tasks go on side by side, told apart only by their routers.
"""
import torch
import torch.nn.functional as F
from torch import nn

from moe import MixtureOfExperts


class Attention(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        batch, num_tokens, dim = x.shape
        head_dim = dim // self.num_heads
        qkv = self.qkv(x).view(batch, num_tokens, 3, self.num_heads, head_dim).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind()
        scores = (query * head_dim ** -0.5) @ key.transpose(-2, -1)
        mixed = torch.softmax(scores, dim=-1).to(value.dtype) @ value
        return self.proj(mixed.transpose(1, 2).reshape(batch, num_tokens, dim))


class Mlp(nn.Module):
    def __init__(self, dim, hidden_dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """`drop_path` is the probability that a picture skips a branch while training; what stays is scaled up for it."""

    def __init__(self, index, config, drop_path):
        super().__init__()
        dim, eps, moe = config["embed_dim"], config["layernorm_eps"], config["moe"]
        self.drop_path = drop_path
        self.is_moe = moe is not None and index in moe["blocks"]
        self.gate_input_ahead = self.is_moe and moe["gate_input_ahead"]
        self.norm1 = nn.LayerNorm(dim, eps=eps)
        self.attn = Attention(dim, config["num_heads"])
        self.norm2 = nn.LayerNorm(dim, eps=eps)
        num_tasks = len(config["tasks"])
        self.mlp = MixtureOfExperts(dim, moe, num_tasks) if self.is_moe else Mlp(dim, config["mlp_dim"])

    def keep(self, branch):
        if not self.training or self.drop_path == 0:
            return branch
        kept = torch.rand(branch.shape[0], 1, 1, device=branch.device) >= self.drop_path
        return branch * (kept.to(branch.dtype) / (1 - self.drop_path))

    def attend(self, x):
        return x + self.keep(self.attn(self.norm1(x)))

    def mix(self, x, block_input, tasks, noise, statistics):
        """The second half. block_input: the block's own input, which some routers see; tasks: [(task, pictures)]."""
        normed = self.norm2(x)
        if not self.is_moe:
            return x + self.keep(self.mlp(normed))
        num_tokens, dim = x.shape[1:]
        seen = block_input if self.gate_input_ahead else normed
        counts = [(task, pictures * num_tokens) for task, pictures in tasks]
        mixed = self.mlp(normed.reshape(-1, dim), seen.reshape(-1, dim), counts, noise, statistics)
        return x + self.keep(mixed.view_as(x))


class PatchEmbed(nn.Module):
    def __init__(self, patch_size, dim):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, kernel_size=patch_size, stride=patch_size)

    def forward(self, images):
        return self.proj(images).flatten(2).transpose(1, 2)


class Backbone(nn.Module):
    def __init__(self, config, drop_path):
        super().__init__()
        dim, depth = config["embed_dim"], config["depth"]
        rows, columns = config["pos_embed_grid"]
        self.per_task = config["moe"] is not None and config["moe"]["router"] == "per_task"
        self.patch_embed = PatchEmbed(config["patch_size"], dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + rows * columns, dim))
        self.blocks = nn.ModuleList(
            Block(index, config, drop_path * index / max(depth - 1, 1)) for index in range(depth))

    def forward(self, images, rows, noise=0.0, statistics=None):
        """{task index: tokens [len(rows[task]), 1 + grid, D]} for rows {task index: indices of its pictures}."""
        patches = self.patch_embed(images)
        x = torch.cat((self.cls_token.expand(images.shape[0], -1, -1).to(patches.dtype), patches), dim=1)
        x = x + self.pos_embed
        tasks, split = [(0, images.shape[0])], False
        for block in self.blocks:
            block_input = x
            x = block.attend(x)
            if block.is_moe and self.per_task and not split:
                # From here on the tasks differ.
                chosen = torch.cat(list(rows.values()))
                x, block_input = x[chosen], block_input[chosen]
                tasks, split = [(task, len(index)) for task, index in rows.items()], True
            x = block.mix(x, block_input, tasks, noise, statistics if block.is_moe else None)
        if split:
            return dict(zip(rows, x.split([len(index) for index in rows.values()])))
        return {task: x[index] for task, index in rows.items()}


class UpHead(nn.Module):
    def __init__(self, config, outputs):
        super().__init__()
        head, dim = config["head"], config["embed_dim"]
        self.num_stages, self.upsample = head["num_stages"], head["upsample"]
        self.size = (config["input"]["height"], config["input"]["width"])
        self.grid = tuple(extent // config["patch_size"] for extent in self.size)
        self.norm = nn.LayerNorm(dim, eps=config["layernorm_eps"])
        channels = head["channels"]
        for stage in range(self.num_stages):
            kernel = head["first_kernel"] if stage == 0 else 3
            conv = nn.Conv2d(dim if stage == 0 else channels, channels, kernel, padding=kernel // 2)
            self.add_module(f"conv_{stage}", conv)
            self.add_module(f"syncbn_fc_{stage}", nn.BatchNorm2d(channels, eps=config["batchnorm_eps"]))
        self.add_module(f"conv_{self.num_stages}", nn.Conv2d(channels, outputs, 1))

    def forward(self, tokens):
        x = self.norm(tokens[:, 1:])
        # Channels stay innermost: oneDNN's convolutions are faster so.
        x = x.view(x.shape[0], *self.grid, x.shape[2]).permute(0, 3, 1, 2)
        for stage in range(self.num_stages):
            x = F.relu(getattr(self, f"syncbn_fc_{stage}")(getattr(self, f"conv_{stage}")(x)))
            if stage == self.num_stages - 1:
                x = getattr(self, f"conv_{self.num_stages}")(x).float()
            if self.upsample != 1:
                x = F.interpolate(x, scale_factor=self.upsample, mode="bilinear", align_corners=False)
        if tuple(x.shape[-2:]) != self.size:
            x = F.interpolate(x, size=self.size, mode="bilinear", align_corners=False)
        return x


class MultiTaskModel(nn.Module):
    """Backbone and a decoder a task; tasks are numbered in the configuration's order."""

    def __init__(self, config, drop_path=0.0):
        super().__init__()
        check_trainable(config)
        self.config = config
        self.tasks = [task["name"] for task in config["tasks"]]
        self.backbone = Backbone(config, drop_path)
        self.decoders = nn.ModuleDict({task["name"]: UpHead(config, task["outputs"]) for task in config["tasks"]})
        self.decoders.to(memory_format=torch.channels_last)
        initialise(self)

    def forward(self, images, rows=None, noise=0.0, statistics=None):
        """{task name: map [pictures, outputs, H, W] in float32}; rows {task index: picture indices}, default all.

        `statistics` gets (importance, load, counts) for each MoE block and, within it, each task.
        """
        if rows is None:
            everything = torch.arange(images.shape[0], device=images.device)
            rows = {task: everything for task in range(len(self.tasks))}
        tokens = self.backbone(images, rows, noise, statistics)
        return {self.tasks[task]: self.decoders[self.tasks[task]](part) for task, part in tokens.items()}


def check_trainable(config):
    """Raises ValueError for a network that the trainer does not know."""
    moe, size = config["moe"], (config["input"]["height"], config["input"]["width"])
    grid = [extent // config["patch_size"] for extent in size]
    if config["head"] is None or config["head"]["first_kernel"] is None or config["mlp_dim"] is None:
        raise ValueError(f"configuration {config['name']}: training needs a head and every width, none of them null")
    if grid != config["pos_embed_grid"]:
        raise ValueError(f"configuration {config['name']}: pos_embed_grid is {config['pos_embed_grid']}, the input's "
                         f"grid {grid}: for training they must be the same")
    if moe is not None and (moe["router"] not in ("per_task", "shared") or moe["experts_per_task"] != 0):
        raise ValueError(f"configuration {config['name']}: the trainer trains routers per_task and shared, without "
                         f"groups of experts; moe.router is {moe['router']}, moe.experts_per_task "
                         f"{moe['experts_per_task']}")


def initialise(model):
    """Truncated normals of deviation 0.02 as usual for a ViT, but in the mixture of experts.

    softmax_topk does not renormalise: with logits near 0 each of E experts would weigh 1/E, the layer would hardly
    speak and its experts get E times too small a gradient. Gates therefore start with logits of deviation ~1.4 (inputs
    are normed, so their length is sqrt(D)), and the experts' outputs are twice as large.
    """
    for name, parameter in model.named_parameters():
        if name.endswith("w_gate"):
            nn.init.trunc_normal_(parameter, std=1.4 * parameter.shape[0] ** -0.5)
        elif name.endswith("h4toh.weight"):
            nn.init.trunc_normal_(parameter, std=0.04)
        elif name.startswith("backbone.") and (parameter.dim() > 1 or "_embed" in name or "_token" in name):
            if "patch_embed" not in name:
                nn.init.trunc_normal_(parameter, std=0.02)
        elif name.startswith("backbone.") and name.endswith("bias") and "patch_embed" not in name:
            nn.init.zeros_(parameter)
