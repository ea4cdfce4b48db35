#!/usr/bin/python3
"""Ctrl-C and SIGTERM: exit code 130, no half-written file, and the same command ends as it would
have without them. Kills without warning: recipes_test.py, training_kill_test.py, stdp_test.py."""
import hashlib
import json
import os
import signal
import subprocess
import time
import unittest

from support import program
from support.program import CAN_TRAIN, INTERRUPTED, OK

RECIPE = """
seed = 4
[network]
architecture = "vgg5"
width = 0.0625
mean = [0.5]
std = [0.5]
[data]
set = "digits"
[[stage]]
do = "train"
epochs = 2
limit = 400
batch = 32
checkpoint_seconds = 0.05
checkpoint_every = 2
[[stage]]
do = "convert"
preset = "diet"
calibrate = 64
silent_threshold = 0.1
[[stage]]
do = "fine_tune"
epochs = 2
limit = 128
learning_rate = 1e-4
checkpoint_seconds = 0.05
checkpoint_every = 2
[[stage]]
do = "attack"
method = "pgd"
epsilon = 0.05
limit = 32
[[stage]]
do = "evaluate"
limit = 200
"""
SWEEP = """
[network]
file = "net.safetensors"
[data]
set = "digits"
[[stage]]
do = "convert"
coding = "rate"
steps = 8
calibrate = 600
[[stage]]
do = "evaluate"
limit = 100
"""
CHANGING = ("command", "seconds", "test_seconds", "ms_per_image", "images_per_second", "unix_time",
            "crafting_seconds")


def settled(value):
    """Without what depends on the time it took, or on how the program was called."""
    if isinstance(value, dict):
        return {key: settled(part) for key, part in value.items() if key not in CHANGING}
    return [settled(part) for part in value] if isinstance(value, list) else value


class InterruptTest(program.ProgramTest):
    def start(self, *words, **options):
        process = subprocess.Popen([program.PROGRAM, *map(str, words)], cwd=self.folder, text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process

    def stop(self, process, is_at_work, *signals, send=None):
        """Signals the program once it is at work. Returns its exit code; the last line that it
        says must be the error, unless it was done just then or was signaled twice."""
        deadline = time.monotonic() + 120
        while not is_at_work() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        for number in signals:
            (send or process.send_signal)(number)
        _, errors = process.communicate(timeout=120)
        if process.returncode == INTERRUPTED:
            self.assertEqual(errors.splitlines()[-1], "ranvier: error: interrupted")
        return process.returncode

    def unfinished(self):
        return [path for path in self.files() if ".unfinished-" in path]

    def left(self, out):
        """Networks and results, without what may differ."""
        networks = {str(path.relative_to(self.folder / out)):
                    hashlib.sha256(path.read_bytes()).hexdigest()
                    for path in (self.folder / out).rglob("*.safetensors")}
        return networks, self.result(out, "result.json")

    def result(self, out, name):
        text = (self.folder / out / name).read_text()
        return settled(json.loads(text.replace(f"{out}/", "")))


@unittest.skipUnless(CAN_TRAIN, "this build has no LibTorch")
class Recipes(InterruptTest):
    def test_every_stage(self):
        self.write("recipe.toml", RECIPE)
        self.expect_ok("run", "recipe.toml", "--out", "whole", "--threads", 1)
        expected = self.left("whole")
        stages = ["01-train", "02-convert", "03-fine_tune", "04-attack", "05-evaluate"]
        both = (signal.SIGINT, signal.SIGTERM)
        codes = []
        for number, stage in enumerate(stages):
            folder = self.folder / "stopped" / stage
            process = self.start("run", "recipe.toml", "--out", "stopped", "--threads", 1)
            trains = stage in ("01-train", "03-fine_tune")
            sign = folder / ("checkpoint" if trains else "started")
            codes.append(self.stop(process, lambda: sign.exists() or (folder / "done").exists(),
                                   both[number % 2]))
            self.assertIn(codes[-1], (OK, INTERRUPTED))
            self.assertEqual(self.unfinished(), [])
            for done in stages[:number]:
                self.assertTrue((self.folder / "stopped" / done / "done").exists(), done)
        print("exit codes", codes)
        self.assertGreater(codes.count(INTERRUPTED), 2, "hardly any run was interrupted")
        self.expect_ok("run", "recipe.toml", "--out", "stopped", "--threads", 1)
        self.assertEqual(self.left("stopped"), expected)

    def test_twice(self):
        """The second signal ends the program at once; the next run continues and clears up."""
        self.write("recipe.toml", RECIPE.split("[[stage]]\ndo = \"convert\"")[0])
        self.expect_ok("run", "recipe.toml", "--out", "whole", "--threads", 1)
        checkpoint = self.folder / "stopped/01-train/checkpoint"
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("run", "recipe.toml", "--out", "stopped", "--threads", 1)
            code = self.stop(process, checkpoint.exists, number, number)
            self.assertIn(code, (OK, INTERRUPTED, -number))
        self.write("stopped/01-train/checkpoint.unfinished-abcdef", "of a run that was killed")
        self.expect_ok("run", "recipe.toml", "--out", "stopped", "--threads", 1)
        self.assertEqual(self.unfinished(), [])
        networks = [(self.folder / out / "01-train/network.safetensors").read_bytes()
                    for out in ("whole", "stopped")]
        self.assertEqual(*networks)


class Commands(InterruptTest):
    def test_stdp(self):
        words = ("stdp", "--data", "digits", "--neurons", 60, "--limit", 1000, "--label-images", 100,
                 "--test-images", 100, "--threads", 1, "--out")
        self.expect_ok(*words, "whole")
        expected = self.left("whole")
        codes = []
        for number, sent in enumerate(((signal.SIGINT,), (signal.SIGTERM, signal.SIGTERM))):
            process = self.start(*words, "stopped")
            begin = time.monotonic()
            at_work = lambda: ((self.folder / "stopped").exists() and
                               time.monotonic() > begin + 0.2 * number)
            codes.append(self.stop(process, at_work, *sent))
            self.assertIn(codes[-1], (INTERRUPTED, -sent[0]))
        self.write("stopped/checkpoint.unfinished-abcdef", "of a run that was killed")
        self.expect_ok(*words, "stopped")
        self.assertEqual(self.unfinished(), [])
        self.assertEqual(self.left("stopped"), expected)

    def test_two_in_one_folder_are_refused(self):
        words = ("stdp", "--data", "digits", "--neurons", 400, "--out", "out", "--threads", 1)
        process = self.start(*words)
        while not (self.folder / "out").exists() and process.poll() is None:
            time.sleep(0.005)
        second = self.run_program(*words)
        self.assertEqual(self.stop(process, lambda: True, signal.SIGINT), INTERRUPTED)
        self.assertEqual(second.returncode, program.IO, second.stderr)
        self.assertIn("another process", second.stderr)

    def test_sweep(self):
        """A terminal sends Ctrl-C to all processes of a command, a scheduler may send SIGTERM to
        the first alone."""
        self.make_network()
        self.write("recipe.toml", SWEEP)
        words = ("sweep", "recipe.toml", "--grid", "convert.steps=4,8", "--threads", 1, "--out")
        self.expect_ok(*words, "whole")
        for number, to_all in ((signal.SIGINT, True), (signal.SIGTERM, False)):
            process = self.start(*words, "stopped", start_new_session=True)
            send = (lambda what: os.killpg(process.pid, what)) if to_all else None
            begin = time.time()
            logs = lambda: any(log.stat().st_mtime > begin
                               for log in (self.folder / "stopped").glob("*.log"))
            code = self.stop(process, logs, number, send=send)
            self.assertEqual(code, INTERRUPTED)
            self.assertEqual(self.unfinished(), [])
            with self.assertRaises(ProcessLookupError):  # nobody is left at work
                os.killpg(process.pid, 0)
        self.expect_ok(*words, "stopped")
        self.assertEqual(*[self.result(out, "sweep.json") for out in ("whole", "stopped")])

    def test_commands_that_write_at_their_end(self):
        """They leave nothing, and what was there as it was."""
        self.make_rate()
        self.write("old", "precious")
        commands = {
            "evaluate": ("evaluate", "rate.safetensors", "--steps", 500, "--json", "old"),
            "convert": ("convert", "net.safetensors", "--calibrate", 0, "--steps", 64, "--tune",
                        "weights", "-o", "old"),
            "stream": ("stream", "rate.safetensors", "--steps", 100_000, "--every", 0),
        }
        if CAN_TRAIN:
            commands["attack"] = ("attack", "net.safetensors", "--method", "pgd", "--iterations",
                                  100_000, "--limit", 32, "--save-images", "images", "--json", "old")
        before = self.files()
        for name, words in commands.items():
            with self.subTest(name):
                process = self.start(*words, "--data", "digits", "--threads", 1)
                # At its arguments, its data or its work.
                code = self.stop(process, lambda: self.works(process) and
                                 time.sleep(0.3) is None, signal.SIGINT)
                self.assertEqual(code, INTERRUPTED)
                after = {path: at for path, at in self.files().items() if "/images/clean/" not in path}
                self.assertEqual(after, before)

    @staticmethod
    def works(process):
        """Whether it has read its arguments: it then has a handler for SIGINT."""
        with open(f"/proc/{process.pid}/status") as status:
            caught = next(line.split()[1] for line in status if line.startswith("SigCgt:"))
        return int(caught, 16) >> (signal.SIGINT - 1) & 1

    def test_report(self):
        """It takes no time; whenever the signal comes, the page is whole or not there."""
        self.make_network()
        self.write("chart.js", "/*! Chart.js v3.0.0 */ const Chart = null;")
        self.expect_ok("evaluate", "net.safetensors", "--data", "digits", "--limit", 2, "--json",
                       "result.json")
        words = ("report", "result.json", "--chart-js", "chart.js", "-o", "report.html")
        page = self.folder / "report.html"
        for delay in (0, 0.003):
            process = self.start(*words)
            while process.poll() is None and not self.works(process):
                time.sleep(0.001)
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=120)
            self.assertIn(process.returncode, (OK, INTERRUPTED), errors)
            if page.exists():
                self.assertTrue(page.read_text().rstrip().endswith("</html>"))
                page.unlink()
            self.assertEqual(self.unfinished(), [])
        self.expect_ok(*words)


if __name__ == "__main__":
    program.main()
