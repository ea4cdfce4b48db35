#!/usr/bin/python3
"""convert --tune, --max-loss and --diagnose through the command line and recipes."""
from support import program
from support.program import BAD_INPUT, UNSUPPORTED, USAGE


class Tuning(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.make_network()

    def convert(self, *options, calibrate=60):
        return ("convert", "net.safetensors", "-o", "snn.safetensors", "--calibrate", calibrate,
                "--data", "digits", "--json", "convert.json", *options)

    def test_tuning_lowers_the_error_of_the_outputs(self):
        errors = []
        for tune in ("none", "bias", "base", "weights"):
            self.expect_ok(*self.convert("--steps", 6, "--base", 1.6, "--tune", tune, "--diagnose"))
            errors.append(self.read_json("convert.json")["diagnosis"]["output_error"])
        self.assertLess(errors[1], errors[0])
        self.assertLess(errors[2], errors[1])
        self.assertLess(errors[3], errors[0])

    def test_tuning_does_not_depend_on_threads(self):
        files = []
        for threads in (1, 2):
            self.expect_ok(*self.convert("--steps", 6, "--tune", "base", "--threads", threads))
            files.append((self.folder / "snn.safetensors").read_bytes())
        self.assertEqual(files[0], files[1])

    def test_diagnosis_names_every_neuron_layer(self):
        for options in (("--steps", 8), ("--steps", 8, "--wait", 4), ("--steps", 8, "--placement", "weights"),
                        ("--coding", "rate", "--steps", 20)):
            done = self.expect_ok(*self.convert(*options, "--diagnose"))
            diagnosis = self.read_json("convert.json")["diagnosis"]
            self.assertEqual(diagnosis["images"], 60)
            self.assertGreater(len(diagnosis["layers"]), 1)
            for layer in diagnosis["layers"]:
                self.assertGreaterEqual(layer["relative_error"], 0)
                self.assertIn(layer["name"], done.stdout)
            dense = "--wait" not in options and "rate" not in options
            self.assertEqual("own_error" in diagnosis["layers"][0], dense)

    def test_max_loss_takes_the_first_setting_that_holds(self):
        done = self.expect_ok(*self.convert("--max-loss", 100, calibrate=100))
        result = self.read_json("convert.json")
        self.assertEqual(len(result["tried"]), 1)  # anything is good enough
        self.assertEqual(result["tried"][0]["steps"], 8)
        self.assertEqual(result["tried"][0]["tune"], "none")
        self.assertIn("choice", done.stdout)
        self.expect_ok(*self.convert("--max-loss", 0.5, "--diagnose", calibrate=200))
        tried = self.read_json("convert.json")["tried"]
        self.assertTrue(all(setting["changed_decisions"] > 0.005 for setting in tried[:-1]))
        self.assertLessEqual(tried[-1]["changed_decisions"], 0.005)
        self.assertGreater(tried[-1]["upper_bound"], tried[-1]["changed_decisions"])
        diagnosis = self.read_json("convert.json")["diagnosis"]
        self.assertTrue(diagnosis["held_out"])
        self.assertEqual(diagnosis["images"], 40)

    def test_what_cannot_be_tuned_is_said(self):
        self.expect_error(USAGE, *self.convert("--coding", "rate", "--tune", "bias"),
                          says="one_spike")
        self.expect_error(UNSUPPORTED, *self.convert("--wait", 4, "--tune", "bias"), says="W >= T")
        self.expect_error(USAGE, *self.convert("--max-loss", 101))
        self.expect_error(USAGE, *self.convert("--max-loss", "nan"), says="0 to 100")
        self.expect_error(USAGE, *self.convert("--max-loss", 2, "--wait", 4, calibrate=100), says="wait")
        self.expect_error(BAD_INPUT, *self.convert("--max-loss", 2), says="100")

    def test_options_without_effect_are_refused(self):
        self.expect_error(USAGE, *self.convert("--coding", "rate", "--wait", 3), says="one_spike")
        self.expect_error(USAGE, *self.convert("--coding", "rate", "--base", "auto"), says="one_spike")
        self.expect_error(USAGE, *self.convert("--weight-scale", "tensor"), says="int8")
        self.expect_error(USAGE, *self.convert("--weights", "int8", "--placement", "weights", "--diagnose"),
                          says="placement thresholds")
        self.expect_error(USAGE, "evaluate", "net.safetensors", "--data", "digits", "--engine", "phase",
                          says="float network")


if __name__ == "__main__":
    program.main()
