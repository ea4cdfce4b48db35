#!/usr/bin/python3
"""The unsupervised network from the command line and from a recipe, pruned and compared."""
import signal
import subprocess
import time

from support import program
from support.program import BAD_INPUT, OK, USAGE

RECIPE = """
seed = 3
[network]
architecture = "stdp"
[data]
set = "digits"
[[stage]]
do = "stdp"
name = "whole"
neurons = 60
limit = 1500
rate = 0.02
offset = 0.15
label_images = 500
test_images = 500
checkpoint_every = 100
[[stage]]
do = "stdp"
name = "pruned"
compare = "whole"
neurons = 60
limit = 1500
rate = 0.02
offset = 0.15
label_images = 500
test_images = 500
prune = "permanent"
prune_below = 0.4
prune_every = 750
levels = 2
settle_images = 200
device_sigma = [0.0, 0.1]
"""


def settled(result):
    """What does not depend on the time it took."""
    for part in (result, result["whole"], result["pruned"]):
        for key in ("command", "test_seconds"):
            part.pop(key)
        for key in ("seconds", "ms_per_image"):
            part["training"].pop(key)
    return result


class Stdp(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("recipe.toml", RECIPE)

    def test_recipe_prunes_and_compares(self):
        self.assertEqual(self.run_program("run", "recipe.toml", "--out", "out").returncode, OK)
        result = self.read_json("out/result.json")
        whole, pruned = result["whole"], result["pruned"]
        self.assertGreater(whole["accuracy"], 0.2)  # 60 neurons, 1,500 images; guessing: 0.1
        self.assertEqual(whole["crosspoints_kept"], 784 * 60)
        self.assertEqual(whole["synaptic_events_per_image"], whole["dense_events_per_image"])
        self.assertLess(pruned["kept"], 0.5)
        compared = pruned["compared"]
        self.assertAlmostEqual(compared["area_ratio"], 784 * 60 / pruned["crosspoints_kept"])
        self.assertAlmostEqual(compared["energy_ratio"], whole["synaptic_events_per_image"] /
                               pruned["synaptic_events_per_image"])
        self.assertEqual(pruned["crossbars"]["cells_kept"], pruned["crosspoints_kept"])
        without, _ = pruned["device_variation"]
        self.assertEqual(without["accuracy"], pruned["accuracy"])
        picture = (self.folder / "out/02-pruned/fields.png").read_bytes()
        self.assertTrue(picture.startswith(b"\x89PNG"))
        shown = self.run_program("info", "out/02-pruned/network.safetensors", "--crossbar",
                                 "64x32", "--crossbar-scheme", "plain")
        self.assertEqual(shown.returncode, OK)
        self.assertIn(f"{pruned['crosspoints_kept']} kept", shown.stdout)

    def test_a_killed_training_continues(self):
        self.assertEqual(
            self.run_program("run", "recipe.toml", "--out", "whole", "--threads", "1").returncode,
            OK)
        process = subprocess.Popen([program.PROGRAM, "run", "recipe.toml", "--out", "killed"],
                                   cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        checkpoint = self.folder / "killed/01-whole/checkpoint"
        for _ in range(3000):
            if checkpoint.exists() or process.poll() is not None:
                break
            time.sleep(0.01)
        self.assertTrue(checkpoint.exists())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        again = self.run_program("run", "recipe.toml", "--out", "killed", "--threads", "2")
        self.assertEqual(again.returncode, OK, again.stderr)
        self.assertEqual(settled(self.read_json("killed/result.json")),
                         settled(self.read_json("whole/result.json")))

    def test_wrong_use_is_said(self):
        self.write("recipe.toml", RECIPE.replace('compare = "whole"', 'compare = "hole"'))
        done = self.run_program("run", "recipe.toml", "--out", "out")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("no earlier stdp stage is called 'hole'; did you mean 'whole'?", done.stderr)
        done = self.run_program("stdp", "--data", "digits", "--set", "offst=1")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("did you mean 'offset'?", done.stderr)
        done = self.run_program("stdp", "--data", "digits", "--prune", "soft", "--prune-below", "2")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("prune_below is 2", done.stderr)
        done = self.run_program("stdp", "--data", "digits", "--set", "mu=9")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("mu is 9; it must be in [0, 3]", done.stderr)


if __name__ == "__main__":
    program.main()
