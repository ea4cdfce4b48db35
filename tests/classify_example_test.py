#!/usr/bin/python3
"""examples/classify.cpp: decides as the program does, and links no more than running a network takes."""
import os
import re
import subprocess

from support import program
from support.program import idx_images, idx_labels

CLASSIFY = os.environ.get("RANVIER_CLASSIFY", str(program.ROOT / "build/release/classify"))
# Training, ONNX, images, dense layers: what a program that only runs spiking networks must not need.
UNNEEDED = ("torch", "c10", "onnx", "protobuf", "hdf5", "opencv", "dnnl", "gomp", "blas")


class Classify(program.ProgramTest):
    def classify(self, *arguments):
        return subprocess.run([CLASSIFY, *map(str, arguments)], cwd=self.folder, capture_output=True,
                              text=True, timeout=300)

    def test_decides_as_evaluate_does(self):
        self.make_rate()
        self.make_spiking()
        for network in ("rate.safetensors", "snn.safetensors"):
            done = self.classify(network, "digits", 40)
            self.assertEqual(done.returncode, 0, done.stderr)
            pairs = re.findall(r"^image \d+: class (\d+), label (\d+)$", done.stdout, re.M)
            self.assertEqual(len(pairs), 40)
            right = sum(a == b for a, b in pairs)
            self.assertIn(f"\n{right} of 40 right, 8 timesteps\n", done.stdout)
            self.expect_ok("evaluate", network, "--data", "digits", "--limit", 40, "--engine", "fast",
                           "--json", "result.json")
            self.assertEqual(right, self.read_json("result.json")["correct"])

    def test_idx_files(self):
        self.make_rate()
        self.write("set/t10k-images-idx3-ubyte", idx_images(3))
        self.write("set/t10k-labels-idx1-ubyte", idx_labels([1, 2, 3]))
        done = self.classify("rate.safetensors", "set")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("of 3 right", done.stdout)

    def test_errors_are_one_line(self):
        self.make_network()
        for arguments in ((), ("missing.safetensors",), ("net.safetensors",)):
            done = self.classify(*arguments)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"\Aclassify: error: .+\n\Z")

    def test_links_no_more_than_needed(self):
        libraries = subprocess.run(["ldd", CLASSIFY], capture_output=True, text=True, check=True).stdout
        self.assertIn("libfmt", libraries)
        for name in UNNEEDED:
            self.assertNotIn(name, libraries)


if __name__ == "__main__":
    program.main()
