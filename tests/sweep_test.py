#!/usr/bin/python3
"""`ranvier sweep`: all points, each once, whatever fails or is killed."""
import random
import shutil
import signal
import time

from support import launch, program
from support.program import BAD_INPUT, IO, OK, USAGE

RECIPE = """
[network]
file = "net.safetensors"
[data]
set = "digits"
[[stage]]
do = "convert"
coding = "rate"
steps = 8
calibrate = 100
[[stage]]
do = "evaluate"
limit = 60
"""
GRID = ("--grid", "convert.steps=4,8", "--grid", "convert.reset=subtract,zero")
FOLDERS = ["001-convert.steps=4-convert.reset=subtract", "002-convert.steps=4-convert.reset=zero",
           "003-convert.steps=8-convert.reset=subtract", "004-convert.steps=8-convert.reset=zero"]


class Sweep(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.make_network()
        self.write("recipe.toml", RECIPE)

    def points(self, name="out/sweep.json"):
        return self.read_json(name)["points"]

    def measured(self, name="out/sweep.json"):
        return [(p["point"], p["accuracy"], p["spikes_per_sample"], p["samples"])
                for p in self.points(name)]

    def run_folders(self, out="out"):
        return sorted(p.name for p in (self.folder / out).iterdir() if p.is_dir())


class Sweeps(Sweep):
    def test_every_point_is_an_ordinary_run(self):
        done = self.expect_ok("sweep", "recipe.toml", "--out", "out", "--json", "copy.json", *GRID)
        self.assertEqual(self.read_json("copy.json"), self.read_json("out/sweep.json"))
        self.assertEqual(self.run_folders(), FOLDERS)
        self.assertEqual([p["folder"] for p in self.points()], FOLDERS)
        for point in self.points():
            self.assertEqual(point["status"], "done")
            self.assertEqual(str(point["timesteps"]), point["point"]["convert.steps"])
            self.assertEqual(point["reset"], point["point"]["convert.reset"])
            self.assertIn(f"convert.steps={point['timesteps']} convert.reset={point['reset']}",
                          done.stdout)
        self.expect_ok("run", "recipe.toml", "--out", "alone", "--set", "convert.steps=4", "--set",
                       "convert.reset=zero")
        alone = self.read_json("alone/result.json")
        for key in ("accuracy", "spikes_per_sample", "energy_pj", "layers", "recipe"):
            self.assertEqual(self.points()[1][key], alone[key], key)

    def test_points_that_are_done_are_not_run_again(self):
        self.expect_ok("sweep", "recipe.toml", "--out", "out", *GRID[:2])
        before = self.files()
        done = self.expect_ok("sweep", "recipe.toml", "--out", "out", "--processes", 3, "--grid",
                              "convert.steps=4,8,6")
        self.assertEqual(done.stderr.count("was done before"), 2)
        self.assertEqual([p["timesteps"] for p in self.points()], [4, 8, 6])
        after = self.files()
        for path in before:
            if not path.endswith("sweep.json"):
                self.assertEqual(after[path], before[path], path)
        # A changed recipe is another recipe.
        done = self.expect_ok("sweep", "recipe.toml", "--out", "out", "--set", "evaluate.limit=50",
                              *GRID[:2])
        self.assertNotIn("was done before", done.stderr)
        self.assertEqual([p["samples"] for p in self.points()], [50, 50])

    def test_a_point_that_fails_does_not_stop_the_others(self):
        line = ("sweep", "recipe.toml", "--out", "out", "--grid", "data.set=digits,mnist", "--grid",
                "convert.steps=4,8", "--set", "data.root=nowhere")
        done = self.run_program(*line)
        self.assertNotIn(done.returncode, (OK, USAGE), done.stderr)
        self.assertIn("2 of 4 points failed", done.stderr.splitlines()[-1])
        self.assertIn("failed: data.set=mnist convert.steps=8: ", done.stdout)
        self.assertEqual([p["status"] for p in self.points()], ["done", "done", "failed", "failed"])
        self.assertIn("nowhere", self.points()[2]["error"])
        self.assertEqual(self.points()[2]["exit_code"], done.returncode)
        again = self.run_program(*line, "--processes", 2)
        self.assertEqual(again.returncode, done.returncode)
        self.assertEqual(again.stderr.count("was done before"), 2)
        self.assertEqual(again.stderr.count(": failed: "), 2)
        # What was missing comes, and the same command does the rest.
        raw = self.folder / "nowhere/MNIST/raw"
        raw.mkdir(parents=True)
        for part in ("train", "t10k"):
            (raw / f"{part}-images-idx3-ubyte").write_bytes(program.idx_images(100))
            (raw / f"{part}-labels-idx1-ubyte").write_bytes(program.idx_labels([1] * 100))
        self.expect_ok(*line)
        self.assertEqual({p["status"] for p in self.points()}, {"done"})
        self.assertEqual(list((self.folder / "out").glob("*.failed")), [])

    def test_refuses_before_anything_is_started(self):
        for bad, says in ((("--grid", "convert.steps"), "KEY=VALUE"),
                          (("--grid", "convert.steps=4,,8"), "empty value"),
                          (("--grid", "seed=1", "--grid", "seed=2"), "given twice")):
            self.expect_error(USAGE, "sweep", "recipe.toml", "--out", "out", *bad, says=says)
        for bad, says in ((("--grid", "convert.stps=4,8"), "did you mean 'steps'?"),
                          (("--grid", "convert.steps=4,many"), "convert.steps=many")):
            self.expect_error(BAD_INPUT, "sweep", "recipe.toml", "--out", "out", *bad, says=says)
        self.expect_error(IO, "sweep", "missing.toml", "--out", "out", *GRID, says="missing.toml")
        self.assertFalse((self.folder / "out").exists())


class Interruptions(Sweep):
    def start(self, out, size=1, **options):
        # More work for each point, so that there is something to kill.
        return launch.start(self.folder, size, "sweep", "recipe.toml", "--out", out, "--threads", 1,
                            "--set", "convert.calibrate=2000", "--set", "evaluate.limit=0", *GRID,
                            **options)

    def test_killed_at_random_moments(self):
        begin = time.monotonic()
        self.assertEqual(launch.finish(self.start("whole"))[0][0], OK)
        whole_time = time.monotonic() - begin
        choose, kills = random.Random(1), 0
        for _ in range(30):
            process, = self.start("killed", environment=lambda *_: {})
            try:
                process.wait(timeout=choose.uniform(0.05, 0.5) * whole_time * (1 + kills / 5))
            except launch.subprocess.TimeoutExpired:
                process.kill()
                kills += 1
            process.communicate()
            if process.returncode != -signal.SIGKILL:
                break
        self.assertEqual(process.returncode, OK)
        self.assertGreater(kills, 0, "nothing was killed; this test says nothing")
        self.assertEqual(self.measured("killed/sweep.json"), self.measured("whole/sweep.json"))

    def test_processes_of_a_launcher_share_the_points(self):
        processes = self.start("shared", size=2)
        done = launch.finish(processes)
        self.assertEqual([code for code, _, _ in done], [OK, OK], done)
        self.assertEqual(done[1][1:], ("", ""), "only process 0 speaks")
        self.assertEqual(done[0][2].count("/4] "), 4)
        logs = [p.read_text() for p in (self.folder / "shared").glob("*.log")]
        self.assertEqual(len(logs), 4)
        for log in logs:
            self.assertNotIn("was done before", log)  # each was run once
            self.assertNotIn("another process", log)
        # Somebody else did at least one of them.
        self.assertIn(": was done before", done[0][2])

    def test_the_points_of_a_lost_process_are_taken_over(self):
        processes = self.start("lost", size=2)
        deadline = time.monotonic() + 60
        while len(list((self.folder / "lost").glob("*.log"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        processes[1].kill()
        (code, _, errors), (killed, _, _) = launch.finish(processes)
        self.assertEqual(code, OK, errors)
        self.assertEqual(killed, -signal.SIGKILL)
        self.assertEqual({p["status"] for p in self.points("lost/sweep.json")}, {"done"})

    def test_an_interrupt_ends_all(self):
        process, = self.start("stopped", environment=lambda *_: {})
        deadline = time.monotonic() + 60
        while not list((self.folder / "stopped").glob("*.log")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, program.INTERRUPTED, errors)
        shutil.rmtree(self.folder / "stopped")  # nobody writes there any more


if __name__ == "__main__":
    program.main()
