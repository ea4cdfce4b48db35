#!/usr/bin/python3
"""The fast engine through the command line: early exit, plans, instruction sets."""
import os

from support import program
from support.program import USAGE


class FastEngine(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.make_network()
        self.expect_ok("convert", "net.safetensors", "-o", "rate.safetensors", "--coding", "rate", "--steps",
                       30, "--calibrate", 50, "--data", "digits")

    def evaluate(self, *options):
        self.expect_ok("evaluate", "rate.safetensors", "--data", "digits", "--limit", 40, "--json",
                       "result.json", *options)
        return self.read_json("result.json")

    def test_every_instruction_set_gives_the_references_result(self):
        expected = self.evaluate("--engine", "reference")
        self.assertEqual(len(expected["synops_by_step"]), 30)
        self.assertAlmostEqual(expected["synops_by_step"][-1], expected["synops_per_sample"],
                               delta=1e-9 * expected["synops_per_sample"])
        keys = ("accuracy_per_step", "synops_by_step", "spikes_per_sample", "synops_per_sample", "energy_pj")
        self.addCleanup(os.environ.pop, "RANVIER_ISA", None)
        for isa in ("auto", "scalar"):
            os.environ["RANVIER_ISA"] = isa
            result = self.evaluate()
            self.assertEqual(result["engine"], "fast")
            for key in keys:
                self.assertEqual(result[key], expected[key], (isa, key))
        os.environ["RANVIER_ISA"] = "avx1024"
        self.expect_error(USAGE, "info", "net.safetensors", says="scalar")

    def test_early_exit(self):
        full = self.evaluate()
        self.assertNotIn("exits_per_step", full)
        early = self.evaluate("--exit", "margin", "--exit-threshold", 2)
        self.assertEqual(sum(early["exits_per_step"]), 40)
        mean = sum((t + 1) * n for t, n in enumerate(early["exits_per_step"])) / 40
        self.assertAlmostEqual(early["mean_exit_step"], mean)
        self.assertLess(mean, 30)
        self.assertLess(early["spikes_per_sample"], full["spikes_per_sample"])
        # The first layer multiplies at every step that is run.
        self.assertAlmostEqual(early["macs_per_sample"] / full["macs_per_sample"], mean / 30)
        never = self.evaluate("--exit", "maximum", "--exit-threshold", 1e9)
        self.assertEqual(never["exits_per_step"][-1], 40)
        self.assertEqual(never["spikes_per_sample"], full["spikes_per_sample"])

    def test_early_exit_where_there_is_none(self):
        for network, options in (("rate.safetensors", ("--engine", "reference")), ("net.safetensors", ())):
            self.expect_error(USAGE, "evaluate", network, "--data", "digits", "--exit", "margin", *options,
                              says="early exit")

    def test_plan_names_kernels(self):
        text = self.expect_ok("info", "rate.safetensors", "--plan").stdout
        for word in ("events of float weights", "constant values", "state per sample", "int8 event"):
            self.assertIn(word, text)


if __name__ == "__main__":
    program.main()
