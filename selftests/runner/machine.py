#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Inside the machine: run tests, and look after each at what it left behind.

usage: machine.py [NAME PATH TIMEOUT]...

Standard output is for runner/ktap.py: what a test prints, between the lines
`@begin NAME` and `@end NAME STATUS SECONDS`, and `@fault NAME: TEXT` for what
the test did wrong without saying so.
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

SELFTESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True


class Output:
    """Where a test outside of any machine prints."""

    def __init__(self):
        self.file = None

    def __enter__(self):
        self.file = tempfile.TemporaryFile()
        return self

    def __exit__(self, *exception):
        self.file.close()

    def say(self, line):
        """Print a line of the runner's own."""
        self.file.seek(0, os.SEEK_END)
        self.file.write(line.encode() + b"\n")
        self.file.flush()

    def lines(self):
        """Everything that was printed."""
        self.file.seek(0)
        return self.file.read().decode(errors="replace").splitlines(True)


class Standard:
    """Where a test in a machine prints: the machine's standard output."""

    file = sys.stdout.buffer

    @staticmethod
    def say(line):
        """Print a line of the runner's own."""
        sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.buffer.flush()


def run_test(name, path, timeout, output):
    """Run one test in a session of its own, and end what it started."""
    output.say(f"@begin {name}")
    started = time.monotonic()
    process = subprocess.Popen([path], stdin=subprocess.DEVNULL,
                               stdout=output.file, stderr=subprocess.STDOUT,
                               start_new_session=True,
                               cwd=os.path.dirname(path))
    try:
        status = process.wait(timeout)
    except subprocess.TimeoutExpired:
        # TERM first: its trap may say where it was and take things down.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        status = "timeout"
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    # The test may have ended in the middle of a line.
    output.say(f"\n@end {name} {status} {time.monotonic() - started:.1f}")


class KernelLog:
    """What the kernel said since the last look."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def new_lines(self):
        """The messages, one a line, without their headers."""
        lines = []
        while True:
            try:
                record = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return lines
            except BrokenPipeError:
                lines.append("(kernel messages were lost)")
                continue
            header, _, text = record.partition(";")
            stamp = int(header.split(",")[2]) / 1e6
            lines.append(f"[{stamp:.6f}] " + text.split("\n")[0])

    def complaints(self):
        """Those of the messages that are complaints."""
        filter_ = subprocess.run(
            [os.path.join(SELFTESTS, "vm", "warnings")],
            input="\n".join(self.new_lines()), capture_output=True, text=True,
            check=False)
        return filter_.stdout.splitlines()


def loaded():
    """Whether the module is there."""
    return os.path.exists("/sys/module/equic")


def unload():
    """Unload the module; how that failed, or None."""
    message = None
    # References that a dying process held go after a grace period.
    for _ in range(50):
        if not loaded():
            return None
        result = subprocess.run(["rmmod", "equic"], capture_output=True,
                                text=True, check=False)
        message = result.stderr.strip()
        if result.returncode:
            time.sleep(0.1)
    return message


def entries(directory):
    """What is in DIRECTORY, which need not be there."""
    try:
        return sorted(os.listdir(directory))
    except FileNotFoundError:
        return []


def links():
    """The interfaces of the first namespace."""
    return set(entries("/sys/class/net"))


def clean_up(name, log, links_before, output):
    """Find, report and remove what the test NAME left behind."""
    for netns in entries("/run/netns"):
        output.say(f"@fault {name}: left the network namespace {netns}")
        subprocess.run(["ip", "netns", "del", netns], check=False)
    for link in sorted(links() - links_before):
        output.say(f"@fault {name}: left the interface {link}")
        subprocess.run(["ip", "link", "del", link], check=False)
    for pin in entries("/sys/fs/bpf"):
        if pin not in ("maps.debug", "progs.debug"):
            output.say(f"@fault {name}: left /sys/fs/bpf/{pin}")
            subprocess.run(["rm", "-rf", f"/sys/fs/bpf/{pin}"], check=False)
    busy = unload()
    if busy:
        output.say(f"@fault {name}: left the module busy: {busy}")
    complaints = log.complaints()
    if complaints:
        output.say(f"@fault {name}: the kernel complained")
        for line in complaints:
            output.say(f"# kernel: {line}")


def main():
    """Run the tests that the arguments name."""
    words = sys.argv[1:]
    output = Standard()
    log = KernelLog()
    links_before = links()
    for name, path, timeout in zip(words[::3], words[1::3], words[2::3]):
        run_test(name, path, float(timeout), output)
        clean_up(name, log, links_before, output)
        links_before = links()


if __name__ == "__main__":
    main()
