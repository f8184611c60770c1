"""One module a question; `ask(setting)` measures and returns rows as JSON holds them. report.py shows them."""
from pathlib import Path
from typing import NamedTuple

ALL = ("rivals", "ourselves", "tokens", "first_map", "picture_to_maps")


class Setting(NamedTuple):
    """What a question is asked with. `field`: the rivals (rivals.Field)."""
    tools: object
    field: object
    out: Path
    threads: tuple
    passes: int
    runs: int
    quick: bool
    config: str
    model: Path  # of the questions on pictures
    picture: Path
