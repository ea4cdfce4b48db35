#!/usr/bin/python3
"""Every example in the help and every command line in README.md works as written.

Where an example trains, options are added behind it that make it short.
"""
import re
import shlex
import shutil

from support import program
from support.program import CAN_TRAIN, OK, ROOT, UNSUPPORTED

SHORTER = ["--set", "train.epochs=1", "--set", "train.limit=200", "--set", "float.limit=50",
           "--set", "rate.limit=20", "--set", "rate_exit.limit=20", "--set", "one_spike.limit=20"]


class Examples(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.make_spiking()
        self.make_rate()
        self.write("frames.npy", program.npy_bytes((16, 1, 28, 28), [k % 5 / 4 for k in range(16 * 784)]))
        self.write("recording.bin", bytes(range(30)))
        self.expect_ok("export", "rate.safetensors", "-o", "graph.nir", "--lossy")
        shutil.copytree(ROOT / "experiments", self.folder / "experiments")
        for name in ("demo/result.json", "build/demo/result.json", "snn.json"):
            self.write(name, (ROOT / "docs/results/demo.json").read_text())

    def help_of(self, *command):
        return self.expect_ok(*command, "--help").stdout

    def run_example(self, line):
        words = shlex.split(line)
        self.assertIn(words[0], ("ranvier", "build/release/ranvier"))
        command = words[1]
        expected = OK
        if command == "import":
            folder = "nir" if words[2].endswith(".nir") else "models"
            model = program.SHARED / "data" / folder / words[2]
            if not model.exists():
                return
            shutil.copy(model, self.folder)
            words += ["-o", "imported.safetensors"] if "-o" not in words else []
        if command == "demo":
            return  # demo_test.py runs it whole
        if command in ("run", "sweep"):
            words += SHORTER
            expected = OK if CAN_TRAIN else UNSUPPORTED
        if command == "attack" and not CAN_TRAIN:
            expected = UNSUPPORTED
        if command == "evaluate" and "--limit" not in words:
            words += ["--limit", "100"]
        options = {}
        if "<" in words:
            at = words.index("<")
            options["stdin"] = open(self.folder / words[at + 1], "rb")
            self.addCleanup(options["stdin"].close)
            del words[at:]
        done = self.run_program(*words[1:], **options)
        self.assertEqual(done.returncode, expected, f"{line}\n{done.stdout}{done.stderr}")

    def test_examples_of_the_help(self):
        commands = re.search(r"^Subcommands:\n((?: +\S.*\n?)+)", self.help_of(), re.M).group(1)
        names = re.findall(r"^  (\S+)", commands, re.M)
        self.assertGreaterEqual(len(names), 7)
        for name in names:
            examples = re.findall(r"^  (ranvier .*)$", self.help_of(name), re.M)
            self.assertGreater(len(examples), 0, f"{name} has no example")
            for example in examples:
                with self.subTest(example):
                    self.setUp()  # an example may replace the networks
                    self.run_example(example)

    def test_command_lines_of_the_readme(self):
        text = (ROOT / "README.md").read_text()
        blocks = re.findall(r"^```(?:sh|bash)\n(.*?)^```", text, re.M | re.S)
        lines = [line for block in blocks for line in block.splitlines()]
        examples = [line for line in lines if re.match(r"(build/release/)?ranvier ", line)]
        self.assertGreater(len(examples), 0)
        for example in examples:
            with self.subTest(example):
                self.run_example(example.split("#")[0])


if __name__ == "__main__":
    program.main()
