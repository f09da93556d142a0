# SPDX-License-Identifier: GPL-2.0-only
"""A report: sections of text, tables and plots, as Markdown, JSON and SVG."""
import dataclasses
import json
import os

from core import plot


def number(value, digits=3):
    """VALUE with as many significant DIGITS, thousands apart."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 10 ** digits:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


@dataclasses.dataclass
class Table:
    """Rows under headings. Cells are numbers or text."""
    headings: list
    rows: list

    def markdown(self):
        """As text."""
        lines = ["| " + " | ".join(self.headings) + " |",
                 "| --- |" + " ---: |" * (len(self.headings) - 1)]
        lines += ["| " + " | ".join(number(cell) for cell in row) + " |"
                  for row in self.rows]
        return "\n".join(lines)


@dataclasses.dataclass
class Section:
    """A part of the report: what was found, its tables, its plots."""
    title: str
    text: str = ""
    tables: list = dataclasses.field(default_factory=list)
    plots: list = dataclasses.field(default_factory=list)

    def markdown(self):
        """As text."""
        parts = [f"## {self.title}"]
        if self.text:
            parts.append(self.text.strip())
        parts += [table.markdown() for table in self.tables]
        parts += [f"![{p.title}]({p.name}.svg)" for p in self.plots]
        return "\n\n".join(parts)


def about_text(about):
    """Where the numbers come from."""
    rows = [[key, str(value)] for key, value in about.items()
            if not isinstance(value, dict)]
    rows += [[f"option {key}", str(value)]
             for key, value in about["options"].items()]
    return Section("Where this comes from", tables=[Table(["", ""], rows)])


def write(directory, experiment, values, about):
    """Write the report on VALUES; the path of its text."""
    sections = experiment.report(values, about["options"])
    for section in sections:
        for each in section.plots:
            plot.write(directory, each)
    text = [f"# {experiment.title}", experiment.question.strip()]
    text += [s.markdown() for s in sections + [about_text(about)]]
    path = os.path.join(directory, "report.md")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n\n".join(text) + "\n")
    data = {"experiment": experiment.name, "about": about, "sections": [
        {"title": s.title, "text": s.text,
         "tables": [dataclasses.asdict(t) for t in s.tables]}
        for s in sections]}
    with open(os.path.join(directory, "report.json"), "w",
              encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.write("\n")
    return path
