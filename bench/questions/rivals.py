"""How fast is the backbone against the rivals, float and int8, on the same weights? Batch 1, picture to the last block's tokens."""
from contender import OURS, effort, ratio, summary, take_turns
from rivals import agreement, require_agreement
from subject import Subject

# What the engines are meant to reach: of our type, against the fastest rival of a type, {threads: times as fast}.
GOALS = (
    ("int8", "int8", {1: 2.5, 2: 3.2}),
    ("int8", "float", {1: 4.5}),
    ("float", "float", {1: 1.3}),
)


def check_ours(subject):
    found = agreement(subject.tokens(subject.ours(1, "float")), subject.tokens(subject.ours(1, "int8")))
    require_agreement("int8", found)
    return found


def against_fastest(rows, threads):
    """One row a pair of types: the rival of one type that our engine of the other leads by the least, medians of ratios
    within a pass. `rows`: measure()'s."""
    found = []
    for ours, theirs, goals in GOALS:
        rivals = [row for row in rows if row["numbers"] == theirs and not row["name"].startswith(OURS)]
        if not rivals:
            continue
        fastest = min(rivals, key=lambda row: row["times_ours"][ours]["median"])
        found.append({"threads": threads, "ours": ours, "theirs": theirs, "rival": fastest["name"],
                      "times_as_fast": fastest["times_ours"][ours], "goal": goals.get(threads)})
    return found


def measure(setting, subject, passes, runs, threads, good):
    """(rows, rows against the fastest, missing) of one round of turns."""
    rivals = [rival for rival, _ in good]
    running, missing = setting.field.start_all(rivals, subject, threads)
    contenders = [subject.ours(threads, "float"), subject.ours(threads, "int8"), *running]
    numbers_of = {"edgemoe float": "float", "edgemoe int8": "int8"} | {rival.name: rival.numbers for rival in rivals}
    contenders, failed = take_turns(contenders, passes, runs, f"{subject.name}, {threads} threads")
    missing += [{"name": c.name, "threads": threads, "reason": str(failure)} for c, failure in failed]
    rows = [summary(c) | {"numbers": numbers_of[c.name],
                          "times_ours": {ours.name.split()[-1]: ratio(c.passes, ours.passes) for ours in contenders[:2]}}
            for c in contenders]
    return rows, against_fastest(rows, threads), missing


def ask(setting):
    subject = Subject(setting.tools, setting.out, setting.config)
    agreements = {"edgemoe int8": check_ours(subject)}
    good, missing = setting.field.checked(subject)
    agreements |= {rival.name: found for rival, found in good}
    rows, fastest = [], []
    for threads in setting.threads:
        more_rows, more_fastest, more_missing = measure(setting, subject, setting.passes, setting.runs, threads, good)
        rows, fastest, missing = rows + more_rows, fastest + more_fastest, missing + more_missing
    return {"config": setting.config, "effort": effort(setting.passes, setting.runs), "agreement": agreements,
            "rows": rows, "fastest": fastest, "missing": missing}
