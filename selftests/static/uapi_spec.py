#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compare two headers by what a C compiler makes of them.

usage: uapi_spec.py HEADER GENERATED

HEADER is uapi/linux/equic.h, GENERATED what the kernel's generator makes of
the schema. Every EQUIC_ name and every enum of one must be in the other, with
the same value. Prints the differences; status 3 if there are any.

Of HEADER's names these do not concern netlink: the parser's packet types. And
the generator gives counts (__EQUIC_..._MAX) to attributes and commands only.
"""
import os
import re
import subprocess
import sys
import tempfile

NOT_NETLINK = re.compile(r"EQUIC_PKT_|__EQUIC_(PKT|DROP)_MAX$")
ENUM_NOT_NETLINK = {"equic_pkt_type"}

PROGRAM = r"""
#include <stdio.h>
#include "%s"
#define SHOW(name) printf(_Generic((name), char *: "%%s %%s\n", \
	default: "%%s %%lld\n"), #name, \
	_Generic((name), char *: (name), default: (long long)(name)))
int main(void)
{
%s
	return 0;
}
"""


def names(path):
    """The EQUIC_ names and the enums that the header at PATH defines."""
    with open(path, encoding="utf-8") as source:
        text = re.sub(r"/\*.*?\*/", "", source.read(), flags=re.S)
    consts = set(re.findall(r"(?<![A-Z_])_{0,2}EQUIC_[A-Z0-9_]+", text))
    enums = set(re.findall(r"^enum (\w+) \{", text, flags=re.M))
    return consts, enums


def values(path, consts):
    """What the compiler takes CONSTS for: {name: value}."""
    body = "\n".join(f"\tSHOW({name});" for name in sorted(consts))
    with tempfile.TemporaryDirectory() as tmp:
        program = os.path.join(tmp, "show")
        subprocess.run(["gcc", "-Wall", "-Werror", "-x", "c", "-", "-o", program],
                       input=PROGRAM % (os.path.abspath(path), body),
                       text=True, check=True)
        output = subprocess.run([program], stdout=subprocess.PIPE, text=True,
                                check=True).stdout
    return dict(line.split(" ", 1) for line in output.splitlines())


def main(header, generated):
    """Compare; returns the exit status."""
    consts, enums = names(header)
    consts = {name for name in consts if not NOT_NETLINK.match(name)}
    enums -= ENUM_NOT_NETLINK
    other_consts, other_enums = names(generated)

    problems = [f"{name}: only in the header" for name in consts - other_consts]
    problems += [f"{name}: only in the schema" for name in other_consts - consts]
    problems += [f"enum {name}: only in the header" for name in enums - other_enums]
    problems += [f"enum {name}: only in the schema" for name in other_enums - enums]
    both = consts & other_consts
    mine, theirs = values(header, both), values(generated, both)
    problems += [f"{name}: {mine[name]} in the header, {theirs[name]} in the schema"
                 for name in both if mine[name] != theirs[name]]
    for problem in sorted(problems):
        print(problem)
    if problems:
        return 3
    print(f"{len(both)} names and {len(enums)} enums are equal")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
