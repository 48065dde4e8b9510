"""Runs tests that CPython brings along, and prints how each went, in a form that is the same whenever they go the same way.

Arguments: MODULE[:PATTERN] ... - test modules of the package `test`, and which of their tests (fnmatch of Class.test).
"""

import fnmatch
import os
import sys
import unittest


class Verdicts(unittest.TestResult):
    """One line a test; what a test says of itself changes from run to run and is left to stderr."""

    def __init__(self):
        super().__init__()
        self.lines = {}

    def put(self, test, verdict, details=None):
        known = self.lines.setdefault(test.id(), [])
        known.append(verdict)
        if details:
            print(test.id(), verdict, details, file=sys.stderr)

    def addSuccess(self, test):
        self.put(test, "passes")

    def addSkip(self, test, reason):
        self.put(test, "is skipped")

    def addFailure(self, test, err):
        self.put(test, "fails", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        self.put(test, "ends in an error", self._exc_info_to_string(err, test))

    def addExpectedFailure(self, test, err):
        self.put(test, "fails as expected")

    def addUnexpectedSuccess(self, test):
        self.put(test, "passes against expectation")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.put(test, "fails in a part", self._exc_info_to_string(err, test))


def tests_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests_of(test)
        else:
            yield test


def chosen(argument):
    module, _, pattern = argument.partition(":")
    for test in tests_of(unittest.defaultTestLoader.loadTestsFromName("test." + module)):
        name = ".".join(test.id().split(".")[-2:])
        if fnmatch.fnmatch(name, pattern or "*"):
            yield test


def main():
    suite = unittest.TestSuite()
    for argument in sys.argv[1:]:
        suite.addTests(chosen(argument))
    verdicts = Verdicts()
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what tests print, and their children
    suite.run(verdicts)
    for name, lines in sorted(verdicts.lines.items()):
        print(name, ", ".join(lines), file=output)
    print(verdicts.testsRun, "tests", file=output)
    output.close()


main()
