# SPDX-License-Identifier: GPL-2.0-only
"""What is said at the end."""

import time

from screen import GREEN, RED

BAR = 40


def print_means(screen, means):
    most = max(good for _, good, _, _ in means) or 1
    screen.say()
    screen.say("requests/s of the good clients, mean of each phase")
    for name, good, _, _ in means:
        bar = screen.colour(GREEN, "#" * round(BAR * good / most))
        screen.say(("  %-22s %7.1f  %s" % (name, good, bar)).rstrip())


def print_ledger(screen, ledger):
    screen.say()
    screen.say("%-42s%10s%10s%10s" % (
        "datagrams to the services, by who counted", "clients", "equic",
        "servers"))
    for what, *cells in ledger.lines():
        if what == "difference":
            screen.say("  " + "-" * 70)
        screen.say(("  %-40s" % what + "".join(
            "%10s" % ("" if n is None else n) for n in cells)).rstrip())


def print_ratios(screen, means):
    good = {name: rate for name, rate, *_ in means}
    calm, none, user, kernel = [good[name] for name in (
        "no attack", "attack, no quota", "quota in user space",
        "quota in the kernel")]
    times = "%.1f times as many" % (kernel / user) if user else "not none"

    screen.say()
    screen.say("Under the same attack the good clients got %.1f requests/s "
               "without a quota, %.1f with" % (none, user))
    screen.say("the quota in the server, %.1f with the quota in the kernel: %s,"
               % (kernel, times))
    screen.say("and %.0f %% of the %.1f that they get in peace."
               % (100 * kernel / calm if calm else 0, calm))


def check_recovery(screen, recovery):
    if "released" not in recovery:
        return ["no event told that the killed server's connections were "
                "released"]
    screen.say("SIGKILL: the kernel had released the server's %d connections "
               "after %.0f ms; good" % (recovery["released"],
                                        1000 * recovery["after"]))
    screen.say("clients were served by the next server after %.1f s."
               % recovery["good"])
    return []


def check_bystanders(screen, download, slowest, ping):
    wrong = []
    screen.say("The download from the other server: %.1f MB over one "
               "connection, %.0f kB/s in the slowest"
               % (download["body_bytes"] / 1e6, slowest / 1e3))
    screen.say("phase. Foreign UDP: %d datagrams, %d lost."
               % (ping["sent"], ping["lost"]))
    if ping["lost"] or ping["doubled"] or ping["changed"]:
        wrong.append("foreign UDP: %(lost)d datagrams lost, %(doubled)d "
                     "doubled, %(changed)d changed" % ping)
    if download["completed"] != 1 or download["broken"] or \
            download["body_errors"] or slowest <= 0:
        wrong.append("the download did not go on: %s" % download)
    return wrong


def report(screen, demo, ledger):
    """Print all of it; return what went wrong."""
    print_means(screen, demo.means)
    print_ledger(screen, ledger)
    print_ratios(screen, demo.means)
    wrong = check_recovery(screen, demo.recovery)
    wrong += check_bystanders(screen, demo.download.last,
                              min(rate for *_, rate in demo.means),
                              demo.ping.last)
    if ledger.adds_up():
        screen.say("The ledger adds up. (%.0f s)"
                   % (time.monotonic() - demo.began))
    else:
        wrong.append("the ledger does not add up")
    for what in wrong:
        screen.say(screen.colour(RED, "FAILED: " + what))
    return wrong
