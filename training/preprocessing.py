"""Pictures as the network takes them."""
import torch

STATISTICS_PICTURES, STATISTICS_BATCH = 256, 32


def normalise(images, config):
    """Float images 0…1 [n,3,H,W] as the network takes them."""
    mean, deviation = (torch.tensor(config["input"][key], device=images.device).view(1, 3, 1, 1)
                       for key in ("mean", "deviation"))
    return (images - mean) / deviation


def fill_far(read, far):
    """Gives pixels of a class without depth a depth: `far` is {label: metres}. Changes `read`, a batch as it is read."""
    for label, metres in far.items():
        missing = (read["semseg"] == label) & (read["depth"] == 0)
        read["depth"] = torch.where(missing, torch.full_like(read["depth"], metres), read["depth"])


def statistics_batches(training, config, device="cpu"):
    """The same pictures each time: evenly spread over those to train on, as they are."""
    count = min(STATISTICS_PICTURES, len(training))
    numbers = torch.linspace(0, len(training) - 1, count).long().unique().numpy()
    for begin in range(0, len(numbers), STATISTICS_BATCH):
        images = training.read(numbers[begin:begin + STATISTICS_BATCH])["images"].to(device)
        yield normalise(images.float() / 255, config)
