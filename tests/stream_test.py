#!/usr/bin/python3
"""ranvier stream: frames one by one, from images, files and pipes; latency; wrong input."""
import os
import signal
import subprocess
import unittest

from support import program
from support.program import (BAD_INPUT, INTERRUPTED, IO, PROGRAM, UNSUPPORTED, USAGE, npy_bytes)

SIZE = 28 * 28


def counts(n):
    """Frames like an event camera's: few values, most of them 0."""
    return [(k * k % 17 == 3) * (k % 4 + 1) for k in range(n * SIZE)]


class Stream(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.make_rate()
        self.write("frames.npy", npy_bytes((12, 1, 28, 28), counts(12)))

    def stream(self, *options, **more):
        done = self.expect_ok("stream", "rate.safetensors", "--json", "stream.json", *options, **more)
        return done.stdout, self.read_json("stream.json")

    def test_images_as_evaluate_does(self):
        text, result = self.stream("--data", "digits", "--limit", 15)
        self.expect_ok("evaluate", "rate.safetensors", "--data", "digits", "--limit", 15, "--engine",
                       "reference", "--json", "evaluate.json")
        expected = self.read_json("evaluate.json")
        for key in ("accuracy", "accuracy_standard_error", "correct", "samples", "timesteps", "data",
                    "data_set", "split", "seed", "threads", "network_file"):
            self.assertEqual(result[key], expected[key], key)
        for key in ("spikes_per_sample", "synops_per_sample"):
            self.assertAlmostEqual(result[key], expected[key], delta=1e-9 * expected[key])
        self.assertEqual(result["steps"], 15 * 8)
        self.assertAlmostEqual(result["synops_per_step"] * 8, result["synops_per_sample"])
        latency = result["latency_us"]
        self.assertEqual(list(latency), ["mean", "p50", "p95", "max"])
        self.assertTrue(0 < latency["p50"] <= latency["p95"] <= latency["max"])
        self.assertAlmostEqual(result["frames_per_second"], 1e6 / latency["mean"])
        self.assertEqual(text.count("step 8: class"), 15)
        self.assertEqual(text.count("(right)"), result["correct"])
        self.assertIn("95th percentile", text)

    def test_steps_and_lines(self):
        text, result = self.stream("--data", "digits", "--limit", 3, "--steps", 6, "--every", 4)
        self.assertEqual(result["steps"], 18)
        self.assertEqual(text.count(" step 4: class"), 3)
        self.assertEqual(text.count(": class"), 3)
        text, result = self.stream("--frames", "frames.npy", "--steps", 5, "--every", 0)
        self.assertEqual(result["steps"], 5)
        self.assertNotIn(": class", text)

    def test_frames_from_a_file_and_a_pipe(self):
        text, result = self.stream("--frames", "frames.npy")
        self.assertEqual(text.count(": class"), 12)
        self.assertEqual((result["samples"], result["timesteps"], result["steps"]), (1, 12, 12))
        self.assertNotIn("accuracy", result)
        frames = counts(12)
        one_by_one = b"".join(npy_bytes((1, 28, 28), frames[t * SIZE:][:SIZE], "|u1") for t in range(12))
        self.write("one_by_one.npy", one_by_one)
        self.write("scaled.npy", npy_bytes((12, 1, 28, 28), [255 * x for x in frames]))
        with open(self.folder / "one_by_one.npy", "rb") as file:
            for options, more in ((("--frames", "one_by_one.npy"), {}),
                                  (("--frames", "-"), {"stdin": file}),
                                  (("--frames", "scaled.npy", "--divide-by", 255), {}),
                                  (("--frames", "frames.npy", "--threads", 1), {})):
                _, other = self.stream(*options, **more)
                for key in ("logits", "prediction", "spikes_per_sample", "synops_per_sample"):
                    self.assertEqual(other[key], result[key], (options, key))

    def test_spans_between_resets(self):
        text, result = self.stream("--frames", "frames.npy", "--reset-every", 5)
        self.assertEqual((result["samples"], result["timesteps"], result["steps"]), (2, 5, 12))
        self.assertIn("sample 2 step 2: class", text)
        self.assertEqual(self.stream("--frames", "frames.npy", "--reset-every", 50)[1]["samples"], 1)

    def test_answers_come_with_the_frames_and_an_interrupt_ends_the_stream(self):
        frame = npy_bytes((1, 28, 28), counts(1))
        words = [PROGRAM, "stream", "rate.safetensors", "--frames", "-", "--json", "live.json"]
        with subprocess.Popen(words, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as live:
            self.addCleanup(live.kill)
            for t in range(3):
                live.stdin.write(frame)
                live.stdin.flush()
                self.assertIn(f"step {t + 1}: class", live.stdout.readline().decode())
            live.send_signal(signal.SIGINT)
            self.assertIn(b"stopping", live.stderr.readline() + live.stderr.readline())
            text, _ = live.communicate(frame, timeout=60)
            self.assertEqual(live.returncode, INTERRUPTED)
        self.assertIn(b"latency per timestep", text)
        # It ends at once, or with the next frame if it was waiting for that one already.
        self.assertIn(self.read_json("live.json")["steps"], (3, 4))

    @unittest.skipIf(os.environ.get("RANVIER_SANITIZE"), "sanitizers keep freed memory for a while")
    def test_memory_does_not_grow_with_time(self):
        def most_memory_kb(steps):
            words = [PROGRAM, "stream", "rate.safetensors", "--data", "digits", "--limit", "1", "--every", "0",
                     "--steps", str(steps)]
            child = subprocess.Popen(words, cwd=self.folder, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(child.returncode, 0)
            return usage.ru_maxrss
        # 9900 frames of 784 floats would be 31 MB; two runs alike differ by less than 1 MB.
        self.assertLess(most_memory_kb(10000) - most_memory_kb(100), 3000)

    def test_wrong_use(self):
        for options, says in (((), "--frames"), (("--frames", "frames.npy", "--data", "digits"), "not both"),
                              (("--data", "digits", "--reset-every", 3), "--reset-every"),
                              (("--frames", "frames.npy", "--divide-by", 0), "--divide-by"),
                              (("--frames", "frames.npy", "--steps", -1), "--steps")):
            self.expect_error(USAGE, "stream", "rate.safetensors", *options, says=says)

    def test_wrong_frames(self):
        good = npy_bytes((12, 1, 28, 28), counts(12))
        wrong = {"shape": npy_bytes((12, 3, 32, 32), [0] * 12 * 3 * 1024), "cut": good[:-4],
                 "text": b"no array\n", "empty": b"", "none": npy_bytes((0, 1, 28, 28), []),
                 "nan": npy_bytes((1, 28, 28), [float("nan")] + [0] * (SIZE - 1)),
                 "huge": npy_bytes((1 << 62, 1, 28, 28), [])}
        for name, content in wrong.items():
            self.write(name, content)
            self.expect_error(BAD_INPUT, "stream", "rate.safetensors", "--frames", name, "--json", "r.json",
                              says="frame 0" if name == "nan" else name)
        self.write("double", npy_bytes((1, 28, 28), [0] * SIZE, "<f8"))
        self.expect_error(UNSUPPORTED, "stream", "rate.safetensors", "--frames", "double", says="astype")
        for name in ("missing.npy", "."):
            self.expect_error(IO, "stream", "rate.safetensors", "--frames", name, says=name)

    def test_wrong_networks(self):
        self.make_spiking()
        for network, says in (("snn.safetensors", "--coding rate"), ("net.safetensors", "convert")):
            self.expect_error(UNSUPPORTED, "stream", network, "--frames", "frames.npy", says=says)
            self.expect_error(UNSUPPORTED, "stream", network, "--data", "digits", says=says)


if __name__ == "__main__":
    program.main()
