#!/usr/bin/python3
"""ranvier.h from a C99 program: the figures of `ranvier evaluate`, nothing shown but the API, few libraries."""
import array
import json
import os
import random
import re
import subprocess

from support import program
from support.program import ROOT, idx_images, idx_labels

CHECK = os.environ.get("RANVIER_API_CHECK", str(ROOT / "build/release/api_check"))
LIBRARY = os.environ.get("RANVIER_LIBRARY", str(ROOT / "build/release/libranvier.so"))
# What a library that only runs networks must not need.
UNNEEDED = ("torch", "c10", "onnx", "protobuf", "hdf5", "opencv", "dnnl", "gomp", "blas", "python")
N = 12


class CApi(program.ProgramTest):
    def make_images(self):
        """The same random images as an idx set and as raw floats."""
        pixels = random.Random(1).randbytes(N * 28 * 28)
        self.write("data/MNIST/raw/t10k-images-idx3-ubyte", idx_images(N)[:16] + pixels)
        self.write("data/MNIST/raw/t10k-labels-idx1-ubyte", idx_labels([i % 10 for i in range(N)]))
        self.write("images.raw", array.array("f", (pixel / 255 for pixel in pixels)).tobytes())

    def check(self, network):
        done = subprocess.run([CHECK, network, "images.raw"], cwd=self.folder, capture_output=True, text=True,
                              timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def expect_as_evaluate(self, network, *options):
        self.expect_ok("evaluate", network, "--data", "mnist", "--engine", "fast", "--json", "result.json",
                       *options)
        expected, got = self.read_json("result.json"), self.check(network)
        self.assertGreater(expected["spikes_per_sample"], 0)
        for key, name in (("spikes", "spikes_per_sample"), ("synops", "synops_per_sample"),
                          ("macs", "macs_per_sample"), ("energy_pj", "energy_pj"),
                          ("float_energy_pj", "float_energy_pj"), ("steps", "timesteps")):
            self.assertEqual(got[key], expected[name], name)
        self.assertEqual(sum(p == i % 10 for i, p in enumerate(got["predictions"])), expected["correct"])
        self.assertEqual(len(got["layers"]), len(expected["layers"]))
        for mine, theirs in zip(got["layers"], expected["layers"]):
            self.assertEqual(mine, {"name": theirs["name"], "kind": theirs["kind"],
                                    "spikes": theirs["spikes_per_sample"], "synops": theirs["synops_per_sample"],
                                    "macs": theirs["macs_per_sample"], "energy_pj": theirs["energy_pj"]})
        return got

    def test_rate(self):
        self.make_rate()
        self.make_images()
        got = self.expect_as_evaluate("rate.safetensors")
        # The sums that the program prints of its stream of the same images.
        done = self.expect_ok("stream", "rate.safetensors", "--data", "mnist")
        sums = re.findall(r"class (\d+) .*?sum (\S+),", done.stdout)
        self.assertEqual(len(sums), N, done.stdout)
        for i, (chosen, value) in enumerate(sums):
            self.assertEqual(int(chosen), got["predictions"][i])
            self.assertEqual(f"{got['logits'][i * 10 + int(chosen)]:.6g}", value)

    def test_int8_rate(self):
        self.make_network()
        self.expect_ok("convert", "net.safetensors", "-o", "int8.safetensors", "--coding", "rate", "--steps", 8,
                       "--weights", "int8", "--calibrate", 20, "--data", "digits")
        self.make_images()
        self.expect_as_evaluate("int8.safetensors")

    def test_one_spike(self):
        self.make_spiking()
        self.make_images()
        self.expect_as_evaluate("snn.safetensors")

    def test_shows_only_the_api_and_all_of_it(self):
        header = (ROOT / "src/ranvier/c/ranvier.h").read_text()
        declared = set(re.findall(r"^RANVIER_API [^(]*?(ranvier_\w+)\(", header, re.M))
        done = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True)
        shown = {line.split()[-1] for line in done.stdout.splitlines()}
        self.assertGreater(len(declared), 15)
        self.assertEqual(shown, {f"{name}@@RANVIER_0.1" for name in declared} | {"RANVIER_0.1"})

    def test_links_no_more_than_needed(self):
        libraries = subprocess.run(["ldd", LIBRARY], capture_output=True, text=True, check=True).stdout
        self.assertIn("libfmt", libraries)
        for name in UNNEEDED:
            self.assertNotIn(name, libraries)
        done = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
        self.assertIn("Library soname: [libranvier.so.0]", done)


if __name__ == "__main__":
    program.main()
