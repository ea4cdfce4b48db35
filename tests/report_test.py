#!/usr/bin/python3
"""Reports in a browser: they render without a complaint, say what the JSON says, sort, and take
nothing from a name for markup. Without Chromium only the page's text is looked at."""
import copy
import json
import pathlib
import time
import unittest

from support import browser, program
from support.program import BAD_INPUT, IO, ROOT, UNSUPPORTED, USAGE

LIBRARY = pathlib.Path("/usr/share/javascript/chart.js/chart.min.js")
RESULTS = ROOT / "docs/results"

# Rows of a section's table, as [{column: {value, text}}].
ROWS = """
const table = document.querySelector('#SECTION table');
const names = [...table.querySelectorAll('thead button')].map((b) => b.textContent);
return [...table.querySelectorAll('tbody tr')].map((row) => Object.fromEntries([...row.cells].map(
    (cell, c) => [names[c], {value: cell.dataset.value ?? null, text: cell.textContent}])));
"""
TABLE = ROWS.replace("SECTION", "results")
VERDICT = "return document.getElementById('verdict').innerText"


def result(name):
    return json.loads((RESULTS / f"{name}.json").read_text())


@unittest.skipUnless(LIBRARY.exists(), "libjs-chart.js is not installed")
class Page(program.ProgramTest):
    def report(self, *runs, out="report.html"):
        done = self.expect_ok("report", *runs, "-o", out)
        return (self.folder / out).read_text(), done

    def test_is_one_file_that_asks_for_nothing(self):
        text, done = self.report(RESULTS / "demo.json")
        self.assertIn("default-src 'none'", text)
        for word in ("src=", "url(", "@import", "href=\"http", "fetch(", "XMLHttpRequest"):
            self.assertNotIn(word, text.replace(LIBRARY.read_text(), ""), word)
        self.assertIn("runs: 1", done.stdout)

    def test_same_runs_same_bytes(self):
        first, _ = self.report(RESULTS / "demo.json")
        again, _ = self.report(RESULTS / "demo.json")
        self.assertEqual(first, again)

    def test_bad_input(self):
        self.write("broken.json", "{")
        self.write("page.html", "<!DOCTYPE html>")
        self.write("other.json", '{"a": 1}')
        self.write("typed.json", '{"accuracy": 0.5, "energy_pj": "much"}')
        self.write("good.json", json.dumps(result("demo")))
        self.write("library.js", "alert(1)")
        self.expect_error(IO, "report", "missing", "-o", "r.html", says="missing")
        self.expect_error(BAD_INPUT, "report", "broken.json", "-o", "r.html", says="broken.json")
        line = self.expect_error(BAD_INPUT, "report", "page.html", "-o", "r.html",
                                 says="page.html is no JSON; give a result file that --json")
        self.assertNotIn("exception", line)
        self.expect_error(BAD_INPUT, "report", "other.json", "-o", "r.html", says="--json")
        self.expect_error(BAD_INPUT, "report", "typed.json", "-o", "r.html", says="energy_pj")
        self.expect_error(BAD_INPUT, "report", ".", "-o", "r.html", says="no result.json")
        self.expect_error(USAGE, "report", "good.json", "-o", "good.json", says="replace")
        self.expect_error(USAGE, "report", "good.json", "-o", "r.html", "--crossbar", "12y8",
                          says="128x128")
        self.expect_error(BAD_INPUT, "report", "good.json", "-o", "r.html", "--chart-js",
                          "library.js", says="libjs-chart.js")
        self.expect_error(IO, "report", "good.json", "-o", "good.json/r.html")

    def test_write_that_fails_leaves_the_old_page(self):
        self.report(RESULTS / "demo.json")
        before = self.files()
        self.write("typed.json", '{"accuracy": 0.5, "energy_pj": "much"}')
        self.run_program("report", "typed.json", "-o", "report.html")
        after = {name: at for name, at in self.files().items() if "typed" not in name}
        self.assertEqual(before, after)


@unittest.skipIf(LIBRARY.exists(), "libjs-chart.js is installed")
class WithoutLibrary(program.ProgramTest):
    def test_says_what_to_install(self):
        self.expect_error(UNSUPPORTED, "report", RESULTS / "demo.json", "-o", "r.html",
                          says="libjs-chart.js")


@unittest.skipUnless(LIBRARY.exists() and browser.CHROMIUM,
                     "chromium or libjs-chart.js is not installed")
class InBrowser(program.ProgramTest):
    def open(self, script, *runs, options=()):
        """The script's value; the console must have received nothing."""
        self.expect_ok("report", *runs, "-o", "report.html")
        value, console = browser.Browser(self.folder).open("report.html", script, *options)
        self.assertEqual(console, [])
        return value

    def test_console_errors_are_seen(self):
        self.write("broken.html", "<body><script>undefinedFunction()</script></body>")
        _, console = browser.Browser(self.folder).open("broken.html")
        self.assertIn("undefinedFunction", "\n".join(console))

    def check_row(self, row, expected):
        """One row of the table against the JSON it came from."""
        columns = {"accuracy": "accuracy", "energy": "energy_pj", "SynOps": "synops_per_sample",
                   "MACs": "macs_per_sample", "\u00b1": "accuracy_standard_error"}
        for column, key in columns.items():
            self.assertEqual(float(row[column]["value"]), expected[key], f"{column} of {row}")
        self.assertEqual(row["accuracy"]["text"], f"{100 * expected['accuracy']:.2f} %")
        prefixes = {"pJ": 1, "nJ": 1e3, "\u00b5J": 1e6, "mJ": 1e9}
        number, unit = row["energy"]["text"].split(" ")
        self.assertAlmostEqual(float(number) * prefixes[unit] / expected["energy_pj"], 1, delta=5e-4)

    def test_numbers_are_those_of_the_json(self):
        expected = result("bsnn_mnist")
        rows = self.open(TABLE, RESULTS / "bsnn_mnist.json")
        titles = [row["result"]["text"] for row in rows]
        evaluations = {key: value for key, value in expected.items()
                       if isinstance(value, dict) and "accuracy" in value}
        self.assertEqual(titles, list(evaluations))
        reference = expected["evaluate_float"]
        for row in rows:
            one = evaluations[row["result"]["text"]]
            self.check_row(row, one)
            if one["coding"] == "float":
                continue
            if one["samples"] != reference["samples"]:  # accuracies on other images are not compared
                self.assertIsNone(row["\u2212 float"]["value"])
            else:
                self.assertAlmostEqual(float(row["\u2212 float"]["value"]),
                                       one["accuracy"] - reference["accuracy"], delta=1e-12)
            self.assertAlmostEqual(float(row["float/this"]["value"]),
                                   one["float_energy_pj"] / one["energy_pj"], delta=1e-9)

    def test_verdict_comes_first(self):
        script = "return [document.querySelector('main').firstElementChild.id, document.getElementById('verdict').innerText]"
        first, text = self.open(script, RESULTS / "demo.json")
        self.assertEqual(first, "verdict")
        whole = result("demo")
        best, reference = whole["one_spike"], whole["float"]
        lost = 100 * (reference["accuracy"] - best["accuracy"])
        for part in (f"{100 * best['accuracy']:.2f} %", f"\u2212{lost:.2f} points",
                     f"float: {100 * reference['accuracy']:.2f} %", str(best["timesteps"]),
                     f"{best['float_energy_pj'] / best['energy_pj']:.3f}", "less energy"):
            self.assertIn(part, text)

    def test_verdict_is_on_the_data_of_the_float_network(self):
        """A result on fewer images is the most accurate, and does not count."""
        whole = result("bsnn_cifar10")
        best = whole["sif_hybrid"]
        self.assertGreater(whole["sif_float"]["accuracy"], best["accuracy"])
        text = self.open(VERDICT, RESULTS / "bsnn_cifar10.json")
        self.assertIn(f"{100 * best['accuracy']:.2f} %", text)
        for part in ("sif_hybrid", "against the float network", "those come first that have a float network"):
            self.assertIn(part, text)
        self.assertNotIn("sif_float", text)

    def test_runs_without_an_accuracy_have_no_verdict(self):
        self.write("trained/01-train/result.json",
                   json.dumps({"epochs": [{"epoch": 1, "loss": 0.5}], "stage": {"do": "train", "name": "train"}}))
        script = "return [[...document.querySelectorAll('.verdict h3')].map((h) => h.textContent), document.getElementById('verdict').innerText]"
        cards, text = self.open(script, "trained", RESULTS / "demo.json")
        self.assertEqual(cards, ["demo"])
        self.assertNotIn("No result with an accuracy", text)
        cards, text = self.open(script, "trained")
        self.assertEqual(cards, [])
        self.assertIn("No result with an accuracy here", text)

    def test_attacks_are_in_one_table(self):
        whole = result("robustness_mnist")
        expected = [(name, stage, row) for name, stage in whole.items()
                    if isinstance(stage, dict) and "rows" in stage for row in stage["rows"]]
        self.assertGreater(len(expected), 50)
        rows = self.open(ROWS.replace("SECTION", "attacks"), RESULTS / "robustness_mnist.json",
                         RESULTS / "demo.json")
        self.assertEqual([row["stage"]["text"] for row in rows], [name for name, _, _ in expected])
        columns = {"epsilon": "epsilon", "clean accuracy": "clean_accuracy", "under attack": "accuracy",
                   "lost": "adversarial_loss", "samples": "samples", "timesteps": "timesteps", "leak": "leak"}
        for row, (_, stage, one) in zip(rows, expected):
            self.assertEqual(row["run"]["text"], "robustness_mnist")
            self.assertEqual(row["method"]["text"].split(",")[0], one["method"])
            self.assertEqual(row["crafted on"]["text"], stage["crafted_on"] or "itself")
            for column, key in columns.items():
                if one.get(key, 0) == 0 and column in ("timesteps", "leak"):
                    self.assertIsNone(row[column]["value"])
                else:
                    self.assertEqual(float(row[column]["value"]), one[key], f"{column} of {row}")
        pgd = [row["method"]["text"] for row in rows if row["method"]["text"] != "fgsm"]
        self.assertEqual(set(pgd), {"pgd, 5 steps of 0.05"})

    def test_attack_table_sorts_and_is_linked(self):
        script = """
        const head = [...document.querySelectorAll('#attacks thead button')].find((b) => b.textContent === 'under attack');
        head.click();
        const at = [...head.closest('tr').cells].indexOf(head.closest('th'));
        return {sort: head.closest('th').getAttribute('aria-sort'), links: [...document.querySelectorAll('nav a')].map((a) => a.hash),
                values: [...document.querySelectorAll('#attacks tbody tr')].map((row) => Number(row.cells[at].dataset.value))};
        """
        got = self.open(script, RESULTS / "robustness_mnist.json")
        self.assertEqual(got["sort"], "descending")
        self.assertEqual(got["values"], sorted(got["values"], reverse=True))
        self.assertIn("#attacks", got["links"])
        links = self.open("return [...document.querySelectorAll('nav a')].map((a) => a.hash)",
                          RESULTS / "demo.json")
        self.assertEqual(links, ["#verdict", "#fronts", "#results", "#run-0"])

    def test_verdict_of_attacks_alone_names_the_attack(self):
        whole = result("robustness_mnist")
        last = whole["sweep"]["rows"][-1]
        rows = [row for stage in whole.values() if isinstance(stage, dict) for row in stage.get("rows", [])]
        left = [row["accuracy"] for row in rows]
        text = self.open(VERDICT, RESULTS / "robustness_mnist.json")
        for part in (f"sweep: under attack by {last['method']}", f"epsilon {last['epsilon']}",
                     f"{last['timesteps']} timesteps", f"leak {last['leak']}",
                     f"{100 * last['clean_accuracy']:.2f} %", f"{100 * last['accuracy']:.2f} %",
                     f"\n{100 * last['adversarial_loss']:.2f} points", "under attack only",
                     f"Its {len(rows)} attacks left between {100 * min(left):.2f} %", f"{100 * max(left):.2f} %"):
            self.assertIn(part, text)
        methods = {row["method"]["text"] for row in self.open(TABLE, RESULTS / "robustness_mnist.json")}
        self.assertEqual(methods, {"under attack: pgd, epsilon 0.2", "under attack: fgsm, epsilon 0.1"})

    def test_charts_hold_the_values(self):
        """Every chart is drawn, and the values behind them are the JSON's."""
        script = """
        return [...charts].map((entry) => ({caption: entry.canvas.closest('figure').firstChild.textContent,
            width: entry.canvas.width, data: entry.chart && entry.chart.data.datasets.map((d) => d.data.map(
                (v) => (typeof v === 'object' && v !== null ? [v.x, v.y] : v)))}));
        """
        expected = result("bsnn_mnist")
        drawn = {chart["caption"]: chart for chart in self.open(script, RESULTS / "bsnn_mnist.json")}
        for chart in drawn.values():
            self.assertTrue(chart["data"], chart["caption"])
            self.assertGreater(chart["width"], 100)
        steps = drawn["Accuracy against timesteps"]["data"][0]
        self.assertEqual([round(y / 100, 9) for _, y in steps],
                         [round(v, 9) for v in expected["sif_hybrid"]["accuracy_per_step"]])
        last = expected["exit_200_all"]
        exits = drawn[f"Samples decided after each timestep, exit_200_all (mean {last['mean_exit_step']:.4g})"]
        self.assertEqual(exits["data"][0], last["exits_per_step"])
        layers = [layer for layer in expected["sif_hybrid"]["layers"]
                  if layer["neurons"] > 0 or layer["spikes_per_sample"] > 0]
        self.assertEqual(drawn["Spikes per layer and sample, sif_hybrid"]["data"][0],
                         [layer["spikes_per_sample"] for layer in layers])

    def test_what_is_missing_is_said(self):
        self.write("plain.json", json.dumps(result("demo")["one_spike"]))
        text = self.open("return document.getElementById('runs').innerText", "plain.json")
        for part in ("Exit times left out", "Conversion error left out", "Training curves left out",
                     "Hardware mapping left out"):
            self.assertIn(part, text)

    def test_stages_of_a_folder(self):
        layer = {"name": "relu1", "relative_error": 0.125, "own_error": 0.0625, "bias": -0.01,
                 "saturated": 0.0, "silenced": 0.5}
        stages = [("train", "train", {"epochs": [{"epoch": 1, "loss": 0.75, "accuracy": 0.5},
                                                  {"epoch": 2, "loss": 0.25, "accuracy": 0.9}]}),
                  ("convert", "c", {"diagnosis": {"images": 100, "changed_decisions": 0.03,
                                                  "output_error": 0.1, "layers": [layer]}})]
        whole = result("demo")
        whole["stages"] = [{"do": kind, "name": name} for kind, name, _ in stages]
        self.write("run/result.json", json.dumps(whole))
        for k, (kind, name, content) in enumerate(stages, 1):
            self.write(f"run/{k:02}-{name}/result.json",
                       json.dumps({**content, "stage": {"do": kind, "name": name}}))
        script = """
        return Object.fromEntries([...charts].map((entry) => [entry.canvas.closest('figure').firstChild.textContent,
            entry.chart.data.datasets.map((d) => d.data.map((v) => v.y ?? v))]));
        """
        drawn = self.open(script, "run")
        self.assertEqual(drawn["Training, train"], [[50, 90], [0.75, 0.25]])
        self.assertEqual(drawn["Error against the float network, c"], [[0.125], [0.0625]])

    def test_tables_sort_by_click_and_keyboard(self):
        script = """
        const head = (name) => [...document.querySelectorAll('#results thead button')].find((b) => b.textContent === name);
        const column = (name) => [...document.querySelectorAll('#results tbody tr')].map(
            (row) => row.cells[[...head(name).closest('tr').cells].indexOf(head(name).closest('th'))].dataset.value ?? null);
        const sorted = (name) => { head(name).click(); return [head(name).closest('th').getAttribute('aria-sort'), column(name)]; };
        head('energy').focus();
        return {focus: document.activeElement === head('energy'), tag: head('energy').tagName,
                down: sorted('energy'), up: sorted('energy'), words: sorted('result'), other: head('energy').closest('th').ariaSort,
                gaps: sorted('latency')};
        """
        got = self.open(script, RESULTS / "bsnn_mnist.json")
        self.assertTrue(got["focus"])
        self.assertEqual(got["tag"], "BUTTON")  # Enter and Space click a button
        energies = [float(value) for value in got["down"][1]]
        self.assertEqual(got["down"][0], "descending")
        self.assertEqual(energies, sorted(energies, reverse=True))
        self.assertGreater(len(set(energies)), 5)
        self.assertEqual(got["up"][0], "ascending")
        self.assertEqual([float(value) for value in got["up"][1]], sorted(energies))
        self.assertEqual(got["words"][0], "ascending")
        self.assertEqual(got["words"][1][:2], ["evaluate_float", "evaluate_hybrid"])
        self.assertEqual(got["other"], "none")
        latencies = got["gaps"][1]
        self.assertEqual(latencies[-3:], [None] * 3)  # the float networks, at the end either way
        self.assertNotIn(None, latencies[:-3])

    def test_charts_answer_to_arrow_keys(self):
        script = """
        const canvas = document.querySelector('#runs canvas');
        const press = (key) => { canvas.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
                                 return document.getElementById('announcer').textContent; };
        return [canvas.tabIndex, press('ArrowRight'), press('ArrowRight'), press('Escape')];
        """
        expected = result("demo")["rate"]["accuracy_per_step"]
        tab, first, second, none = self.open(script, RESULTS / "demo.json")
        self.assertEqual(tab, 0)
        self.assertIn(f"{100 * expected[0]:.2f} %", first)
        self.assertIn("after 2 steps", second)
        self.assertEqual(none, "")

    def test_names_are_text(self):
        hostile = "</script><img src=x onerror=alert(1)>'\"&lt;{{data}}\u2028<!--"
        changed = copy.deepcopy(result("demo"))
        for part in (changed, changed["rate"], changed["one_spike"]):
            part["layers"][1]["name"] = hostile
            part["data"] = hostile
            part["command"] = hostile
        changed["rate"]["title"] = hostile
        changed["recipe"]["text"] = hostile
        self.write("run.json", json.dumps(changed))
        script = """
        return {images: document.images.length, scripts: document.scripts.length,
                cells: [...document.querySelectorAll('td')].map((cell) => cell.textContent)};
        """
        got = self.open(script, "run.json")
        self.assertEqual(got["images"], 0)
        self.assertEqual(got["scripts"], 4)  # data, library, ours, and that of this test
        self.assertIn(hostile, got["cells"])

    def test_dark_light_and_print(self):
        script = "return [getComputedStyle(document.body).backgroundColor, [...charts][0].chart.options.scales.x.ticks.color]"
        light = self.open(script, RESULTS / "demo.json")
        dark = self.open(script, RESULTS / "demo.json",
                         options=["--blink-settings=preferredColorScheme=0"])
        self.assertEqual(light[0], "rgb(255, 255, 255)")
        self.assertNotEqual(dark[0], light[0])
        self.assertNotEqual(dark[1], light[1])

    def test_thirty_runs_open_quickly(self):
        names = sorted(path for path in RESULTS.glob("*.json")
                       if "stages" in json.loads(path.read_text()))
        runs = (names * 3)[:30]
        self.assertEqual(len(runs), 30)
        begin = time.monotonic()
        self.expect_ok("report", *runs, "-o", "report.html")
        written = time.monotonic() - begin
        script = "return [performance.now(), document.querySelectorAll('#results tbody tr').length, [...charts].every((c) => c.chart)]"
        value, console = browser.Browser(self.folder).open("report.html", script)
        size = (self.folder / "report.html").stat().st_size
        print(f"30 runs: {size / 1e6:.2f} MB, {value[1]} results, written in {written:.2f} s, "
              f"built in {value[0]:.0f} ms")
        self.assertEqual(console, [])
        self.assertTrue(value[2])
        self.assertGreater(value[1], 100)
        self.assertLess(size, 5e6)


if __name__ == "__main__":
    program.main()
