"""The network's configuration: read, and checked before anything is built from it (docs/model-format.md has its keys
and bounds; `edgemoe convert` holds the export against the same)."""
import json
import re
from pathlib import Path

from json_file import read_json
from layout import ARRAYS, TASKS, DataError, UsageError

MAX_CLASSES, MAX_MAP_CHANNELS, MAX_BYTES = 255, 4096, 1 << 20
NAMED = Path(__file__).resolve().parents[1] / "configs" / "models"


def expect(is_good, expected):
    """A rule: raises DataError with the value's path unless is_good(value)."""
    def rule(value, path):
        if not is_good(value):
            raise DataError(f"{path}: expected {expected}, found {json.dumps(value)[:80]}")
    return rule


def integer(low, high):
    return expect(lambda value: type(value) is int and low <= value <= high, f"a whole number from {low} to {high}")


def number(low, high):
    return expect(lambda value: type(value) in (int, float) and low <= value <= high,
                  f"a number from {low:g} to {high:g}")


def one_of(*known):
    return expect(lambda value: any(type(value) is type(one) and value == one for one in known),
                  "one of " + ", ".join(map(json.dumps, known)))


def null_or(rule):
    return lambda value, path: None if value is None else rule(value, path)


def list_of(rule, low, high):
    is_list = expect(lambda value: type(value) is list and low <= len(value) <= high,
                     f"an array of {low} to {high} values" if low < high else f"an array of {low} values")

    def check(value, path):
        is_list(value, path)
        for place, entry in enumerate(value):
            rule(entry, f"{path}[{place}]")
    return check


def members(**rules):
    """An object with these keys and no other."""
    is_object = expect(lambda value: type(value) is dict, "an object")

    def check(value, path):
        is_object(value, path or "the document")
        before = f"{path}." if path else ""
        faults = [f"missing {before}{key}" for key in rules if key not in value]
        faults += [f"unknown {before}{key}" for key in value if key not in rules]
        if faults:
            raise DataError(f"{', '.join(faults)} (every key must be set, no other may)")
        for key, rule in rules.items():
            rule(value[key], before + key)
    return check


def printable(low, high):
    """A text that `edgemoe convert` takes for a name: no control characters, no halves of surrogate pairs."""
    def is_good(value):
        if type(value) is not str or any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in value):
            return False
        return low <= len(value.encode()) <= high
    return expect(is_good, f"{low} to {high} bytes of printable UTF-8")


NETWORK = members(
    name=expect(lambda value: type(value) is str and re.fullmatch(r"[A-Za-z0-9._+-]{1,64}", value),
                "1 to 64 letters, digits and ._+-"),
    input=members(height=integer(1, 16384), width=integer(1, 16384), mean=list_of(number(-1e6, 1e6), 3, 3),
                  deviation=list_of(number(1e-6, 1e6), 3, 3),
                  resize=one_of("bilinear", "bicubic", "bilinear_antialias", "bicubic_antialias")),
    patch_size=integer(1, 128), embed_dim=integer(1, 8192), depth=integer(1, 512), num_heads=integer(1, 8192),
    mlp_dim=null_or(integer(1, 65536)), layernorm_eps=number(1e-12, 1), batchnorm_eps=number(1e-12, 1),
    activation=one_of("gelu_erf"), pos_embed_grid=list_of(integer(1, 16384), 2, 2),
    moe=null_or(members(
        blocks=list_of(integer(0, 511), 1, 512), num_experts=integer(1, 1024), top_k=integer(1, 1024),
        expert_dim=null_or(integer(1, 65536)), router=one_of("per_task", "task_conditioned", "shared"),
        router_rule=one_of("softmax_topk", "topk_softmax"), task_dim=integer(0, 8192),
        gate_input_ahead=expect(lambda value: type(value) is bool, "true or false"), experts_per_task=integer(0, 1024),
        prune_threshold=null_or(number(0, 1)))),
    head=null_or(members(num_stages=integer(1, 8), channels=integer(1, MAX_MAP_CHANNELS),
                         first_kernel=null_or(one_of(1, 3)),
                         upsample=one_of(1, 2, *(f"shuffle{factor}" for factor in range(2, 17))))),
    tasks=list_of(members(name=one_of(*TASKS), outputs=integer(1, MAX_CLASSES), unit=printable(0, 19),
                          class_names=list_of(printable(1, 64), 0, MAX_CLASSES)), 1, len(TASKS)))


def check_agreement(config):
    """What several keys say together."""
    patch, moe, head = config["patch_size"], config["moe"], config["head"]
    for side in ("height", "width"):
        if config["input"][side] % patch:
            raise DataError(f"input.{side}: expected a multiple of patch_size ({patch}), found {config['input'][side]}")
    if config["embed_dim"] % config["num_heads"]:
        raise DataError(f"num_heads: expected a divisor of embed_dim ({config['embed_dim']}), found "
                        f"{config['num_heads']}")
    if moe is not None:
        if moe["blocks"] != sorted(set(moe["blocks"])) or moe["blocks"][-1] >= config["depth"]:
            raise DataError(f"moe.blocks: expected ascending indices below {config['depth']}, found {moe['blocks']}")
        if moe["top_k"] > moe["num_experts"]:
            raise DataError(f"moe.top_k: expected at most num_experts ({moe['num_experts']}), found {moe['top_k']}")
    if head is not None and isinstance(head["upsample"], str):
        made = head["channels"] * int(head["upsample"][len("shuffle"):]) ** 2
        if made > MAX_MAP_CHANNELS:
            raise DataError(f"head.channels times the square of the shuffle: at most {MAX_MAP_CHANNELS}, found {made}")
    for place, task in enumerate(config["tasks"]):
        path, name, fixed = f"tasks[{place}]", task["name"], {"semseg": None, "human_parts": None, "normals": 3}
        outputs = fixed.get(name, 1)
        if name in (other["name"] for other in config["tasks"][:place]):
            raise DataError(f"{path}.name: expected each task once, found {name} again")
        if outputs is not None and task["outputs"] != outputs:
            raise DataError(f"{path}.outputs: expected {outputs} for {name}, found {task['outputs']}")
        if task["class_names"] and (outputs is not None or len(task["class_names"]) != task["outputs"]):
            raise DataError(f"{path}.class_names: expected none{'' if outputs else ' or as many as outputs'}, found "
                            f"{len(task['class_names'])}")
        if name != "depth" and task["unit"]:
            raise DataError(f"{path}.unit: expected \"\" for {name}, found {task['unit']!r}")


def check_config(config):
    """Raises DataError, with the key's path, for what no network's configuration may be."""
    NETWORK(config, "")
    check_agreement(config)


def read_config(name, tasks):
    """The configuration of a file or a name, with those of its tasks that are in `tasks` (a list; None for all of them), in
    its own order. Raises DataError."""
    path = Path(name)
    if path.suffix != ".json":
        path = NAMED / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(other.stem for other in NAMED.glob("*.json")))
        raise DataError(f"--config {name}: {path} is no file; give the path of a file *.json, or one of these names: {known}")
    config = read_json(path, MAX_BYTES)
    try:
        check_config(config)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    have = [task["name"] for task in config["tasks"]]
    if tasks is not None:
        unknown = [task for task in tasks if task not in have]
        if unknown:
            raise UsageError(f"--tasks: {', '.join(map(repr, unknown))}: not in configuration {config['name']} ({', '.join(have)})")
        config["tasks"] = [task for task in config["tasks"] if task["name"] in tasks]
    other = [task["name"] for task in config["tasks"] if task["name"] not in ARRAYS]
    if other or not config["tasks"]:
        raise UsageError(f"the trainer knows {', '.join(ARRAYS)}, not {', '.join(other) or 'no task'}: choose with "
                        "--tasks")
    return config
