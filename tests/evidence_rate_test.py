#!/usr/bin/python3
"""Rate coding on a real network and all MNIST test images."""
import unittest

from support import program
from support.program import DATA, SHARED

NEEDED = [SHARED / "data/models", DATA / "MNIST"]


@unittest.skipUnless(all(path.exists() for path in NEEDED), "needs ../shared/data")
class Rate(program.ProgramTest):
    def test_mnist_vgg(self):
        mnist = ["--data", "mnist", "--data-root", DATA]
        self.expect_ok("import", SHARED / "data/models/mnist_vgg_nobias.onnx", "-o", "net.safetensors")
        self.expect_ok("evaluate", "net.safetensors", *mnist, "--json", "float.json")
        self.expect_ok("convert", "net.safetensors", "-o", "rate.safetensors", "--coding", "rate",
                       "--reset", "subtract", "--steps", 64, "--percentile", 99.7, "--per", "layer",
                       "--calibrate", 3500, *mnist)
        self.expect_ok("evaluate", "rate.safetensors", *mnist, "--json", "rate.json", timeout=1500)
        self.assertEqual(self.read_json("float.json")["correct"], 9931)
        rate = self.read_json("rate.json")
        self.assertEqual(rate["samples"], 10000)
        self.assertEqual(len(rate["accuracy_per_step"]), 64)
        self.assertGreaterEqual(max(rate["accuracy_per_step"]), 0.992)
        self.assertAlmostEqual(rate["accuracy_per_step"][-1], rate["accuracy"])


if __name__ == "__main__":
    program.main()
