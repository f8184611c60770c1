"""Shows the results that bench.py wrote: tables in Markdown.

    report.py OUT_DIR [--into docs/benchmarks.md]

Reads OUT_DIR/<question>.json, prints the tables and writes them to OUT_DIR/results.md; --into also puts each between its marks
(<!-- results: rivals --> … <!-- end -->) of a document. Needs nothing but Python.
"""
import argparse
import json
import os
import sys
from pathlib import Path

from questions import ALL

STATUS = "measured"


def plain(value):
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def median(numbers):
    """"1.23 (1.20 … 1.31)": median and quartiles."""
    return f"{plain(numbers['median'])} ({plain(numbers['q1'])} … {plain(numbers['q3'])})"


def table(head, rows):
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in cells)


def where(results):
    machine = results["machine"]
    short = " A short run on a few sizes: not results." if results["quick"] else ""
    versions = "".join(f", {name} {version}" for name, version in machine.get("versions", {}).items())
    return (f"Measured {machine['date']} on {machine['cpu']} ({machine['processors']} processors, load {machine['load']:.1f} before the "
            f"start){versions}; {results['effort']}. Medians (quartiles).{short}")


def missing_lines(results):
    lines = []
    for entry in results.get("missing", []):
        threads = f" on {entry['threads']} threads" if "threads" in entry else ""
        lines.append(f"- {entry['name']}{threads}: not timed. {entry['reason']}")
    return "\n".join(lines)


def rival_table(results, agreement=True):
    head = ["threads", "contender", "numbers", "ms", "least", "times edgemoe float", "times edgemoe int8", "load ms", "peak MiB"]
    rows = []
    for row in results["rows"]:
        rows.append([row["threads"], row["name"], row["numbers"], median(row["ms"]), plain(row["ms"]["min"]),
                     median(row["times_ours"]["float"]), median(row["times_ours"]["int8"]), f"{row['load_ms']:.0f}",
                     f"{row['memory_mib']:.0f}"])
        if agreement:
            found = results["agreement"].get(row["name"])
            rows[-1].append(f"{found['cosine']:.5f}" if found else "")
        rows[-1].append(STATUS)
    return table(head + (["cosine with edgemoe float"] if agreement else []) + ["status"], rows)


def fastest_table(results):
    rows = []
    for row in results["fastest"]:
        goal = f"{row['goal']:.1f}" if row["goal"] else ""
        reached = "" if not row["goal"] else "yes" if row["times_as_fast"]["median"] >= row["goal"] else "no"
        rows.append([row["threads"], f"edgemoe {row['ours']}", f"{row['rival']} ({row['theirs']})", median(row["times_as_fast"]), goal,
                     reached])
    return table(["threads", "ours", "fastest rival", "times as fast", "goal", "reached"], rows)


def show_rivals(results):
    return [f"{results['config']}, backbone, batch 1.", rival_table(results), fastest_table(results), missing_lines(results)]


def show_ourselves(results):
    rows = [[row["numbers"], row["name"], median(row["ms"]), median(row["times_plain"]), STATUS] for row in results["rows"]]
    return [f"{results['config']}, backbone, one thread.", table(["numbers", "what", "ms", "times the plain run", "status"], rows)]


def show_tokens(results):
    rows, before = [], {}
    for row in results["growth"]:
        last = before.get(row["numbers"])
        more = f"{1024 * (row['memory_mib'] - last['memory_mib']) / (row['tokens'] - last['tokens']):.1f}" if last else ""
        before[row["numbers"]] = row
        rows.append([row["numbers"], row["tokens"], median(row["ms"]), f"{row['memory_mib']:.0f}", more, STATUS])
    rows.sort(key=lambda row: row[0])
    growth = table(["numbers", "tokens", "ms, one thread", "peak MiB", "KiB for each token more", "status"], rows)
    return [f"{results['config']}, backbone, batch 1.", growth, f"At {results['tokens']} tokens:", rival_table(results, agreement=False),
            fastest_table(results), missing_lines(results)]


def show_first_map(results):
    rows = [[row["numbers"], f"{row['model']} ({row['model_mb']:.1f} MB)", row["tasks"], row["threads"], median(row["ms"]),
             median(row["memory_mib"]), STATUS] for row in results["rows"]]
    return [f"From start to end of `edgemoe run {results['picture']}`; goal for int8 and one task: {results['goal_ms']} ms, "
            f"{results['goal_mib']} MiB.",
            table(["numbers", "model", "maps", "threads", "ms", "peak MiB", "status"], rows), missing_lines(results)]


def show_picture_to_maps(results):
    rows = [[row["numbers"], row["model"], row["threads"], *(plain(row["ms"][stage]["median"]) for stage in results["stages"]),
             median(row["ms"]["total"]), STATUS] for row in results["rows"]]
    return [f"All tasks, {results['picture']}; ms a picture.",
            table(["numbers", "model", "threads", *results["stages"], "total", "status"], rows), missing_lines(results)]


SHOW = {"rivals": show_rivals, "ourselves": show_ourselves, "tokens": show_tokens, "first_map": show_first_map,
        "picture_to_maps": show_picture_to_maps}


def markdown(question, results):
    try:
        return "\n\n".join(part for part in [where(results), *SHOW[question](results)] if part) + "\n"
    except KeyError as error:
        raise ValueError(f"{question}.json: no {error} in it, as if another version had written it; ask {question} again") from None


def read_results(folder):
    """{question: results} of those that were asked."""
    found = {}
    for question in ALL:
        path = Path(folder) / f"{question}.json"
        if path.is_file():
            try:
                found[question] = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise ValueError(f"{path}: not JSON ({error}); ask {question} again") from None
    return found


def write_text(path, text):
    """Whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def insert(document, question, text):
    """`document` with what stands between the question's marks replaced."""
    begin, end = f"<!-- results: {question} -->", "<!-- end -->"
    before, mark, rest = document.partition(begin)
    _, closing, after = rest.partition(end)
    if not mark or not closing:
        raise ValueError(f"expected the marks {begin} and {end}, found {'only the first' if mark else 'neither'}; add them")
    return f"{before}{begin}\n{text}{end}{after}"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="OUT_DIR", type=Path)
    parser.add_argument("--into", type=Path, metavar="DOCUMENT")
    options = parser.parse_args(argv)
    try:
        found = read_results(options.folder)
        if not found:
            raise ValueError(f"{options.folder}: expected results ({', '.join(f'{name}.json' for name in ALL)}), found none; "
                             "run scripts/bench first")
        texts = {question: markdown(question, results) for question, results in found.items()}
        whole = "\n".join(f"## {question}\n\n{text}" for question, text in texts.items())
        write_text(options.folder / "results.md", whole)
        print(whole)
        if options.into:
            document = options.into.read_text(encoding="utf-8")
            for question, text in texts.items():
                document = insert(document, question, text)
            write_text(options.into, document)
    except (OSError, ValueError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
