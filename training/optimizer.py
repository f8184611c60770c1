"""The optimizers' parameters, the schedule of the learning rate, and the moving average of the weights."""
import copy
import math

import torch

from muon import Muon


def is_block_matrix(name, parameter):
    """Whether Muon may have it: weights of linear layers and experts. Gates and embeddings are no such maps."""
    return name.startswith("backbone.blocks.") and name.endswith("weight") and parameter.dim() >= 2


def parameter_groups(parameters, weight_decay, head_factor):
    """Groups of AdamW for named parameters: no decay on norms, biases, embeddings and gates; the decoders at
    `head_factor` times the rate; the gates by themselves."""
    groups = {}
    for name, parameter in parameters:
        gate = name.endswith("w_gate")
        plain = (parameter.dim() < 2 or name.endswith("bias") or gate or "_embed" in name.rsplit(".", 1)[-1]
                 or name.endswith("cls_token"))
        factor = head_factor if name.startswith("decoders.") else 1.0
        group = groups.setdefault((plain, factor, gate), {"params": [], "factor": factor, "gates": gate,
                                                          "weight_decay": 0.0 if plain else weight_decay})
        group["params"].append(parameter)
    return list(groups.values())


class Optimizers:
    """AdamW for all parameters, or Muon for the blocks' matrices and AdamW for the rest."""

    def __init__(self, model, kind, weight_decay, head_factor, precision):
        named = list(model.named_parameters())
        matrices = [(name, parameter) for name, parameter in named if kind == "muon" and is_block_matrix(name, parameter)]
        taken = {id(parameter) for _, parameter in matrices}
        rest = [(name, parameter) for name, parameter in named if id(parameter) not in taken]
        self.adamw = torch.optim.AdamW(parameter_groups(rest, weight_decay, head_factor), lr=0.0, betas=(0.9, 0.98),
                                       foreach=True)
        self.all = [self.adamw]
        if matrices:
            groups = [{"params": [parameter for name, parameter in matrices if ("qkv" in name) == joined],
                       "num_matrices": 3 if joined else 1} for joined in (False, True)]
            self.all.append(Muon(groups, weight_decay, precision))

    def step(self, workers):
        self.adamw.step()
        for muon in self.all[1:]:
            muon.step(workers)

    def zero_grad(self):
        for optimizer in self.all:
            optimizer.zero_grad(set_to_none=True)

    def set_learning_rate(self, rate):
        for optimizer in self.all:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["factor"]

    def set_gates_factor(self, factor):
        """From now on the gates learn at `factor` times the rate."""
        for group in self.adamw.param_groups:
            if group["gates"]:
                group["factor"] = factor

    def copy_state(self, source, target):
        """Gives one of AdamW's parameters what it knows of another."""
        self.adamw.state[target] = copy.deepcopy(self.adamw.state[source])

    def state_dict(self):
        return [optimizer.state_dict() for optimizer in self.all]

    def load_state_dict(self, state):
        for optimizer, stored in zip(self.all, state):
            optimizer.load_state_dict(stored)


def learning_rate(peak, step, progress, warmup):
    """Linear over `warmup` steps, then half a cosine over `progress` (0…1) down to a hundredth of the peak."""
    cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))
    return peak * min(1.0, (step + 1) / max(warmup, 1)) * cosine


class MovingAverage:
    """Exponential moving average of a model's parameters; young averages forget faster, so that the start is not kept."""

    def __init__(self, model, decay):
        self.decay = decay
        self.values = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}

    @torch.no_grad()
    def update(self, model, step):
        decay = min(self.decay, (1 + step) / (10 + step))
        parameters = [parameter.detach() for _, parameter in model.named_parameters()]
        values = list(self.values.values())
        torch._foreach_mul_(values, decay)
        torch._foreach_add_(values, parameters, alpha=1 - decay)

    @torch.no_grad()
    def copy_to(self, model):
        for name, parameter in model.named_parameters():
            parameter.copy_(self.values[name])


@torch.no_grad()
def refresh_batch_norm(model, image_batches):
    """Sets the running statistics of every batch norm to the mean over the batches, for the weights as they are.

    Only batch norm is in training mode meanwhile: no path is dropped and no router is noisy.
    """
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    model.eval()
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    for images in image_batches:
        model(images)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    model.eval()
