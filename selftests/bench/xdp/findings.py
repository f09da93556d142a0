# SPDX-License-Identifier: GPL-2.0-only
"""What the values say: the report's sections."""
from core import plot, spread
from core.report import Section, Table
from xdp import axes, costs
from xdp.costs import INSTRUCTIONS, PATHS, TIMES, interval, middle


def bar(x, numbers):
    """A point of a plot with its confidence interval."""
    mean, half = spread.mean_interval(numbers)
    half = 0 if len(numbers) < 2 else half
    return (x, mean, mean - half, mean + half)


def curve(name, xs, numbers_at):
    """A series of what was measured: NUMBERS_AT(x) for each of XS. In a list:
    empty when nothing was."""
    points = [bar(x, numbers) for x in xs if (numbers := numbers_at(x))]
    return [plot.Series(name, points, "yerrorlines")] if points else []


def level(name, numbers, end):
    """A horizontal line at the median, from 0 to END, in a list as above."""
    at = middle(numbers)
    return [plot.Series(name, [(0, at), (end, at)], "lines")] if numbers else []


def budget_table(found, scale):
    """How many of each unit cost as much as each verdict, by SCALE."""
    rows = []
    for axis in axes.AXES:
        slopes = found.slopes(axis, scale)
        if not slopes:
            continue
        row = [axis.unit, f"{middle(slopes):.3g}"]
        for verdict in axes.VERDICTS:
            costs_of = found.verdict(scale, verdict)
            row.append(f"{middle(costs_of) / middle(slopes):,.1f}"
                       if costs.above_noise(slopes) and
                       costs.above_noise(costs_of) else "in the noise")
        rows.append(row)
    return Table([f"{scale.name}", "of one"] +
                 [verdict.name for verdict in axes.VERDICTS], rows)


def budget_plot(found):
    """The same as bars."""
    counted = [axis for axis in axes.AXES if found.slopes(axis, INSTRUCTIONS)]
    series = []
    for verdict in axes.VERDICTS:
        cost = middle(found.verdict(INSTRUCTIONS, verdict))
        series.append(plot.Series(verdict.name, [
            (i, cost / middle(found.slopes(axis, INSTRUCTIONS)))
            for i, axis in enumerate(counted)]))
    return plot.Plot("budget", "What could be had for the price of a verdict",
                     "", "how many", series, log="y",
                     ticks=[axis.name for axis in counted])


def verdict_table(found):
    """What the gateway costs a packet."""
    rows = []
    scales = [INSTRUCTIONS, *PATHS.values(), *TIMES.values()]
    for verdict in axes.VERDICTS:
        rows.append([verdict.name] + [interval(found.verdict(scale, verdict))
                                      for scale in scales])
    rows.append(["the empty program itself"] + [
        interval(found.numbers(scale, axes.EMPTY if scale == INSTRUCTIONS
                               else axes.EMPTY_PASS)) for scale in scales])
    return Table(["above an empty program"] + [s.name for s in scales], rows)


def budget(found):
    """The answer."""
    established = axes.VERDICTS[1]
    cost = middle(found.verdict(INSTRUCTIONS, established))
    words = []
    for axis in axes.AXES:
        unit = middle(found.slopes(axis, INSTRUCTIONS))
        if axis.name in ("conditions", "hash lookups", "hash updates",
                         "tail calls") and unit:
            words.append(f"{cost / unit:,.1f} {axis.name}")
    return Section(
        "What a verdict's budget is",
        f"The verdict on an established connection's packet takes "
        f"{cost:,.0f} instructions more than an empty program: the price of " +
        ", of ".join(words) + ". In the tables, how many of each unit cost as "
        "much as each verdict; \"of one\" is the slope of a line through the "
        "axis, the median of the runs. Instructions do not depend on what else "
        "the machine did; times do, and emulated processors have no caches and "
        "no predictors. In the noise is what a quarter of the runs found to "
        "cost nothing or less. Of the whole path, from the source on, test runs "
        "with live frames over the same cables were counted.",
        [verdict_table(found), budget_table(found, INSTRUCTIONS),
         *(budget_table(found, scale)
           for scale in (*PATHS.values(), *TIMES.values()))],
        [budget_plot(found), same_axes(found)])


def same_axes(found):
    """Every program and the gateway: instructions and time."""
    series = []
    for mode, scale in TIMES.items():
        points = [(middle(found.above(INSTRUCTIONS, subject, axes.EMPTY)),
                   *bar(0, found.numbers(scale, subject))[1:])
                  for axis in axes.AXES
                  for subject in map(axis.subject, axis.timed)
                  if found.numbers(INSTRUCTIONS, subject) and
                  found.numbers(scale, subject)]
        if points:
            series.append(plot.Series(f"generated, {mode}", points,
                                      "yerrorbars"))
    for mode, scale in TIMES.items():
        points = [(middle(found.verdict(INSTRUCTIONS, verdict)),
                   *bar(0, found.numbers(scale, verdict.subject))[1:])
                  for verdict in axes.VERDICTS
                  if found.numbers(scale, verdict.subject)]
        if points:
            series.append(plot.Series(f"equic, {mode}", points, "yerrorbars"))
    return plot.Plot("same-axes", "Programs under load",
                     "instructions above an empty program",
                     "ns per packet, source included", series)


def traffic_numbers(found, what, mode, subject, stage="traffic"):
    """The values of one quantity under traffic."""
    return found.numbers(costs.Scale("", stage, what, mode), subject)


def axis_table(found, axis):
    """Every quantity along AXIS, means with 95 % confidence intervals."""
    headings = [axis.name, "instructions"]
    for mode in axes.MODES:
        headings += [f"packets/s, {mode}", f"round trip µs, {mode}",
                     f"p99 µs, {mode}", f"processor %, {mode}"]
    rows = []
    for units in sorted({*axis.counted, *axis.timed}):
        subject = axis.subject(units)
        row = [str(units),
               interval(found.above(INSTRUCTIONS, subject, axes.EMPTY))]
        for mode in axes.MODES:
            row += traffic_cells(found, mode, subject)
        rows.append(row)
    return Table(headings, rows)


def traffic_cells(found, mode, subject):
    """Throughput, latency, its p99, share, as table cells."""
    return [interval(traffic_numbers(found, "throughput", mode, subject)),
            *(interval([ns / 1000 for ns in
                        traffic_numbers(found, what, mode, subject)])
              for what in ("latency", "latency, p99")),
            interval(traffic_numbers(found, "processor share", mode, subject))]


def counted_plot(found, axis):
    """Instructions along AXIS, and what verdicts take."""
    series = curve(axis.name, axis.counted, lambda units: found.above(
        INSTRUCTIONS, axis.subject(units), axes.EMPTY))
    for verdict in axes.VERDICTS:
        series += level(f"equic: {verdict.name}",
                        found.verdict(INSTRUCTIONS, verdict), axis.counted[-1])
    return plot.Plot("instructions-" + axis.name.replace(" ", "-"),
                     f"Instructions by {axis.name}", axis.name,
                     "instructions above an empty program", series)


def throughput_plot(found, axis):
    """Packets a second along AXIS, and what the gateway lets through."""
    established = axes.VERDICTS[1]
    series = []
    for mode in axes.MODES:
        series += curve(f"{axis.name}, {mode}", axis.timed,
                        lambda units, mode=mode: traffic_numbers(
                            found, "throughput", mode, axis.subject(units)))
        series += level(f"equic: {established.name}, {mode}",
                        traffic_numbers(found, "throughput", mode,
                                        established.subject), axis.timed[-1])
    return plot.Plot("throughput-" + axis.name.replace(" ", "-"),
                     f"Throughput by {axis.name}", axis.name, "packets/s",
                     series)


def axis_section(found, axis):
    """What is known of one axis."""
    slopes = []
    for scale in (INSTRUCTIONS, *PATHS.values(), *TIMES.values()):
        numbers = found.slopes(axis, scale)
        if numbers:
            low, high = spread.quartiles(numbers)
            slopes.append([scale.name, f"{middle(numbers):.4g}",
                           f"{low:.4g} to {high:.4g}", interval(numbers)])
    text = f"A unit is {axis.meaning}."
    plots = [throughput_plot(found, axis)]
    if axis.counted:
        plots.insert(0, counted_plot(found, axis))
    else:
        text += (" Test runs do not carry redirections out, so there is no "
                 "count for the program alone; the whole path was counted.")
    return Section(axis.name.capitalize(), text,
                   [Table([f"one {axis.unit} costs", "median", "middle half",
                           "mean, 95 % interval"], slopes),
                    axis_table(found, axis)], plots)


def size_section(found):
    """The frame's size."""
    rows = []
    for size in axes.SIZES:
        subject = axes.size_subject(size)
        row = [str(size), interval(found.above(INSTRUCTIONS, subject,
                                               axes.EMPTY))]
        for mode in axes.MODES:
            row += traffic_cells(found, mode, subject)
        rows.append(row)
    series, trips = [], []
    for mode in axes.MODES:
        series += curve(mode, axes.SIZES, lambda size, mode=mode:
                        traffic_numbers(found, "throughput", mode,
                                        axes.size_subject(size)))
        trips += curve(mode, axes.SIZES, lambda size, mode=mode: [
            ns / 1000 for ns in traffic_numbers(found, "latency", mode,
                                                axes.size_subject(size))])
    axis = axes.AXES[0]
    return Section(
        "Packet size", "The same program, larger frames.",
        [Table(["bytes"] + axis_table(found, axis).headings[1:], rows)],
        [plot.Plot("throughput-size", "Throughput by frame size", "bytes",
                   "packets/s", series),
         plot.Plot("latency-size", "Round trip by frame size", "bytes",
                   "µs, median", trips)])


def equic_section(found):
    """The gateway under traffic."""
    rows = []
    subjects = [(f"equic: {v.name}", v.subject) for v in axes.VERDICTS]
    subjects += [("empty program, passes", axes.EMPTY_PASS),
                 ("empty program, drops", axes.EMPTY)]
    for name, subject in subjects:
        for mode in axes.MODES:
            rows.append([f"{name}, {mode}",
                         *traffic_cells(found, mode, subject)])
    text = ("A refused Initial is dropped, so there is no round trip to "
            "measure. Packets that pass are dropped behind the program, by one "
            "and the same program of TC.")
    return Section("The gateway under traffic", text, [Table(
        ["", "packets/s", "round trip µs", "p99 µs", "processor %"], rows)])


def offload_section(values):
    """Which modes there are."""
    rows = list(dict.fromkeys((line["who"], line["step"], line["reason"])
                              for line in values.where(what="offload")))
    works = any(result == "works" for _, _, result in rows)
    return Section(
        "Offload", ("It was tried." if works else
                    "Not available on these devices: it was tried, and the "
                    "kernel answered:"),
        [Table(["device", "step", "result"], [list(row) for row in rows])])


def loss_section(values):
    """What was sent and did not arrive."""
    rows = []
    for stage in values.all("stage"):
        for what in "throughput", "processor share", "latency":
            lines = [line for line in values.where(stage=stage, what=what)
                     if "sent" in line]
            if lines:
                rows.append([f"{stage}: {what}",
                             sum(line["sent"] for line in lines),
                             sum(line["lost"] for line in lines),
                             len(lines),
                             sum(1 for line in lines if line["lost"])])
    return Section("Losses", "Packets that were offered and did not come to "
                   "their end within 0.2 s. They are no throughput.",
                   [Table(["", "sent", "lost", "runs", "runs with losses"],
                          rows)])


def sections(values):
    """All."""
    found = costs.Costs(values)
    return [budget(found), equic_section(found),
            *(axis_section(found, axis) for axis in axes.AXES),
            size_section(found), offload_section(values),
            loss_section(values)]
