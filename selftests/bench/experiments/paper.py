# SPDX-License-Identifier: GPL-2.0-only
"""The experiment of the paper "eQUIC Gateway" (2021), section VII."""
import os
import sys
import tempfile

from core.experiment import Experiment, Stage

# The network namespaces and processes of the demonstration.
sys.path.insert(0, os.path.realpath(os.path.join(
    os.path.dirname(__file__), "../../demo")))
from paper import told, variant			# noqa: E402

class Paper(Experiment):
    """Four good clients, four abusive ones, one server."""
    name = "paper"
    title = "The eQUIC experiment: one server, four good and four abusive clients"
    question = told.QUESTION
    options = {
        "runs": 3,		# of each variant, in turn
        "requests": 40,		# that each abusive client attempts
        "attack": 4.0,		# attempts each second / the server's capacity
        "flood": 50.0,		# the same of first Initials, in that stage
        "share": 0.25,		# of a processor, for the server's host
        "hold": 60.0,		# seconds that an abusive client keeps one open
        "patience": 2.0,	# seconds until a client gives an attempt up
        "delay": 5.0,		# seconds before the attack
        "tail": 5.0,		# and after it
        "body": 256 << 10,	# bytes
        "blocks": 100,		# refused attempts when their cost is measured
        "variants": ",".join(variant.VARIANTS),
        "stages": "attack,flood,calls,cost",
    }

    def stages(self, options, kernel):
        # At the slowest imaginable: an attempt of each client in a second.
        run = 120 + options["delay"] + options["tail"] + options["requests"]
        runs = options["runs"] * len(variant.chosen(options["variants"]))
        return [Stage(name, kernel, timeout=int(600 + run * runs))
                for name in options["stages"].split(",")]

    def measure(self, stage, options, recorder):
        # Only in the machine: the host need not have what it takes.
        from paper import measure		# pylint: disable=C0415
        with tempfile.TemporaryDirectory(prefix="equic-paper.") as directory:
            measure.Measurement(options, recorder, directory).go(stage.name)

    def report(self, values, options):
        return told.sections(values, options)


EXPERIMENT = Paper()
