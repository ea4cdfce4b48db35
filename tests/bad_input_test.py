#!/usr/bin/python3
"""Bad files, bad data sets and bad options: the right exit code, one line, nothing left behind."""
import os
import shutil
import struct
import subprocess

from support import program
from support.program import (BAD_INPUT, IO, UNSUPPORTED, USAGE, idx_images, idx_labels,
                             safetensors_bytes, safetensors_parts)


class BadFiles(program.ProgramTest):
    def bad_files(self):
        """{name: exit code} of files that are no networks."""
        good = program.untrained_network().read_bytes()
        header, data = safetensors_parts(good)
        first = next(name for name in header if name != "__metadata__")

        huge = {name: dict(entry) for name, entry in header.items()}
        huge[first]["shape"] = [1 << 40, 1 << 40]
        beyond = {name: dict(entry) for name, entry in header.items()}
        beyond[first]["data_offsets"] = [0, 1 << 60]
        nan = bytearray(data)
        begin = header[first]["data_offsets"][0]
        nan[begin:begin + 4] = struct.pack("<f", float("nan"))
        contents = {
            "empty.safetensors": b"",
            "short.safetensors": good[:5],
            "cut_header.safetensors": good[:100],
            "cut_data.safetensors": good[:-10],
            "half.safetensors": good[:len(good) // 2],
            "longer.safetensors": good + b"more",
            "huge_header.safetensors": struct.pack("<Q", 1 << 63) + good[8:],
            "huge_shape.safetensors": safetensors_bytes(huge, data),
            "beyond.safetensors": safetensors_bytes(beyond, data),
            "nan.safetensors": safetensors_bytes(header, bytes(nan)),
            "no_graph.safetensors": safetensors_bytes({"__metadata__": {}}, b""),
            "noise.safetensors": bytes(range(256)) * 40,
            "zeros.safetensors": bytes(4096),
        }
        for name, content in contents.items():
            self.write(name, content)
        (self.folder / "folder.safetensors").mkdir()
        codes = dict.fromkeys(contents, BAD_INPUT)
        codes["folder.safetensors"] = IO
        codes["missing.safetensors"] = IO
        return codes

    def test_info(self):
        for name, code in self.bad_files().items():
            with self.subTest(name):
                self.expect_error(code, "info", name, says=name)

    def test_evaluate(self):
        for name, code in self.bad_files().items():
            with self.subTest(name):
                self.expect_error(code, "evaluate", name, "--data", "digits", "--json", "r.json",
                                  says=name)

    def test_convert(self):
        for name, code in self.bad_files().items():
            with self.subTest(name):
                self.expect_error(code, "convert", name, "-o", "out.safetensors", "--data",
                                  "digits", says=name)

    def test_export(self):
        for name, code in self.bad_files().items():
            with self.subTest(name):
                self.expect_error(code, "export", name, "-o", "out.safetensors", says=name)

    def test_import(self):
        noise = bytes(range(256)) * 40
        for name, content in {"empty.onnx": b"", "noise.onnx": noise, "text.onnx": b"hello\n",
                              "huge.onnx": b"\x3a\xff\xff\xff\xff\xff\xff\xff\x7f"}.items():
            self.write(name, content)
            with self.subTest(name):
                self.expect_error(BAD_INPUT, "import", name, "-o", "out.safetensors", says=name)
        (self.folder / "folder.onnx").mkdir()
        for name in ("folder.onnx", "missing.onnx"):
            with self.subTest(name):
                self.expect_error(IO, "import", name, "-o", "out.safetensors", says=name)

    def test_truncated_onnx(self):
        model = program.SHARED / "data/models/mnist_lenet_bn.onnx"
        if not model.exists():
            self.skipTest("needs ../shared/data")
        content = model.read_bytes()
        for end in (1, 10, 100, 1000, len(content) // 2, len(content) - 1):
            self.write("cut.onnx", content[:end])
            with self.subTest(end):
                self.expect_error(BAD_INPUT, "import", "cut.onnx", "-o", "out.safetensors",
                                  says="cut.onnx")

    def test_an_onnx_file_where_a_model_file_is_wanted(self):
        self.write("net.onnx", b"\x08\x07")
        self.expect_error(BAD_INPUT, "evaluate", "net.onnx", "--data", "digits",
                          says="ranvier import")

    def test_a_file_that_exists_survives_a_failed_command(self):
        self.write("out.safetensors", "precious")
        self.write("empty.safetensors", b"")
        self.expect_error(BAD_INPUT, "convert", "empty.safetensors", "-o", "out.safetensors",
                          "--data", "digits")
        self.assertEqual((self.folder / "out.safetensors").read_text(), "precious")


class BadOutputs(program.ProgramTest):
    def test_output_that_cannot_be_written(self):
        net = self.make_network()
        (self.folder / "folder").mkdir()
        self.write("file", "")
        for output in ("folder", "file/out.safetensors", "/proc/none/out.safetensors"):
            with self.subTest(output):
                self.expect_error(IO, "convert", net, "-o", output, "--data", "digits",
                                  "--calibrate", 10, "--steps", 4)
        self.expect_error(IO, "evaluate", net, "--data", "digits", "--limit", 5, "--json", "folder")

    def test_format_that_cannot_be_exported(self):
        self.expect_error(UNSUPPORTED, "export", self.make_network(), "-o", "out.onnx",
                          says=".safetensors")
        self.expect_error(USAGE, "export", self.make_rate(), "-o", "out.nir", "--float16",
                          says="--float16")

    def test_full_device(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("needs /dev/full")
        net = self.make_network()
        with open("/dev/full", "w") as full:
            done = subprocess.run([program.PROGRAM, "info", net], cwd=self.folder, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, IO, done.stderr)


class BadData(program.ProgramTest):
    def evaluate(self, code, *arguments, says=""):
        net = self.make_network()
        return self.expect_error(code, "evaluate", net, *arguments, says=says)

    def mnist(self, images, labels):
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        self.write("data/MNIST/raw/t10k-images-idx3-ubyte", images)
        self.write("data/MNIST/raw/t10k-labels-idx1-ubyte", labels)

    def test_sound_files_for_comparison(self):
        self.mnist(idx_images(3), idx_labels([0, 9, 3]))
        done = self.expect_ok("evaluate", self.make_network(), "--data", "mnist")
        self.assertIn("of 3", done.stdout)

    def test_missing_files(self):
        self.evaluate(IO, "--data", "mnist", "--data-root", "nowhere", says="nowhere")
        self.evaluate(IO, "--data", "cifar10:nowhere.bin", says="nowhere.bin")
        self.evaluate(IO, "--data", "images:nowhere", says="nowhere")

    def test_unknown_set(self):
        self.evaluate(USAGE, "--data", "mnits", says="mnist")

    def test_damaged_idx_files(self):
        labels = idx_labels([0, 9, 3])
        cases = {"empty": (b"", labels),
                 "wrong magic": (idx_images(3, magic=2052), labels),
                 "short": (idx_images(3)[:-1], labels),
                 "too many declared": (struct.pack(">IIII", 2051, 1 << 31, 28, 28), labels),
                 "huge images": (struct.pack(">IIII", 2051, 3, 1 << 31, 1 << 31), labels),
                 "label out of range": (idx_images(3), idx_labels([0, 10, 3])),
                 "fewer labels": (idx_images(3), idx_labels([0, 9]))}
        for name, (images, some_labels) in cases.items():
            self.mnist(images, some_labels)
            with self.subTest(name):
                self.evaluate(BAD_INPUT, "--data", "mnist", says="ubyte")

    def test_wrong_shape(self):
        self.write("batch.bin", bytes([3]) + bytes(3072))
        message = self.evaluate(BAD_INPUT, "--data", "cifar10:batch.bin")
        self.assertIn("1x28x28", message)
        self.assertIn("3x32x32", message)

    def test_damaged_cifar_files(self):
        for name, content in {"empty": b"", "short": bytes(3000), "label": bytes([10] * 3073)}.items():
            self.write("batch.bin", content)
            with self.subTest(name):
                self.evaluate(BAD_INPUT, "--data", "cifar10:batch.bin", says="batch.bin")

    def test_folder_without_images(self):
        (self.folder / "images").mkdir()
        self.evaluate(BAD_INPUT, "--data", "images:images", says="images")


class BadOptions(program.ProgramTest):
    def test_commands(self):
        self.expect_error(USAGE, says="no command")
        self.expect_error(USAGE, "evalute", says="did you mean 'evaluate'?")
        self.expect_error(USAGE, "--nonsense")

    def test_options(self):
        self.expect_error(USAGE, "evaluate", says="network")
        self.expect_error(USAGE, "evaluate", "a", says="--data")
        self.expect_error(USAGE, "evaluate", "a", "--data", "digits", "--thread", "2",
                          says="did you mean '--threads'?")
        self.expect_error(USAGE, "evaluate", "a", "--data", "digits", "--limit", "many")
        self.expect_error(USAGE, "evaluate", "a", "--data", "digits", "--limit", "-1")
        self.expect_error(USAGE, "evaluate", "a", "b", "--data", "digits", says="'b'")
        self.expect_error(USAGE, "convert", "a", "-o", "b", "--data", "digits", "--coding", "morse",
                          says="one_spike")
        self.expect_error(USAGE, "convert", "a", "-o", "b", "--data", "digits", "--steps", "0")
        self.expect_error(USAGE, "import", "a", "-o", "b", "--mean", "1,two")

    def test_values_that_do_not_fit_the_network(self):
        net = self.make_network()
        self.expect_error(USAGE, "evaluate", net, "--data", "digits", "--steps", "8",
                          says="float network")
        self.expect_error(USAGE, "convert", net, "-o", "b", "--data", "digits", "--base", "1")
        snn = self.make_spiking()
        self.expect_error(USAGE, "evaluate", snn, "--data", "digits", "--steps", "8",
                          says="one_spike")
        code = self.run_program("convert", snn, "-o", "b.safetensors", "--data", "digits")
        self.assertIn(code.returncode, (BAD_INPUT, UNSUPPORTED), code.stderr)

    def test_options_that_the_conversion_does_not_use(self):
        command = ("convert", "net.safetensors", "-o", "b", "--data", "digits")
        for options, says in ((("--preset", "diet", "--per", "channel"), "--per has no effect here; it needs "
                               "--thresholds measured;"),
                              (("--preset", "iir", "--input-rate", 0.5), "--input-rate has no effect here; it needs "
                               "--input poisson;"),
                              (("--coding", "rate", "--input", "binary_phase"), "--coding one_spike;"),
                              (("--coding", "rate", "--no-threshold-shift"), "--coding one_spike;"),
                              (("--threshold-scale", 2), "--coding rate;"),
                              (("--max-loss", 1, "--steps", 16), "--max-loss to be left out;")):
            self.expect_error(USAGE, *command, *options, says=says)
        self.write("recipe.toml", program.UNTRAINED + '[[stage]]\ndo = "convert"\npreset = "diet"\nwait = 5\n')
        self.expect_error(BAD_INPUT, "run", "recipe.toml", "--out", "out",
                          says='wait: has no effect here; it needs coding = "one_spike"')

    def test_help_is_no_error(self):
        for words in (["--help"], ["--version"], ["convert", "--help"]):
            done = self.expect_ok(*words)
            self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    program.main()
