#!/usr/bin/env python3
"""test_summary.py RESULTS.xml: sums up what ctest --output-junit wrote.

Prints each skipped test with its reason and each failed one, then "N passed, N failed, N skipped" as the last line.
Exit code 0 only when nothing failed and something passed.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

# How ctest marks a test that skipped itself. Any other "notrun" (no executable, say) is a failure.
SELF_SKIPPED = re.compile(r"SKIP_(REGULAR_EXPRESSION_MATCHED|RETURN_CODE)")


def skip_reason(output):
    """The message of GTEST_SKIP, which stands in the lines after "file:line: Skipped"; else the last line printed."""
    told = re.search(r": Skipped\n(.*?)\n*(?=\[  SKIPPED \]|\Z)", output, re.DOTALL)
    if told and told.group(1).strip():
        return " ".join(told.group(1).split())
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def outcome(case):
    """("passed" | "failed" | "skipped", reason) of one <testcase>."""
    status = case.get("status")
    if status == "run":
        return "passed", ""
    if status == "disabled":
        return "skipped", "disabled"
    mark = case.find("skipped")
    message = mark.get("message", "") if mark is not None else ""
    if status == "notrun" and SELF_SKIPPED.search(message):
        return "skipped", skip_reason(case.findtext("system-out", ""))
    return "failed", message


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    results = Path(argv[1])
    if not results.is_file():
        print(f"{results}: no test results; ctest did not run")
        print("0 passed, 1 failed, 0 skipped")
        return 1

    names = defaultdict(list)
    skipped = defaultdict(list)
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        kind, reason = outcome(case)
        names[kind].append(case.get("name"))
        if kind == "skipped":
            skipped[reason].append(case.get("name"))
    if skipped:
        print("== Skipped")
        for reason, cases in sorted(skipped.items()):
            print(f"  {reason}")
            for name in cases:
                print(f"    {name}")
    if names["failed"]:
        print("== Failed")
        for name in names["failed"]:
            print(f"  {name}")
    if not names["passed"]:
        print("no test passed")
    print(f"{len(names['passed'])} passed, {len(names['failed'])} failed, {len(names['skipped'])} skipped")
    return 0 if names["passed"] and not names["failed"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
