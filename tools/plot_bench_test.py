#!/usr/bin/env python3
"""Tests of plot_bench.py."""
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

import plot_bench

RATE = {"name": "get", "group": "gets", "title": "get a key", "unit": "gets/s", "less_is_better": False,
        "goals": [{"store": "sapwood", "versus": "lmdb", "factor": 2}],
        "series": [{"store": "sapwood", "rounds": [3e6, 2e6, 4e6]}, {"store": "lmdb", "rounds": [1e6, 2e6, 1e6]}]}
TIME = {"name": "open", "group": "opens", "title": "open & get", "unit": "ms", "less_is_better": True,
        "goals": [{"store": "sapwood", "versus": "", "factor": 0.5}],
        "series": [{"store": "sapwood", "rounds": [1]}, {"store": "lmdb", "rounds": [2]},
                   {"store": "slow", "rounds": [4000]}]}
DATA = {"entries": 1000, "rounds": 3, "rows": [RATE, TIME], "lists": [],
        "stores": [{"name": name, "title": title, "version": "1", "settings": "none", "unsynced": "all; all",
                    "durable": ""} for name, title in (("sapwood", "Sapwood"), ("lmdb", "LMDB"), ("slow", "Slow <db>"))]}
RESULTS = plot_bench.Results(DATA)


class PlotBench(unittest.TestCase):
    def test_ratios_are_of_the_same_round(self):
        self.assertEqual(plot_bench.ratios(RATE, "sapwood", "lmdb"), (3, 1, 4))

    def test_ratios_say_how_many_times_as_good_where_less_is_better(self):
        self.assertEqual(plot_bench.ratios(TIME, "sapwood", "lmdb"), (2, 2, 2))

    def test_goals_are_met_or_missed(self):
        goals = plot_bench.goals_table(RESULTS)
        self.assertIn("| get a key | Sapwood 3 M gets/s | LMDB 1 M | 3.00x (1.00 - 4.00) | 2x | met |", goals)
        self.assertIn("| open & get | Sapwood 1 ms | LMDB 2 | 2.00x (2.00 - 2.00) | at most 0.5 | **missed** |", goals)

    def test_group_table_has_a_line_a_store(self):
        self.assertIn("| LMDB | 1 M |", plot_bench.group_table(RESULTS, "gets"))
        self.assertIn("| Slow <db> | 4 k, 0.0005x |", plot_bench.group_table(RESULTS, "opens"))

    def test_only_measured_sections_are_replaced(self):
        text = "a\n<!-- bench gets -->\nold\n<!-- /bench -->\n<!-- bench lists -->\nkept\n<!-- /bench -->\nb\n"
        self.assertEqual(plot_bench.fill(text, {"gets": "new"}), text.replace("old", "new"))

    def test_plots_are_well_formed_with_a_bar_a_store(self):
        root = xml.fromstring(plot_bench.plot(RESULTS, "opens"))
        bars = [rect for rect in root.iter("{http://www.w3.org/2000/svg}rect") if rect.get("class") != "card"]
        self.assertEqual(len(bars), 3)
        widths = [float(bar.get("width")) for bar in bars]
        self.assertLess(max(widths) / min(widths), 4000 / 1)  # logarithmic
        self.assertGreater(widths[2], widths[1])

    def test_command_writes_plots_and_document(self):
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "docs"))
            plot_bench.write(os.path.join(root, "docs", "performance.md"), "<!-- bench facts -->\n\n<!-- /bench -->\n")
            data = os.path.join(root, "run.json")
            with open(data, "w", encoding="utf-8") as file:
                plot_bench.json.dump(DATA, file)
            subprocess.run([sys.executable, plot_bench.__file__, data, root], check=True)
            with open(os.path.join(root, "docs", "performance.md"), encoding="utf-8") as file:
                self.assertIn("1,000 entries, 3 rounds. Stores: LMDB 1, Slow <db> 1.", file.read())
            self.assertEqual(sorted(os.listdir(os.path.join(root, "docs", "plots"))), ["gets.svg", "opens.svg"])


if __name__ == "__main__":
    unittest.main()
