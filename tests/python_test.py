#!/usr/bin/python3
"""The Python module: the figures of the program, arrays not copied, other threads go on, errors mapped, stubs true."""
import ast
import inspect
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import threading
import time
import tomllib
import unittest

from support import program
from support.program import BUILD, CMAKE, ROOT, safetensors_bytes, safetensors_parts

sys.path.insert(0, os.environ.get("RANVIER_PYTHON", str(ROOT / "build/release/python")))
try:
    import numpy as np

    import ranvier
except ImportError:
    ranvier = None

# What depends on the run, not on the network and the data.
UNEQUAL = {"seconds", "images_per_second", "command", "network_file", "data", "data_set", "split", "title", "versions",
           "logits", "predictions"}


def small_network(seed=1):
    return ranvier.architecture("digits_cnn", (1, 28, 28), 10, seed=seed)


@unittest.skipIf(ranvier is None, "the module was not built")
class Python(program.ProgramTest):
    def expect_same(self, mine, name):
        def comparable(result):
            notes = {k: v for k, v in result["network_notes"].items() if k != "calibration"}  # names the data
            return {**{k: v for k, v in result.items() if k not in UNEQUAL}, "network_notes": notes}

        theirs = self.read_json(name)
        self.assertEqual(comparable(mine), comparable(theirs))
        return theirs

    def expect_same_files(self, *names):
        (a, a_data), (b, b_data) = (safetensors_parts((self.folder / name).read_bytes()) for name in names)
        graphs = [json.loads(header.pop("__metadata__")["ranvier"]) for header in (a, b)]
        for graph in graphs:
            graph["notes"].pop("calibration")
        self.assertEqual(graphs[0], graphs[1])
        self.assertEqual((a, a_data), (b, b_data))

    def test_figures_are_the_programs(self):
        self.make_network()
        net = ranvier.load(self.folder / "net.safetensors")
        calibration, _ = ranvier.digits("train", 30)
        images, labels = ranvier.digits("test", 60)
        cases = {"one_spike": {"steps": 8, "tune": "bias", "base": 1.4},
                 "rate": {"steps": 8, "percentile": 99.5, "per": "layer", "weights": "int8"}}
        for coding, options in cases.items():
            words = [word for key, value in options.items() for word in (f"--{key}", value)]
            self.expect_ok("convert", "net.safetensors", "-o", "theirs.safetensors", "--coding", coding, *words,
                           "--calibrate", 30, "--data", "digits")
            snn = net.convert(calibration, coding=coding, **options)
            snn.save(self.folder / "mine.safetensors")
            self.expect_same_files("mine.safetensors", "theirs.safetensors")
            self.expect_ok("evaluate", "theirs.safetensors", "--data", "digits", "--limit", 60, "--json", "a.json")
            mine = snn.evaluate(images, labels)
            theirs = self.expect_same(mine, "a.json")
            self.assertGreater(theirs["spikes_per_sample"], 0)
            self.assertEqual(int((mine["predictions"] == labels).sum()), theirs["correct"])
            self.assertEqual(mine["predictions"].tolist(), mine["logits"].argmax(axis=1).tolist())

    def test_float_networks_and_early_exit(self):
        self.make_rate()
        images, labels = ranvier.digits("test", 40)
        self.expect_ok("evaluate", "net.safetensors", "--data", "digits", "--limit", 40, "--json", "float.json")
        net = ranvier.load(self.folder / "net.safetensors")
        self.expect_same(net.evaluate(images, labels), "float.json")
        rate = ranvier.load(self.folder / "rate.safetensors")
        threshold = float(np.ptp(rate.evaluate(images)["logits"])) / 20
        self.expect_ok("evaluate", "rate.safetensors", "--data", "digits", "--limit", 40, "--exit", "margin",
                       "--exit-threshold", threshold, "--steps", 6, "--json", "exit.json")
        mine = rate.evaluate(images, labels, exit="margin", exit_threshold=threshold, steps=6)
        self.assertLess(self.expect_same(mine, "exit.json")["mean_exit_step"], 6)

    def test_without_labels_there_is_no_accuracy(self):
        images, labels = ranvier.digits("test", 10)
        with_labels, without = (small_network().evaluate(images, *more) for more in ((labels,), ()))
        self.assertEqual(set(with_labels) - set(without), {"correct", "accuracy", "accuracy_standard_error"})
        self.assertTrue(np.array_equal(with_labels["logits"], without["logits"]))

    def test_arrays_are_not_copied_where_they_need_not_be(self):
        images, _ = ranvier.digits("test", 10)
        self.assertEqual(images.dtype, np.float32)
        self.assertTrue(np.shares_memory(ranvier.as_images(images), images))
        self.assertTrue(np.shares_memory(ranvier.as_images(images[2:5]), images))
        read_only = images.view()
        read_only.flags.writeable = False
        self.assertTrue(np.shares_memory(ranvier.as_images(read_only), images))
        for other in (images.astype(np.float64), images[::2], images.transpose(0, 1, 3, 2),
                      images.astype(">f4")):
            copy = ranvier.as_images(other)
            self.assertFalse(np.shares_memory(copy, other))
            self.assertTrue(np.array_equal(copy, other))
        # evaluate() takes what as_images() gives, so both are the same to it.
        net = small_network()
        turned = np.asfortranarray(images)
        self.assertTrue(np.array_equal(net.evaluate(turned)["logits"], net.evaluate(images)["logits"]))
        # Results are the library's own memory.
        self.assertFalse(net.evaluate(images)["logits"].flags.owndata)

    def test_results_outlive_networks_and_arrays(self):
        logits = small_network().evaluate(ranvier.digits("test", 4)[0])["logits"]
        kept = logits.copy()
        for _ in range(3):
            small_network(2).evaluate(np.zeros((4, 1, 28, 28), np.float32))
        self.assertTrue(np.array_equal(logits, kept))

    def test_other_threads_go_on_meanwhile(self):
        """While one thread converts and evaluates, another counts: with Python's lock held it could not."""
        snn = small_network().convert(ranvier.digits("train", 20)[0], coding="rate", steps=64)
        images, _ = ranvier.digits("test", 400)
        progress, done, span = [], threading.Event(), []

        def evaluate():
            began = time.monotonic()
            snn.evaluate(images, threads=1, engine="reference")
            span.extend((began, time.monotonic()))
            done.set()

        worker = threading.Thread(target=evaluate)
        worker.start()
        while not done.is_set():
            progress.append(time.monotonic())
            time.sleep(0.001)
        worker.join()
        began, ended = span
        within = [t for t in progress if began + 0.1 * (ended - began) < t < ended - 0.1 * (ended - began)]
        self.assertGreater(len(within), 5, f"{ended - began} s")

    def test_threads_share_a_network(self):
        snn = small_network().convert(ranvier.digits("train", 20)[0], coding="rate", steps=8)
        images, _ = ranvier.digits("test", 30)
        expected, got = snn.evaluate(images)["logits"], [None] * 4

        def work(k):
            got[k] = snn.evaluate(images, threads=1)["logits"]

        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        for logits in got:
            self.assertTrue(np.array_equal(logits, expected))

    def test_errors_have_classes(self):
        self.assertTrue(issubclass(ranvier.BadInputError, (ranvier.Error, ValueError)))
        self.assertTrue(issubclass(ranvier.FileError, OSError))
        net, images = small_network(), ranvier.digits("test", 3)[0]
        self.write("broken.safetensors", b"nonsense")
        self.write("a.onnx", b"")
        rate = net.convert(images, coding="rate", steps=4)
        for error, says, call in (
                (ranvier.FileError, "nowhere", lambda: ranvier.load("nowhere")),
                (ranvier.BadInputError, "broken", lambda: ranvier.load(self.folder / "broken.safetensors")),
                (ranvier.BadInputError, "ONNX", lambda: ranvier.load(self.folder / "a.onnx")),
                (ranvier.UnsupportedError, ".xyz", lambda: net.export(self.folder / "net.xyz")),
                (ranvier.FileError, "", lambda: net.save("/dev/null/net.safetensors")),
                (ranvier.UsageError, "did you mean 'coding'", lambda: net.convert(images, codng="rate")),
                (ranvier.UsageError, "to 4096", lambda: rate.evaluate(images, steps=-1)),
                (ranvier.UsageError, "1 to 4096", lambda: net.convert(images, steps=0)),
                (ranvier.UsageError, "float network", lambda: net.evaluate(images, steps=3)),
                (ranvier.BadInputError, "did you mean 'rate'", lambda: net.convert(images, coding="rat")),
                (ranvier.BadInputError, "known", lambda: ranvier.architecture("vgg", (1, 28, 28), 10)),
                (ranvier.UsageError, "input_rate has no effect here; it needs input='poisson'",
                 lambda: net.convert(images, preset="diet", input_rate=0.5)),
                (TypeError, "steps", lambda: net.convert(images, steps="4")),
                (TypeError, "", lambda: net.evaluate())):
            with self.assertRaises(error) as raised:
                call()
            self.assertIn(says, str(raised.exception))
            if issubclass(error, ranvier.Error):
                self.assertNotIn("\n", str(raised.exception))
                self.assertIs(type(raised.exception), error)

    def test_numbers_of_numpy_are_options(self):
        net, images = small_network(), ranvier.digits("train", 20)[0]
        of_numpy = net.convert(images, coding="rate", steps=np.int64(6), percentile=np.float32(99))
        plain = net.convert(images, coding="rate", steps=6, percentile=99)
        self.assertEqual(of_numpy.evaluate(images)["spikes_per_neuron"], plain.evaluate(images)["spikes_per_neuron"])
        for wrong in (6.0, True, np.float64(6)):
            with self.assertRaises(TypeError):
                net.convert(images, coding="rate", steps=wrong)

    def test_bad_arrays(self):
        net, (images, labels) = small_network(), ranvier.digits("test", 3)
        bad_pixel = images.copy()
        bad_pixel[1, 0, 3, 3] = np.nan
        for says, wrong in (("uint8", (images * 255).astype(np.uint8)), ("int64", np.zeros((3, 1, 28, 28), int)),
                            ("[3, 1, 27, 28]", images[:, :, 1:]), ("[1, 28, 28]", images[0]),
                            ("image 1", bad_pixel), ("object", np.array([None])), ("no samples", images[:0]),
                            ("complex", images.astype(complex)), ("", "text")):
            with self.assertRaises(ranvier.BadInputError) as raised:
                net.evaluate(wrong)
            self.assertIn(says, str(raised.exception))
        for wrong in (labels[:2], labels + 10, labels - 10, labels.astype(float), labels.reshape(3, 1), "text",
                      np.array([2**40] * 3)):
            with self.assertRaises(ranvier.BadInputError):
                net.evaluate(images, wrong)

    def test_streams(self):
        rate = small_network().convert(ranvier.digits("train", 20)[0], coding="rate", steps=6)
        image = ranvier.digits("test", 1)[0]
        expected = rate.evaluate(image)
        stream = ranvier.Stream(rate, threads=1)
        for _ in range(2):
            for step in range(6):
                stream.step(image[0] if step == 0 else None)
            self.assertTrue(np.array_equal(stream.logits, expected["logits"][0]))
            self.assertEqual((stream.steps, stream.prediction), (6, expected["predictions"][0]))
            spikes = {layer["name"]: layer["spikes_per_sample"] for layer in expected["layers"]}
            for name, counts in stream.spikes().items():
                self.assertEqual(counts.sum(), spikes[name])
            stream.reset()
        with self.assertRaises(ranvier.BadInputError):
            stream.step(image[0, :, 1:])
        with self.assertRaises(ranvier.UnsupportedError):
            ranvier.Stream(small_network())

    def test_plan_names_engine_and_kernels(self):
        net, images = small_network(), ranvier.digits("train", 20)[0]
        self.assertEqual(net.plan(), {"engine": "float", "layers": []})
        plan = net.convert(images, coding="rate", steps=6).plan()
        self.assertEqual(plan["engine"], "fast")
        self.assertEqual(set(plan["layers"][0]), {"layer", "does", "kernel"})
        self.assertEqual(net.convert(images, steps=6).plan()["engine"], "phase")

    def test_convert_takes_the_options_of_the_program(self):
        text = self.expect_ok("convert", "--help").stdout.split("Event recordings:")[0]
        options = {name.replace("-", "_") for name in re.findall(r"^  (?:-\w,)?--([a-z-]+)", text, re.M)}
        about_data = {"help", "output", "calibrate", "json", "data", "data_root", "split", "resize", "filter",
                      "threads", "seed"}
        options = options - about_data - {"no_threshold_shift"} | {"threshold_shift"}
        self.assertEqual(set(ranvier.convert_option_names()), options)

    def test_conversion_reports(self):
        images = ranvier.digits("train", 100)[0]
        snn = small_network().convert(images, max_loss=100.0, diagnose=True)
        self.assertEqual(set(snn.conversion), {"notes", "tried", "diagnosis"})
        self.assertIsNone(small_network().conversion)

    # --- state_dict ---

    def make_state(self):
        """A PyTorch state_dict of a digits_cnn, under the names of an nn.Sequential."""
        net = small_network(seed=5)
        numbers, state = {}, {}
        for key, value in net.parameters().items():
            layer, _, kind = key.rpartition(".")
            state[f"features.{numbers.setdefault(layer, 3 * len(numbers))}.{kind}"] = value
            if kind == "running_var":
                state[f"features.{numbers[layer]}.num_batches_tracked"] = np.array(7)
        return net, state, {layer: f"features.{k}" for layer, k in numbers.items()}

    def test_state_dicts_by_name_and_by_order(self):
        net, state, names = self.make_state()
        images = ranvier.digits("test", 5)[0]
        expected = net.evaluate(images)["logits"]
        for options in ({"names": names}, {"match": "order"}):
            made = ranvier.from_state_dict(state, "digits_cnn", (1, 28, 28), 10, **options)
            self.assertTrue(np.array_equal(made.evaluate(images)["logits"], expected))
        for wrong in ({}, {"names": {**names, "conv1": "features.99"}}, {"match": "size"}):
            with self.assertRaises(ranvier.BadInputError):
                ranvier.from_state_dict(state, "digits_cnn", (1, 28, 28), 10, **wrong)
        del state["features.0.weight"]
        with self.assertRaises(ranvier.BadInputError):
            ranvier.from_state_dict(state, "digits_cnn", (1, 28, 28), 10, match="order")

    def write_safetensors(self, name, arrays):
        header, data = {}, b""
        for key in sorted(arrays):
            array = np.asarray(arrays[key])
            kind = {"float32": "F32", "float16": "F16", "float64": "F64", "int64": "I64", "uint16": "BF16"}
            header[key] = {"dtype": kind[array.dtype.name], "shape": list(array.shape),
                           "data_offsets": [len(data), len(data) + array.nbytes]}
            data += array.tobytes()
        return self.write(name, safetensors_bytes(header, data))

    def test_state_dicts_from_safetensors(self):
        net, state, names = self.make_state()
        file = self.write_safetensors("weights.safetensors", state)
        made = ranvier.from_state_dict(file, "digits_cnn", (1, 28, 28), 10, names=names)
        for key, value in net.parameters().items():
            self.assertTrue(np.array_equal(made.parameters()[key], value), key)
        with self.assertRaises(ranvier.BadInputError):
            ranvier.from_state_dict(file, "digits_cnn", (1, 28, 28), 10, match="order")

    def test_other_types_of_safetensors(self):
        values = np.array([1.5, -2, 0.25], np.float32)
        file = self.write_safetensors("all.safetensors", {
            "half": values.astype(np.float16), "double": values.astype(np.float64),
            "brain": (values.view(np.uint32) >> 16).astype(np.uint16), "count": np.array(3)})
        arrays = ranvier.read_safetensors(file)
        for key in ("half", "double", "brain"):
            self.assertTrue(np.array_equal(arrays[key], values), key)
            self.assertEqual(arrays[key].dtype, np.float32)
        self.assertEqual(arrays["count"], 3)

    def test_damaged_safetensors(self):
        entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
        for content in (b"", b"\xff" * 8, struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 4) + b"{{{{",
                        safetensors_bytes({"a": {**entry, "data_offsets": [0, 80]}}, bytes(8)),
                        safetensors_bytes({"a": {**entry, "data_offsets": [-8, 0]}}, bytes(8)),
                        safetensors_bytes({"a": {**entry, "shape": [3]}}, bytes(8)),
                        safetensors_bytes({"a": {**entry, "dtype": "F4"}}, bytes(8)),
                        safetensors_bytes({"a": {"dtype": "F32"}}, bytes(8)),
                        safetensors_bytes({"a": 1}, bytes(8))):
            with self.assertRaises(ranvier.BadInputError, msg=content):
                ranvier.read_safetensors(self.write("a.safetensors", content))
        with self.assertRaises(ranvier.FileError):
            ranvier.read_safetensors("nowhere")

    def test_onnx(self):
        model = program.SHARED / "data/models/mnist_lenet_bn.onnx"
        if not model.exists():
            self.skipTest("the trained network is not at hand")
        net = ranvier.import_network(model, mean=[0.1], std=[0.3])
        net.save(self.folder / "mine.safetensors")
        self.expect_ok("import", model, "-o", "theirs.safetensors", "--mean", 0.1, "--std", 0.3)
        self.assertEqual((self.folder / "mine.safetensors").read_bytes(),
                         (self.folder / "theirs.safetensors").read_bytes())

    # --- what is around the module ---

    def test_stubs_are_true(self):
        tree = ast.parse((pathlib.Path(ranvier.__file__).parent / "__init__.pyi").read_text())
        names = set()
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                names.add(node.name)
                self.expect_same_parameters(node, getattr(ranvier, node.name))
            elif isinstance(node, ast.ClassDef):
                names.add(node.name)
                self.expect_same_class(node, getattr(ranvier, node.name))
        self.assertEqual(names, set(ranvier.__all__))

    def expect_same_class(self, node, found):
        bases = [base.id for base in node.bases]
        if bases:
            self.assertEqual(bases, [base.__name__ for base in found.__bases__])
            return
        members = {entry.name for entry in node.body if isinstance(entry, ast.FunctionDef)} - {"__init__"}
        self.assertEqual(members, {name for name in vars(found) if not name.startswith("_")})
        for entry in node.body:
            member = getattr(found, entry.name)
            if entry.decorator_list:
                self.assertIsInstance(member, property, entry.name)
            else:
                self.expect_same_parameters(entry, member)
            if entry.name != "__init__":
                self.assertTrue(member.__doc__, entry.name)

    def expect_same_parameters(self, node, found):
        """Names, order, kinds and defaults. Of the extension's functions the docstring begins with them."""
        try:
            text = f"{node.name}{inspect.signature(found)}"
        except ValueError:
            text = found.__doc__.splitlines()[0]
        (real,) = ast.parse(f"def {text}: pass").body
        stub, real = node.args, real.args
        for kind in ("args", "kwonlyargs"):
            self.assertEqual([a.arg for a in getattr(stub, kind)], [a.arg for a in getattr(real, kind)], node.name)
        for kind in ("defaults", "kw_defaults"):
            self.assertEqual([d and ast.literal_eval(d) for d in getattr(stub, kind)],
                             [d and ast.literal_eval(d) for d in getattr(real, kind)], node.name)
        self.assertEqual(bool(stub.kwarg), bool(real.kwarg), node.name)

    def test_links_no_libtorch(self):
        (extension,) = pathlib.Path(ranvier.__file__).parent.glob("_ranvier*.so")
        libraries = subprocess.run(["ldd", extension], capture_output=True, text=True, check=True).stdout
        for name in ("torch", "c10", "gloo", "imgcodecs"):
            self.assertNotRegex(libraries, rf"\blib\w*{name}", name)

    def test_pyproject_installs_the_component(self):
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
        self.assertEqual(settings["project"]["version"], ranvier.__version__)
        tool = settings["tool"]["scikit-build"]
        (component,), (target,) = tool["install"]["components"], tool["build"]["targets"]
        self.assertIn(f"add_library({target} ", (ROOT / "src/ranvier/python/CMakeLists.txt").read_text())
        for option in set(tool["cmake"]["define"]):
            texts = (ROOT / "CMakeLists.txt").read_text() + (ROOT / "src/ranvier/python/CMakeLists.txt").read_text()
            self.assertRegex(texts, rf"(option|set)\({option}\b")
        subprocess.run([CMAKE, "--install", BUILD, "--component", component,
                        "--prefix", self.folder / "site"], check=True, capture_output=True)
        installed = sorted(path.name for path in self.folder.rglob("ranvier/*"))
        self.assertEqual([name.partition(".cpython")[0] for name in installed],
                         ["__init__.py", "__init__.pyi", "_ranvier", "_state_dict.py", "py.typed"])
        (package,) = self.folder.rglob("__init__.py")
        done = subprocess.run([sys.executable, "-c", "import ranvier; print(ranvier.__file__)"], text=True,
                              env={**os.environ, "PYTHONPATH": str(package.parent.parent)}, capture_output=True)
        self.assertEqual(done.stdout.strip(), str(package), done.stderr)

    def test_notebook(self):
        done = subprocess.run([sys.executable, ROOT / "examples/notebook.py"], capture_output=True, text=True,
                              timeout=600, env={**os.environ, "PYTHONPATH": ":".join(sys.path)})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(float(re.search(r"^one_spike +([\d.]+)", done.stdout, re.M).group(1)), 0.9, done.stdout)


if __name__ == "__main__":
    program.main()
