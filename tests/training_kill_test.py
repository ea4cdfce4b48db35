#!/usr/bin/python3
"""A training that is killed 20 times, inside epochs too, ends with the very same network."""
import hashlib
import json
import random
import signal
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
limit = 3000
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

    def wait_for_checkpoint(self, process, out):
        """Until the run has written a checkpoint, or is over; returns the seconds that took."""
        checkpoint = self.folder / out / "01-train/checkpoint"

        def written():
            try:
                return checkpoint.stat().st_mtime_ns
            except FileNotFoundError:
                return 0

        begin, before = time.monotonic(), written()
        while written() in (0, before) and process.poll() is None:
            time.sleep(0.005)
        return time.monotonic() - begin

    def kill_once(self, process, out, choose, startup, working):
        """At any moment: one time in four while it starts, else after some more work."""
        if choose.random() < 0.25:
            time.sleep(choose.uniform(0, startup))
        else:
            self.wait_for_checkpoint(process, out)
            time.sleep(choose.uniform(0, 1.5 * working / KILLS))
        process.kill()

    def test_killed_at_random_moments(self):
        self.write("recipe.toml", RECIPE)
        begin = time.monotonic()
        self.expect_ok(*self.command("whole")[1:])
        whole_time = time.monotonic() - begin
        expected = self.left("whole")
        self.assertEqual([row[0] for row in expected[1]], ["epoch", "1", "2", "3", "4"])
        probe = self.start("probe")
        startup = self.wait_for_checkpoint(probe, "probe")
        probe.kill()
        probe.communicate()

        choose = random.Random(1)
        kills, attempt, seen = 0, 0, set()
        while True:
            out = f"killed{attempt}"
            process = self.start(out)
            if kills < KILLS:
                self.kill_once(process, out, choose, startup, max(whole_time - startup, 0.1))
            _, errors = process.communicate()
            checkpoint = self.folder / out / "01-train/checkpoint"
            if checkpoint.exists():
                seen.add(progress_of(checkpoint))
            if process.returncode == -signal.SIGKILL:
                kills += 1
                continue
            self.assertEqual(process.returncode, OK, errors)
            self.assertEqual(self.left(out), expected)
            if kills >= KILLS:
                break
            attempt += 1  # it ended before all kills were made: once more, from the beginning
        inside = {state for state in seen if state[1] > 0}
        print(f"{kills} kills; left (epochs, batches) {sorted(seen)}")
        self.assertGreater(len(inside), 4, "hardly any run continued inside an epoch")


if __name__ == "__main__":
    program.main()
