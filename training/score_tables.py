#!/usr/bin/env python3
"""score_tables.py REPORT.json: the tables of a model card (Markdown) from a report of `edgemoe eval --prior … --routing`."""
import json
import sys


def number(value, digits):
    return "–" if value is None else f"{value:.{digits}f}"


def score_rows(results):
    """(what, picture-blind prior, model) of each task."""
    def pair(task, key, digits, title):
        return title, number(results[task]["prior"][key], digits), number(results[task]["model"][key], digits)

    if "semseg" in results:
        yield pair("semseg", "mean_iou", 3, "segmentation: mIoU")
        yield pair("semseg", "pixel_accuracy", 3, "pixel accuracy")
    if "depth" in results:
        for key, title in (("abs_rel", "depth: abs-rel"), ("rmse", "RMSE, m"), ("delta_1", "δ < 1.25")):
            yield pair("depth", key, 3, title)
    if "normals" in results:
        yield pair("normals", "mean_degrees", 1, "normals: mean angle, degrees")
        yield pair("normals", "median_degrees", 1, "median angle, degrees")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def class_rows(results):
    prior = {entry["name"]: entry for entry in results["semseg"]["prior"]["classes"]}
    for entry in results["semseg"]["model"]["classes"]:
        yield entry["name"], number(prior[entry["name"]]["iou"], 3), number(entry["iou"], 3)


def routing_rows(routing):
    for block in routing:
        shares = [task["shares"] for task in block["tasks"].values()]
        best = min(max(task[expert] for task in shares) for expert in range(len(shares[0])))
        distances = ", ".join(f"{'–'.join(entry['tasks'])} {entry['total_variation']:.3f}" for entry in block["distances"])
        yield str(block["block"]), f"{100 * best:.1f} %", distances


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1]) as file:
        report = json.load(file)
    results = report["results"]
    print(f"{report['data']['scored_pictures']} pictures; prior from {report['prior']['pictures']}.\n")
    print(table(("", "prior", "model"), score_rows(results)))
    if "semseg" in results:
        print("\n" + table(("IoU of", "prior", "model"), class_rows(results)))
    if report.get("routing"):
        print("\n" + table(("block", "least used expert, in the task that uses it most", "distance of the tasks' shares"),
                           routing_rows(report["routing"])))


if __name__ == "__main__":
    main()
