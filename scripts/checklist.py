"""Compares docs/checklist.md and docs/streams.md with what the test runners report.

    python3 scripts/checklist.py JUNIT…

Each row of the list names the tests that show its item, as `suite::name`: the suite is nextest's binary id
(`engine`, `engine::main`), `e2e`, or `browser`. A listed test that did not run, failed or was
skipped fails the check. The page of streams names its tests in the same way.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
NAMED = re.compile(r"`([\w:-]+::[^`]+)`")


def listed() -> dict[str, list[str]]:
    """Item → the tests it names, from the rows of the list's tables; the page of streams is one item."""
    items = {"docs/streams.md": NAMED.findall((DOCS / "streams.md").read_text())}
    for line in (DOCS / "checklist.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("| ") or len(cells) < 3 or cells[0] in ("item", "---"):
            continue
        items[cells[0]] = NAMED.findall(cells[1])
    return items


def ran(report: str) -> dict[str, str]:
    """Test → `passed`, `failed` or `skipped`, from a JUnit report."""
    results: dict[str, str] = {}
    for suite in ElementTree.parse(report).iter("testsuite"):
        for case in suite.iter("testcase"):
            name = case.get("name", "").split("@")[0].split("[")[0]
            is_pytest = suite.get("name") == "pytest"
            module = case.get("classname", "").removeprefix("tests.e2e.")
            full = f"e2e::{module}::{name}" if is_pytest else f"{suite.get('name')}::{name}"
            if module.endswith(".spec.ts"):
                full = f"browser::{module.removesuffix('.spec.ts')}::{case.get('name')}"
            state = "passed"
            if case.find("failure") is not None or case.find("error") is not None:
                state = "failed"
            elif case.find("skipped") is not None:
                state = "skipped"
            # Of the cases of one parametrized test the worst counts.
            if results.get(full, "passed") == "passed":
                results[full] = state
    return results


def main() -> int:
    results: dict[str, str] = {}
    for report in sys.argv[1:]:
        results.update(ran(report))
    items = listed()
    wrong = 0
    for item, tests in items.items():
        if not tests:
            print(f"{item}: names no test")
            wrong += 1
        for test in tests:
            state = results.get(test, "not run")
            if state != "passed":
                print(f"{item}: {test}: {state}")
                wrong += 1
    print(f"checklist: {len(items)} items, {sum(map(len, items.values()))} tests named, {wrong} wrong")
    return 1 if wrong or not items else 0


if __name__ == "__main__":
    sys.exit(main())
