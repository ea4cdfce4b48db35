#!/usr/bin/python3
"""The man page and the completions are made from the help, and work in their programs."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from support import program
from support.program import PROGRAM, ROOT

TOOL = ROOT / "tools/make-shell-files"


class ShellFiles(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.made = pathlib.Path(tempfile.mkdtemp(prefix="ranvier-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.made, ignore_errors=True)
        subprocess.run([TOOL, "--program", PROGRAM, "--out", cls.made], check=True)

    def setUp(self):
        super().setUp()
        commands = re.search(r"^Subcommands:\n((?: +\S.*\n?)+)", self.expect_ok("--help").stdout, re.M)
        self.commands = re.findall(r"^  (\S+)", commands.group(1), re.M)

    def complete(self, *words):
        """What bash offers for the last of `words`."""
        script = (f"source {self.made}/ranvier.bash; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _ranvier; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-u", "-c", script, "bash", "ranvier", *words], capture_output=True,
                              text=True, check=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_offers_commands_options_and_words(self):
        self.assertEqual(self.complete("")[:-2], self.commands)
        self.assertEqual(self.complete("ev"), ["evaluate"])
        self.assertEqual(self.complete("convert", "--steps", "8", "--cod"), ["--coding"])
        self.assertEqual(self.complete("convert", "--coding", ""), ["rate", "one_spike"])
        self.assertEqual(self.complete("evaluate", "net", "--data", "fas"), ["fashion-mnist"])
        self.assertEqual(self.complete("evaluate", "ne"), [])  # a file: the shell's own

    def test_every_option_is_offered(self):
        for command in self.commands:
            help_text = self.expect_ok(command, "--help").stdout
            names = set(re.findall(r"^  (?:-\w,)?(--[a-z0-9-]+)", help_text, re.M))
            self.assertEqual(names - set(self.complete(command, "--")), set(), command)

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_man_page_is_sound_and_whole(self):
        done = subprocess.run(["groff", "-man", "-Tascii", "-ww", "-P-c", self.made / "ranvier.1"],
                              capture_output=True, text=True, check=True)
        self.assertEqual(done.stderr, "")
        text = re.sub(".\x08", "", done.stdout)
        for command in self.commands:
            self.assertTrue(f"ranvier {command} " in text, command)
        self.assertTrue("--no-threshold-shift" in text)
        self.assertTrue("EXIT STATUS" in text)

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_can_read_it(self):
        subprocess.run(["zsh", "-n", self.made / "_ranvier"], check=True)

    def test_zsh_has_every_command(self):
        text = (self.made / "_ranvier").read_text()
        for command in self.commands:
            self.assertIn(f"        {command})\n", text)


if __name__ == "__main__":
    program.main()
