"""What the tests of the command line share: running the program, making inputs, finding data."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("RANVIER_PROGRAM", str(ROOT / "build/release/ranvier"))
BUILD = os.environ.get("RANVIER_BINARY_DIR", str(ROOT / "build/release"))
CMAKE = os.environ.get("RANVIER_CMAKE", "cmake")
CAN_TRAIN = os.environ.get("RANVIER_CAN_TRAIN", "ON").upper() in ("ON", "1", "TRUE", "YES")
CAN_DISTRIBUTE = CAN_TRAIN and os.environ.get("RANVIER_CAN_DISTRIBUTE", "ON").upper() == "ON"
SHARED = ROOT.parent / "shared"
DATA = ROOT / "build/data"
SKIPPED = 77  # ctest's SKIP_RETURN_CODE

OK, USAGE, BAD_INPUT, UNSUPPORTED, IO, INTERRUPTED = 0, 2, 3, 4, 5, 130

# Random weights; enough for everything that is not about accuracy.
UNTRAINED = """
[network]
architecture = "digits_cnn"
[data]
set = "digits"
[[stage]]
do = "evaluate"
limit = 1
"""


class ProgramTest(unittest.TestCase):
    """Each test works in a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ranvier-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_program(self, *arguments, timeout=300, **options):
        words = [PROGRAM, *map(str, arguments)]
        return subprocess.run(words, cwd=self.folder, capture_output=True, text=True,
                              errors="replace", timeout=timeout, **options)

    def expect_ok(self, *arguments, **options):
        done = self.run_program(*arguments, **options)
        self.assertEqual(done.returncode, OK, f"{arguments}\n{done.stdout}{done.stderr}")
        return done

    def expect_error(self, code, *arguments, says="", **options):
        """The exit code, one line of error, nothing on standard output, no file made or changed."""
        before = self.files()
        done = self.run_program(*arguments, **options)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}{done.stderr}")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, f"{arguments}\n{done.stderr}")
        self.assertTrue(lines[0].startswith("ranvier: error: "), lines[0])
        self.assertIn(says, lines[0])
        self.assertLess(len(lines[0]), 1000)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.files(), before, f"{arguments} left or changed files")
        return lines[0]

    def files(self):
        return {str(path): path.stat().st_mtime_ns for path in self.folder.rglob("*")
                if path.is_file()}

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content)
        return path

    def read_json(self, name):
        return json.loads((self.folder / name).read_text())

    def make_network(self, name="net.safetensors"):
        """A float network with random weights, 1x28x28 to 10 classes."""
        shutil.copy(untrained_network(), self.folder / name)
        return name

    def make_rate(self, name="rate.safetensors", steps=8):
        self.make_network("net.safetensors")
        self.expect_ok("convert", "net.safetensors", "-o", name, "--coding", "rate", "--steps", steps,
                       "--calibrate", 20, "--data", "digits")
        return name

    def make_spiking(self, name="snn.safetensors", coding="one_spike"):
        self.make_network("net.safetensors")
        self.expect_ok("convert", "net.safetensors", "-o", name, "--coding", coding, "--steps", 8,
                       "--calibrate", 50, "--data", "digits")
        return name


_cache = {}


def untrained_network():
    """Path of a model file, made once per process."""
    if "network" not in _cache:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="ranvier-test-"))
        _cache["folder"] = folder
        (folder / "untrained.toml").write_text(UNTRAINED)
        subprocess.run([PROGRAM, "run", "untrained.toml", "--out", "out"], cwd=folder, check=True,
                       capture_output=True)
        _cache["network"] = folder / "out/01-evaluate/network.safetensors"
    return _cache["network"]


def safetensors_parts(content):
    """(header as JSON, data)."""
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8:8 + length]), content[8 + length:]


def safetensors_bytes(header, data):
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def idx_images(n, rows=28, columns=28, magic=2051):
    return struct.pack(">IIII", magic, n, rows, columns) + bytes(n * rows * columns)


def idx_labels(labels, magic=2049):
    return struct.pack(">II", magic, len(labels)) + bytes(labels)


def npy_bytes(shape, values, descr="<f4"):
    """An array as numpy.save writes it."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    code = {"<f4": "f", "|u1": "B", "<f8": "d"}[descr]
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() +
            struct.pack(f"<{len(values)}{code}", *values))


def main():
    """Runs the tests of a file; exit code 77 if all of them were skipped."""
    try:
        done = unittest.main(exit=False, verbosity=2).result
    finally:
        if "folder" in _cache:
            shutil.rmtree(_cache["folder"], ignore_errors=True)
    if not done.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if done.testsRun > 0 and len(done.skipped) == done.testsRun else 0)
