"""AdamW's groups, the schedule of the learning rate, and the moving average of the weights."""
import math

import torch


def parameter_groups(model, weight_decay, head_factor):
    """Groups of AdamW: no decay on norms, biases, embeddings and gates; the decoders at `head_factor` times the rate."""
    groups = {}
    for name, parameter in model.named_parameters():
        plain = (parameter.dim() < 2 or name.endswith(("bias", "w_gate")) or "_embed" in name.rsplit(".", 1)[-1]
                 or name.endswith("cls_token"))
        factor = head_factor if name.startswith("decoders.") else 1.0
        group = groups.setdefault((plain, factor), {"params": [], "factor": factor,
                                                    "weight_decay": 0.0 if plain else weight_decay})
        group["params"].append(parameter)
    return list(groups.values())


def make_optimizer(model, weight_decay, head_factor):
    return torch.optim.AdamW(parameter_groups(model, weight_decay, head_factor), lr=0.0, betas=(0.9, 0.98), foreach=True)


def learning_rate(peak, step, progress, warmup):
    """Linear over `warmup` steps, then half a cosine over `progress` (0…1) down to a hundredth of the peak."""
    cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))
    return peak * min(1.0, (step + 1) / max(warmup, 1)) * cosine


def set_learning_rate(optimizer, rate):
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]


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
