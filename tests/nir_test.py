#!/usr/bin/python3
"""NIR files that `ranvier export` writes, as h5py reads them, against the specification; and the
graphs of other programs through info, import, export and evaluate."""
import subprocess
import sys

from support import program
from support.program import BAD_INPUT, SHARED, UNSUPPORTED, USAGE

GRAPHS = SHARED / "data/nir"

# What each node must have, from the specification (github.com/neuromorphs/NIR, version 1.0).
REQUIRED = {
    "Input": {"shape"}, "Output": {"shape"},
    "Affine": {"weight", "bias"}, "Linear": {"weight"}, "Scale": {"scale"},
    "Conv2d": {"input_shape", "weight", "stride", "padding", "dilation", "groups", "bias"},
    "SumPool2d": {"kernel_size", "stride", "padding"},
    "AvgPool2d": {"kernel_size", "stride", "padding"},
    "Flatten": {"start_dim", "end_dim", "input_type"},
    "IF": {"r", "v_threshold", "v_reset"},
    "LIF": {"tau", "r", "v_leak", "v_threshold", "v_reset"},
    "Threshold": {"threshold"},
}
SAME_SHAPE = {"IF": ("r", "v_threshold", "v_reset"),
              "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset")}

# Run by Debian's Python, which has h5py; prints what it found wrong, or "sound" and the nodes' types.
READER = r"""
import sys
import h5py
import numpy as np

required, same_shape = eval(sys.argv[2]), eval(sys.argv[3])
faults, shapes, types = [], {}, {}

def text(dataset):
    value = dataset[()]
    return value.decode("utf8") if isinstance(value, bytes) else str(value)

def window(size, node, kernel):
    stride, padding = node["stride"][()], node["padding"][()]
    dilation = node["dilation"][()] if "dilation" in node else np.ones(2, int)
    return tuple((s + 2 * p - d * (k - 1) - 1) // t + 1
                 for s, p, d, k, t in zip(size, padding, dilation, kernel, stride))

def output_shape(kind, node, shape):
    if kind == "Input":
        return tuple(node["shape"][()])
    if kind in ("Affine", "Linear"):
        weight = node["weight"]
        if weight.shape[1:] != shape:
            faults.append(f"{node.name}: weight {weight.shape} does not fit {shape}")
        return weight.shape[:1]
    if kind == "Conv2d":
        weight = node["weight"]
        if tuple(node["input_shape"][()]) != shape[1:]:
            faults.append(f"{node.name}: input_shape")
        if weight.shape[1] * int(node["groups"][()]) != shape[0]:
            faults.append(f"{node.name}: channels")
        if node["bias"].shape != weight.shape[:1]:
            faults.append(f"{node.name}: bias")
        return (weight.shape[0], *window(shape[1:], node, weight.shape[2:]))
    if kind in ("SumPool2d", "AvgPool2d"):
        return (shape[0], *window(shape[1:], node, node["kernel_size"][()]))
    if kind == "Flatten":
        if tuple(node["input_type"][()]) != shape:
            faults.append(f"{node.name}: input_type")
        return (int(np.prod(shape)),)
    for name in required[kind] - {"shape"}:
        if node[name].shape != shape:
            faults.append(f"{node.name}: {name} has {node[name].shape}, reads {shape}")
    if kind == "Output" and tuple(node["shape"][()]) != shape:
        faults.append(f"{node.name}: shape")
    return shape

with h5py.File(sys.argv[1], "r") as file:
    if not text(file["version"])[:2] == "1.":
        faults.append("version")
    graph = file["node"]
    if text(graph["type"]) != "NIRGraph":
        faults.append("type of the graph")
    edges = [(a.decode(), b.decode()) for a, b in graph["edges"][()]]
    nodes = graph["nodes"]
    for name, node in nodes.items():
        kind = types[name] = text(node["type"])
        missing = required.get(kind, {"a known type"}) - set(node)
        if missing:
            faults.append(f"{name} ({kind}) lacks {missing}")
        if len({node[p].shape for p in same_shape.get(kind, ())}) > 1:
            faults.append(f"{name}: parameters of different shapes")
    for a, b in edges:
        if a not in nodes or b not in nodes:
            faults.append(f"edge {a} -> {b}")
    waiting = dict(types)
    while waiting:
        ready = [n for n in waiting if all(a in shapes for a, b in edges if b == n)]
        if not ready:
            faults.append(f"no order of {waiting}")
            break
        for n in ready:
            read = {shapes[a] for a, b in edges if b == n}
            if len(read) > 1:
                faults.append(f"{n} reads different shapes {read}")
            shapes[n] = output_shape(waiting.pop(n), nodes[n], read.pop() if read else None)
print("\n".join(faults) or "sound")
print(" ".join(sorted(types.values())))
"""


def with_h5py():
    return subprocess.run(["/usr/bin/python3", "-c", "import h5py"], capture_output=True).returncode == 0


class NirTest(program.ProgramTest):
    def read_by_h5py(self, name):
        done = subprocess.run(["/usr/bin/python3", "-c", READER, str(self.folder / name),
                               repr(REQUIRED), repr(SAME_SHAPE)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        verdict, *_, types = done.stdout.strip().split("\n")
        self.assertEqual(verdict, "sound", done.stdout)
        return types.split()

    def convert(self, *options):
        self.make_network()
        self.expect_ok("convert", "net.safetensors", "-o", "snn.safetensors", "--data", "digits",
                       "--calibrate", "20", "--coding", "rate", "--steps", "8", *options)

    def test_a_written_file_is_what_the_specification_asks_for(self):
        self.convert("--reset", "zero")
        self.expect_ok("export", "snn.safetensors", "-o", "snn.nir", "--lossy")  # it has max pools
        types = self.read_by_h5py("snn.nir")
        for kind in ("Input", "Conv2d", "IF", "AvgPool2d", "Flatten", "Affine", "Output"):
            self.assertIn(kind, types)

    def test_a_network_comes_back_as_it_was(self):
        self.convert("--reset", "zero")
        self.expect_ok("export", "snn.safetensors", "-o", "lossy.nir", "--lossy")
        self.expect_ok("import", "lossy.nir", "-o", "first.safetensors")
        self.expect_ok("export", "first.safetensors", "-o", "exact.nir")
        self.expect_ok("import", "exact.nir", "-o", "second.safetensors")
        first, second = (self.folder / f"{name}.safetensors" for name in ("first", "second"))
        self.assertEqual(first.read_bytes(), second.read_bytes())
        lossy, exact = (self.folder / f"{name}.nir" for name in ("lossy", "exact"))
        self.assertEqual(lossy.read_bytes(), exact.read_bytes())
        self.read_by_h5py("exact.nir")
        self.expect_ok("evaluate", "second.safetensors", "--data", "digits", "--limit", 5)

    def test_what_nir_does_not_have_is_refused_or_listed(self):
        self.convert("--reset", "subtract")
        self.expect_error(UNSUPPORTED, "export", "snn.safetensors", "-o", "snn.nir",
                          says="subtracts its threshold")
        listed = self.expect_ok("export", "snn.safetensors", "-o", "snn.nir", "--lossy").stdout
        self.assertIn("reset to 0", listed)
        self.read_by_h5py("snn.nir")
        self.expect_error(UNSUPPORTED, "export", "net.safetensors", "-o", "net.nir", "--lossy",
                          says="fold batch norms first")
        self.expect_error(USAGE, "export", "snn.safetensors", "-o", "x.safetensors", "--lossy",
                          says="--lossy is for NIR")

    def test_damaged_files(self):
        self.write("empty.nir", b"")
        self.write("noise.nir", b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 8)
        for name in ("empty.nir", "noise.nir"):
            for command in (("info", name), ("import", name, "-o", "x.safetensors"),
                            ("export", name, "-o", "x.nir")):
                self.expect_error(BAD_INPUT, *command, says=name)
        self.expect_error(BAD_INPUT, "evaluate", "noise.nir", "--data", "digits",
                          says="ranvier import noise.nir")
        self.expect_error(USAGE, "import", "net.onnx", "-o", "x.safetensors", "--dt", "0.001",
                          says="are for NIR files")

    def test_the_graphs_of_other_programs(self):
        if not GRAPHS.exists():
            self.skipTest("needs ../shared/data/nir")
        for path in sorted(GRAPHS.glob("*.nir")):
            with self.subTest(path.name):
                text = self.expect_ok("info", path).stdout
                self.assertIn("NIR graph, version 0.", text)
                self.expect_ok("export", path, "-o", "copy.nir")
                copied = self.expect_ok("info", "copy.nir").stdout
                self.assertEqual(copied.replace("copy.nir", str(path)), text)
                if path.name.startswith("braille"):
                    self.assertIn("cannot be run: ", text)
                    done = self.run_program("import", path, "-o", "net.safetensors")
                    self.assertIn(done.returncode, (BAD_INPUT, UNSUPPORTED))
                else:
                    self.expect_ok("import", path, "-o", "net.safetensors", "--steps", "20")


if __name__ == "__main__":
    if not with_h5py():
        print("skipped: needs h5py (Debian's python3-h5py)")
        sys.exit(program.SKIPPED)
    program.main()
