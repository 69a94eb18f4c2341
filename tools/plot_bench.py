#!/usr/bin/env python3
"""plot_bench.py JSON [ROOT]: turns what `store_bench --json` or python/bench/bench.py wrote into docs/plots/<group>.svg and the tables of
docs/performance.md, between lines `<!-- bench NAME -->` and `<!-- /bench -->`. NAME: facts, goals, settings, or a group.
"""
import json
import math
import os
import re
import statistics
import sys
from xml.sax.saxutils import escape

BASE = "lmdb"
LOG_FROM = 20  # largest over smallest value from which a panel has a logarithmic scale

WIDTH, LABELS, FIGURES = 720, 170, 90
BAR, GAP, TITLE, MARGIN = 14, 4, 26, 12
STYLE = """
  .card{fill:#ffffff;stroke:#d0d7de} text{font:12px sans-serif;fill:#1f2328} .title{font-weight:bold}
  .grid{stroke:#d0d7de} .small{font-size:10px;fill:#59636e}
  .own{fill:#1a7f37} .base{fill:#57606a} .peer{fill:#9aa4af} .off{fill:#b5843c}
  @media (prefers-color-scheme:dark){
    .card{fill:#0d1117;stroke:#3d444d} text{fill:#f0f6fc} .grid{stroke:#3d444d} .small{fill:#9198a1}
    .own{fill:#3fb950} .base{fill:#b1bac4} .peer{fill:#656c76} .off{fill:#d29922}
  }"""


def short(value):
    """A value with three digits and a unit prefix: 1234567 -> 1.23 M."""
    for limit, prefix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{prefix}"
    return f"{value:.3g}"


class Results:
    """The JSON of one run."""

    def __init__(self, data):
        self.entries, self.rounds = int(data["entries"]), int(data["rounds"])
        self.section = data.get("section", "")  # in front of the names of facts, goals and settings
        self.stores, self.lists, self.rows = data["stores"], data["lists"], data["rows"]

    def groups(self):
        return list(dict.fromkeys(row["group"] for row in self.rows))

    def rows_of(self, group):
        return [row for row in self.rows if row["group"] == group]

    def title(self, store, group=""):
        kinds = self.lists + self.stores if group == "lists" else self.stores + self.lists
        return next((kind["title"] for kind in kinds if kind["name"] == store), store)


def series_of(row, store):
    return next((series["rounds"] for series in row["series"] if series["store"] == store), None)


def median_of(row, store):
    rounds = series_of(row, store)
    return None if rounds is None else statistics.median(rounds)


def ratios(row, store, versus):
    """How many times as good `store` was as `versus`, in each round: median, lowest, highest; or None."""
    ours, theirs = series_of(row, store), series_of(row, versus)
    if not ours or not theirs:
        return None
    values = [b / a if row["less_is_better"] else a / b for a, b in zip(ours, theirs)]
    return statistics.median(values), min(values), max(values)


def times(ratio):
    return f"{ratio:.1g}" if ratio < 0.01 else f"{ratio:.2f}" if ratio < 100 else f"{ratio:,.0f}"


def with_range(ratio):
    return f"{times(ratio[0])}x ({times(ratio[1])} - {times(ratio[2])})"


# --- Tables ----------------------------------------------------------------------------------------------------------

def table(head, lines):
    return "\n".join(["| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head)] + lines])


def goal_line(results, row, goal):
    """A line of the table of goals; None if a store was not measured."""
    own = median_of(row, goal["store"])
    versus = goal["versus"] or BASE
    ratio = ratios(row, goal["store"], versus)
    if own is None or (goal["versus"] and ratio is None):
        return None
    if goal["versus"]:
        met = ratio[0] >= goal["factor"]
        wanted = f"{goal['factor']:g}x"
    else:
        met = own <= goal["factor"] if row["less_is_better"] else own >= goal["factor"]
        wanted = f"at {'most' if row['less_is_better'] else 'least'} {short(goal['factor'])}"
    other = median_of(row, versus)
    shown = f"{results.title(versus, row['group'])} {short(other)}" if other is not None else ""
    return [row["title"], f"{results.title(goal['store'], row['group'])} {short(own)} {row['unit']}", shown,
            with_range(ratio) if ratio else "", wanted, "met" if met else "**missed**"]


def goals_table(results):
    lines = [goal_line(results, row, goal) for row in results.rows for goal in row["goals"]]
    return table(["workload", "Sapwood", "other", "ratio (lowest - highest)", "goal", ""], [x for x in lines if x])


def settings_table(results):
    lines = [[kind["title"], kind["version"], kind["settings"], kind["unsynced"], kind["durable"] or "has none"]
             for kind in results.stores]
    lines += [[kind["title"] + " (list)", "", kind["settings"], "", ""] for kind in results.lists]
    return table(["store", "version", "settings", "unsynced commits left: killed process; power cut", "durable commits"],
                 lines)


def group_table(results, group):
    rows = results.rows_of(group)
    base = BASE if series_of(rows[0], BASE) else rows[0]["series"][0]["store"]
    stores = list(dict.fromkeys(series["store"] for row in rows for series in row["series"]))
    lines = []
    for store in stores:
        cells = []
        for row in rows:
            ratio = ratios(row, store, base)
            value = median_of(row, store)
            if value is None:
                cells.append("")
            else:
                cells.append(short(value) if ratio is None or store == base else f"{short(value)}, {times(ratio[0])}x")
        lines.append([results.title(store, group)] + cells)
    return table(["store"] + [f"{row['title']} ({row['unit']})" for row in rows], lines)


def sections(results):
    """The text of each marked section of docs/performance.md, by name."""
    facts = (f"{results.entries:,} entries, {results.rounds} rounds. Stores: "
             + ", ".join(f"{kind['title']} {kind['version']}" for kind in results.stores
                         if not kind["name"].startswith("sapwood") and kind["name"] != "lmdb-writemap") + ".")
    texts = {"facts": facts, "goals": goals_table(results), "settings": settings_table(results)}
    texts = {results.section + name: text for name, text in texts.items()}
    for group in results.groups():
        plot = file_name(group)
        texts[group] = f"![{group}](plots/{plot})\n\n{group_table(results, group)}"
    return texts


def fill(document, texts):
    """The document with its marked sections replaced. A section that was not measured stays."""
    def replacement(match):
        text = texts.get(match.group(2))
        return match.group() if text is None else f"{match.group(1)}\n{text}\n{match.group(3)}"
    return re.sub(r"(<!-- bench ([\w ]+) -->)\n.*?(<!-- /bench -->)", replacement, document, flags=re.DOTALL)


# --- Plots -----------------------------------------------------------------------------------------------------------

def file_name(group):
    return group.replace(" ", "-") + ".svg"


def panel_height(row):
    return TITLE + len(row["series"]) * (BAR + GAP) + MARGIN


def bar_class(store):
    if store.startswith("sapwood"):
        return "own"
    return "base" if store == BASE else "off" if store in ("raw", "memory") else "peer"


def scale_of(values):
    """A function from a value to a part of the width, and the marks of a logarithmic scale (none: it is linear)."""
    low, high = min(values), max(values)
    if low <= 0 or high / low < LOG_FROM:
        return (lambda value: value / high), []
    first, last = math.floor(math.log10(low)), math.log10(high)
    marks = [10.0 ** power for power in range(first, math.floor(last) + 1)]
    return (lambda value: max(0.005, (math.log10(value) - first) / (last - first))), marks


def panel(results, row, top):
    values = [statistics.median(series["rounds"]) for series in row["series"]]
    part, marks = scale_of(values)
    room = WIDTH - LABELS - FIGURES - 2 * MARGIN
    left = MARGIN + LABELS
    better = "less is better" if row["less_is_better"] else "more is better"
    note = f"{row['unit']}, {better}{', logarithmic' if marks else ''}"
    yield f'<text class="title" x="{MARGIN}" y="{top + 14}">{escape(row["title"])}</text>'
    yield f'<text class="small" x="{WIDTH - MARGIN}" y="{top + 14}" text-anchor="end">{escape(note)}</text>'
    bottom = top + TITLE + len(values) * (BAR + GAP)
    for mark in marks:
        x = left + room * part(mark) if mark > marks[0] else left
        yield f'<line class="grid" x1="{x:.1f}" y1="{top + TITLE - 4}" x2="{x:.1f}" y2="{bottom}"/>'
    for i, (series, value) in enumerate(zip(row["series"], values)):
        y = top + TITLE + i * (BAR + GAP)
        width = max(1.0, room * part(value))
        title = results.title(series["store"], row["group"])
        yield f'<text x="{left - 8}" y="{y + 11}" text-anchor="end">{escape(title)}</text>'
        yield (f'<rect class="{bar_class(series["store"])}" x="{left}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2">'
               f'<title>{escape(title)}: {value:.6g} {escape(row["unit"])}</title></rect>')
        yield f'<text x="{left + width + 6:.1f}" y="{y + 11}">{short(value)}</text>'


def plot(results, group):
    """The SVG of a group: a panel of bars for each row. It has a ground of its own, light or dark as the reader's."""
    rows = results.rows_of(group)
    height = MARGIN + sum(panel_height(row) for row in rows)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
             f'role="img" aria-label="{escape(group)}">', f"<style>{STYLE}</style>",
             f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>']
    top = MARGIN
    for row in rows:
        parts += panel(results, row, top)
        top += panel_height(row)
    return "\n".join(parts + ["</svg>", ""])


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(arguments):
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    root = arguments[1] if len(arguments) == 2 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(arguments[0], encoding="utf-8") as file:
        results = Results(json.load(file))
    plots = os.path.join(root, "docs", "plots")
    os.makedirs(plots, exist_ok=True)
    for group in results.groups():
        write(os.path.join(plots, file_name(group)), plot(results, group))
    path = os.path.join(root, "docs", "performance.md")
    with open(path, encoding="utf-8") as file:
        document = file.read()
    write(path, fill(document, sections(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
