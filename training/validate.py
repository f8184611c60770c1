"""Metrics on held-out pictures: mIoU, abs-rel, mean angle, and how the experts are used."""
import math

import torch

from layout import IGNORE
from preprocessing import normalise


# Metres that are scored, as `edgemoe eval` has them for all layouts but NYUD-v2: truths outside score nothing,
# estimates outside count as the nearer end.
DEPTH_CAP = (0.001, 80.0)


def capped(estimate, truth):
    """`estimate` cut to DEPTH_CAP; one that is not finite counts as the end that is farther off by ratio."""
    low, high = DEPTH_CAP
    farther = torch.where(high / truth > truth / low, torch.full_like(truth, high), torch.full_like(truth, low))
    return torch.where(torch.isfinite(estimate), estimate.clamp(low, high), farther)


class Metrics:
    """Sums over batches; `outputs` are the network's maps with depth in metres."""

    def __init__(self, num_classes):
        self.confusion = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        self.relative_error = self.depth_pixels = 0.0
        self.angle = self.normal_pixels = 0.0

    def add(self, outputs, batch):
        if "semseg" in outputs:
            valid = batch["semseg"] != IGNORE
            truth, guess = batch["semseg"][valid].long(), outputs["semseg"].argmax(1)[valid]
            size = len(self.confusion)
            self.confusion += torch.bincount(truth * size + guess, minlength=size * size).view(size, size).cpu()
        if "depth" in outputs:
            valid = (batch["depth"] >= DEPTH_CAP[0]) & (batch["depth"] <= DEPTH_CAP[1])
            truth = batch["depth"][valid].double()
            estimate = capped(outputs["depth"][:, 0][valid].double(), truth)
            self.relative_error += float(((estimate - truth).abs() / truth).sum())
            self.depth_pixels += int(valid.sum())
        if "normals" in outputs:
            valid = batch["normals"].abs().sum(1) > 0
            cosine = torch.nn.functional.cosine_similarity(outputs["normals"], batch["normals"], dim=1)[valid]
            self.angle += float(torch.acos(cosine.double().clamp(-1, 1)).sum()) * 180 / math.pi
            self.normal_pixels += int(valid.sum())

    def values(self):
        """{name: number}; a class that neither occurs nor is guessed has no IoU and does not count."""
        result = {}
        if self.confusion.sum() > 0:
            hits = self.confusion.diag().double()
            union = self.confusion.sum(0) + self.confusion.sum(1) - self.confusion.diag()
            iou = hits / union
            result["miou"] = float(iou[union > 0].mean())
            result["iou"] = [None if union[index] == 0 else float(iou[index]) for index in range(len(iou))]
        if self.depth_pixels:
            result["abs_rel"] = self.relative_error / self.depth_pixels
        if self.normal_pixels:
            result["angle"] = self.angle / self.normal_pixels
        return result


@torch.no_grad()
def validate(model, split, numbers, metres, device, batch=16):
    """Metrics over the pictures `numbers` of a Split, with the model's weights as they are; and expert shares.

    `experts` is, for each MoE block, the share of its slots that each expert got, a list for each task.
    """
    model.eval()
    outputs = {task["name"]: task["outputs"] for task in model.config["tasks"]}
    metrics, used = Metrics(outputs.get("semseg", 1)), None
    for begin in range(0, len(numbers), batch):
        read = {name: value.to(device) for name, value in split.read(numbers[begin:begin + batch]).items()}
        statistics = []
        maps = model(normalise(read["images"].float() / 255, model.config), statistics=statistics)
        if "depth" in maps:
            maps["depth"] = metres(maps["depth"])[:, None]
        metrics.add(maps, read)
        if statistics:
            counts = torch.stack([count for _, _, count in statistics])
            used = counts if used is None else used + counts
    result = metrics.values()
    if used is not None:
        num_blocks = len(model.config["moe"]["blocks"])
        shares = (used.double() / used.sum(1, keepdim=True)).view(num_blocks, -1, used.shape[1])
        result["experts"] = [[[round(value, 4) for value in task] for task in block] for block in shares.tolist()]
    return result
