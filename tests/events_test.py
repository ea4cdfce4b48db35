#!/usr/bin/python3
"""Event recordings: what info says, data sets of them, damaged files, training and replay."""
import struct

from support import program
from support.program import BAD_INPUT, CAN_TRAIN, IO, ROOT, UNSUPPORTED, USAGE

SAMPLES = ROOT / "build/data/event-samples"


def nmnist(events):
    """Bytes of N-MNIST: column, row, on, microseconds."""
    return b"".join(struct.pack(">BBI", x, y, on << 23 | t)[:2] +
                    struct.pack(">I", on << 23 | t)[1:] for x, y, on, t in events)


def line(column):
    """500 events of one column, 10 us apart."""
    return nmnist([(column, k % 34, k % 2, 10 * k) for k in range(500)])


class Recordings(program.ProgramTest):
    def test_info(self):
        self.write("a.bin", nmnist([(1, 1, 1, 100), (2, 2, 0, 90)]))
        text = self.expect_ok("info", "a.bin").stdout
        for piece in ("N-MNIST", "34 x 34", "2, of which 1 on", "backwards  1", "byte 5"):
            self.assertIn(piece, text)

    def test_info_of_real_files(self):
        if not SAMPLES.exists():
            self.skipTest("needs build/data/event-samples")
        for name, piece in {"MovingDarkBox.aedat": "489834", "davis.aedat4": "117667",
                            "sample_ncars.dat": "2009", "evt2.raw": "521252", "dvs.es": "473225",
                            "sample_nmnist.bin": "4325"}.items():
            self.assertIn(piece, self.expect_ok("info", SAMPLES / name).stdout)

    def test_damaged_files(self):
        for name, content, code, says in (
                ("cut.bin", line(3)[:-2], BAD_INPUT, "byte 2495"),
                ("far.bin", nmnist([(1, 1, 1, 1), (200, 1, 1, 2)]), BAD_INPUT, "column 200"),
                ("empty.bs2", b"", BAD_INPUT, "is empty"),
                ("noise.raw", bytes(range(256)), UNSUPPORTED, "EVT 2.0"),
                ("noise.dat", bytes(range(256)), UNSUPPORTED, "version 2"),
                ("old.aedat", b"#!AER-DAT1.0\r\n", UNSUPPORTED, "2.0, 3.1 and 4.0"),
                ("cut.aedat4", b"#!AER-DAT4.0\r\n\xff\xff\xff\x7f", BAD_INPUT, "byte 18"),
                ("cut.es", b"Event Stream\x02\x00\x00\x01\x22\x00", BAD_INPUT, "byte 0")):
            self.write(name, content)
            with self.subTest(name):
                self.assertIn(says, self.expect_error(code, "info", name, says=name))
        self.expect_error(IO, "info", "missing.bin", says="missing.bin")


class Sets(program.ProgramTest):
    """Two classes, told by the column in which everything happens."""

    def setUp(self):
        super().setUp()
        for split in ("train", "test"):
            for k in range(8):
                self.write(f"set/{split}/left/{k}.bin", line(8 + k % 3))
                self.write(f"set/{split}/right/{k}.bin", line(24 + k % 3))

    def recipe(self, data, *stages):
        self.write("recipe.toml", "seed = 1\n[network]\narchitecture = \"lenet\"\n"
                   f"[data]\nset = \"{data}\"\n" + "".join(f"[[stage]]\n{s}\n" for s in stages))
        self.expect_ok("run", "recipe.toml", "--out", "out")
        return self.read_json("out/result.json")

    def test_a_network_learns_frames(self):
        if not CAN_TRAIN:
            self.skipTest("needs LibTorch")
        result = self.recipe("events:set", 'do = "train"\nepochs = 6\nbatch = 4\nlearning_rate = 0.002',
                             'do = "evaluate"')
        self.assertEqual(result["samples"], 16)
        self.assertGreaterEqual(result["correct"], 15)
        self.assertIn("frames of 3000 events", result["data"])

    def test_replay(self):
        if not CAN_TRAIN:
            self.skipTest("needs LibTorch")
        result = self.recipe(
            "events:set", 'do = "train"\nepochs = 6\nbatch = 4\nlearning_rate = 0.002',
            'do = "convert"\ncoding = "rate"\nsteps = 2\ncalibrate = 16', 'do = "evaluate"\nreplay = true')
        # 500 events, 10 us apart: 4990 us, which begin five timesteps of 1 ms.
        self.assertEqual((result["timesteps"], result["mean_timesteps"], result["replay_bin_us"]),
                         (5, 5, 1000))
        self.assertEqual(len(result["accuracy_per_step"]), 5)
        self.assertEqual(len(result["synops_by_step"]), 5)
        self.assertAlmostEqual(result["synops_by_step"][-1], result["synops_per_sample"],
                               delta=1e-9 * result["synops_per_sample"])
        self.assertEqual(result["engine"], "fast, replay")
        first = next(layer for layer in result["layers"] if layer["kind"] == "convolution")
        self.assertEqual(first["macs_per_sample"], 0)
        self.assertEqual(first["synops_nominal_per_sample"], 500 * 5 * 5 * 6)
        self.assertEqual(result["layers"][0]["spikes_per_sample"], 500)

        network = next((self.folder / "out").glob("*convert*/network.safetensors"))
        arguments = (network, "--data", "events:set", "--json", "r.json")
        self.expect_ok("stream", *arguments)
        stream = self.read_json("r.json")
        for key in ("correct", "samples", "timesteps"):
            self.assertEqual(stream[key], result[key], key)
        for key in ("spikes_per_sample", "synops_per_sample"):
            self.assertAlmostEqual(stream[key], result[key], delta=1e-9 * result[key])
        self.expect_ok("evaluate", *arguments, "--replay", "--bin-us", 500, "--steps", 7)
        again = self.read_json("r.json")
        self.assertEqual((again["timesteps"], again["steps"], again["replay_bin_us"]), (7, 7, 500))
        self.assertEqual(again["layers"][0]["spikes_per_sample"], 350)  # of 3.5 ms

        self.expect_error(USAGE, "evaluate", network, "--data", "events:set", "--replay", "--engine",
                          "reference", says="--engine fast")
        net = next((self.folder / "out").glob("*train*/network.safetensors"))
        self.expect_error(USAGE, "evaluate", net, "--data", "events:set", "--replay",
                          says="spiking networks")
        self.expect_error(USAGE, "evaluate", self.make_rate(), "--data", "digits", "--replay",
                          says="no event recordings")

    def test_a_damaged_recording_stops_the_evaluation(self):
        if not CAN_TRAIN:
            self.skipTest("needs LibTorch")
        self.recipe("events:set", 'do = "train"\nepochs = 1')
        self.write("set/test/right/3.bin", line(24)[:-1])
        network = next((self.folder / "out").glob("*train*/network.safetensors"))
        self.expect_error(BAD_INPUT, "evaluate", network, "--data", "events:set", "--json", "r.json",
                          says="right/3.bin")
        self.assertFalse((self.folder / "r.json").exists())

    def test_wrong_options(self):
        net = self.make_network()
        evaluate = ("evaluate", net, "--data", "events:set")
        self.expect_error(USAGE, *evaluate, "--crop", "28", says="WIDTHxHEIGHT")
        self.expect_error(USAGE, *evaluate, "--crop", "40x40", says="34 x 34")
        self.expect_error(USAGE, *evaluate, "--downsample", 3, says="squares")
        self.expect_error(BAD_INPUT, *evaluate, says="1x34x34")
        self.expect_ok(*evaluate, "--crop", "28x28")
        self.expect_error(IO, "evaluate", net, "--data", "nmnist", "--data-root", ".", says="NMNIST")
        self.expect_error(USAGE, "evaluate", net, "--data", "events", says="events:DIR")
        self.expect_error(IO, "evaluate", net, "--data", "mnist-dvs:none", says="none")
        self.expect_error(UNSUPPORTED, "convert", net, "-o", "o.safetensors", "--data", "events:set",
                          "--crop", "28x28", says="--coding rate")


if __name__ == "__main__":
    program.main()
