#!/usr/bin/python3
"""`ranvier run`: what it leaves, what it refuses, and that it continues after a kill anywhere."""
import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from support import program
from support.program import BAD_INPUT, CAN_TRAIN, INTERRUPTED, IO, OK, UNSUPPORTED, USAGE

CONVERT_BOTH = """
seed = 3
[network]
file = "net.safetensors"
[data]
set = "digits"
[[stage]]
do = "convert"
name = "make_rate"
coding = "rate"
steps = 8
calibrate = 300
[[stage]]
do = "evaluate"
name = "rate"
limit = 200
[[stage]]
do = "convert"
from = "network"
steps = 8
calibrate = 300
[[stage]]
do = "evaluate"
name = "one_spike"
limit = 200
"""

TRAIN = """
seed = 5
[network]
architecture = "digits_cnn"
[data]
set = "digits"
[[stage]]
do = "train"
epochs = 4
limit = 1500
shift = 1
optimizer = "adam"
learning_rate = 0.002
[[stage]]
do = "convert"
steps = 8
calibrate = 300
[[stage]]
do = "evaluate"
limit = 100
"""


class RecipeTest(program.ProgramTest):
    def networks(self, out):
        """{stage folder: hash of its network}."""
        return {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted((self.folder / out).glob("*/network.safetensors"))}


class Recipes(RecipeTest):
    def test_leaves_a_network_and_a_result_for_each_stage(self):
        self.make_network()
        self.write("both.toml", CONVERT_BOTH)
        done = self.expect_ok("run", "both.toml", "--out", "out", "--json", "copy.json")
        self.assertIn("one_spike", done.stdout)
        for stage in ("01-make_rate", "02-rate", "03-convert", "04-one_spike"):
            self.assertEqual({p.name for p in (self.folder / "out" / stage).iterdir()},
                             {"done", "network.safetensors", "result.json"})
        result = self.read_json("out/result.json")
        self.assertEqual(result, self.read_json("copy.json"))
        for key in ("accuracy", "timesteps", "layers", "recipe", "versions"):
            self.assertIn(key, result)
        self.assertEqual(result["coding"], "one_spike")
        self.assertEqual(result["rate"]["coding"], "rate")
        self.assertEqual(len(result["rate"]["accuracy_per_step"]), 8)
        self.assertEqual(result["one_spike"]["seed"], 3)

    def test_a_second_run_does_nothing_twice(self):
        self.make_network()
        self.write("both.toml", CONVERT_BOTH)
        self.expect_ok("run", "both.toml", "--out", "out")
        before = self.files()
        done = self.expect_ok("run", "both.toml", "--out", "out")
        self.assertEqual(done.stderr.count("was done before"), 4)
        after = self.files()
        summary = str(self.folder / "out/result.json")
        before.pop(summary), after.pop(summary)
        self.assertEqual(after, before)

    def test_a_changed_stage_and_what_follows_is_run_again(self):
        self.make_network()
        self.write("both.toml", CONVERT_BOTH)
        self.expect_ok("run", "both.toml", "--out", "out")
        done = self.expect_ok("run", "both.toml", "--out", "out", "--set", "convert.steps=6")
        self.assertIn("[1/4] make_rate: was done before", done.stderr)
        self.assertIn("[3/4] convert: convert", done.stderr)
        self.assertIn("[4/4] one_spike: evaluate", done.stderr)

    def test_a_changed_network_file_is_noticed(self):
        self.make_network()
        self.write("both.toml", CONVERT_BOTH)
        self.expect_ok("run", "both.toml", "--out", "out")
        self.expect_ok("convert", "net.safetensors", "-o", "rate.safetensors", "--coding", "rate",
                       "--data", "digits", "--calibrate", 20)
        self.expect_ok("export", "rate.safetensors", "-o", "net.safetensors")
        done = self.run_program("run", "both.toml", "--out", "out")
        self.assertNotEqual(done.returncode, OK, "a spiking network cannot be converted")

    def test_refuses_what_it_does_not_know(self):
        self.make_network()
        cases = {"coding = \"rate\"": ("codign = \"rate\"", "did you mean 'coding'?"),
                 "set = \"digits\"": ("sett = \"digits\"", "did you mean 'set'?"),
                 "do = \"evaluate\"": ("do = \"evalute\"", "did you mean 'evaluate'?"),
                 "seed = 3": ("sed = 3", "did you mean 'seed'?"),
                 "[data]": ("[dta]", "did you mean 'data'?"),
                 "from = \"network\"": ("from = \"mak_rate\"", "did you mean 'make_rate'?")}
        for line, (instead, says) in cases.items():
            self.write("bad.toml", CONVERT_BOTH.replace(line, instead, 1))
            with self.subTest(instead):
                self.expect_error(BAD_INPUT, "run", "bad.toml", "--out", "out", says=says)
        self.write("both.toml", CONVERT_BOTH)
        self.expect_error(BAD_INPUT, "run", "both.toml", "--out", "out", "--set", "rate.limt=3",
                          says="did you mean 'limit'?")
        self.expect_error(USAGE, "run", "both.toml", "--out", "out", "--set", "rate.limit")

    def test_bad_recipe_files(self):
        self.write("empty.toml", "")
        self.write("noise.toml", bytes(range(256)))
        self.write("deep.toml", "a = " + "[" * 100000)
        (self.folder / "folder.toml").mkdir()
        for name in ("empty.toml", "noise.toml", "deep.toml"):
            with self.subTest(name):
                self.expect_error(BAD_INPUT, "run", name, "--out", "out", says=name)
        for name in ("folder.toml", "missing.toml"):
            with self.subTest(name):
                self.expect_error(IO, "run", name, "--out", "out", says=name)
        self.write("both.toml", CONVERT_BOTH)
        self.write("file", "")
        self.expect_error(IO, "run", "both.toml", "--out", "out", says="net.safetensors")

    def test_without_libtorch_training_is_refused(self):
        if CAN_TRAIN:
            self.skipTest("this build has LibTorch")
        self.write("train.toml", TRAIN)
        done = self.run_program("run", "train.toml", "--out", "out")
        self.assertEqual(done.returncode, UNSUPPORTED)
        self.assertIn("libtorch-dev", done.stderr)


class Interruptions(RecipeTest):
    def start(self, *arguments):
        return subprocess.Popen([program.PROGRAM, *map(str, arguments)], cwd=self.folder,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def kill_and_continue(self, recipe, seed):
        """Kills runs at random moments until one ends by itself; the networks it left."""
        begin = time.monotonic()
        self.expect_ok("run", recipe, "--out", "whole", "--threads", 2)
        whole_time = time.monotonic() - begin
        choose = random.Random(seed)
        kills = 0
        for _ in range(40):
            process = self.start("run", recipe, "--out", "killed", "--threads", 2)
            try:
                # Later runs get more time, so that the end is reached on a slow machine too.
                process.wait(timeout=choose.uniform(0.02, 0.6) * whole_time * (1 + kills / 10))
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1
            _, errors = process.communicate()
            if process.returncode != -signal.SIGKILL:
                break
        self.assertEqual(process.returncode, OK, errors)
        self.assertGreater(kills, 0, "nothing was killed; this test says nothing")
        self.assertEqual(self.networks("killed"), self.networks("whole"))
        whole, killed = self.read_json("whole/result.json"), self.read_json("killed/result.json")
        for key in ("accuracy", "spikes_per_neuron", "synops_per_sample", "energy_pj", "samples"):
            self.assertEqual(whole[key], killed[key], key)
        left = {p.name for p in (self.folder / "killed").rglob("*") if p.is_file()}
        curves = {"curves.csv", "events.out.tfevents.0.ranvier"} if recipe == "train.toml" else set()
        self.assertEqual(left, {"done", "network.safetensors", "result.json"} | curves)

    def test_conversion_killed_at_random_moments(self):
        self.make_network()
        self.write("both.toml", CONVERT_BOTH)
        for seed in range(2):
            with self.subTest(seed=seed):
                shutil.rmtree(self.folder / "killed", ignore_errors=True)
                shutil.rmtree(self.folder / "whole", ignore_errors=True)
                self.kill_and_continue("both.toml", seed)

    @unittest.skipUnless(CAN_TRAIN, "this build has no LibTorch")
    def test_training_killed_at_random_moments(self):
        self.write("train.toml", TRAIN)
        for seed in range(2):
            with self.subTest(seed=seed):
                shutil.rmtree(self.folder / "killed", ignore_errors=True)
                shutil.rmtree(self.folder / "whole", ignore_errors=True)
                self.kill_and_continue("train.toml", seed)

    def test_interrupt_leaves_nothing_half_written(self):
        snn = self.make_spiking(coding="rate")
        before = self.files()
        process = self.start("evaluate", snn, "--data", "digits", "--json", "r.json", "--steps",
                             1000)
        self.assertIn("simulate", process.stderr.readline())  # it is at work now
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, INTERRUPTED, errors)
        self.assertEqual(errors.splitlines()[-1], "ranvier: error: interrupted")
        self.assertEqual(self.files(), before)

    def test_two_runs_in_one_folder_are_refused(self):
        self.make_network()
        self.write("both.toml", CONVERT_BOTH.replace("limit = 200", "limit = 0"))
        first = self.start("run", "both.toml", "--out", "out")
        try:
            for _ in range(100):
                if (self.folder / "out").exists() and os.listdir(self.folder / "out"):
                    break
                time.sleep(0.02)
            second = self.run_program("run", "both.toml", "--out", "out")
            if first.poll() is not None:
                self.skipTest("the first run was over already")
            self.assertEqual(second.returncode, IO, second.stderr)
        finally:
            first.kill()
            first.communicate()


if __name__ == "__main__":
    program.main()
