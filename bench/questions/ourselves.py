"""What do two tasks in one call, a batch and each instruction set cost, against the plain run beside it? One thread."""
from contender import OURS, effort, ratio, summary, take_turns
from subject import Subject

BATCH = 8


def variants(instruction_sets):
    return [("two tasks in one call", {"tasks": 2}), (f"batch {BATCH}, for each picture", {"batch": BATCH})] + [
        (f"instruction set {isa}", {"isa": isa}) for isa in instruction_sets]


def ask(setting):
    subject = Subject(setting.tools, setting.out, setting.config)
    rows, passes, runs = [], max(3, setting.passes // 2), max(2, setting.runs // 2)
    for numbers in ("float", "int8"):
        asked = variants(setting.tools.instruction_sets())
        plain = subject.ours(1, numbers)
        others = [subject.ours(1, numbers, name=f"{OURS} {numbers}, {name}", **how) for name, how in asked]
        take_turns([plain, *others], passes, runs, f"edgemoe {numbers}")
        for contender, (name, how) in zip(others, asked, strict=True):
            pictures = how.get("batch", 1)
            rows.append(summary(contender, pictures) | {"name": name, "numbers": numbers, "times_plain": ratio(
                [value / pictures for value in contender.passes], plain.passes)})
    return {"config": setting.config, "effort": effort(passes, runs), "rows": rows}
