#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Drive the module through the kernel's YNL library, as ynl.test wants.

usage: ynl_drive.py YNL-TREE

YNL-TREE is what ./ynl-tree printed. One process, since the connections that it
reports end with its socket; the command line client has its turn as well.
"""
import errno
import json
import os
import subprocess
import sys

TREE = sys.argv[1]
SPEC = os.path.join(TREE, "Documentation/netlink/specs/equic.yaml")
sys.path.insert(0, os.path.join(TREE, "tools/net/ynl"))
from lib import YnlFamily, NlError		# noqa: E402

KEY = {"addr4": 0xc0000201, "port": 443}	# 192.0.2.1:443
CONN = {"service": KEY, "peer4": 0xc6120001, "peer-port": 4433,
        "odcid": "0102030405060708", "scid": "a1a2a3a4"}
results = []


def check(name, got, want=True):
    """One result, with the values that explain it."""
    good = got == want
    if not good:
        print(f"# got {got!r}, want {want!r}")
    results.append(good)
    print(f"{'' if good else 'not '}ok {len(results)} {name}", flush=True)


def error(function, *args):
    """The errno and the kernel's words that a request ends with."""
    try:
        function(*args)
    except NlError as refusal:
        message = refusal.nl_msg.extack or {}
        return -refusal.nl_msg.error, message.get("msg", "")
    return 0, ""


def services(ynl):
    """Services, add to del."""
    ynl.do("service-add", {**KEY, "quota": 5, "mode": "all",
                           "pending-timeout": 60000, "no-owner": "enforce"})
    got = ynl.do("service-get", KEY)
    check("service-add and -get: address", got["addr4"], "192.0.2.1")
    check("numbers", (got["quota"], got["pending-timeout"]), (5, 60000))
    check("enums by name", (got["mode"], got["no-owner"], got["on-overflow"]),
          ("all", "enforce", "pass"))
    check("flags are a set", got["idle"], set())
    check("counters are nested", got["stats"]["drops"]["quota"], 0)
    check("service-add again is EEXIST",
          error(ynl.do, "service-add", KEY)[0], errno.EEXIST)

    ynl.do("service-add", {"addr6": "20010db8000000000000000000000001", "port": 8443})
    ynl.do("service-add", {"port": 4443})
    dumped = {(s.get("addr4"), s.get("addr6"), s["port"])
              for s in ynl.dump("service-get", {})}
    check("the dump has all kinds of address", dumped,
          {("192.0.2.1", None, 443), (None, "2001:db8::1", 8443),
           (None, None, 4443)})
    ynl.do("service-set", {**KEY, "mode": "count"})
    got = ynl.do("service-get", KEY)
    check("service-set changes the knob given, and no other",
          (got["mode"], got["quota"]), ("count", 5))
    check("and says why the quota idles", "mode-count" in got["idle"])
    code, words = error(ynl.do, "service-set", {**KEY, "quota": 0})
    check("quota 0 is refused, in words", (code != 0, words != ""), (True, True))
    code, words = error(ynl.do, "service-set", {**KEY, "prefix4": 33})
    check("so is a prefix length of 33", (code != 0, words != ""), (True, True))
    ynl.do("service-del", {"port": 4443})
    code, words = error(ynl.do, "service-del", {"port": 4443})
    check("service-del twice is ENOENT, in words",
          (code, words != ""), (errno.ENOENT, True))


def connections(ynl):
    """Reports, and what they change."""
    ynl.do("resync", {"service": KEY, "phase": "begin"})
    ynl.do("resync", {"service": KEY, "phase": "end"})
    check("resync declares an owner", ynl.do("service-get", KEY)["owners"], 1)
    ynl.do("conn-accepted", {**CONN, "id": 7, "cid": "c1c2c3c4"})
    check("accepted is pending", ynl.do("service-get", KEY)["pending"], 1)
    ynl.do("conn-open", {"service": KEY, "id": 7, "peer4": CONN["peer4"]})
    ynl.do("conn-cid", {"service": KEY, "id": 7, "cid": "d1d2"})
    ynl.do("conn-move", {"service": KEY, "id": 7, "peer4": 0xc6120002,
                         "peer-port": 5544})
    conns = ynl.dump("conn-get", {"service": KEY})
    check("one connection is there", len(conns), 1)
    conn = conns[0]
    check("open, by id", (conn["id"], conn["state"]), (7, "open"))
    check("where it moved", (conn["peer4"], conn["peer-port"]),
          ("198.18.0.2", 5544))
    check("charged to where it began", (conn["client4"], conn["client-prefix-len"]),
          ("198.18.0.1", 32))
    check("its handshake", (conn["odcid"], conn["scid"]),
          ("01 02 03 04 05 06 07 08", "a1 a2 a3 a4"))
    check("the server's connection IDs repeat", sorted(conn["cid"]),
          ["c1 c2 c3 c4", "d1 d2"])
    check("its reporter", conn["owner-pid"], os.getpid())
    clients = ynl.dump("client-get", {"service": KEY, "addr4": 0xc6120000,
                                      "prefix-len": 24})
    check("its client, by prefix",
          [(c["addr4"], c["open"], c["pending"]) for c in clients],
          [("198.18.0.1", 1, 0)])
    check("no client of another prefix",
          ynl.dump("client-get", {"addr4": 0x0a000000, "prefix-len": 8}), [])
    totals = ynl.do("stats-get", {})
    check("totals", (totals["services"], totals["open"], totals["owners"]),
          (2, 1, 1))
    check("counters of one service",
          ynl.do("stats-get", {"service": KEY})["open"], 1)
    ynl.do("bypass", {"service": KEY, "for": 0xffffffff})
    check("bypass", "bypass" in ynl.do("service-get", KEY)["idle"])
    ynl.do("bypass", {"service": KEY, "for": 0})
    check("and its end", "bypass" not in ynl.do("service-get", KEY)["idle"])
    ynl.do("flush", {})
    check("flush keeps connections", ynl.do("service-get", KEY)["open"], 1)
    ynl.do("conn-close", {"service": KEY, "id": 7})
    check("closed", ynl.do("service-get", KEY)["open"], 0)
    check("twice is ENOENT",
          error(ynl.do, "conn-close", {"service": KEY, "id": 7})[0], errno.ENOENT)


def keys(ynl):
    """Keys of packet protection; they are this socket's."""
    key = {"use": "seal", "level": "one-rtt", "cipher": "aes-256-gcm",
           "key": "a1" * 32, "iv": "b2" * 12, "header": "c3" * 32,
           "packets-max": 1000}
    number = ynl.do("key-add", key)["id"]
    ynl.do("key-update", {"id": number, "epoch": 1, "key": "d4" * 32,
                          "iv": "e5" * 12})
    got = ynl.dump("key-get", {})
    check("one key is there", [k["id"] for k in got], [number])
    check("as it was given", (got[0]["use"], got[0]["level"], got[0]["cipher"],
                              got[0]["packets-max"]),
          ("seal", "one-rtt", "aes-256-gcm", 1000))
    check("with its epochs", [e["number"] for e in got[0]["epochs"]], [0, 1])
    check("and without what it is made of",
          {"key", "iv", "header"} & set(got[0]), set())
    check("an epoch must follow",
          error(ynl.do, "key-update", {"id": number, "epoch": 3,
                                       "key": "d4" * 32, "iv": "e5" * 12}),
          (errno.EINVAL, "the epoch does not follow the key's current one"))
    ynl.do("key-del", {"id": number})
    check("it can be taken back", ynl.dump("key-get", {}), [])


def cli(*args):
    """The command line client's answer."""
    command = [sys.executable, os.path.join(TREE, "tools/net/ynl/cli.py"),
               "--spec", SPEC, "--no-schema", "--output-json", *args]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True,
                                     text=True).stdout)


def events(ynl, last):
    """What the group told meanwhile; ends with event @last."""
    seen = []
    for _ in range(200):
        ynl.check_ntf()
        while ynl.async_msg_queue:
            seen.append(ynl.async_msg_queue.pop(0)["msg"])
        if any(last(event) for event in seen):
            break
        subprocess.run(["sleep", "0.02"], check=True)
    return seen


def main():
    """Everything; the exit status."""
    print("TAP version 13")
    # The client cannot take an event while it waits for an answer: two sockets.
    # That the schema is valid is static/uapi-spec's to say: it takes long here.
    ynl = YnlFamily(SPEC, schema="")
    listener = YnlFamily(SPEC, schema="")
    listener.ntf_subscribe("events")
    services(ynl)
    connections(ynl)
    keys(ynl)
    check("cli.py does", cli("--do", "service-get", "--json",
                             json.dumps(KEY))["quota"], 5)
    ynl.do("service-del", {"addr6": "20010db8000000000000000000000001", "port": 8443})
    ynl.do("service-del", KEY)
    seen = events(listener, lambda e: "deleted" in e and
                  e["service"].get("addr4") == "192.0.2.1")
    told = [e["service"] for e in seen if e["type"] == "policy" and
            e.get("service", {}).get("addr4") == "192.0.2.1"]
    check("events tell of changes, with the policy",
          any(service.get("quota") == 5 for service in told))
    check("and of the end", {(e["service"].get("addr4"), e["service"]["port"])
                             for e in seen if "deleted" in e},
          {(None, 4443), (None, 8443), ("192.0.2.1", 443)})
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
