#!/usr/bin/python3
"""Conversion for fine-tuning and training through time, by recipe: DIET, hybrid, fewer timesteps."""
import unittest

from support import program
from support.program import BAD_INPUT, CAN_TRAIN, OK

RECIPE = """
seed = 2
[network]
architecture = "vgg5"
width = 0.125
mean = [0.5]
std = [0.5]
[data]
set = "digits"
[[stage]]
do = "train"
epochs = 3
limit = 3000
batch = 32
learning_rate = 0.02
[[stage]]
do = "convert"
name = "diet"
preset = "diet"
calibrate = 128
[[stage]]
do = "evaluate"
name = "converted"
limit = 300
[[stage]]
do = "fine_tune"
name = "trained"
from = "diet"
epochs = 2
limit = 2000
learning_rate = 1e-3
dropout = 0.1
[[stage]]
do = "evaluate"
name = "fast"
limit = 300
[[stage]]
do = "evaluate"
name = "reference"
engine = "reference"
limit = 300
[[stage]]
do = "fine_tune"
name = "one_step"
from = "trained"
steps = 1
epochs = 1
limit = 2000
learning_rate = 1e-3
[[stage]]
do = "evaluate"
name = "evaluate_one_step"
limit = 300
"""

POISSON = """
[[stage]]
do = "convert"
name = "hybrid"
from = "train"
preset = "hybrid"
calibrate = 64
calibration_steps = 30
steps = 12
[[stage]]
do = "fine_tune"
name = "hybrid_trained"
surrogate = "stdb"
train_threshold = false
train_leak = false
epochs = 1
limit = 500
[[stage]]
do = "evaluate"
name = "hybrid_fast"
limit = 200
[[stage]]
do = "evaluate"
name = "hybrid_reference"
engine = "reference"
limit = 200
"""


SMALL = """
[network]
architecture = "vgg5"
width = 0.0625
[data]
set = "digits"
"""

DIVERGES = """
[[stage]]
do = "fine_tune"
epochs = 2
limit = 128
schedule = "step"
milestones = [1]
gamma = 1e30
train_threshold = false
train_leak = false
"""


@unittest.skipUnless(CAN_TRAIN, "built without LibTorch")
class FineTuneTest(program.ProgramTest):
    def test_trained_networks_are_ordinary_ones(self):
        self.write("recipe.toml", RECIPE + POISSON)
        self.expect_ok("run", "recipe.toml", "--out", "out", timeout=1200)
        result = self.read_json("out/result.json")
        self.assertGreater(result["fast"]["accuracy"], 0.8)
        self.assertGreater(result["fast"]["accuracy"], result["converted"]["accuracy"])
        self.assertEqual(result["fast"]["timesteps"], 5)
        self.assertEqual(result["evaluate_one_step"]["timesteps"], 1)
        self.assertGreater(result["evaluate_one_step"]["accuracy"], 0.6)
        for fast, reference in (("fast", "reference"), ("hybrid_fast", "hybrid_reference")):
            for key in ("accuracy", "correct", "energy_pj"):
                self.assertEqual(result[fast].get(key), result[reference].get(key), (fast, key))
            self.assertEqual(result[fast]["layers"], result[reference]["layers"])

    def test_a_diverged_training_leaves_weights_to_go_on_from(self):
        self.write("recipe.toml", SMALL + """
[[stage]]
do = "convert"
preset = "diet"
calibrate = 64
""" + DIVERGES)
        done = self.run_program("run", "recipe.toml", "--out", "out")
        self.assertEqual(done.returncode, BAD_INPUT)
        file = "out/02-fine_tune-last_good.safetensors"
        self.assertIn("counts as divergence", done.stderr)
        self.assertIn(f'file = "{file}" in [network]', done.stderr)
        # Neither a changed stage nor a second divergence takes them away.
        again = self.run_program("run", "recipe.toml", "--out", "out",
                                 "--set", "fine_tune.gamma=1e29")
        self.assertEqual(again.returncode, BAD_INPUT)
        self.write("go_on.toml", f"""
[network]
file = "{file}"
[data]
set = "digits"
""" + DIVERGES.replace("1e30", "0.1"))
        self.expect_ok("run", "go_on.toml", "--out", "other")

    def test_float_networks_are_not_fine_tuned(self):
        self.write("recipe.toml", """
[network]
architecture = "vgg5"
width = 0.0625
[data]
set = "digits"
[[stage]]
do = "fine_tune"
""")
        done = self.run_program("run", "recipe.toml", "--out", "out")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("convert stage before it", done.stderr)

    def test_spiking_networks_are_not_trained_as_float_ones(self):
        self.write("recipe.toml", """
[network]
architecture = "vgg5"
width = 0.0625
[data]
set = "digits"
[[stage]]
do = "convert"
preset = "diet"
calibrate = 16
silent_threshold = 0.1
[[stage]]
do = "train"
epochs = 1
limit = 16
""")
        done = self.run_program("run", "recipe.toml", "--out", "out")
        self.assertEqual(done.returncode, BAD_INPUT, done.stderr)
        self.assertIn("stage 'train': train is for float networks", done.stderr)
        self.assertIn("fine_tune", done.stderr)

    def test_presets_calibrate_on_the_papers_samples(self):
        net = self.make_network()
        found = {}
        for name, options in (("default", ()), ("before", ("--calibrate", 20)), ("512", ("--calibrate", 512)),
                              ("1000", ("--calibrate", 1000))):
            self.expect_ok("convert", net, "-o", "snn.safetensors", *options, "--preset", "diet",
                           "--calibration-steps", 2, "--silent-threshold", 0.1, "--data", "digits")
            found[name] = (self.folder / "snn.safetensors").read_bytes()
        self.assertEqual(found["default"], found["512"])
        self.assertEqual(len(set(found.values())), 3)

    def test_currents_need_leaky_neurons(self):
        self.write("recipe.toml", """
[network]
architecture = "vgg5"
width = 0.0625
[data]
set = "digits"
[[stage]]
do = "convert"
coding = "rate"
thresholds = "input_current"
""")
        done = self.run_program("run", "recipe.toml", "--out", "out")
        self.assertNotEqual(done.returncode, OK)
        self.assertIn("leaky neurons and thresholds from input_current", done.stderr)


if __name__ == "__main__":
    program.main()
