"""What is measured: one model and one input, given to edgemoe and to every rival alike."""
import json
import subprocess
from pathlib import Path

import numpy as np

from contender import OURS, Contender
from model_file import read_model


class Tools:
    """The programs of a build folder."""

    def __init__(self, build):
        self.edgemoe, self.engine_bench = Path(build) / "bin/edgemoe", Path(build) / "bin/engine_bench"

    def run(self, *arguments):
        subprocess.run([str(self.edgemoe), *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    def instruction_sets(self):
        # doctor's exit code says whether everything optional is there; its answer is whole either way
        done = subprocess.run([str(self.edgemoe), "doctor", "--json"], capture_output=True, check=False, text=True)
        return json.loads(done.stdout)["instruction_sets"]


class Subject:
    """A seeded model of a configuration (a name, or changes to one: {"input": {"height": 512}}) and a random picture."""

    def __init__(self, tools, folder, base, name=None, **changes):
        self.tools, self.folder, self.name = tools, Path(folder), name or base
        self.folder.mkdir(parents=True, exist_ok=True)
        self.model, self.input = self.folder / f"{self.name}.safetensors", self.folder / f"{self.name}.f32"
        source = base
        if changes:
            named = Path(__file__).resolve().parents[1] / "configs" / "models" / f"{base}.json"
            config = json.loads(named.read_text(encoding="utf-8"))
            for key, value in changes.items():
                config[key] = config[key] | value if isinstance(value, dict) else value
            source = self.folder / f"{self.name}.json"
            source.write_text(json.dumps(config | {"name": self.name}, indent=2) + "\n", encoding="utf-8")
        tools.run("new", source, "--seed", "1", "-o", self.model)
        self.config, _ = read_model(self.model)
        self.tasks = [task["name"] for task in self.config["tasks"]]
        height, width = self.config["input"]["height"], self.config["input"]["width"]
        self.num_tokens = (height // self.config["patch_size"]) * (width // self.config["patch_size"]) + 1
        self.picture(height, width).tofile(self.input)

    def picture(self, height, width):
        """Eight bits a channel, as the int8 engine's contract wants it: each patch a colour and noise, so that tokens differ."""
        random, patch = np.random.default_rng(7), self.config["patch_size"]
        colours = random.uniform(0, 255, (3, height // patch, width // patch)).repeat(patch, 1).repeat(patch, 2)
        pixels = np.rint(0.7 * colours + 0.3 * random.uniform(0, 255, (3, height, width))) / 255
        mean, deviation = (np.reshape(self.config["input"][key], (3, 1, 1)) for key in ("mean", "deviation"))
        return ((pixels - mean) / deviation).astype("<f4")

    def contender(self, name, command, threads):
        return Contender(name, command, threads, self.folder / f"{self.name}-{name.replace(' ', '-').replace(',', '')}.log")

    def ours(self, threads, numbers, batch=1, tasks=1, isa="best", name=None):
        command = [self.tools.engine_bench, self.model, self.input, threads, batch, ",".join(self.tasks[:tasks]), "backbone", isa,
                   numbers]
        return self.contender(name or f"{OURS} {numbers}", command, threads)

    def tokens(self, contender):
        """The tokens of the last block, as this contender computes them; the contender ends."""
        path = self.folder / "tokens.f32"
        path.unlink(missing_ok=True)
        try:
            contender.ask(f"save {path}")
            contender.end()
        finally:
            contender.kill()
        return np.fromfile(path, "<f4").reshape(self.num_tokens, self.config["embed_dim"])
