#!/usr/bin/python3
"""The commands of docs/tutorial.md work as written, one after the other."""
import ast
import re
import shlex
import shutil
import unittest

from support import program
from support.program import DATA, ROOT, SHARED

TUTORIAL = ROOT / "docs/tutorial.md"
MODEL = SHARED / "data/models/mnist_lenet_bn.onnx"
MNIST = DATA / "MNIST"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TUTORIAL.read_text(), re.M | re.S)


class Tutorial(program.ProgramTest):
    def test_python_is_python(self):
        self.assertEqual(len(blocks("python")), 1)
        for block in blocks("python"):
            ast.parse(block)

    def test_pages_that_it_names_exist(self):
        for name in re.findall(r"\]\(([a-z_]+\.md)", TUTORIAL.read_text()):
            self.assertTrue((ROOT / "docs" / name).exists(), name)

    @unittest.skipUnless(MODEL.exists() and MNIST.exists(), "the trained network or MNIST is not at hand")
    def test_commands(self):
        """Step 1 is replaced by a network that was trained and exported that way before; the test set
        by its first images, for time."""
        shutil.copy(MODEL, self.folder / "lenet.onnx")
        (self.folder / "data").mkdir()
        (self.folder / "data/MNIST").symlink_to(MNIST.resolve())
        lines = [line for block in blocks("sh") for line in block.splitlines() if line]
        self.assertGreaterEqual(len(lines), 9)
        for line in lines:
            words = shlex.split(line)
            self.assertEqual(words[0], "ranvier")
            if words[1] == "evaluate":
                words += ["--limit", "500"]
            self.expect_ok(*words[1:])
        accuracy = {name: self.read_json(f"{name}.json")["accuracy"] for name in ("ann", "snn", "rate", "exit")}
        self.assertGreater(accuracy["ann"], 0.97)
        for name in ("snn", "rate", "exit"):
            self.assertGreater(accuracy[name], accuracy["ann"] - 0.02, accuracy)
        steps = self.read_json("exit.json")
        self.assertLess(steps["mean_exit_step"], 0.8 * steps["timesteps"])
        self.assertIn("report: report.html", self.run_program(*words[1:]).stdout)


if __name__ == "__main__":
    program.main()
