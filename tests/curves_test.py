#!/usr/bin/python3
"""The curves of a training: the table against the result, the event file by a reader of its own."""
import csv
import struct
import unittest

from support import program
from support.program import CAN_TRAIN, UNSUPPORTED

RECIPE = """
seed = 5
[network]
architecture = "digits_cnn"
[data]
set = "digits"
[[stage]]
do = "train"
epochs = 3
limit = 500
optimizer = "adam"
learning_rate = 0.002
evaluate_every = 2
[[stage]]
do = "evaluate"
[[stage]]
do = "train"
name = "more"
epochs = 1
limit = 500
learning_rate = 0.001
"""


def crc32c(data):
    """Bit by bit, from the polynomial."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def unmasked(checksum):
    turned = (checksum - 0xA282EAD8) & 0xFFFFFFFF
    return (turned >> 17 | turned << 15) & 0xFFFFFFFF


def records(data):
    """The messages of an event file; fails on any checksum."""
    while data:
        (length,), (length_crc,) = struct.unpack("<Q", data[:8]), struct.unpack("<I", data[8:12])
        message = data[12:12 + length]
        (crc,) = struct.unpack("<I", data[12 + length:16 + length])
        assert unmasked(length_crc) == crc32c(data[:8]), "checksum of a length"
        assert unmasked(crc) == crc32c(message), "checksum of a message"
        yield message
        data = data[16 + length:]


def varint(data, at):
    value, shift = 0, 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def fields(message):
    """[(number, bytes or integer)] of a Protocol Buffer."""
    at, found = 0, []
    while at < len(message):
        key, at = varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(message, at)
        else:
            length, at = varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = message[at:at + length], at + length
        found.append((key >> 3, value))
    return found


def scalars(data):
    """{tag: [(step, value)]}."""
    first, *events = map(dict, map(fields, records(data)))
    assert first[3] == b"brain.Event:2", first
    curves = {}
    for event in events:
        assert 1e9 < struct.unpack("<d", event[1])[0] < 1e11, "wall time"
        for number, value in fields(event[5]):
            assert number == 1
            parts = dict(fields(value))
            point = event[2], struct.unpack("<f", parts[2])[0]
            curves.setdefault(parts[1].decode(), []).append(point)
    return curves


@unittest.skipUnless(CAN_TRAIN, "this build has no LibTorch")
class Curves(program.ProgramTest):
    def test_the_reader_itself(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)

    def test_table_events_and_result_agree(self):
        self.write("recipe.toml", RECIPE)
        self.expect_ok("run", "recipe.toml", "--out", "out", "--device", "cpu")
        for stage, n_epochs in (("01-train", 3), ("03-more", 1)):
            with self.subTest(stage):
                self.check_stage(self.folder / "out" / stage, n_epochs)

    def check_stage(self, stage, n_epochs):
        epochs = self.read_json(stage / "result.json")["epochs"]
        for epoch in epochs:
            self.assertNotIn("synops", epoch, "nothing asks for them here")
        self.assertEqual(len(epochs), n_epochs)
        with open(stage / "curves.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([{k: float(v) for k, v in row.items() if v} for row in rows], epochs)
        if n_epochs == 3:  # every second one and the last
            self.assertEqual(["test_accuracy" in e for e in epochs], [False, True, True])
            evaluated = self.read_json("out/02-evaluate/result.json")["accuracy"]
            # Another engine, whose rounding may change a decision.
            self.assertAlmostEqual(epochs[2]["test_accuracy"], evaluated, delta=0.0011)
        curves = scalars((stage / "events.out.tfevents.0.ranvier").read_bytes())
        for tag, key in (("train/loss", "loss"), ("train/accuracy", "accuracy"),
                         ("train/learning_rate", "learning_rate"), ("test/loss", "test_loss"),
                         ("train/images_per_second", "images_per_second"),
                         ("test/accuracy", "test_accuracy")):
            expected = [(e["epoch"], e[key]) for e in epochs if key in e]
            self.assertEqual([step for step, _ in curves.get(tag, [])], [s for s, _ in expected])
            for (_, got), (_, value) in zip(curves.get(tag, []), expected):
                self.assertAlmostEqual(got / value, 1, delta=1e-6)  # written as float

    def test_a_missing_gpu_is_said(self):
        self.write("recipe.toml", RECIPE)
        done = self.run_program("run", "recipe.toml", "--out", "out", "--device", "cuda")
        if done.returncode == 0:
            self.skipTest("there is a GPU here")
        self.assertEqual(done.returncode, UNSUPPORTED, done.stderr)
        self.assertIn("use --device cpu", done.stderr)


if __name__ == "__main__":
    program.main()
