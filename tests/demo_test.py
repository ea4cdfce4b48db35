#!/usr/bin/python3
"""The demonstration is as accurate as promised. How long it took is printed, not judged: these
machines are noisy, and the goal, three minutes, is for two idle cores."""
import pathlib
import subprocess
import time
import unittest

from support import browser, program
from support.program import CAN_TRAIN, IO

LIBRARY = pathlib.Path("/usr/share/javascript/chart.js/chart.min.js")
CONTRACT = ("accuracy", "samples", "timesteps", "spikes_per_neuron", "synops_per_sample",
            "macs_per_sample", "energy_pj", "images_per_second", "layers")


@unittest.skipUnless(CAN_TRAIN, "this build has no LibTorch")
class Demo(program.ProgramTest):
    def test_demo(self):
        begin = time.monotonic()
        done = self.expect_ok("demo", "--out", "demo", "--threads", 2, timeout=900)
        seconds = time.monotonic() - begin
        result = self.read_json("demo/result.json")
        for part in (result, result["float"], result["rate"], result["one_spike"]):
            for key in CONTRACT:
                self.assertIn(key, part)
        accuracy = {name: result[name]["accuracy"] for name in ("float", "rate", "one_spike")}
        print(done.stdout, f"{seconds:.0f} s")
        self.assertGreaterEqual(accuracy["float"], 0.97)
        self.assertGreaterEqual(accuracy["rate"], accuracy["float"] - 0.01)
        self.assertGreaterEqual(accuracy["one_spike"], accuracy["float"] - 0.01)
        self.assertEqual(result["accuracy"], accuracy["one_spike"])
        self.assertLess(result["one_spike"]["spikes_per_neuron"], 1)
        self.assertEqual(sum(result["rate_exit"]["exits_per_step"]), result["rate_exit"]["samples"])
        self.assertLess(result["rate_exit"]["mean_exit_step"], result["rate"]["timesteps"])
        self.assertGreaterEqual(result["rate_exit"]["accuracy"], accuracy["rate"] - 0.01)
        diagnosed = [stage["name"] for stage in result["stages"] if "diagnosis" in stage]
        self.assertEqual(diagnosed, ["convert_rate", "convert_one_spike"])
        self.check_report(done)
        self.check_outputs_that_cannot_be_written()

    def check_outputs_that_cannot_be_written(self):
        """What is done is not done again, so this takes no time."""
        words = ("demo", "--out", "demo", "--threads", 2)
        page = self.folder / "demo/report.html"
        page.unlink(missing_ok=True)
        (self.folder / "folder").mkdir()
        done = self.run_program(*words, "--json", "folder")
        self.assertEqual(done.returncode, IO, done.stderr)
        self.assertIn("ranvier: error: folder: is a directory", done.stderr)
        if LIBRARY.exists():
            page.mkdir()
            done = self.run_program(*words)
            self.assertEqual(done.returncode, IO, done.stderr)
            self.assertIn("ranvier: error: demo/report.html: is a directory", done.stderr)
        with open("/dev/full", "w") as full:
            done = subprocess.run([program.PROGRAM, *map(str, words)], cwd=self.folder, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, IO, done.stderr)

    def check_report(self, done):
        """It is said where the report is, and it shows everything that a report can."""
        self.assertIn("report: demo/report.html", done.stdout)
        if browser.CHROMIUM is None:
            return
        text, console = browser.Browser(self.folder).open(
            "demo/report.html", "return document.querySelector('main').innerText")
        self.assertEqual(console, [])
        self.assertNotIn("left out", text)
        for part in ("Verdict", "Latency", "Exit times", "Spikes per layer", "Conversion error by layer",
                     "Training", "On in-memory hardware"):
            self.assertIn(part, text)


if __name__ == "__main__":
    program.main()
