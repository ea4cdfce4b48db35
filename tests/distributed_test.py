#!/usr/bin/python3
"""Several processes on this machine: the same losses and results as one, and no lost work."""
import hashlib
import time
import unittest

from support import launch, program
from support.program import BAD_INPUT, CAN_DISTRIBUTE, IO, OK, USAGE

TRAIN = """
seed = 5
[network]
architecture = "digits_cnn"
[data]
set = "digits"
[[stage]]
do = "train"
epochs = 3
limit = 1501
shift = 1
learning_rate = 0.02
checkpoint_seconds = 0.2
[[stage]]
do = "convert"
steps = 8
calibrate = 100
[[stage]]
do = "evaluate"
limit = 301
"""

# What may differ between two evaluations of the same network on the same samples.
ABOUT_THE_RUN = ("seconds", "images_per_second", "threads", "processes", "command", "network_file")


@unittest.skipUnless(CAN_DISTRIBUTE, "this build is for one process")
class Distributed(program.ProgramTest):
    def launch(self, size, *arguments, **options):
        return launch.finish(launch.start(self.folder, size, *arguments, **options))

    def expect_launch(self, size, *arguments, **options):
        done = self.launch(size, *arguments, **options)
        for rank, (code, out, errors) in enumerate(done):
            self.assertEqual(code, OK, f"process {rank}: {errors}")
            if rank > 0:
                self.assertEqual((out, errors), ("", ""), "only process 0 speaks")
        return done

    def measured(self, name):
        result = self.read_json(name)
        return {key: value for key, value in result.items() if key not in ABOUT_THE_RUN}

    def network_hash(self, name):
        return hashlib.sha256((self.folder / name).read_bytes()).hexdigest()

    def losses(self, out):
        return [epoch["loss"] for epoch in self.read_json(f"{out}/01-train/result.json")["epochs"]]


class Training(Distributed):
    def test_the_same_losses_on_one_and_on_two_processes(self):
        self.write("train.toml", TRAIN)
        self.expect_ok("run", "train.toml", "--out", "one", "--threads", 1)
        done = self.expect_launch(2, "run", "train.toml", "--out", "two", "--threads", 1)
        self.assertIn("evaluate", done[0][1])
        for alone, shared in zip(self.losses("one"), self.losses("two")):
            # Sums in another order; 72 steps let their last digits grow.
            self.assertAlmostEqual(shared / alone, 1, delta=2e-3)
        self.assertEqual({str(p.relative_to(self.folder / "one"))
                          for p in (self.folder / "one").rglob("*")},
                         {str(p.relative_to(self.folder / "two"))
                          for p in (self.folder / "two").rglob("*")})
        result = self.read_json("two/result.json")
        self.assertEqual((result["processes"], result["samples"]), (2, 301))
        self.expect_launch(2, "run", "train.toml", "--out", "again", "--threads", 1)
        self.assertEqual(self.network_hash("again/01-train/network.safetensors"),
                         self.network_hash("two/01-train/network.safetensors"))
        done = self.expect_launch(2, "run", "train.toml", "--out", "two")
        self.assertEqual(done[0][2].count("was done before"), 3)

    def kill_one(self, victim):
        """Kills one process of two in the midst of a training; what the other one said."""
        checkpoint = self.folder / "killed/01-train/checkpoint"
        written = lambda: checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        before = written()
        processes = launch.start(self.folder, 2, "run", "train.toml", "--out", "killed",
                                 "--threads", 1, "--set", "train.epochs=8")
        deadline = time.monotonic() + 120
        while written() == before and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertGreater(written(), before, "no checkpoint came")
        self.assertIsNone(processes[victim].poll())
        processes[victim].kill()
        begin = time.monotonic()
        code, _, errors = launch.finish(processes)[1 - victim]
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual(code, IO, errors)
        self.assertIn(f"process {victim} of 2 was lost", errors.splitlines()[-1])
        self.assertIn("start all processes again", errors)
        self.assertTrue(checkpoint.exists())

    def test_a_lost_process_ends_the_run_and_a_new_launch_continues_it(self):
        self.write("train.toml", TRAIN)
        self.expect_launch(2, "run", "train.toml", "--out", "whole", "--threads", 1, "--set",
                           "train.epochs=8")
        self.kill_one(1)
        self.kill_one(0)
        self.expect_launch(2, "run", "train.toml", "--out", "killed", "--threads", 1, "--set",
                           "train.epochs=8")
        self.assertEqual(self.losses("killed"), self.losses("whole"))
        for stage in ("01-train", "02-convert"):
            self.assertEqual(self.network_hash(f"killed/{stage}/network.safetensors"),
                             self.network_hash(f"whole/{stage}/network.safetensors"))

    def test_processes_with_different_recipes_are_refused(self):
        self.write("train.toml", TRAIN)
        port = launch.free_port()
        processes = []
        for rank, seed in ((0, 1), (1, 2)):
            processes += launch.start(
                self.folder, 2, "run", "train.toml", "--out", "out", "--seed", seed, ranks=[rank],
                environment=lambda r, n, _: launch.torchrun_environment(r, n, port))
        done = launch.finish(processes)
        self.assertEqual(done[1][0], BAD_INPUT, done[1][2])
        self.assertIn("another recipe", done[1][2])
        self.assertEqual(done[0][0], IO, done[0][2])
        self.assertIn("process 1 of 2 was lost", done[0][2])


class Evaluation(Distributed):
    def test_results_are_those_of_one_process(self):
        self.make_spiking()
        self.make_rate()
        cases = [("net.safetensors", "--limit", 1000), ("snn.safetensors", "--limit", 333),
                 ("snn.safetensors", "--limit", 20),  # none are left for the second process
                 ("rate.safetensors", "--limit", 333),
                 ("rate.safetensors", "--limit", 100, "--exit", "margin", "--exit-threshold", 0.1)]
        for case in cases:
            with self.subTest(case):
                line = ("evaluate", *case, "--data", "digits", "--threads", 1)
                self.expect_ok(*line, "--json", "one.json")
                for size in (2, 3):
                    self.expect_launch(size, *line, "--json", "many.json")
                    self.assertEqual(self.measured("many.json"), self.measured("one.json"))
                    self.assertEqual(self.read_json("many.json")["processes"], size)

    def test_every_launcher_is_understood(self):
        self.make_network()
        line = ("evaluate", "net.safetensors", "--data", "digits", "--limit", 100, "--json", "r.json")
        launchers = {
            "Open MPI": lambda r, n, port: {"OMPI_COMM_WORLD_RANK": r, "OMPI_COMM_WORLD_SIZE": n,
                                            "OMPI_COMM_WORLD_LOCAL_RANK": r,
                                            "OMPI_COMM_WORLD_LOCAL_SIZE": n, "MASTER_PORT": port},
            "MPICH": lambda r, n, port: {"PMI_RANK": r, "PMI_SIZE": n, "MPI_LOCALNRANKS": n,
                                         "MPI_LOCALRANKID": r, "MASTER_PORT": port},
            "Slurm": lambda r, n, port: {"SLURM_PROCID": r, "SLURM_STEP_NUM_TASKS": n,
                                         "SLURM_LOCALID": r, "SLURM_STEP_TASKS_PER_NODE": n,
                                         "SLURM_STEP_NODELIST": "localhost",
                                         "MASTER_PORT": port}}
        for name, environment in launchers.items():
            with self.subTest(name):
                self.expect_launch(2, *line, environment=environment)
                self.assertEqual(self.read_json("r.json")["processes"], 2)

    def test_launches_that_cannot_work(self):
        self.make_network()
        line = ("evaluate", "net.safetensors", "--data", "digits", "--limit", 10)
        done = self.launch(3, *line, ranks=[0, 1], RANVIER_PATIENCE="5")
        for code, out, errors in done:
            self.assertEqual((code, out), (IO, ""))
            self.assertRegex(errors, "only 2 of 3 processes came|process 0 ended before all 3")
        (code, _, errors), = self.launch(2, *line, ranks=[1], RANVIER_PATIENCE="5")
        self.assertEqual(code, IO)
        self.assertIn("process 1 of 2 found no process 0 at 127.0.0.1", errors)
        (code, _, errors), = self.launch(2, *line, ranks=[2])
        self.assertEqual(code, USAGE)
        self.assertIn("RANK is '2'", errors)
        (code, _, errors), = self.launch(2, *line, ranks=[1], RANVIER_LAUNCHER="none")
        self.assertEqual(code, OK, errors)


if __name__ == "__main__":
    program.main()
