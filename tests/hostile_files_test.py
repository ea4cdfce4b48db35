#!/usr/bin/python3
"""Small files that claim to hold much: readers make no room for what is not there. The program gets
200 MB of address space more than its libraries and an ordinary evaluation take, and must answer
with one line of error, not with "out of memory"."""
import gzip
import json
import os
import resource
import struct
import subprocess
import sys
import time
import zlib

from support import program
from support.program import BAD_INPUT, OK, UNSUPPORTED, npy_bytes, safetensors_bytes, safetensors_parts

MORE_BYTES = 200 << 20
BIG = 1 << 20
# One thread and one heap, so that the address space taken does not depend on the machine.
QUIET = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MALLOC_ARENA_MAX="1")


# ONNX: fields of protobuf messages.

def varint(value):
    head = b""
    while value > 127:
        head += bytes([value & 127 | 128])
        value >>= 7
    return head + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def onnx_tensor(name, dims, data, kind=1):
    return b"".join(field(1, dim) for dim in dims) + field(2, kind) + field(8, name) + field(9, data)


def onnx_value(name, dims):
    shape = b"".join(field(1, field(1, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def onnx_node(kind, inputs, output):
    return (b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, output) +
            field(4, kind))


def onnx_model(nodes, tensors, input_dims):
    graph = (b"".join(field(1, node) for node in nodes) + field(2, "graph") +
             b"".join(field(5, tensor) for tensor in tensors) +
             field(11, onnx_value("x", input_dims)) + field(12, onnx_value("y", [1, 10])))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def onnx_files():
    big_shape = onnx_tensor("shape", [2], struct.pack("<qq", BIG, BIG), 7)
    return {
        "tensor.onnx": onnx_model([onnx_node("MatMul", ["x", "w"], "y")],
                                  [onnx_tensor("w", [BIG, BIG], b"")], [1, BIG]),
        "product.onnx": onnx_model([onnx_node("MatMul", ["x", "w"], "y")],
                                   [onnx_tensor("w", [1 << 62, 1 << 62], b"abcd")], [1, 10]),
        "filled.onnx": onnx_model([onnx_node("ConstantOfShape", ["shape"], "w"),
                                   onnx_node("MatMul", ["x", "w"], "y")], [big_shape], [1, BIG]),
        "reshaped.onnx": onnx_model([onnx_node("Reshape", ["x", "shape"], "y")], [big_shape],
                                    [1, 10]),
        "length.onnx": field(7, b"")[:-1] + varint(1 << 40),
    }


# Events.

def aedat3(size, capacity, number):
    head = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"
    return head + struct.pack("<HHIIIIII", 1, 1, size, 4, 0, capacity, number, number)


def aedat4(header_size, packet_size):
    """Uncompressed; the header names no size, and its description is not there."""
    head = b"#!AER-DAT4.0\r\n" + struct.pack("<I", header_size)
    return head + struct.pack("<I", 8) + b"IOHE" + struct.pack("<II", 0, packet_size)


def event_files():
    prophesee = b"% Version 2\n% Width 16383\n% Height 16383\n% end\n\x00\x08"
    far = struct.pack("<II", 0, 0) + struct.pack("<II", 0xFFFFFFFF, 0)
    return {
        "packet.aedat": aedat3(8, 0x0FFFFFFF, 0x0FFFFFFF),
        "events.aedat": aedat3(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
        "header.aedat4": aedat4(0xFFFFFFFF, 0),
        "table.aedat4": aedat4(16, 0xFFFFFFFF),
        "cut.bin": bytes(7),
        "cut.dat": prophesee + far[:-1],
        "cut.raw": b"% evt 2.0\n% geometry 99999x99999\n% end\n" + bytes(5),
        "cut.es": b"Event Stream\x02\x00\x00\x01\xff\xff\xff\xff" + bytes(3),
        "cut.bs2": bytes(11),
        "version.aedat": b"#!AER-DAT9.0\r\n" + bytes(64),
    }


def big_sensors():
    """Whole recordings of sensors of so many pixels that their frames would take gigabytes."""
    return {
        "sensor.es": b"Event Stream\x02\x00\x00\x01\xff\xff\xff\xff" + b"\x03\x01\x00\x01\x00" * 9,
        "sensor.dat": b"% Version 2\n% Width 16383\n% Height 16383\n% end\n\x00\x08" +
                      struct.pack("<IIII", 0, 0, 0xFFFFFFF0, 5),
    }


# Images.

def png(width, height, content=b""):
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(content)) + chunk(b"IEND", b""))


def image_files():
    tags = ((256, 20000), (257, 20000), (258, 8), (259, 1), (262, 1), (273, 8), (278, 20000), (279, 4))
    sof = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 65000, 65000) + b"\x03\x01\x11\0\x02\x11\0\x03\x11\0"
    declared = {
        "1.png": png(11000, 11000),
        "1.jpg": b"\xff\xd8" + sof + b"\xff\xda\x00\x0c\x03\x01\0\x02\0\x03\0\0\x3f\0" + b"\xff\xd9",
        "1.bmp": b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 30000, 30000, 1, 24, 0, 0, 0,
                                     0, 0, 0),
        "1.ppm": b"P6\n30000 30000\n255\n",
        "1.tif": b"II*\0" + struct.pack("<IH", 8, len(tags)) +
                 b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags) + bytes(4),
        "1.webp": b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8L" + struct.pack("<IBI", 5, 0x2F, 0x0FFFFFFF) +
                  bytes(9),
    }
    # Formats that decoders know but no image set has.
    others = {
        "2.png": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 30000 +X 30000\n",
        "3.png": b"\x59\xa6\x6a\x95" + struct.pack(">IIIIIII", 30000, 30000, 24, 0, 1, 0, 0),
    }
    return ({name: ("declares", content) for name, content in declared.items()} |
            {name: ("is no image", content) for name, content in others.items()})


class HostileFiles(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        made = program.ProgramTest()
        made.setUp()
        cls.addClassCleanup(made.doCleanups)
        cls.net = made.folder / made.make_network()
        cls.rate = made.folder / made.make_rate(steps=2)
        cls.limit = cls.most_address_space("evaluate", cls.rate, "--data", "digits", "--limit", 1,
                                           "--threads", 1) + MORE_BYTES

    @classmethod
    def most_address_space(cls, *words):
        """Bytes that the program has mapped at most, libraries included."""
        process = subprocess.Popen([program.PROGRAM, *map(str, words)], env=QUIET,
                                   stdout=subprocess.DEVNULL)
        most = 0
        while process.poll() is None:
            with open(f"/proc/{process.pid}/status") as status:
                for line in status:
                    if line.startswith("VmPeak:"):
                        most = max(most, 1024 * int(line.split()[1]))
            time.sleep(0.001)
        assert process.returncode == OK and most > 0, words
        return most

    def run_limited(self, *words):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (self.limit, self.limit))
        return self.run_program(*words, env=QUIET, preexec_fn=limit, timeout=120)

    def expect_refused(self, *words, says=""):
        done = self.run_limited(*words)
        self.assertIn(done.returncode, (BAD_INPUT, UNSUPPORTED), f"{words}\n{done.stderr}")
        lines = done.stderr.splitlines()
        self.assertTrue(lines and lines[-1].startswith("ranvier: error: "), done.stderr)
        self.assertIn(says, lines[-1])

    def each(self, files, *before, after=()):
        for name, content in files.items():
            self.write(name, content)
            with self.subTest(name):
                self.expect_refused(*before, name, *after, says=name)

    def test_the_limit_is_felt(self):
        """What needs more than the limit does end with the error that others must not end with."""
        self.write("large.safetensors", self.with_graph(self.rate, self.larger))
        done = self.run_limited("info", "large.safetensors", "--plan")
        self.assertIn("out of memory", done.stderr)

    def with_graph(self, file, change):
        header, data = safetensors_parts(file.read_bytes())
        graph = json.loads(header["__metadata__"]["ranvier"])
        change(graph)
        header["__metadata__"]["ranvier"] = json.dumps(graph)
        return safetensors_bytes(header, data)

    @staticmethod
    def larger(graph):
        """Its convolutions and its pool over all take any image: 16 x 11000 x 11000 values."""
        graph["layers"][0]["shape"].update(height=11000, width=11000)

    def test_large_networks_are_described(self):
        self.write("large.safetensors", self.with_graph(self.rate, self.larger))
        done = self.run_limited("info", "large.safetensors", "--crossbar", "64x64")
        self.assertEqual(done.returncode, OK, done.stderr)
        self.expect_refused("evaluate", "large.safetensors", "--data", "digits", says="1x28x28")

    def test_model_files(self):
        good = self.net.read_bytes()
        header, data = safetensors_parts(good)
        first = next(name for name in header if name != "__metadata__")

        def with_entry(**change):
            return safetensors_bytes(header | {first: header[first] | change}, data)

        def more_steps(graph):
            graph["timing"]["steps"] = 1 << 62

        def many_channels(graph):
            graph["layers"][0]["shape"]["channels"] = 1 << 40

        deep = b"[" * 1_000_000
        self.each({
            "header.safetensors": struct.pack("<Q", 1 << 62) + good[8:],
            "shape.safetensors": with_entry(shape=[BIG, BIG]),
            "product.safetensors": with_entry(shape=[1 << 32, 1 << 32, 16, 9]),
            "offsets.safetensors": with_entry(data_offsets=[0, 1 << 62]),
            "deep.safetensors": struct.pack("<Q", len(deep)) + deep,
            "steps.safetensors": self.with_graph(self.rate, more_steps),
            "channels.safetensors": self.with_graph(self.rate, many_channels),
        }, "info")

    def test_onnx(self):
        self.each(onnx_files(), "import", after=("-o", "out.safetensors"))

    def test_nir(self):
        """Extents of arrays in the file, replaced by huge ones."""
        done = self.run_program("export", self.rate, "-o", "good.nir", "--lossy")
        if done.returncode == UNSUPPORTED:
            self.skipTest("this build has no HDF5")
        good = (self.folder / "good.nir").read_bytes()
        weight = struct.pack("<QQQQ", 32, 16, 3, 3)
        self.assertEqual(good.count(weight), 2)  # as they are, and as they may become
        files = {"cut.nir": good[:len(good) // 2]}
        for huge in (1 << 24, 1 << 47):
            files[f"extent{huge}.nir"] = good.replace(weight, struct.pack("<QQQQ", huge, 16, 3, 3))
        bias = struct.pack("<Q", 10)
        for number, at in enumerate(find_all(good, bias)[:6]):
            files[f"ten{number}.nir"] = good[:at] + struct.pack("<Q", 1 << 40) + good[at + 8:]
        for name, content in files.items():
            self.write(name, content)
            with self.subTest(name):
                done = self.run_limited("info", name)
                if name.startswith("ten") and done.returncode == OK:
                    continue  # that 10 was not an extent
                self.assertIn(done.returncode, (BAD_INPUT, UNSUPPORTED), done.stderr)
                self.assertIn(name, done.stderr.splitlines()[-1])

    def test_recordings(self):
        self.each(event_files(), "info")

    def test_recordings_of_huge_sensors(self):
        for name, content in big_sensors().items():
            folder = name.replace(".", "_")
            for k in range(2):
                self.write(f"{folder}/test/{k}/{name}", content)
                self.write(f"{folder}/train/{k}/{name}", content)
            with self.subTest(name):
                self.expect_refused("evaluate", self.rate, "--data", f"events:{folder}", "--replay",
                                    "--threads", 1, says="1x28x28")

    def test_images(self):
        for name, (says, content) in image_files().items():
            folder = name.replace(".", "_")
            self.write(f"{folder}/0/{name}", content)
            with self.subTest(name):
                # Refused for what they declare, not because a decoder got no memory.
                self.expect_refused("evaluate", self.net, "--data", f"images:{folder}", "--threads", 1,
                                    says=f"{name}: {says}")

    def test_idx_and_cifar(self):
        labels = struct.pack(">II", 2049, 2) + bytes(2)
        huge = {"plain": struct.pack(">IIII", 2051, BIG, 32, 32),
                "product": struct.pack(">IIII", 2051, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)}
        cases = {name: (content, labels, "") for name, content in huge.items()}
        bomb = struct.pack(">IIII", 2051, BIG, 16, 16) + bytes(BIG * 256)
        cases["packed"] = gzip.compress(bomb, 1), gzip.compress(labels), ".gz"
        for name, (images, some_labels, ending) in cases.items():
            self.write(f"{name}/MNIST/raw/t10k-images-idx3-ubyte{ending}", images)
            self.write(f"{name}/MNIST/raw/t10k-labels-idx1-ubyte{ending}", some_labels)
            with self.subTest(name):
                self.expect_refused("evaluate", self.net, "--data", "mnist", "--data-root", name,
                                    says="images-idx3-ubyte")
        self.write("batch.bin", bytes(3074))
        self.expect_refused("evaluate", self.net, "--data", "cifar10:batch.bin", says="batch.bin")

    def test_frames(self):
        self.each({"frames.npy": npy_bytes((1 << 62, 1, 28, 28), []),
                   "sides.npy": npy_bytes((2, 1, 1 << 31, 1 << 31), []),
                   "header.npy": b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xFFFFFFFF) + b"{"},
                  "stream", self.rate, "--frames")

    def test_corpora(self):
        words = " ".join(f"w{k % 50}" for k in range(2000))
        self.write("root/text/R8/train.txt", f"a\t{words}\n" + "b\t\n" * 5)
        self.write("root/text/R8/test.txt", "no tab\n" + "x" * 100_000)
        self.expect_refused("evaluate", self.net, "--data", "text:r8", "--data-root", "root",
                            says="test.txt")

    def test_recipes(self):
        self.each({
            "dotted.toml": "a." * 100_000 + "b = 1",
            "tables.toml": "[" + "a." * 100_000 + "b]",
            "inline.toml": "a = " + "{b = " * 100_000,
            "number.toml": "seed = " + "9" * 100_000,
            "steps.toml": "[network]\narchitecture = \"digits_cnn\"\nwidth = 1e300\n[data]\n"
                          "set = \"digits\"\n[[stage]]\ndo = \"convert\"\nsteps = 4611686018427387904\n",
        }, "run", after=("--out", "out"))

    def test_results(self):
        self.write("chart.js", "/*! Chart.js v3.0.0 */ const Chart = null;")
        result = {"accuracy": 0.5, "samples": 10, "timesteps": 4, "energy_pj": 1e3, "coding": "rate",
                  "accuracy_per_step": [0.1, 0.5], "exits_per_step": [1, 9], "layers": [
                      {"name": "relu1", "kind": "activation", "neurons": 4, "spikes_per_sample": 2}]}
        self.write("huge.json", json.dumps(result | {"samples": 1 << 62, "timesteps": 1 << 62}))
        done = self.run_limited("report", "huge.json", "-o", "huge.html", "--chart-js", "chart.js")
        self.assertIn(done.returncode, (OK, BAD_INPUT), done.stderr)
        self.each({
            "deep.json": "[" * 1_000_000,
            "objects.json": '{"a":' * 300_000,
            "number.json": json.dumps(result).replace("10", "9" * 100_000),
        }, "report", after=("-o", "report.html", "--chart-js", "chart.js"))


def find_all(content, part):
    places, at = [], content.find(part)
    while at >= 0:
        places.append(at)
        at = content.find(part, at + 1)
    return places


if __name__ == "__main__":
    if os.environ.get("RANVIER_SANITIZE"):
        print("skipped: sanitizers take terabytes of address space")
        sys.exit(program.SKIPPED)
    program.main()
