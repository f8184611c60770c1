"""ViT-small with experts at 2,049 tokens (512×1024) against the rivals, and how our time and memory grow with the tokens."""
from contender import effort, summary, take_turns
from questions.rivals import measure
from rivals import RIVALS
from subject import Subject

CONFIG = "m3vit-small-pascal"
SIZES = ((128, 256), (256, 512), (512, 1024), (768, 1536))
AGAINST_RIVALS = (512, 1024)
GOAL = 1.9  # times as fast as the fastest rival of any type


def subject_of(setting, size):
    height, width = size
    return Subject(setting.tools, setting.out, CONFIG, f"{CONFIG}-{height}x{width}", input={"height": height, "width": width},
                   pos_embed_grid=[height // 16, width // 16])


def growth(setting, sizes):
    """Every size in turn: a row each of time and peak memory, both number types."""
    rows = []
    for size in sizes:
        subject = subject_of(setting, size)
        contenders = [subject.ours(1, numbers) for numbers in ("float", "int8")]
        take_turns(contenders, 3, 1, f"{subject.num_tokens} tokens")
        rows += [summary(c) | {"tokens": subject.num_tokens, "numbers": c.name.split()[-1]} for c in contenders]
        subject.model.unlink()
    return rows


def ask(setting):
    rows = growth(setting, SIZES[:2] if setting.quick else SIZES)
    subject = subject_of(setting, SIZES[1] if setting.quick else AGAINST_RIVALS)
    good, missing = setting.field.checked(subject, [rival for rival in RIVALS if "plain export" not in rival.name])
    rivals, fastest, passes = [], [], max(7, setting.passes // 4)
    for threads in setting.threads:
        more_rivals, more_fastest, more_missing = measure(setting, subject, passes, 1, threads, good)
        rivals, fastest, missing = rivals + more_rivals, fastest + more_fastest, missing + more_missing
    for graph in setting.out.glob(f"{subject.name}-*.onnx"):
        graph.unlink()  # hundreds of MB each
    return {"config": CONFIG, "tokens": subject.num_tokens, "effort": effort(passes, 1), "growth": rows,
            "rows": rivals, "fastest": [row | {"goal": GOAL} for row in fastest if row["ours"] == row["theirs"]], "missing": missing}
