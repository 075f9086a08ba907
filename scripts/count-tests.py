#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints "PASSED FAILED SKIPPED", the single tests of the last `meson test` in BUILD_DIR.

usage: count-tests.py BUILD_DIR

The JUnit log has the tests inside each program; a program that died after its last result shows
only in the JSON log, and counts as one failure more.
"""
import json
import os
import sys
import xml.etree.ElementTree as ElementTree


def main():
    logs = os.path.join(sys.argv[1], "meson-logs")
    passed = failed = skipped = 0
    bad = set()
    try:
        suites = ElementTree.parse(os.path.join(logs, "testlog.junit.xml")).getroot()
        with open(os.path.join(logs, "testlog.json"), encoding="utf-8") as f:
            programs = [json.loads(line) for line in f]
    except FileNotFoundError:
        print("0 0 0")
        return
    for suite in suites.iter("testsuite"):
        wrong = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skips = int(suite.get("skipped", 0))
        passed += int(suite.get("tests", 0)) - wrong - skips
        failed += wrong
        skipped += skips
        if wrong:
            bad.add(suite.get("name").split(".", 1)[-1])
    for program in programs:
        name = program["name"].split(" / ")[-1].split(":")[-1]
        if program["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and name not in bad:
            failed += 1
    print(passed, failed, skipped)


main()
