"""One training run: the step, its state, its validation."""
import copy
import time
from pathlib import Path

import numpy as np
import torch

from augment import NO_AUGMENTATION, Augmentation, augment
from data import Order, check_truth
from datasets import open_splits, plan_splits
from layout import DataError
from losses import Losses
from model import MultiTaskModel, copy_first_gates, has_log_depth, task_gates, whiten_patch_embed
from moe import balance_loss
from options import MAX_WORKERS
from optimizer import MovingAverage, Optimizers, learning_rate, refresh_batch_norm
from preprocessing import fill_far, normalise, statistics_batches
from start import scale_depth, start_from
from state import check_same_run, load_state, save_state
from validate import validate

# Share of the balance loss that asks each task by itself to use all experts; the rest asks it of the tasks together,
# which leaves each task free to prefer experts of its own.
TASK_BALANCE = 0.2
# How much faster routers learn once each task has its own: by then the rate has fallen, and they all start from one.
OWN_GATES_FACTOR = 4.0


def task_rows(batch, share):
    """{task index: picture indices} of a batch: consecutive stretches, wrapping around, at least one picture each."""
    rows, begin = {}, 0
    for index, fraction in enumerate(share.values()):
        count = max(1, round(fraction * batch))
        rows[index] = (begin + torch.arange(count)) % batch
        begin += count
    return rows


def total_balance(statistics, num_tasks):
    """Mean over the MoE blocks; statistics as MultiTaskModel.forward() leaves them."""
    losses = []
    for begin in range(0, len(statistics), num_tasks):
        block = statistics[begin:begin + num_tasks]
        importance = sum(task_importance for task_importance, _, _ in block)
        load = sum(task_load for _, task_load, _ in block) if block[0][1] is not None else None
        each = sum(balance_loss(task_importance, task_load) for task_importance, task_load, _ in block) / num_tasks
        losses.append((1 - TASK_BALANCE) * balance_loss(importance, load) + TASK_BALANCE * each)
    return sum(losses) / len(losses)


# Whose patches the first layer of a new network is fitted to: 128 patches each are 30 times its inputs.
WHITENING_PICTURES = 200


class Trainer:
    """Everything random in a step follows from (seed, step), so a resumed run goes on as if it had never stopped."""

    def __init__(self, config, settings, workers, say):
        self.config, self.run_dir, self.device = config, Path(settings["run_dir"]), settings["device"]
        self.settings = settings
        self.join(workers)
        names = next((task["class_names"] for task in config["tasks"] if task["name"] == "semseg"), [])
        self.far = {label: settings["far"][name] for label, name in enumerate(names) if name in settings["far"]}
        self.augmentation = NO_AUGMENTATION if settings["no_augment"] else Augmentation()
        torch.manual_seed(settings["seed"])
        self.model = MultiTaskModel(config, settings["drop_path"]).to(self.device)
        self.optimizer = Optimizers(self.model, settings["optimizer"], settings["weight_decay"], settings["head_lr"],
                                    settings["precision"])
        self.step, self.elapsed = 0, 0.0
        # While it lasts, tokens pass once for all tasks, by the first task's routers.
        self.one_router = settings["one_router"] > 0 and len(self.model.tasks) > 1 and bool(task_gates(self.model))
        # Data that must be packed takes long: whatever else may be wrong is found before.
        state = load_state(self.run_dir)
        if state is None and settings["start_from"] is not None:
            untouched = start_from(self.model, settings["start_from"])
        planned = plan_splits(settings, config, self.run_dir)
        # Another number of pictures is another run too.
        self.settings = dict(settings, training_pictures=len(planned[0]), validation_pictures=len(planned[1]))
        if state is not None:
            self.check_same_run(state)
        self.training, self.validation = open_splits(planned, say)
        self.order = Order(len(self.training), settings["batch"], settings["seed"])
        if state is not None:
            self.restore(state)
        else:
            check_truth(self.training, settings["tasks"], settings["data"])
            self.losses = Losses.measure(self.training, settings["tasks"], config)
            if settings["start_from"] is None:
                self.whiten()
            else:
                scale_depth(self.model, untouched, self.losses.depth_scale)
                self.tell_untouched(untouched, say)
            self.average = MovingAverage(self.model, settings["average"])
        if self.losses.weights_of_classes is not None:
            self.losses.weights_of_classes = self.losses.weights_of_classes.to(self.device)
        self.resumed_at, self.began = self.elapsed, time.monotonic()

    def whiten(self):
        """Fits the first layer of a new network to the pictures."""
        numbers = np.unique(np.linspace(0, len(self.training) - 1, WHITENING_PICTURES).astype(int))
        images = normalise(self.training.read(numbers)["images"].float() / 255, self.config)
        whiten_patch_embed(self.model, images)

    def tell_untouched(self, untouched, say):
        if untouched:
            owners = sorted({name.split(".")[1] for name in untouched if name.startswith("decoders.")})
            say(f"not in {self.settings['start_from']}, so drawn: {len(untouched)} tensors"
                + (f" of the decoders {', '.join(owners)}" if owners else ""))

    def join(self, workers):
        """From now on this process does its share of each batch, beside the others."""
        self.workers = workers
        pictures = self.settings["batch"] // workers.count
        self.rows = {task: index.to(self.device) for task, index in task_rows(pictures, self.settings["share"]).items()}

    def check_same_run(self, state):
        check_same_run(state["settings"], self.settings, self.run_dir)
        if state["config"] != self.config:
            raise DataError(f"{self.run_dir}: was begun with another configuration ({state['config']['name']}, now "
                            f"{self.config['name']}); choose another folder with -o")

    def restore(self, state):
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = MovingAverage(self.model, self.settings["average"])
        self.average.values = {name: value.to(self.device) for name, value in state["average"].items()}
        self.losses = Losses(state["class_weights"], state["depth_scale"], has_log_depth(self.config))
        self.step, self.elapsed = state["step"], state["elapsed"]
        self.one_router = state["one_router"]

    def save(self):
        self.clock()
        save_state({"config": self.config, "settings": self.settings, "step": self.step, "elapsed": self.elapsed,
                    "one_router": self.one_router, "model": self.model.state_dict(),
                    "optimizer": self.optimizer.state_dict(), "average": self.average.values, **self.losses.state()},
                   self.run_dir)

    def clock(self):
        self.elapsed = self.resumed_at + time.monotonic() - self.began

    def progress(self):
        """0…1: by steps, or by the clock."""
        self.clock()
        if self.settings["steps"] is not None:
            return self.step / self.settings["steps"]
        return self.elapsed / (3600 * self.settings["hours"])

    def step_seed(self):
        """Another number for each seed, step and process."""
        return (self.settings["seed"] % 2 ** 24 * 2 ** 32 + self.step) * MAX_WORKERS + self.workers.rank

    def batch(self):
        """(images as the network takes them, {task: truth of its pictures}) of this process."""
        generator = torch.Generator().manual_seed(self.step_seed())
        numbers = self.order(self.step)[self.workers.rank::self.workers.count]
        read = self.training.read(numbers)
        # Reading sorts by data set; who gets which task must not depend on that.
        mixed = torch.from_numpy(np.random.default_rng(self.step_seed()).permutation(len(numbers)))
        read = augment({name: values[mixed] for name, values in read.items()}, self.augmentation, generator)
        read = {name: value.to(self.device) for name, value in read.items()}
        fill_far(read, self.far)
        truth = {task: read[task] if self.one_router else read[task][self.rows[index]]
                 for index, task in enumerate(self.model.tasks)}
        return normalise(read["images"], self.config), truth

    def train_step(self, progress):
        """One step at `progress` (0…1) of the schedule; returns {loss name: value} of this process and the learning rate.

        Raises DataError if the gradient is not finite, in all processes alike.
        """
        settings = self.settings
        if self.one_router and progress >= settings["one_router"]:
            self.separate_routers()
        images, truth = self.batch()
        torch.manual_seed(self.step_seed())
        rate = learning_rate(settings["lr"], self.step, progress, settings["warmup"])
        self.optimizer.set_learning_rate(rate)
        self.model.train()
        moe, statistics = self.config["moe"], []
        noise = settings["gate_noise"] / moe["num_experts"] if moe else 0.0
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=settings["precision"] == "bf16"):
            maps = self.model(images, self.rows, noise, statistics, self.one_router)
        losses = {task: self.losses(task, maps[task], truth[task]) for task in self.model.tasks}
        total = sum(settings["task_weight"][task] * loss for task, loss in losses.items())
        if statistics:
            per_block = len(statistics) // len(moe["blocks"])
            losses["balance"] = total_balance(statistics, per_block)
            total = total + settings["balance"] * losses["balance"]
        self.optimizer.zero_grad()
        total.backward()
        # Routers that are not in use yet have no gradient, in any process.
        self.workers.average([parameter.grad for parameter in self.model.parameters() if parameter.grad is not None])
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings["clip"])
        if not bool(torch.isfinite(norm)):
            raise DataError(f"step {self.step}: the gradient is not finite "
                            f"({', '.join(f'{name} {float(value):g}' for name, value in losses.items())}); the last "
                            "state is as it was; a smaller --lr in a new run, or --precision fp32, is the way out")
        self.optimizer.step(self.workers)
        self.average.update(self.model, self.step)
        self.step += 1
        return {name: float(value.detach()) for name, value in losses.items()}, rate

    def separate_routers(self):
        """From now on each task has routers of its own, which start as the common ones were."""
        copy_first_gates(self.model)
        names = {parameter: name for name, parameter in self.model.named_parameters()}
        for gates in task_gates(self.model):
            first = gates[0].w_gate
            for gate in gates[1:]:
                self.average.values[names[gate.w_gate]].copy_(self.average.values[names[first]])
                self.optimizer.copy_state(first, gate.w_gate)
        self.optimizer.set_gates_factor(OWN_GATES_FACTOR)
        self.one_router = False

    def validate(self):
        """Metrics of the averaged weights, which are what will be exported."""
        model = copy.deepcopy(self.model)
        self.average.copy_to(model)
        if self.one_router:
            copy_first_gates(model)
        refresh_batch_norm(model, statistics_batches(self.training, self.config, self.device))
        count = min(self.settings["val_pictures"], len(self.validation))
        numbers = np.unique(np.linspace(0, len(self.validation) - 1, count).astype(int))
        return validate(model, self.validation, numbers, self.losses.metres, self.device)
