#!/usr/bin/python3
"""Attacks from the command line and in recipes."""
import unittest
import zlib

from support import program
from support.program import BAD_INPUT, CAN_TRAIN, IO, UNSUPPORTED, USAGE

RECIPE = """
seed = 2
[network]
architecture = "vgg5"
width = 0.0625
mean = [0.5]
std = [0.5]
[data]
set = "digits"
[[stage]]
do = "train"
epochs = 4
limit = 2000
batch = 32
optimizer = "adam"
learning_rate = 2e-3
[[stage]]
do = "convert"
name = "diet"
preset = "diet"
calibrate = 128
steps = 8
[[stage]]
do = "attack"
name = "white"
method = ["fgsm", "pgd"]
epsilon = [0, "16/255"]
iterations = 3
step = "8/255"
steps = [4, 8]
limit = 100
[[stage]]
do = "attack"
name = "black"
crafted_on = "train"
epsilon = 0.07
leak = [1, 0.9]
target = "random"
limit = 40
save_images = true
"""


def grey_pixels(file):
    """The pixels of a grey PNG file of 8 bits, in rows."""
    data, at, packed = file.read_bytes(), 8, b""
    while at < len(data):
        size, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        if kind == b"IHDR":
            width = int.from_bytes(data[at + 8:at + 12], "big")
            assert data[at + 16:at + 18] == b"\x08\x00", "not grey with 8 bits"
        packed += data[at + 8:at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    rows, pixels, above = zlib.decompress(packed), [], [0] * width
    for start in range(0, len(rows), width + 1):
        row = list(rows[start + 1:start + 1 + width])
        for x in range(width):
            left, corner = (row[x - 1], above[x - 1]) if x else (0, 0)
            near = min((left, above[x], corner), key=lambda v: abs(left + above[x] - corner - v))
            row[x] = (row[x] + [0, left, above[x], (left + above[x]) // 2, near][rows[start]]) % 256
        pixels += row
        above = row
    return pixels


@unittest.skipUnless(CAN_TRAIN, "built without LibTorch")
class AttackTest(program.ProgramTest):
    def test_recipe_and_command_agree(self):
        self.write("recipe.toml", RECIPE)
        done = self.expect_ok("run", "recipe.toml", "--out", "out", timeout=1200)
        self.assertIn("cross entropy", done.stdout)
        result = self.read_json("out/result.json")
        rows = result["white"]["rows"]
        self.assertEqual([(r["method"], r["timesteps"]) for r in rows],
                         [(m, t) for m in ("fgsm", "pgd") for _ in (0, 1) for t in (4, 8)])
        for row in rows:
            self.assertEqual(row["samples"], 100)
            self.assertAlmostEqual(row["adversarial_loss"], row["clean_accuracy"] - row["accuracy"])
            if row["epsilon"] == 0:
                self.assertEqual(row["accuracy"], row["clean_accuracy"])
                self.assertEqual(row["cross_entropy"], row["clean_cross_entropy"])
            else:
                self.assertGreater(row["cross_entropy"], row["clean_cross_entropy"])
                self.assertLess(row["accuracy"], row["clean_accuracy"] - 0.05)
        self.assertEqual(result["accuracy"], result["black"]["rows"][-1]["accuracy"])
        self.assertIn("target_rate", result["black"]["rows"][0])
        self.assertEqual([r["leak"] for r in result["black"]["rows"]], [1, 0.9])
        # Both rows show the same images, which were crafted once.
        self.assertEqual(len({r["crafting_seconds"] for r in result["black"]["rows"]}), 1)
        self.assertGreater(result["black"]["rows"][0]["crafting_seconds"], 0)
        images = sorted((self.folder / "out/04-black/images").iterdir())
        self.assertEqual([f.name for f in images],
                         ["clean", "fgsm_epsilon0.07_leak0.9", "fgsm_epsilon0.07_leak1"])
        self.assertEqual(len(list(images[1].glob("00000_label*_as*.png"))), 1)
        clean = sorted(images[0].glob("*.png"))
        self.assertEqual(len(clean), 40)
        changes = [abs(a - b) for one, other in zip(clean, sorted(images[1].glob("*.png")))
                   for a, b in zip(grey_pixels(one), grey_pixels(other))]
        self.assertEqual(max(changes), 17)  # 0.07 of 255, rounded towards the clean image

        network = "out/02-diet/network.safetensors"
        arguments = ("attack", network, "--data", "digits", "--limit", 100, "--seed", 2, "--method",
                     "fgsm,pgd", "--epsilon", "0,16/255", "--iterations", 3, "--step", "8/255",
                     "--steps", "4,8", "--json", "attack.json")
        for threads in (1, 3):
            self.expect_ok(*arguments, "--threads", threads)
            for found, row in zip(self.read_json("attack.json")["rows"], rows, strict=True):
                found.pop("crafting_seconds")
                self.assertEqual(found, {k: row[k] for k in row if k != "crafting_seconds"})
        evaluated = ("evaluate", network, "--data", "digits", "--limit", 100, "--seed", 2,
                     "--json", "evaluate.json")
        self.expect_ok(*evaluated)
        self.assertEqual(self.read_json("evaluate.json")["accuracy"], rows[1]["clean_accuracy"])

        again = self.expect_ok("run", "recipe.toml", "--out", "out")
        self.assertEqual(again.stdout, done.stdout)
        # Another training is another network to craft on.
        self.expect_ok("run", "recipe.toml", "--out", "out", "--set", "black.limit=20")
        self.assertEqual(self.read_json("out/result.json")["samples"], 20)

    def test_preset_and_attack_of_its_network(self):
        net = self.make_network()
        self.expect_ok("convert", net, "-o", "diet.safetensors", "--preset", "diet", "--steps", 3,
                       "--silent-threshold", 0.1, "--calibrate", 20, "--data", "digits")
        self.assertIn("leaky_same_step", self.expect_ok("info", "diet.safetensors").stdout)
        data = ("--data", "digits", "--limit", 10, "--json", "r.json")
        # Max pools have no gradient through time, but rates have one.
        self.expect_error(UNSUPPORTED, "attack", "diet.safetensors", *data, "--gradient",
                          "through_time", says="crafted_on")
        automatic = ("--gradient", "auto")
        for gradient, arguments in (("rate", ()), ("rate", (*automatic, "--surrogate", "linear")),
                                    ("float", (*automatic, "--crafted-on", net))):
            self.expect_ok("attack", "diet.safetensors", *data, *arguments)
            result = self.read_json("r.json")
            self.assertEqual(result["rows"][0]["gradient"], gradient)
            self.assertNotIn("surrogate", result)

    def test_a_surrogate_of_a_float_network_is_refused_in_recipes(self):
        self.write("recipe.toml", program.UNTRAINED +
                   '[[stage]]\ndo = "attack"\nlimit = 2\nsurrogate_scale = 0.3\n')
        done = self.run_program("run", "recipe.toml", "--out", "out")
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn("surrogate_scale has no effect here", done.stderr)

    def test_bad_input(self):
        net, snn = self.make_network(), self.make_spiking()
        data = ("--data", "digits", "--limit", 5)
        for code, arguments, says in (
                (BAD_INPUT, (net, *data, "--epsilon", "2"), "0 to 1"),
                (BAD_INPUT, (net, *data, "--epsilon", "-1/255"), "0 to 1"),
                (BAD_INPUT, (net, *data, "--epsilon", "8/0"), "8/255"),
                (BAD_INPUT, (net, *data, "--epsilon", "nan"), "8/255"),
                (BAD_INPUT, (net, *data, "--target", "10"), "0 to 9"),
                (BAD_INPUT, (net, *data, "--target", "x"), "random"),
                (BAD_INPUT, (net, *data, "--method", "pgd", "--step", "0"), "the step is 0"),
                (USAGE, (net, *data, "--method", "cw"), "cw"),
                (USAGE, (net, *data, "--iterations", "0"), "iterations"),
                (USAGE, (net, *data, "--iterations", "7"), "--iterations has no effect here; it "
                 "needs --method pgd"),
                (USAGE, (net, *data, "--step", "2/255"), "--step has no effect"),
                (USAGE, (net, *data, "--no-random-start", "--method", "fgsm"),
                 "--no-random-start has no effect"),
                (USAGE, (net, *data, "--surrogate", "linear"), "--surrogate has no effect"),
                (USAGE, (snn, *data, "--surrogate", "stdb", "--crafted-on", net),
                 "--surrogate has no effect"),
                (USAGE, (net, *data, "--steps", "4"), "rate-coded"),
                (USAGE, (net, *data, "--leak", "0.9"), "leaky"),
                (USAGE, (net, *data, "--leak", "1.5"), "leak"),
                (USAGE, (net,), "data"),
                (USAGE, (net, *data, "--gradient", "rate"), "--gradient has no effect"),
                (USAGE, (snn, *data, "--gradient", "rate", "--surrogate", "stdb"),
                 "--surrogate has no effect here; it needs --gradient auto or through_time"),
                (UNSUPPORTED, (snn, *data, "--surrogate", "stdb"), "crafted_on"),
                (UNSUPPORTED, (snn, *data, "--gradient", "through_time"), "crafted_on"),
                (USAGE, (snn, *data, "--surrogate-decay", "1"), "stdb or exponential"),
                (USAGE, (net, *data, "--surrogate-scale", "1"), "--surrogate-scale has no effect"),
                (IO, (net, *data, "--crafted-on", "none.safetensors"), "none.safetensors"),
                (IO, ("none.safetensors", *data), "none.safetensors")):
            with self.subTest(arguments):
                self.expect_error(code, "attack", *arguments, "--json", "r.json", says=says)


if __name__ == "__main__":
    program.main()
