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


def upsampling(value):
    """(factor, whether by pixel shuffle) of head.upsample: 2 → (2, False), "shuffle4" → (4, True)."""
    return (int(value.removeprefix("shuffle")), True) if isinstance(value, str) else (value, False)


class UpHead(nn.Module):
    def __init__(self, config, outputs):
        super().__init__()
        head, dim = config["head"], config["embed_dim"]
        self.num_stages, (self.upsample, self.shuffle) = head["num_stages"], upsampling(head["upsample"])
        self.size = (config["input"]["height"], config["input"]["width"])
        self.grid = tuple(extent // config["patch_size"] for extent in self.size)
        self.norm = nn.LayerNorm(dim, eps=config["layernorm_eps"])
        channels = head["channels"]
        # Before a pixel shuffle there are as many channels more as it turns into pixels.
        made = channels * self.upsample ** 2 if self.shuffle else channels
        for stage in range(self.num_stages):
            kernel = head["first_kernel"] if stage == 0 else 3
            conv = nn.Conv2d(dim if stage == 0 else channels, made, kernel, padding=kernel // 2)
            self.add_module(f"conv_{stage}", conv)
            self.add_module(f"syncbn_fc_{stage}", nn.BatchNorm2d(made, eps=config["batchnorm_eps"]))
        self.add_module(f"conv_{self.num_stages}", nn.Conv2d(channels, outputs, 1))

    def forward(self, tokens):
        x = self.norm(tokens[:, 1:])
        # Channels stay innermost: oneDNN's convolutions are faster so.
        x = x.view(x.shape[0], *self.grid, x.shape[2]).permute(0, 3, 1, 2)
        for stage in range(self.num_stages):
            x = F.relu(getattr(self, f"syncbn_fc_{stage}")(getattr(self, f"conv_{stage}")(x)))
            if self.shuffle:
                x = F.pixel_shuffle(x, self.upsample)
            if stage == self.num_stages - 1:
                x = getattr(self, f"conv_{self.num_stages}")(x).float()
            if self.upsample != 1 and not self.shuffle:
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

    def forward(self, images, rows=None, noise=0.0, statistics=None, one_router=False):
        """{task name: map [pictures, outputs, H, W] in float32}; rows {task index: picture indices}, default all.

        `statistics` gets (importance, load, counts) for each MoE block and, within it, each task. `one_router`: every
        picture takes one pass, with the first task's routers, and its tokens serve all decoders; `rows` is not looked
        at.
        """
        everything = torch.arange(images.shape[0], device=images.device)
        if one_router:
            tokens = self.backbone(images, {0: everything}, noise, statistics)[0]
            return {task: self.decoders[task](tokens) for task in self.tasks}
        if rows is None:
            rows = {task: everything for task in range(len(self.tasks))}
        tokens = self.backbone(images, rows, noise, statistics)
        return {self.tasks[task]: self.decoders[self.tasks[task]](seen) for task, seen in tokens.items()}


def has_log_depth(config):
    """Whether the depth decoder puts out the logarithm of depth: its unit says so ("ln m")."""
    return any(task["name"] == "depth" and task["unit"].startswith("ln ") for task in config["tasks"])


def task_gates(model):
    """[the gates of one MoE block, a task each]; empty where the tasks do not have routers of their own."""
    return [block.mlp.gate for block in model.backbone.blocks
            if block.is_moe and isinstance(block.mlp.gate, torch.nn.ModuleList)]


@torch.no_grad()
def copy_first_gates(model):
    """Gives every task the first task's routers."""
    for gates in task_gates(model):
        for gate in gates[1:]:
            gate.w_gate.copy_(gates[0].w_gate)


def check_trainable(config):
    """Raises ValueError for a network that the trainer does not know."""
    moe, size = config["moe"], (config["input"]["height"], config["input"]["width"])
    grid = [extent // config["patch_size"] for extent in size]
    if (config["head"] is None or config["head"]["first_kernel"] is None or config["mlp_dim"] is None
            or moe is not None and moe["expert_dim"] is None):
        raise ValueError(f"configuration {config['name']}: training needs a head and every width, none of them null")
    if grid != config["pos_embed_grid"]:
        raise ValueError(f"configuration {config['name']}: pos_embed_grid is {config['pos_embed_grid']}, the input's "
                         f"grid {grid}: for training they must be the same")
    if moe is not None and (moe["router"] not in ("per_task", "shared") or moe["experts_per_task"] != 0):
        raise ValueError(f"configuration {config['name']}: the trainer trains routers per_task and shared, without "
                         f"groups of experts; moe.router is {moe['router']}, moe.experts_per_task "
                         f"{moe['experts_per_task']}")


@torch.no_grad()
def whiten_patch_embed(model, images, size=0.5, floor=1e-3):
    """Gives the patch embedding the leading principal components of the pictures' patches, each with the deviation `size`:
    a new network then sees fine structure from the first step on, not the brightness alone that dominates a random map.

    images: float [n, 3, H, W] as the network takes them; `floor`: share of the mean variance below which a component is
    not raised any further.
    """
    proj, patch = model.backbone.patch_embed.proj, model.config["patch_size"]
    patches = F.unfold(images, patch, stride=patch).transpose(1, 2).reshape(-1, 3 * patch * patch).double()
    mean = patches.mean(0)
    variances, components = torch.linalg.eigh((patches - mean).t() @ (patches - mean) / len(patches))
    count = min(proj.out_channels, len(variances))
    variances, components = variances[-count:].clamp_min(0), components[:, -count:]
    rows = size * components.t() / (variances + floor * variances.mean()).sqrt()[:, None]
    proj.weight[:count] = rows.view(count, *proj.weight.shape[1:]).to(proj.weight)
    proj.bias.zero_()
    proj.bias[:count] = -(rows @ mean).to(proj.bias)


def wave_embedding(rows, columns, dim):
    """[rows · columns, dim]: sines and cosines of the row and the column in octaves, as ViTs commonly have them; zeros fill
    what is left where `dim` is not a multiple of 4."""
    frequencies = 10000.0 ** -(torch.arange(dim // 4) / max(dim // 4, 1))
    y = torch.arange(rows).repeat_interleave(columns)[:, None] * frequencies
    x = torch.arange(columns).repeat(rows)[:, None] * frequencies
    waves = torch.cat((y.sin(), y.cos(), x.sin(), x.cos()), dim=1)
    return F.pad(waves, (0, dim - waves.shape[1]))


def begin_as_nearest(head):
    """Gives all pixels that a shuffle makes of one the same filter (ICNR; Aitken et al., 2017): the head begins as an
    enlargement by nearest instead of with a pattern of its own in every patch."""
    pixels = head.upsample ** 2
    for stage in range(head.num_stages):
        for parameter in getattr(head, f"conv_{stage}").parameters():
            filters = parameter.view(-1, pixels, *parameter.shape[1:])
            filters.copy_(filters[:, :1].expand_as(filters).clone())


@torch.no_grad()
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
    # A third of the patches' own deviation after whitening: where a thing is says much in a street.
    embedding = model.backbone.pos_embed
    embedding[0, 1:] += 0.2 * wave_embedding(*model.config["pos_embed_grid"], embedding.shape[2])
    for head in model.decoders.values():
        if head.shuffle:
            begin_as_nearest(head)
