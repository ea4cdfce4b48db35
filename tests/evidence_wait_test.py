#!/usr/bin/python3
"""Waiting and input coding on a real network and real images: figures of docs/results.md."""
import unittest

from support import program
from support.program import DATA, ROOT, SHARED

NEEDED = [SHARED / "data/models", DATA / "cifar-10-lossless-subset"]

NETWORK = """
[network]
file = "../shared/data/models/cifar10_resnet20_bn.onnx"
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
[data]
set = "cifar10:build/data/cifar-10-lossless-subset"
root = "build/data"
"""


@unittest.skipUnless(all(path.exists() for path in NEEDED), "needs ../shared/data")
class Wait(program.ProgramTest):
    def run_recipe(self, recipe):
        done = program.subprocess.run(
            [program.PROGRAM, "run", str(recipe), "--out", str(self.folder / "out")], cwd=ROOT,
            timeout=1500, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.read_json("out/result.json")

    def test_short_waits_cost_accuracy(self):
        stages = ""
        for wait in (2, 10):
            stages += f'[[stage]]\ndo = "convert"\nname = "convert_{wait}"\nfrom = "network"\n'
            stages += f"steps = 16\nbase = 1.3\nwait = {wait}\ncalibrate = 200\n"
            stages += f'[[stage]]\ndo = "evaluate"\nname = "w{wait}"\nlimit = 100\n'
        result = self.run_recipe(self.write("recipe.toml", NETWORK + stages))
        self.assertEqual(result["w10"]["latency_steps"], 19 * 10 + 16)  # 19 layers of neurons
        self.assertEqual(result["w2"]["latency_steps"], 19 * 2 + 16)
        self.assertEqual(result["w10"]["membrane_banks"], 3)  # shortcuts: ceil((2 * 10 + 16) / 16)
        self.assertGreater(result["w10"]["accuracy"], 0.85)
        self.assertLess(result["w2"]["accuracy"], result["w10"]["accuracy"] - 0.1)

    def test_one_spike_input_costs_accuracy(self):
        result = self.run_recipe(ROOT / "experiments/one_spike/input_resnet20.toml")
        self.assertGreater(result["binary"]["accuracy"], 0.895)
        # 9.8 points; one standard error of 932 images is 1.3 there.
        self.assertAlmostEqual(result["one_spike"]["accuracy"], 0.80, delta=0.03)
        self.assertLessEqual(result["one_spike"]["layers"][0]["spikes_per_sample"], 3 * 32 * 32)
        self.assertGreater(result["one_spike"]["efficiency_eq6"],
                           result["binary"]["efficiency_eq6"] * 1.1)


if __name__ == "__main__":
    program.main()
