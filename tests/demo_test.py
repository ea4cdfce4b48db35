#!/usr/bin/python3
"""The demonstration is as accurate as promised. How long it took is printed, not judged: these
machines are noisy, and the goal, three minutes, is for two idle cores."""
import time
import unittest

from support import program
from support.program import CAN_TRAIN

CONTRACT = ("accuracy", "samples", "timesteps", "spikes_per_neuron", "synops_per_sample",
            "macs_per_sample", "energy_pj", "images_per_second", "layers")


@unittest.skipUnless(CAN_TRAIN, "this build has no LibTorch")
class Demo(program.ProgramTest):
    def test_demo(self):
        begin = time.monotonic()
        done = self.expect_ok("demo", "--out", "demo", "--threads", 2, timeout=900)
        seconds = time.monotonic() - begin
        result = self.read_json("demo/result.json")
        for part in (result, result["float"], result["rate"], result["one_spike"]):
            for key in CONTRACT:
                self.assertIn(key, part)
        accuracy = {name: result[name]["accuracy"] for name in ("float", "rate", "one_spike")}
        print(done.stdout, f"{seconds:.0f} s")
        self.assertGreaterEqual(accuracy["float"], 0.97)
        self.assertGreaterEqual(accuracy["rate"], accuracy["float"] - 0.01)
        self.assertGreaterEqual(accuracy["one_spike"], accuracy["float"] - 0.01)
        self.assertEqual(result["accuracy"], accuracy["one_spike"])
        self.assertLess(result["one_spike"]["spikes_per_neuron"], 1)


if __name__ == "__main__":
    program.main()
