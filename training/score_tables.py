#!/usr/bin/env python3
"""score_tables.py REPORT.json: the tables of a model card (Markdown) from a report of `edgemoe eval`, with the columns
and tables that its --prior and --routing bring."""
import json
import sys


def number(value, digits):
    return "–" if value is None else f"{value:.{digits}f}"


def score_rows(results, columns):
    """(what, the number of each column) of each task; columns: "prior", the picture-blind one, and "model"."""
    def row(task, key, digits, title):
        return title, *(number(results[task][column][key], digits) for column in columns)

    if "semseg" in results:
        yield row("semseg", "mean_iou", 3, "segmentation: mIoU")
        yield row("semseg", "pixel_accuracy", 3, "pixel accuracy")
    if "depth" in results:
        for key, title in (("abs_rel", "depth: abs-rel"), ("rmse", "RMSE, m"), ("delta_1", "δ < 1.25")):
            yield row("depth", key, 3, title)
    if "normals" in results:
        yield row("normals", "mean_degrees", 1, "normals: mean angle, degrees")
        yield row("normals", "median_degrees", 1, "median angle, degrees")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def class_rows(results, columns):
    of_classes = {column: {entry["name"]: entry for entry in results["semseg"][column]["classes"]}
                  for column in columns}
    for name in of_classes["model"]:
        yield name, *(number(of_classes[column][name]["iou"], 3) for column in columns)


def routing_rows(routing):
    for block in routing:
        shares = [task["shares"] for task in block["tasks"].values()]
        best = min(max(task[expert] for task in shares) for expert in range(len(shares[0])))
        distances = ", ".join(f"{'–'.join(entry['tasks'])} {entry['total_variation']:.3f}"
                              for entry in block["distances"])
        yield str(block["block"]), f"{100 * best:.1f} %", distances


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1]) as file:
        report = json.load(file)
    results, prior = report["results"], report.get("prior")
    columns = ("prior", "model") if prior else ("model",)
    print(f"{report['data']['scored_pictures']} pictures{'; prior from ' + str(prior['pictures']) if prior else ''}.\n")
    print(table(("", *columns), score_rows(results, columns)))
    if "semseg" in results:
        print("\n" + table(("IoU of", *columns), class_rows(results, columns)))
    if report.get("routing"):
        header = ("block", "least used expert, in the task that uses it most", "distance of the tasks' shares")
        print("\n" + table(header, routing_rows(report["routing"])))


if __name__ == "__main__":
    main()
