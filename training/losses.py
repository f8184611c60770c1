"""Losses of the tasks. Maps are float32 [n, outputs, H, W]; pixels without ground truth count nowhere."""
import torch
import torch.nn.functional as F

from layout import IGNORE
from model import has_log_depth


def semseg_loss(logits, labels, class_weights, dice_weight=0.5):
    """Weighted cross entropy plus a soft Dice term over the classes that occur, which pulls like mIoU does.

    labels: integer [n,H,W], 255 = ignore; class_weights [C].
    """
    valid = labels != IGNORE
    if not valid.any():
        return logits.sum() * 0
    log_probabilities = F.log_softmax(logits, dim=1)
    labels = labels.long()
    loss = F.nll_loss(log_probabilities, labels, class_weights, ignore_index=IGNORE)
    if dice_weight == 0:
        return loss
    probabilities = log_probabilities.exp() * valid[:, None]
    truth = F.one_hot(torch.where(valid, labels, torch.zeros_like(labels)), logits.shape[1]).permute(0, 3, 1, 2)
    truth = truth * valid[:, None]
    common = (probabilities * truth).sum((0, 2, 3))
    total = probabilities.sum((0, 2, 3)) + truth.sum((0, 2, 3))
    occurs = truth.sum((0, 2, 3)) > 0
    dice = 1 - 2 * common[occurs] / total[occurs]
    return loss + dice_weight * dice.mean()


def damped(error, bound=4.0):
    """`error` ≥ 0 up to `bound`, then on along its logarithm: a few estimates of many times the truth must not fill the
    gradient."""
    return torch.where(error <= bound, error, bound * (1 + (error.clamp_min(bound) / bound).log()))


def depth_loss(estimate, depth, log_weight=0.25, gradient_weight=0.5):
    """Mean of |d − g| / g (the metric abs-rel, damped), a little of |log d/g|, and the former of steps between neighbours.

    estimate, depth: metres [n,H,W], 0 = none. The logarithm drives small
    depths where |d − g| / g saturates at 1; it stops at a twentieth of the truth, below which only the first term pulls.
    """
    valid = depth > 0
    count = valid.sum()
    if count == 0:
        return estimate.sum() * 0
    truth = torch.where(valid, depth, torch.ones_like(depth))
    error = (estimate - truth) / truth
    ratio = torch.maximum(estimate / truth, torch.full_like(truth, 0.05))
    loss = ((damped(error.abs()) + log_weight * ratio.log().abs()) * valid).sum() / count
    if gradient_weight == 0:
        return loss
    difference = estimate - truth
    for axis in (1, 2):
        length = depth.shape[axis] - 1
        here, there = (lambda t: t.narrow(axis, 0, length)), (lambda t: t.narrow(axis, 1, length))
        both = here(valid) & there(valid)
        step = (there(difference) - here(difference)).abs() / torch.minimum(here(truth), there(truth))
        loss = loss + gradient_weight * (damped(step, 1.0) * both).sum() / both.sum().clamp_min(1)
    return loss


def normals_loss(vectors, normals):
    """1 − cosine; vectors [n,3,H,W] of any length, normals [n,3,H,W] of length 1, (0,0,0) = none."""
    valid = normals.abs().sum(1) > 0
    count = valid.sum()
    if count == 0:
        return vectors.sum() * 0
    cosine = F.cosine_similarity(vectors, normals, dim=1, eps=1e-6)
    return ((1 - cosine) * valid).sum() / count


def class_weights(counts, power=0.35, largest=4.0):
    """(mean share / share)^power of each class, at most `largest`, scaled so that the mean over pixels is 1; all 1 where
    nothing was counted."""
    if counts.sum() == 0:
        return torch.ones(len(counts))
    share = counts.double() / counts.sum().clamp_min(1)
    weights = (share.clamp_min(1e-5) * len(share)).pow(-power).clamp_max(largest)
    return (weights / (weights * share).sum().clamp_min(1e-9)).float()


class Losses:
    """The task's loss by its name, with what is measured from the training data once."""

    def __init__(self, weights_of_classes, depth_scale, log_depth):
        self.weights_of_classes, self.depth_scale, self.log_depth = weights_of_classes, depth_scale, log_depth

    @staticmethod
    def measure(split, tasks, config, pictures=400):
        """Class frequencies and geometric mean of depth of up to `pictures` pictures, evenly spread."""
        index = torch.linspace(0, len(split) - 1, min(pictures, len(split))).long().unique().numpy()
        counts, depths = None, []
        for begin in range(0, len(index), 50):
            batch = split.read(index[begin:begin + 50])
            if "semseg" in tasks:
                outputs = next(task["outputs"] for task in config["tasks"] if task["name"] == "semseg")
                labels = batch["semseg"][batch["semseg"] != IGNORE].long()
                counted = torch.bincount(labels, minlength=outputs)
                counts = counted if counts is None else counts + counted
            if "depth" in tasks:
                depths.append(batch["depth"][batch["depth"] > 0].double().log())
        weights = class_weights(counts) if counts is not None else None
        scale = float(torch.cat(depths).mean().exp()) if depths and sum(map(len, depths)) else 1.0
        return Losses(weights, scale, has_log_depth(config))

    def metres(self, output):
        """The depth map [n,H,W] of the network's output [n,1,H,W]."""
        output = output[:, 0]
        # Far beyond any scene: what is wild at the start of a run stays finite.
        return self.depth_scale * (output.clamp(-12, 12).exp() if self.log_depth else output)

    def __call__(self, task, output, truth):
        if task == "semseg":
            return semseg_loss(output, truth, self.weights_of_classes)
        if task == "depth":
            return depth_loss(self.metres(output), truth)
        return normals_loss(output, truth)

    def state(self):
        return {"class_weights": self.weights_of_classes, "depth_scale": self.depth_scale}
