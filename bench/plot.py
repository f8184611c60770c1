"""Draws the results that bench.py wrote, with matplotlib: one PNG a question that has a picture."""
import contender

OURS, RIVAL, STAGES = "#0072b2", "#999999", ("#e69f00", "#56b4e9", "#0072b2", "#009e73", "#f0e442", "#d55e00", "#999999")


def bars(axes, rows):
    rows = rows[::-1]
    medians = [row["ms"]["median"] for row in rows]
    errors = [[m - row["ms"]["q1"] for m, row in zip(medians, rows)], [row["ms"]["q3"] - m for m, row in zip(medians, rows)]]
    axes.barh([row["name"] for row in rows], medians, xerr=errors,
              color=[OURS if row["name"].startswith(contender.OURS) else RIVAL for row in rows])
    for place, row in enumerate(rows):
        axes.text(row["ms"]["q3"], place, f"  {row['ms']['median']:.1f}", va="center")
    axes.margins(x=0.12)
    axes.set_xlabel("ms a picture: median, quartiles")


def draw_rivals(figure, results):
    threads = sorted({row["threads"] for row in results["rows"]})
    panels = figure.subplots(len(threads), 1, squeeze=False)[:, 0]
    for axes, count in zip(panels, threads):
        bars(axes, sorted((row for row in results["rows"] if row["threads"] == count), key=lambda row: row["ms"]["median"]))
        tokens = f", {results['tokens']} tokens" if "tokens" in results else ""
        axes.set_title(f"{results['config']}{tokens}, {contender.count(count, 'thread')}")


def draw_tokens(figure, results):
    left, right = figure.subplots(1, 2)
    for numbers, color in (("float", STAGES[0]), ("int8", OURS)):
        rows = [row for row in results["growth"] if row["numbers"] == numbers]
        left.plot([row["tokens"] for row in rows], [row["ms"]["median"] for row in rows], "o-", color=color, label=numbers)
        right.plot([row["tokens"] for row in rows], [row["memory_mib"] for row in rows], "o-", color=color, label=numbers)
    for axes, label in ((left, "ms, one thread"), (right, "peak MiB")):
        axes.set_xlabel("tokens")
        axes.set_ylabel(label)
        axes.set_ylim(bottom=0)
        axes.legend()


def draw_picture_to_maps(figure, results):
    axes = figure.subplots()
    names = [f"{row['numbers']}, {row['model']}, {contender.count(row['threads'], 'thread')}"
             for row in results["rows"]][::-1]
    left = [0.0] * len(names)
    for stage, color in zip(results["stages"], STAGES):
        widths = [row["ms"][stage]["median"] for row in results["rows"]][::-1]
        axes.barh(names, widths, left=left, color=color, label=stage)
        left = [a + b for a, b in zip(left, widths)]
    axes.set_xlabel("ms a picture, medians")
    axes.legend(ncols=len(results["stages"]), fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0))


DRAWINGS = {"rivals": (("rivals", draw_rivals, (9, 9)),),
            "tokens": (("tokens", draw_tokens, (9, 4)), ("tokens-rivals", draw_rivals, (9, 8))),
            "picture_to_maps": (("picture_to_maps", draw_picture_to_maps, (9, 3.2)),)}


def draw(question, results, folder):
    """The files written; none for a question without a picture."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    paths = []
    for name, drawing, size in DRAWINGS.get(question, ()):
        figure = pyplot.figure(figsize=size, layout="constrained")
        drawing(figure, results)
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=120)
        pyplot.close(figure)
    return paths
