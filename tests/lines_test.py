#!/usr/bin/python3
"""The main job on real models and data, by the command lines that users are shown
(those of README.md that need downloaded data among them)."""
import os
import shlex
import unittest

from support import program
from support.program import DATA, SHARED

MODELS = SHARED / "data/models"
LINES = """
ranvier import cifar10_resnet20_bn.onnx -o net.safetensors --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
ranvier evaluate net.safetensors --data cifar10:cifar-10-lossless-subset/test_batch_first932.bin --json ann.json
ranvier convert net.safetensors -o snn.safetensors --coding one_spike --steps 16 --base 1.3 --per channel --calibrate 1000 --data cifar10:cifar-10-lossless-subset/data_batch_1_first4000.bin
ranvier evaluate snn.safetensors --data cifar10:cifar-10-lossless-subset/test_batch_first932.bin --json snn.json --threads 2
ranvier convert net.safetensors -o snn.safetensors --coding one_spike --steps 16 --base 1.3 --per channel --calibrate 1000 --data cifar10
ranvier evaluate snn.safetensors --data cifar10 --against net.safetensors --json against.json
ranvier import mnist_vgg_nobias.onnx -o mnist.safetensors
ranvier convert mnist.safetensors -o rate.safetensors --coding rate --reset subtract --steps 64 --percentile 99.7 --per layer --calibrate 3500 --data mnist --data-root build/data
ranvier evaluate rate.safetensors --data mnist --data-root build/data --json rate.json
ranvier info rate.safetensors
"""


@unittest.skipUnless(MODELS.exists() and DATA.exists(), "needs ../shared/data")
class Lines(program.ProgramTest):
    def test_lines(self):
        for model in MODELS.glob("*.onnx"):
            os.symlink(model, self.folder / model.name)
        for entry in DATA.iterdir():
            os.symlink(entry, self.folder / entry.name)
        os.symlink(DATA.parent, self.folder / "build")
        os.symlink(DATA, self.folder / "data")
        for line in LINES.split("\n"):
            words = shlex.split(line)[1:]
            if not words:
                continue
            if words[0] == "evaluate" and words[1] != "net.safetensors":
                words += ["--limit", "64"]  # evidence tests run them whole
            with self.subTest(line):
                self.expect_ok(*words, timeout=600)
        self.assertEqual(self.read_json("ann.json")["correct"], 854)
        self.assertGreater(self.read_json("snn.json")["accuracy"], 0.8)
        self.assertGreater(self.read_json("rate.json")["accuracy"], 0.95)


if __name__ == "__main__":
    program.main()
