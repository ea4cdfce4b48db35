#!/usr/bin/python3
"""A training that is killed 20 times, inside epochs too, ends with the very same network."""
import hashlib
import json
import random
import subprocess
import time
import unittest

from support import program
from support.program import CAN_TRAIN, OK

RECIPE = """
seed = 5
[network]
architecture = "digits_cnn"
[data]
set = "digits"
[[stage]]
do = "train"
epochs = 4
limit = 6000
shift = 1
optimizer = "adam"
amsgrad = true
learning_rate = 0.002
schedule = "one_cycle"
weight_decay = 1e-4
weight_decay_epochs = 2
checkpoint_seconds = 0.05
checkpoint_every = 2
"""
KILLS = 20


def progress_of(checkpoint):
    """(epochs, batches of the next one) that a checkpoint holds."""
    header, _ = program.safetensors_parts(checkpoint.read_bytes())
    state = json.loads(header["__metadata__"]["ranvier_checkpoint"])
    return len(state["epochs"]), state["part"]["batches"]


@unittest.skipUnless(CAN_TRAIN, "this build has no LibTorch")
class TrainingKill(program.ProgramTest):
    def command(self, out):
        return [program.PROGRAM, "run", "recipe.toml", "--out", out, "--threads", "2"]

    def start(self, out):
        return subprocess.Popen(self.command(out), cwd=self.folder, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)

    def left(self, out):
        """The network, and the curves but for the columns of time."""
        stage = self.folder / out / "01-train"
        rows = [line.split(",") for line in (stage / "curves.csv").read_text().splitlines()]
        return (hashlib.sha256((stage / "network.safetensors").read_bytes()).hexdigest(),
                [row[:4] + row[5:] for row in rows])

    def first_checkpoint(self):
        """Seconds until a fresh run has written one."""
        begin = time.monotonic()
        process = self.start("probe")
        checkpoint = self.folder / "probe/01-train/checkpoint"
        while not checkpoint.exists() and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        process.communicate()
        return time.monotonic() - begin

    def test_killed_at_random_moments(self):
        self.write("recipe.toml", RECIPE)
        begin = time.monotonic()
        self.expect_ok(*self.command("whole")[1:])
        whole_time = time.monotonic() - begin
        expected = self.left("whole")
        self.assertEqual([row[0] for row in expected[1]], ["epoch", "1", "2", "3", "4"])
        startup = self.first_checkpoint()
        working = max(whole_time - startup, 0.1)
        choose = random.Random(1)
        kills, attempt, seen = 0, 0, set()
        while True:
            # On average the kills leave most of the training to be done after the last one.
            process = self.start(f"killed{attempt}")
            wait = startup * choose.uniform(0.7, 1.1) + choose.uniform(0, 1.5 * working / KILLS)
            try:
                process.wait(timeout=wait if kills < KILLS else 600)
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1
            _, errors = process.communicate()
            checkpoint = self.folder / f"killed{attempt}/01-train/checkpoint"
            if checkpoint.exists():
                seen.add(progress_of(checkpoint))
            if process.returncode == -9:
                continue
            self.assertEqual(process.returncode, OK, errors)
            self.assertEqual(self.left(f"killed{attempt}"), expected)
            if kills >= KILLS:
                break
            attempt += 1  # it ended before all kills were made: once more, from the beginning
        inside = {state for state in seen if state[1] > 0}
        print(f"{kills} kills; continued at {sorted(seen)} (epochs, batches)")
        self.assertGreater(len(inside), 2, "hardly any run continued inside an epoch")


if __name__ == "__main__":
    program.main()
