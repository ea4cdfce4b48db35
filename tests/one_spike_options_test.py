#!/usr/bin/python3
"""How one_spike layers wait and how pixels come in, through the command line and recipes."""
from support import program
from support.program import BAD_INPUT, USAGE


class OneSpikeOptions(program.ProgramTest):
    def evaluate(self, *options, engine="auto"):
        self.expect_ok("convert", "net.safetensors", "-o", "snn.safetensors", "--steps", 12,
                       "--calibrate", 20, "--data", "digits", *options)
        self.expect_ok("evaluate", "snn.safetensors", "--data", "digits", "--limit", 10, "--engine",
                       engine, "--json", "result.json")
        return self.read_json("result.json")

    def setUp(self):
        super().setUp()
        self.make_network()

    def test_wait_sets_the_latency(self):
        full = self.evaluate()
        self.assertEqual(full["wait"], 12)
        self.assertEqual(full["engine"], "phase")
        layers = (full["latency_steps"] - 12) // 12
        self.assertGreater(layers, 1)
        for wait in (0, 5, 20):
            result = self.evaluate("--wait", wait)
            self.assertEqual(result["wait"], wait)
            self.assertEqual(result["latency_steps"], layers * wait + 12)
            self.assertEqual(result["pipelined_steps_per_image"], 12)
            self.assertEqual(result["membrane_banks"], -(-(wait + 12) // 12), "ceil((W + T) / T)")
            self.assertEqual(result["engine"], "phase" if wait >= 12 else "fast")
            again = self.evaluate("--wait", wait, engine="reference")
            if wait < 12:  # the same to the last spike
                self.assertEqual(again["spikes_per_sample"], result["spikes_per_sample"])
        text = self.expect_ok("evaluate", "snn.safetensors", "--data", "digits", "--limit", 1).stdout
        self.assertIn(f"{layers * 20 + 12} steps; a pipeline with 3 membranes per neuron", text)

    def test_a_wait_beyond_all_phases_changes_nothing_but_the_latency(self):
        full = self.evaluate(engine="reference")
        longer = self.evaluate("--wait", 15, engine="reference")
        for key in ("correct", "spikes_per_sample", "synops_per_sample"):
            self.assertEqual(full[key], longer[key], key)
        self.assertLess(full["latency_steps"], longer["latency_steps"])

    def test_one_spike_input_sends_one_spike_per_pixel_at_most(self):
        several = self.evaluate()
        one = self.evaluate("--input", "one_spike_phase")
        self.assertEqual(several["input_coding"], "binary_phase")
        self.assertEqual(one["input_coding"], "one_spike_phase")
        pixels = 28 * 28
        self.assertLessEqual(one["layers"][0]["spikes_per_sample"], pixels)
        self.assertGreater(one["layers"][0]["spikes_per_sample"], 0)
        self.assertLess(one["layers"][0]["spikes_per_sample"],
                        several["layers"][0]["spikes_per_sample"])
        again = self.evaluate("--input", "one_spike_phase", engine="reference")
        self.assertEqual(again["layers"][0]["spikes_per_sample"],
                         one["layers"][0]["spikes_per_sample"])
        self.assertAlmostEqual(again["spikes_per_sample"] / one["spikes_per_sample"], 1, places=2)
        self.assertIn("one_spike_phase input", self.expect_ok("info", "snn.safetensors").stdout)

    def test_recipes_have_both(self):
        self.write("recipe.toml", """
[network]
architecture = "digits_cnn"
[data]
set = "digits"
[[stage]]
do = "convert"
wait = 3
input = "one_spike_phase"
calibrate = 20
[[stage]]
do = "evaluate"
limit = 5
""")
        self.expect_ok("run", "recipe.toml", "--out", "out")
        result = self.read_json("out/result.json")
        self.assertEqual(result["wait"], 3)
        self.assertEqual(result["input_coding"], "one_spike_phase")

    def test_wrong_uses(self):
        base = ["convert", "net.safetensors", "-o", "snn.safetensors", "--data", "digits"]
        self.expect_error(USAGE, *base, "--wait", -2, says="--wait")
        self.expect_error(USAGE, *base, "--input", "several", says="--input")
        self.expect_error(USAGE, *base, "--input", "direct", says="direct input belongs to rate")
        self.write("recipe.toml", program.UNTRAINED +
                   '[[stage]]\ndo = "convert"\ninput = "one"\n')
        self.expect_error(BAD_INPUT, "run", "recipe.toml", "--out", "out", says="one_spike_phase")


if __name__ == "__main__":
    program.main()
