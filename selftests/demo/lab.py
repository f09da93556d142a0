# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces, wires between them, and processes inside. Everything
that a Lab made is gone when its "with" ends, however it ends."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
NETNS_DIR = "/run/netns/"
SYS_PIDFD_GETFD = 438
SO_ATTACH_FILTER = 26
STOP_SECONDS = 60
LIBC = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    pass


def run(*words, text=None):
    """Run a command to its end and return its output."""
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    if done.returncode:
        raise LabError("%s: %s" % (" ".join(words), done.stderr.strip()))
    return done.stdout


def insert_module():
    """True if it was not there before."""
    if os.path.isdir("/sys/module/equic"):
        return False
    run("insmod", os.environ["EQUIC_KO"])
    return True


def remove_module(seconds=10):
    """The kernel takes the namespaces and their programs apart at leisure."""
    end = time.monotonic() + seconds
    while True:
        try:
            run("rmmod", "equic")
            return
        except LabError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


class Process:
    """A program in a namespace. Lines of JSON on its standard output are read
    as they come; the last one is in .last, the moment it came in .when."""

    def __init__(self, words, on_line=None, **how):
        self.last, self.when = {}, 0.0
        self.on_line = on_line
        self.errors = []
        self.command = " ".join(words)
        self.popen = subprocess.Popen(
            words, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)
        self.readers = [threading.Thread(target=reader, daemon=True)
                        for reader in (self._read_output, self._read_errors)]
        for reader in self.readers:
            reader.start()

    def _read_output(self):
        for line in self.popen.stdout:
            if not line.startswith("{"):
                continue
            self.last, self.when = json.loads(line), time.monotonic()
            if self.on_line:
                self.on_line(self.last, self.when)

    def _read_errors(self):
        for line in self.popen.stderr:
            self.errors.append(line.strip())

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def kill(self, number):
        if self.alive():
            self.popen.send_signal(number)

    def wait(self):
        try:
            self.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            raise LabError("did not stop: " + self.command) from None
        for reader in self.readers:
            reader.join()
        return self.last

    def stop(self):
        """End it as its user would; return the last thing it said."""
        self.kill(signal.SIGTERM)
        return self.wait()


class Lab:
    def __init__(self, prefix):
        self.prefix = prefix
        self.made = []
        self.processes = []

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build(self):
        """What is there from the beginning: a kind of lab has something."""

    def __exit__(self, *unused):
        for process in self.processes:
            process.kill(signal.SIGKILL)
        for process in self.processes:
            process.popen.wait()
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], check=False)

    def namespaces(self, *names):
        for name in names:
            if os.path.exists(NETNS_DIR + name):
                raise LabError("namespace %s exists: is another demonstration "
                               "running? \"ip netns del %s\"" % (name, name))
        self.made += names
        run("ip", "-batch", "-",
            text="".join("netns add %s\n" % name for name in names))

    @staticmethod
    def ip(namespace, lines):
        run("ip", "-n", namespace, "-batch", "-", text="\n".join(lines) + "\n")

    @staticmethod
    def setns(path):
        with open(path) as net:
            if LIBC.setns(net.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns " + path)

    @contextlib.contextmanager
    def inside(self, namespace):
        """This thread is in the namespace for as long as the "with" lasts."""
        with open("/proc/thread-self/ns/net") as outside:
            self.setns(NETNS_DIR + namespace)
            try:
                yield
            finally:
                self.setns("/proc/self/fd/%d" % outside.fileno())

    def start(self, namespace, *words, cpu=None, nice=0, user=None,
              on_line=None):
        def enter():
            self.setns(NETNS_DIR + namespace)
            if cpu is not None:
                os.sched_setaffinity(0, {cpu})
            os.nice(nice)
            if user is not None:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)

        process = Process(words, on_line, preexec_fn=enter)
        self.processes.append(process)
        return process


class SharedSocket:
    """Our own reference to a UDP socket of a process: what the process left
    unread when it ended can be counted, which the kernel would not tell."""

    def __init__(self, pid, port):
        self.sock = self._take(pid, self._find(pid, port))

    @staticmethod
    def _find(pid, port):
        with open("/proc/%d/net/udp" % pid) as table:
            rows = [row.split() for row in table][1:]
        inodes = {"socket:[%s]" % row[9] for row in rows
                  if int(row[1].split(":")[1], 16) == port}
        for fd in os.listdir("/proc/%d/fd" % pid):
            if os.readlink("/proc/%d/fd/%s" % (pid, fd)) in inodes:
                return int(fd)
        raise LabError("process %d has no UDP socket at %d" % (pid, port))

    @staticmethod
    def _take(pid, number):
        pidfd = os.pidfd_open(pid)
        fd = LIBC.syscall(SYS_PIDFD_GETFD, pidfd, number, 0)
        os.close(pidfd)
        if fd < 0:
            raise LabError("pidfd_getfd: " + os.strerror(ctypes.get_errno()))
        return socket.socket(fileno=fd)

    def drain(self):
        """Close it; return how many datagrams had not been read."""
        refuse_all = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
        program = struct.pack("HL", 1, ctypes.addressof(refuse_all))
        # From here on the kernel counts what comes as an input error.
        self.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
        self.sock.setblocking(False)
        unread = 0
        try:
            while True:
                self.sock.recv(1)
                unread += 1
        except BlockingIOError:
            pass
        self.sock.close()
        return unread


def udp_counters(pid):
    """The Udp: lines of /proc/net/snmp, in the namespace of a process."""
    with open("/proc/%d/net/snmp" % pid) as snmp:
        names, values = [line.split()[1:] for line in snmp
                         if line.startswith("Udp:")]
    return dict(zip(names, map(int, values)))
