#!/usr/bin/python3
"""Every command that writes, where it cannot: one clear error that names the file and exit code 5;
what was there stays as it was, and nothing half-written stays behind."""
import os
import shutil
import subprocess
import unittest

from support import disks, program
from support.program import CAN_TRAIN, IO, OK

RECIPE = """
[network]
file = "net.safetensors"
[data]
set = "digits"
[[stage]]
do = "evaluate"
limit = 2
"""
TRAINING = """
seed = 3
[network]
architecture = "digits_cnn"
[data]
set = "digits"
[[stage]]
do = "train"
epochs = 3
limit = 300
[[stage]]
do = "evaluate"
limit = 10
"""
DIGITS = ("--data", "digits", "--threads", 1)
ATTACK = ("attack", "net.safetensors", *DIGITS, "--limit", 1)
CONVERT = ("convert", "net.safetensors", *DIGITS, "--coding", "rate", "--steps", 2, "--calibrate", 2)
STDP = ("stdp", *DIGITS, "--neurons", 3, "--steps", 3, "--limit", 3, "--label-images", 2,
        "--test-images", 2)
SWEEP = ("sweep", "recipe.toml", "--grid", "seed=1")

# {what writes: the command; its last word is followed by the output}
FILES = {
    "import.safetensors": ("import", "rate.nir", "--output"),
    "export.safetensors": ("export", "rate.safetensors", "--output"),
    "export.nir": ("export", "rate.safetensors", "--lossy", "--output"),
    "convert.safetensors": (*CONVERT, "--output"),
    "convert.json": (*CONVERT, "--output", "scratch.safetensors", "--json"),
    "evaluate.json": ("evaluate", "net.safetensors", *DIGITS, "--limit", 2, "--json"),
    "stream.json": ("stream", "rate.safetensors", *DIGITS, "--limit", 1, "--every", 0, "--json"),
    "run.json": ("run", "recipe.toml", "--out", "run", "--json"),
    "sweep.json": (*SWEEP, "--out", "sweep", "--json"),
    "stdp.json": (*STDP, "--out", "stdp", "--json"),
    "report.html": ("report", "run", "--chart-js", "chart.js", "--output"),
}
FOLDERS = {
    "run": ("run", "recipe.toml", "--out"),
    "sweep": (*SWEEP, "--out"),
    "stdp": (*STDP, "--out"),
}
if CAN_TRAIN:
    FILES["attack.json"] = (*ATTACK, "--json")
    FOLDERS["attack"] = (*ATTACK, "--save-images")
    FOLDERS["demo"] = ("demo", "--threads", 1, "--out")


class OutputFailures(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        """Inputs for all, which no test changes, and runs that are done."""
        made = program.ProgramTest()
        made.setUp()
        cls.addClassCleanup(made.doCleanups)
        cls.prepared = made.folder
        made.write("recipe.toml", RECIPE)
        made.write("chart.js", "/*! Chart.js v3.0.0 */ const Chart = null;")
        made.make_rate(steps=2)
        for name in ("run", "sweep"):
            made.expect_ok(*FOLDERS[name], name)
        has_nir = made.run_program("export", "rate.safetensors", "--lossy", "-o", "rate.nir")
        cls.without_nir = has_nir.returncode == program.UNSUPPORTED

    def setUp(self):
        super().setUp()
        shutil.copytree(self.prepared, self.folder, dirs_exist_ok=True)

    def each(self, table, check):
        """Calls `check(name, words)` for each command that this build has."""
        for name, words in table.items():
            if self.without_nir and (name.endswith(".nir") or "rate.nir" in words):
                continue
            with self.subTest(name):
                check(name, words)

    def expect_failure(self, words, output, says, **options):
        """Exit code 5 and one line of error, which holds `says`."""
        done = self.run_program(*words, output, **options)
        self.assertEqual(done.returncode, IO, f"{words}\n{done.stdout}{done.stderr}")
        errors = [line for line in done.stderr.splitlines() if "error" in line]
        self.assertEqual(len(errors), 1, done.stderr)
        self.assertTrue(errors[0].startswith("ranvier: error: "), errors[0])
        self.assertIn(str(says), errors[0])
        self.assertNotIn("internal", errors[0])
        self.expect_nothing_unfinished()

    def expect_nothing_unfinished(self):
        self.assertEqual([path for path in self.files() if ".unfinished-" in path], [])

    def contents(self, folder):
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def test_full_disk(self):
        if not disks.can_mount():
            self.skipTest("needs the right to mount")
        with disks.mounted(self.folder / "disk", "64k") as disk:
            for name in FILES:
                (disk / name).write_text("precious")
            disks.fill(disk)
            before = self.contents(disk)

            def check_file(name, words):
                self.expect_failure(words, f"disk/{name}", f"disk/{name}: cannot be written: No space")
                self.assertEqual(self.contents(disk), before)

            def check_folder(name, words):
                self.expect_failure(words, f"disk/new-{name}", f"disk/new-{name}")
                written = {path for path, content in self.contents(disk).items() if content}
                self.assertEqual(written - before.keys(), set())

            self.each(FILES, check_file)
            self.each(FOLDERS, check_folder)

    @unittest.skipUnless(CAN_TRAIN, "this build has no LibTorch")
    def test_a_run_continues_when_there_is_room_again(self):
        if not disks.can_mount():
            self.skipTest("needs the right to mount")
        self.write("train.toml", TRAINING)
        self.expect_ok("run", "train.toml", "--out", "whole", "--threads", 1)
        with disks.mounted(self.folder / "disk", "16k") as disk:
            words = ("run", "train.toml", "--threads", 1, "--out")
            self.expect_failure(words, "disk/out", "disk/out/01-train/")
            disks.resize(disk, "200k")  # for a checkpoint, not for two
            self.expect_failure(words, "disk/out", "disk/out/01-train/checkpoint: cannot be written")
            self.assertTrue((disk / "out/01-train/checkpoint").exists())
            disks.resize(disk, "8m")
            self.expect_ok(*words, "disk/out")
            for name in ("01-train", "02-evaluate"):
                self.assertEqual((disk / f"out/{name}/network.safetensors").read_bytes(),
                                 (self.folder / f"whole/{name}/network.safetensors").read_bytes())

    def test_limit_on_the_size_of_files(self):
        """As `ulimit -f` sets it; the system then sends a signal that would end the program."""
        for name, words in (("export.safetensors", FILES["export.safetensors"]),
                            ("run", FOLDERS["run"])):
            with self.subTest(name):
                self.expect_failure(words, f"limited-{name}", f"limited-{name}",
                                    preexec_fn=disks.no_file_above(0))
                left = {path for path in self.files() if f"limited-{name}" in path}
                self.assertEqual(left, set())

    def test_read_only_disk(self):
        if not disks.can_be_read_only():
            self.skipTest("needs the right to mount, or a user who is not root")
        disk = self.folder / "disk"
        disk.mkdir()
        for name in FILES:
            (disk / name).write_text("precious")
        before = self.contents(disk)
        with disks.read_only(disk):
            self.each(FILES, lambda name, words: self.expect_failure(
                words, f"disk/{name}", f"disk/{name}: cannot be written: "))
            self.each(FOLDERS, lambda name, words: self.expect_failure(
                words, f"disk/new-{name}", f"disk/new-{name}"))
        self.assertEqual(self.contents(disk), before)

    def test_a_folder_where_a_file_belongs(self):
        def check(name, words):
            self.write(f"{name}/inside", "precious")
            self.expect_failure(words, name, f"{name}: is a directory")
            self.assertEqual(list(self.contents(self.folder / name).values()), [b"precious"])
        self.each(FILES, check)

    def test_a_file_where_a_folder_belongs(self):
        def check(name, words):
            self.write(f"file-{name}", "precious")
            self.expect_failure(words, f"file-{name}", f"file-{name}")
            self.assertEqual((self.folder / f"file-{name}").read_text(), "precious")
        self.each(FOLDERS, check)

    def test_names_that_are_too_long(self):
        self.each(FILES | FOLDERS, lambda name, words: self.expect_failure(
            words, "n" * 256 + name, "n" * 256 + name))

    def test_the_longest_names_are_written(self):
        """What a file is called while it is being written must not be longer than allowed."""
        self.expect_ok(*FILES["export.safetensors"], "n" * 243 + ".safetensors")
        self.expect_nothing_unfinished()

    def test_missing_folders_are_made_and_a_full_standard_output_is_an_error(self):
        """The output is written all the same, and by a command that is in order."""
        def check(name, words):
            output = f"a/b/new-{name}"
            with open("/dev/full", "w") as full:
                done = subprocess.run([program.PROGRAM, *map(str, words), output], cwd=self.folder,
                                      stdout=full, stderr=subprocess.PIPE, text=True, timeout=300)
            self.assertEqual(done.returncode, IO, done.stderr)
            self.assertEqual(done.stderr.splitlines()[-1],
                             "ranvier: error: standard output cannot be written")
            self.assertTrue((self.folder / output).exists())
            self.expect_nothing_unfinished()
        whole = {name: words for name, words in (FILES | FOLDERS).items() if name != "demo"}
        self.each(whole, check)  # demo_test.py has the demonstration

    def test_help_that_cannot_be_printed(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([program.PROGRAM, "--help"], stdout=full, stderr=subprocess.DEVNULL)
        self.assertEqual(done.returncode, IO)

    def test_nobody_hears(self):
        """Neither a full nor a closed standard error stops the work or changes the exit code."""
        with open("/dev/full", "w") as full:
            for name, options in (("full", {"stderr": full}),
                                  ("closed", {"preexec_fn": lambda: os.close(2)})):
                for code, words in ((OK, (*FOLDERS["run"], f"unheard-{name}")),
                                    (IO, ("info", "missing.safetensors"))):
                    with self.subTest(f"{name}: {words[0]}"):
                        done = subprocess.run([program.PROGRAM, *words], cwd=self.folder,
                                              stdout=subprocess.DEVNULL, **options)
                        self.assertEqual(done.returncode, code)
                self.assertTrue((self.folder / f"unheard-{name}/result.json").exists())


if __name__ == "__main__":
    program.main()
