#!/usr/bin/python3
"""Binary weights and the SynOp loss from recipe to spiking network, on the built-in digits."""
import json
import struct
import unittest

from support import program
from support.program import BAD_INPUT, CAN_TRAIN, UNSUPPORTED

BINARY = """
[network]
architecture = "vgg7_bsnn"
width = 0.125
pooling = "average_after_relu"
[data]
set = "digits"
[[stage]]
do = "train"
name = "float"
epochs = 3
limit = 2000
learning_rate = 0.02
[[stage]]
do = "train"
name = "hybrid"
binary_weights = "inner"
epochs = 2
limit = 2000
optimizer = "adam"
learning_rate = 1e-3
[[stage]]
do = "evaluate"
name = "binary"
limit = 500
[[stage]]
do = "convert"
coding = "rate"
placement = "weights"
per = "layer"
percentile = 99.7
calibrate = 200
steps = 60
[[stage]]
do = "evaluate"
name = "spiking"
limit = 500
"""

SYNOPS = """
[network]
architecture = "vgg7_bsnn"
width = 0.125
[data]
set = "digits"
[[stage]]
do = "train"
name = "float"
epochs = 3
limit = 2000
learning_rate = 0.02
[[stage]]
do = "rescale"
first_layer = 4
[[stage]]
do = "train"
name = "quantized"
neuron = "quantized_relu"
epochs = 2
limit = 2000
optimizer = "adam"
learning_rate = 1e-3
[[stage]]
do = "convert"
name = "snn_before"
coding = "rate"
neuron = "multi_spike"
thresholds = "one"
spread = 4
steps = 4
[[stage]]
do = "evaluate"
name = "before"
limit = 500
[[stage]]
do = "train"
name = "low"
from = "quantized"
synop_loss = "fan_out"
synop_factor = 0.4
epochs = 2
limit = 2000
optimizer = "adam"
learning_rate = 1e-3
[[stage]]
do = "convert"
name = "snn_after"
coding = "rate"
neuron = "multi_spike"
thresholds = "one"
spread = 4
steps = 4
[[stage]]
do = "evaluate"
name = "after"
limit = 500
"""


# The quantized network again with a stronger first layer, as the paper tests its networks.
STRONGER = "".join(f"""
[[stage]]
do = "rescale"
name = "times_{name}"
from = "{source}"
{key}
[[stage]]
do = "convert"
name = "snn_{name}"
coding = "rate"
neuron = "multi_spike"
thresholds = "one"
spread = 4
steps = 4
[[stage]]
do = "evaluate"
name = "evaluate_{name}"
limit = 200
""" for name, source, key in (("1", "low", "first_layer = 1"), ("1_5", "low", "first_layer = 1.5"),
                              ("2", "low", "first_layer = 2"),
                              ("per_mac", "float", "synops_per_mac = 2")))


@unittest.skipUnless(CAN_TRAIN, "this build has no LibTorch")
class LowEnergyTraining(program.ProgramTest):
    def run_recipe(self, text):
        self.write("recipe.toml", text)
        self.expect_ok("run", "recipe.toml", "--out", "run")
        return self.read_json("run/result.json")

    def test_binary_weights_are_stored_as_bits_and_run_as_spikes(self):
        result = self.run_recipe(BINARY)
        self.assertEqual(result["binary"]["weights"], "mixed")
        self.assertGreater(result["binary"]["accuracy"], 0.5)
        self.assertGreater(result["spiking"]["accuracy"], result["binary"]["accuracy"] - 0.1)
        data = (self.folder / "run/02-hybrid/network.safetensors").read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + length])
        # 16 channels from 8 by 3x3: 1,152 signs; first and last layer stay float.
        self.assertEqual(header["conv2.weight"]["dtype"], "U8")
        self.assertEqual(header["conv2.weight"]["shape"], [144])
        self.assertEqual(header["conv1.weight"]["dtype"], "F32")
        self.assertEqual(header["fc7.weight"]["dtype"], "F32")
        info = self.expect_ok("info", "run/04-convert/network.safetensors").stdout
        self.assertIn("binary", info)

    def test_the_synop_loss_lowers_synops(self):
        result = self.run_recipe(SYNOPS + STRONGER)
        before, after = result["before"], result["after"]
        self.assertGreater(before["accuracy"], 0.5)
        self.assertGreater(after["accuracy"], before["accuracy"] - 0.15)
        self.assertLess(after["synops_per_sample"], 0.7 * before["synops_per_sample"])
        self.assertGreater(after["synops_per_sample"], 0.1 * before["synops_per_sample"])
        epochs = self.read_json("run/06-low/result.json")["epochs"]
        self.assertLess(epochs[-1]["synops"], epochs[0]["synops"])
        self.assertIn("null_weight_fraction", after)
        one, half_more, two = (result[f"evaluate_{name}"]["synops_per_sample"]
                               for name in ("1", "1_5", "2"))
        self.assertLess(1.1 * one, half_more)
        self.assertLess(1.1 * half_more, two)
        self.assert_scaled("02-rescale", "01-float", 4)
        factors = {path.parent.name[3:]: json.loads(path.read_text())["first_layer"]
                   for path in (self.folder / "run").glob("*-times_*/result.json")}
        self.assertEqual({k: factors[k] for k in ("times_1", "times_1_5", "times_2")},
                         {"times_1": 1, "times_1_5": 1.5, "times_2": 2})
        folder = next((self.folder / "run").glob("*-times_per_mac")).name
        self.assert_scaled(folder, "01-float", factors["times_per_mac"])
        # Neurons round down, and cannot take back a spike that came too early.
        scaled = result["evaluate_per_mac"]
        per_mac = scaled["synops_nominal_per_sample"] / scaled["float_macs_per_sample"]
        self.assertGreater(per_mac, 1)
        self.assertLess(per_mac, 2.5)

    def first_weights(self, stage):
        data = (self.folder / "run" / stage / "network.safetensors").read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        begin, end = json.loads(data[8:8 + length])["conv1.weight"]["data_offsets"]
        return struct.unpack(f"<{(end - begin) // 4}f", data[8 + length + begin:8 + length + end])

    def assert_scaled(self, stage, source, factor):
        for after, before in zip(self.first_weights(stage), self.first_weights(source)):
            self.assertAlmostEqual(after, factor * before, delta=1e-6 * abs(after))

    def test_what_cannot_be_trained_or_converted_is_refused(self):
        head = SYNOPS.split("[[stage]]")[0]
        self.write("signs.toml", head.replace("vgg7_bsnn", "vgg7_xnor") +
                   '[[stage]]\ndo = "convert"\ncoding = "rate"\n')
        done = self.run_program("run", "signs.toml", "--out", "signs")
        self.assertEqual(done.returncode, UNSUPPORTED, done.stderr)
        self.assertIn("'sign1': activations of -1 and +1 have no spiking form", done.stderr)
        self.write("unknown.toml", head.replace("vgg7_bsnn", "vgg8_bsnn") +
                   '[[stage]]\ndo = "evaluate"\n')
        done = self.run_program("run", "unknown.toml", "--out", "unknown")
        self.assertEqual(done.returncode, BAD_INPUT, done.stderr)
        self.assertIn("unknown; known are", done.stderr)
        self.write("word.toml", head + '[[stage]]\ndo = "train"\nbinary_weights = "iner"\n')
        self.expect_error(BAD_INPUT, "run", "word.toml", "--out", "word", says="inner")
        self.write("neuron.toml", head + '[[stage]]\ndo = "train"\nneuron = "sign"\n')
        self.expect_error(BAD_INPUT, "run", "neuron.toml", "--out", "neuron", says="quantized_relu")
        self.write("penalty.toml", head.replace("vgg7_bsnn", "vgg7_xnor") +
                   '[[stage]]\ndo = "train"\nsynop_loss = "fan_out"\nlimit = 64\n')
        done = self.run_program("run", "penalty.toml", "--out", "penalty")
        self.assertEqual(done.returncode, UNSUPPORTED, done.stderr)
        self.assertIn("layer 'sign1' are -1 and +1", done.stderr)
        self.write("target.toml", head + '[[stage]]\ndo = "train"\nsynop_loss = "fan_out"\n'
                   'synop_target = 1e-30\nlimit = 64\n')
        done = self.run_program("run", "target.toml", "--out", "target")
        self.assertEqual(done.returncode, BAD_INPUT, done.stderr)
        self.assertIn("synop_target is 1e-30; allowed is 0", done.stderr)
        self.assertIn("at least 1", done.stderr)


if __name__ == "__main__":
    program.main()
