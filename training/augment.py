"""Augmentation of a whole batch at once; every draw comes from one generator, so that a step can be repeated.

Zoom rule: a crop that is enlarged is the same camera with a longer lens. Depth along the axis and normals stay what they
are, and only the apparent size changes; since a picture does not tell its lens, the zoom is limited (1.25) to what the
scenes' own range of lenses covers.
"""
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class Augmentation:
    flip: float = 0.5          # probability of a mirrored picture
    zoom: float = 1.25         # largest enlargement; 1 for none
    jitter: float = 0.3        # largest relative change of brightness, contrast, saturation; half of it a channel
    grey: float = 0.05         # probability of a grey picture
    blur: float = 0.25         # probability of a blurred picture
    noise: float = 0.25        # probability of a noisy picture
    noise_deviation: float = 0.04


NO_AUGMENTATION = Augmentation(0, 1, 0, 0, 0, 0, 0)


def uniform(generator, low, high, *shape):
    return low + (high - low) * torch.rand(*shape, generator=generator)


def flip(batch, mirrored):
    """Mirrors the pictures where `mirrored` [n] is true; a mirrored normal points the other way along x."""
    result = {}
    for name, values in batch.items():
        values = values.clone()
        values[mirrored] = values[mirrored].flip(-1)
        if name == "normals":
            values[mirrored, 0] = -values[mirrored, 0]
        result[name] = values
    return result


def zoom(batch, scale, centre):
    """Crops 1/scale[n] of each side around centre [n,2] (x, y in −1…1) and enlarges it: images bilinear, others nearest.
    """
    count = len(scale)
    affine = torch.zeros(count, 2, 3)
    affine[:, 0, 0] = affine[:, 1, 1] = 1 / scale
    affine[:, :, 2] = centre * (1 - 1 / scale)[:, None]
    height, width = batch["images"].shape[-2:]
    grid = F.affine_grid(affine, (count, 1, height, width), align_corners=False)
    result = {}
    for name, values in batch.items():
        planes = values.float() if values.dim() == 4 else values.float()[:, None]
        mode = "bilinear" if name == "images" else "nearest"
        planes = F.grid_sample(planes, grid, mode=mode, padding_mode="border", align_corners=False)
        result[name] = planes.to(values.dtype) if values.dim() == 4 else planes[:, 0].to(values.dtype)
    return result


def colour(images, settings, generator):
    """Brightness, contrast, saturation, channel gains and grey as one affine map of the colours of each picture."""
    count, jitter = len(images), settings.jitter
    luma = torch.tensor([0.299, 0.587, 0.114])
    saturation = uniform(generator, 1 - jitter, 1 + jitter, count, 1, 1)
    saturation[torch.rand(count, generator=generator) < settings.grey] = 0
    mix = saturation * torch.eye(3) + (1 - saturation) * luma.expand(3, 3)
    gain = uniform(generator, 1 - jitter, 1 + jitter, count, 1, 1)
    gain = gain * uniform(generator, 1 - jitter / 2, 1 + jitter / 2, count, 3, 1)
    contrast = uniform(generator, 1 - jitter, 1 + jitter, count, 1, 1)
    matrix = contrast * gain * mix
    mean = images.mean((2, 3))[:, :, None]
    offset = (gain * mix) @ mean - matrix @ mean
    return torch.baddbmm(offset, matrix, images.flatten(2)).view_as(images)


def blur(images, generator):
    """A separable Gaussian of deviation 0.4 to 1.2 pixels, one for all the given pictures."""
    deviation = float(uniform(generator, 0.4, 1.2, 1))
    reach = math.ceil(2 * deviation)
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / deviation) ** 2)
    taps = (taps / taps.sum()).expand(3, 1, 1, -1)
    padded = F.pad(images, (reach, reach, reach, reach), mode="replicate")
    return F.conv2d(F.conv2d(padded, taps, groups=3), taps.transpose(2, 3), groups=3)


def augment(batch, settings, generator):
    """A batch of ArrayData.read(), changed; images become float32 in 0…1."""
    count = len(batch["images"])
    if settings.flip > 0:
        batch = flip(batch, torch.rand(count, generator=generator) < settings.flip)
    batch = dict(batch, images=batch["images"].float() / 255)
    if settings.zoom > 1:
        scale = uniform(generator, 1, settings.zoom, count)
        batch = zoom(batch, scale, uniform(generator, -1, 1, count, 2))
    images = batch["images"]
    if settings.jitter > 0:
        images = colour(images, settings, generator)
    chosen = torch.rand(count, generator=generator) < settings.blur
    if chosen.any():
        images[chosen] = blur(images[chosen], generator)
    chosen = torch.rand(count, generator=generator) < settings.noise
    if chosen.any():
        noise = torch.randn(images[chosen].shape, generator=generator)
        images[chosen] += uniform(generator, 0, settings.noise_deviation, int(chosen.sum()), 1, 1, 1) * noise
    return dict(batch, images=images.clamp(0, 1))
