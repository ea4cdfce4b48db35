#!/usr/bin/python3
"""An installed tree serves projects outside of the source: find_package(ranvier), pkg-config, the program."""
import os
import shutil
import subprocess
import unittest

from support import program
from support.program import BUILD, CMAKE, ROOT

# Sanitized libraries want programs that are, too.
SANITIZED = bool(os.environ.get("RANVIER_SANITIZE"))


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=600, **options)


@unittest.skipIf(SANITIZED, "the library is sanitized")
class Installed(program.ProgramTest):
    def setUp(self):
        super().setUp()
        first = self.folder / "first"
        self.expect_done(run(CMAKE, "--install", BUILD, "--prefix", first))
        # Nothing may depend on where it was installed.
        self.prefix = self.folder / "moved"
        first.rename(self.prefix)
        shutil.copytree(ROOT / "tests/installed", self.folder / "project")
        self.make_spiking()

    def expect_done(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def only(self, pattern):
        found = list(self.prefix.rglob(pattern))
        self.assertEqual(len(found), 1, f"{pattern}: {found}")
        return found[0]

    def test_cmake_pkg_config_and_the_program(self):
        build = self.folder / "build"
        self.expect_done(run(CMAKE, "-S", self.folder / "project", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
                             "-DCMAKE_BUILD_TYPE=Release"))
        self.expect_done(run(CMAKE, "--build", build))
        model = self.folder / "snn.safetensors"
        by_cmake = self.expect_done(run(build / "use_from_c", model))
        self.assertRegex(by_cmake, r"^0\.1\.0: class \d of 10\n$")
        self.assertIn("5 ", self.expect_done(run(build / "use_from_cpp")))

        paths = {**os.environ, "PKG_CONFIG_PATH": str(self.only("ranvier.pc").parent),
                 "LD_LIBRARY_PATH": str(self.only("libranvier.so").parent)}
        flags = self.expect_done(run("pkg-config", "--cflags", "--libs", "ranvier", env=paths)).split()
        self.assertIn("-lranvier", flags)
        self.expect_done(run(os.environ.get("CC", "cc"), "-std=c99", self.folder / "project/use.c", "-o",
                             self.folder / "use", *flags))
        self.assertEqual(self.expect_done(run(self.folder / "use", model, env=paths)), by_cmake)

        version = self.expect_done(run(self.prefix / "bin/ranvier", "--version"))
        self.assertTrue(version.startswith("ranvier 0.1.0"), version)
        self.assertEqual(self.only("libranvier.so").resolve().name, "libranvier.so.0.1.0")


if __name__ == "__main__":
    program.main()
