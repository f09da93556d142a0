# SPDX-License-Identifier: GPL-2.0-only
"""Reads what tests print (KTAP) and what runner/machine.py says about them,
prints one KTAP report of all, and counts."""
import fnmatch
import re
import sys
import threading

RESULT = re.compile(r"^(not ok|ok)\b(?: +(\d+))?(?: +-)? *(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)(?: *# *SKIP\b *(.*))?", re.IGNORECASE)
SKIP = re.compile(r"^(.*?) *# *SKIP\b[ :]*(.*)$", re.IGNORECASE)
TODO = re.compile(r" # TODO\b", re.IGNORECASE)
BEGIN = re.compile(r"^@begin (\S+)$")
END = re.compile(r"^@end (\S+) (\S+) (\S+)$")
FAULT = re.compile(r"^@fault (\S+): (.*)$")
KSFT_SKIP = "4"


class Skips:
    """The committed list of skips: lines `KERNEL TEST # reason`, patterns."""

    def __init__(self, path):
        self.patterns = []
        with open(path) as source:
            for line in source:
                if not line.strip() or line.startswith("#"):
                    continue
                kernel, _, rest = line.strip().partition(" ")
                name, _, _ = rest.partition(" # ")
                self.patterns.append((kernel, name.strip()))

    def allow(self, kernel, name):
        """Whether NAME may be skipped on KERNEL."""
        return any(fnmatch.fnmatchcase(kernel, k) and fnmatch.fnmatchcase(name, n)
                   for k, n in self.patterns)


class Report:
    """The results of all tests of all kernels; its readers may be threads."""

    def __init__(self, skips, verbose=False):
        self.skips = Skips(skips)
        self.verbose = verbose
        self.passed = self.skipped = 0
        self.failures = []
        self.number = 0
        self.lock = threading.Lock()
        print("KTAP version 1", flush=True)

    def write(self, lines):
        """Print LINES together and count the results among them.

        A line is (kind, text), of kind passed, failed, skipped or comment.
        """
        with self.lock:
            for kind, text in lines:
                if kind == "comment":
                    print(f"# {text}")
                    continue
                self.number += 1
                if kind == "passed":
                    self.passed += 1
                elif kind == "skipped":
                    self.skipped += 1
                else:
                    self.failures.append(text)
                print(f"{'not ok' if kind == 'failed' else 'ok'} "
                      f"{self.number} {text}")
            sys.stdout.flush()

    def summary(self):
        """Print the plan, the failures, the counts; the exit status."""
        print(f"1..{self.number}")
        for name in self.failures:
            print(f"# failed: {name}")
        if not self.number:
            print("# no test ran")
        print(f"{self.passed} passed, {len(self.failures)} failed, "
              f"{self.skipped} skipped", flush=True)
        return 1 if self.failures or not self.number else 0


class Reader:
    """Reads what one machine's tests say."""

    def __init__(self, report, kernel, together):
        """TOGETHER: a test's lines are printed when it ended, not as they come."""
        self.report = report
        self.kernel = kernel
        self.together = together
        self.lines = []
        self.waiting = []
        self.faulted = False
        self.test = None
        self.log = []
        self.preface = []
        self.results = self.bad = 0
        self.plan = None

    def write(self, kind, text):
        """A line of the report."""
        self.lines.append((kind, text))
        if not self.together or self.test is None:
            self.flush()

    def flush(self):
        """What was held back."""
        self.report.write(self.lines)
        self.lines = []

    def comment(self, text):
        """A line that is no result."""
        self.write("comment", text)

    def expect(self, names):
        """The tests that the machine is about to run."""
        self.waiting = list(names)
        self.faulted = False

    def result(self, kind, name, directive=""):
        """One result."""
        self.bad += kind == "failed"
        self.write(kind, f"{self.kernel}: {name}{directive}")

    def read(self, lines):
        """Take the output of a machine, line by line as it comes."""
        for line in lines:
            self.line(line.rstrip("\r\n"))

    def line(self, line):
        """Take one line."""
        if BEGIN.match(line):
            self.begin(BEGIN.match(line).group(1))
        elif END.match(line):
            self.end(*END.match(line).groups())
        elif FAULT.match(line):
            name, text = FAULT.match(line).groups()
            self.faulted |= text == "the kernel complained"
            self.result("failed", f"{name}: {text}")
        elif self.test is None:
            if line:
                self.comment(line.removeprefix("# "))
        else:
            self.test_line(line)

    def begin(self, name):
        """A test starts."""
        self.test = name
        self.log = []
        self.preface = []
        self.results = self.bad = 0
        self.plan = None
        if name in self.waiting:
            self.waiting.remove(name)

    def test_line(self, line):
        """A line of the running test."""
        plan, result = PLAN.match(line), RESULT.match(line)
        if plan:
            self.plan = int(plan.group(1))
            if self.plan == 0 and plan.group(2) is not None:
                self.skip("all of it", plan.group(2))
        elif result:
            self.test_result(*result.groups())
        elif line.startswith("Bail out!"):
            self.result("failed", f"{self.test}: {line}")
        elif line and not line.startswith(("TAP version", "KTAP version")):
            if self.report.verbose:
                self.comment("  " + line.removeprefix("# "))
            self.log.append(line)
            return
        if self.bad:
            self.explain()
        # What came before all results, its seed perhaps, belongs to all of them.
        if result and self.results == 1:
            self.preface = self.log
        self.log = [] if result else self.log

    def explain(self):
        """A result failed: what the test said on the way belongs to it."""
        if not self.report.verbose:
            for line in self.preface + self.log[-200:]:
                self.comment("  " + line.removeprefix("# "))
        self.log = []
        self.preface = []

    def test_result(self, word, number, name):
        """One result line of the running test."""
        self.results += 1
        skip = SKIP.match(name)
        if number and int(number) != self.results:
            self.result("failed", f"{self.test}: result {self.results} is "
                        f"numbered {number}")
        if word == "not ok" and not TODO.search(name):
            self.result("failed", f"{self.test}: {name}")
        elif skip:
            self.skip(skip.group(1), skip.group(2))
        else:
            self.result("passed", f"{self.test}: {name}")

    def skip(self, name, reason):
        """A result that says it was skipped."""
        name = f"{self.test}: {name}"
        if self.report.skips.allow(self.kernel, name):
            self.result("skipped", name, f" # SKIP {reason}")
        else:
            self.result("failed", f"{name} (a skip that selftests/skips does "
                        f"not list: {reason})")

    def end(self, name, status, seconds):
        """The running test ended: does all that it said fit together?"""
        bad = self.bad
        if status == "timeout":
            self.result("failed", f"{name}: killed after {seconds} s")
        elif status == KSFT_SKIP and self.results == 0 and self.plan is None:
            self.skip("all of it", " ".join(self.log[-1:]))
        elif self.plan is None:
            self.result("failed", f"{name}: ended without a plan, "
                        f"status {status}")
        elif self.plan != self.results:
            self.result("failed", f"{name}: planned {self.plan} results, "
                        f"gave {self.results}")
        elif status not in ("0", KSFT_SKIP) and not bad:
            self.result("failed", f"{name}: status {status}")
        if self.bad > bad:
            self.explain()
        self.test = None
        self.comment(f"{self.kernel}: {name}: {seconds} s")

    def machine_ended(self, status):
        """The machine is gone: did all that was to run, run to its end?"""
        if self.test:
            self.result("failed", f"{self.test}: the machine died under it, "
                        f"status {status}")
            self.explain()
            self.test = None
            self.flush()
        for name in self.waiting:
            self.result("failed", f"{name}: did not run, the machine ended "
                        f"with status {status}")
        if status and not self.waiting and not self.faulted:
            self.result("failed", "machine: the kernel complained outside of "
                        f"any test, or did not stop cleanly (status {status})")
        self.waiting = []
