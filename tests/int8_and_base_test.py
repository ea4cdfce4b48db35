#!/usr/bin/python3
"""int8 weights and the choice of the base, through the command line and recipes."""
from support import program
from support.program import BAD_INPUT, USAGE

QUANTIZE = """
[network]
file = "net.safetensors"
[data]
set = "digits"
[[stage]]
do = "quantize"
weight_scale = "tensor"
[[stage]]
do = "evaluate"
name = "float_int8"
limit = 100
[[stage]]
do = "convert"
name = "spiking"
steps = 8
base = "auto"
calibrate = 100
[[stage]]
do = "evaluate"
name = "one_spike"
limit = 100
layers = false
"""


class Int8AndBase(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.make_network()

    def convert(self, *options):
        return self.expect_ok("convert", "net.safetensors", "-o", "snn.safetensors", "--steps", 16,
                              "--calibrate", 50, "--data", "digits", *options).stdout

    def evaluate(self, *options):
        self.expect_ok("evaluate", "snn.safetensors", "--data", "digits", "--limit", 50, "--json",
                       "result.json", *options)
        return self.read_json("result.json")

    def test_int8_weights_make_a_smaller_file_and_have_both_efficiencies(self):
        self.convert()
        plain = self.evaluate()
        size = (self.folder / "snn.safetensors").stat().st_size
        self.assertIn("weights: int8, one scale per channel", self.convert("--weights", "int8"))
        self.assertLess((self.folder / "snn.safetensors").stat().st_size, 0.6 * size)
        self.assertIn(" int8 ", self.expect_ok("info", "snn.safetensors").stdout)
        int8 = self.evaluate()
        self.assertEqual((plain["weights"], int8["weights"]), ("float32", "int8"))
        self.assertNotIn("efficiency_eq6_int8", plain)
        self.assertAlmostEqual(int8["efficiency_eq6_int8"] /
                               int8["efficiency_eq6_int8_multiplier_only"], 0.23 / 0.20)
        self.assertEqual(int8["efficiency_eq6"], int8["efficiency_eq6_int8"], "int8 prices")
        self.assertEqual(int8["energy_constants"]["name"], "45nm_int8")
        self.assertEqual(plain["energy_constants"]["name"], "45nm_fp32")
        self.assertAlmostEqual(int8["accuracy"], plain["accuracy"], delta=0.1)
        for kind, mac in (("fp32", 4.6), ("int8", 0.23), ("int8_multiplier_only", 0.20)):
            self.assertEqual(self.evaluate("--energy", kind)["energy_constants"]["mac_pj"], mac)

    def test_the_base_is_chosen(self):
        self.assertIn("base 1.279 (chosen for 16 phases, MAPE 8.96 %)", self.convert("--base", "auto"))
        result = self.evaluate()
        self.assertAlmostEqual(result["base"], 1.279, places=6)
        self.assertAlmostEqual(result["mape"], 8.96, places=2)
        self.convert("--base", "1.5")
        self.assertGreater(self.evaluate()["mape"], 9)

    def test_what_is_no_base_is_refused(self):
        for base in ("1", "0", "17", "nan", "automatic"):
            self.expect_error(USAGE, "convert", "net.safetensors", "-o", "b", "--data", "digits",
                              "--base", base)

    def test_stages(self):
        self.write("recipe.toml", QUANTIZE)
        self.expect_ok("run", "recipe.toml", "--out", "out")
        result = self.read_json("out/result.json")
        self.assertEqual(result["float_int8"]["weights"], "int8")
        self.assertGreater(len(result["float_int8"]["layers"]), 0)
        self.assertEqual(result["one_spike"]["weights"], "int8", "conversion leaves them alone")
        self.assertEqual(result["one_spike"]["layers"], [])
        self.assertAlmostEqual(result["one_spike"]["base"], 1.477, places=6)
        self.write("bad.toml", QUANTIZE.replace('"tensor"', '"layer"'))
        self.expect_error(BAD_INPUT, "run", "bad.toml", "--out", "out", says="tensor")


if __name__ == "__main__":
    program.main()
