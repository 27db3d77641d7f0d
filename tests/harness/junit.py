"""Runs a unittest module and writes the JUnit report that Bazel and tools/test count."""

import os
import sys
import time
import traceback
import unittest
import xml.etree.ElementTree as ElementTree


class _Report(unittest.TextTestResult):
    """Collects a report's <testcase> elements beside the usual text."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.suite = ElementTree.Element("testsuite", name=os.environ.get("TEST_TARGET", "tests"))
        self._started = 0.0
        self._case = None

    def startTest(self, test):
        super().startTest(test)
        self._started = time.monotonic()
        self._case = ElementTree.SubElement(
            self.suite, "testcase", classname=type(test).__name__, name=test._testMethodName)

    def stopTest(self, test):
        self._case.set("time", f"{time.monotonic() - self._started:.3f}")
        super().stopTest(test)

    def _failed(self, error):
        failure = ElementTree.SubElement(self._case, "failure")
        failure.text = "".join(traceback.format_exception(*error))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._failed(err)

    def addError(self, test, err):
        super().addError(test, err)
        # An error of setUpClass belongs to no started case.
        if self._case is None:
            self._case = ElementTree.SubElement(self.suite, "testcase", classname="setup", name=str(test))
        self._failed(err)


def main():
    """Call it last in a test file."""
    runner = unittest.TextTestRunner(resultclass=_Report, verbosity=2)
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = runner.run(suite)
    path = os.environ.get("XML_OUTPUT_FILE")
    if path:
        root = ElementTree.Element("testsuites")
        root.append(result.suite)
        ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    sys.exit(not result.wasSuccessful() or result.testsRun == 0)
