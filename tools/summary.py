#!/usr/bin/python3
"""Counts the test cases of a Bazel build event file and prints "N passed, N failed"."""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree


def cases_of(xml_path):
    """(name, passed) of each test case in a JUnit report."""
    for case in ElementTree.parse(xml_path).iter("testcase"):
        failed = case.find("failure") is not None or case.find("error") is not None
        yield f'{case.get("classname", "")}.{case.get("name")}', not failed


def main():
    passed, failures = 0, []
    with open(sys.argv[1], encoding="utf-8") as events:
        for line in events:
            event = json.loads(line)
            if "testResult" in event:
                label = event["id"]["testResult"]["label"]
                result = event["testResult"]
                cases = []
                for output in result.get("testActionOutput", []):
                    if output["name"] == "test.xml":
                        path = urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
                        cases = list(cases_of(path))
                failed = [name for name, ok in cases if not ok]
                # A test that crashed, hung or failed outside a case counts as one.
                if result["status"] != "PASSED" and not failed:
                    failed = [result["status"]]
                passed += sum(ok for _, ok in cases)
                failures += [f"{label} {name}" for name in failed]
            elif "aborted" in event and "targetCompleted" in event["id"]:
                failures.append(f'{event["id"]["targetCompleted"]["label"]} could not be built')
            elif "completed" in event and not event["completed"].get("success", False):
                failures.append(f'{event["id"]["targetCompleted"]["label"]} could not be built')
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
