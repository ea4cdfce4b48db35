#!/usr/bin/python3
"""Graph networks through the program: train, evaluate, convert and evaluate again on a tiny corpus
in the layout of R8, and what happens to data that do not fit."""
import json
import unittest

from support import program
from support.program import BAD_INPUT, CAN_TRAIN, IO, ROOT, UNSUPPORTED, USAGE

WORDS = {"earn": ["profit", "share", "dividend", "quarter"], "grain": ["wheat", "corn", "crop", "harvest"]}
RECIPE = ROOT / "experiments/one_spike/text_gcn_r8.toml"


def write_corpus(root):
    """40 train and 20 test documents of two classes that share one word."""
    folder = root / "text/R8"
    folder.mkdir(parents=True)
    for name, documents in (("train.txt", range(40)), ("test.txt", range(40, 60))):
        lines = []
        for d in documents:
            label = ("earn", "grain")[d % 2]
            words = [WORDS[label][(d // 2 + k) % 4] for k in range(3)]
            lines.append(f"{label}\treuter {' '.join(words)}\n")
        (folder / name).write_text("".join(lines))


@unittest.skipUnless(CAN_TRAIN, "built without training")
class TextGcn(program.ProgramTest):
    def setUp(self):
        super().setUp()
        write_corpus(self.folder)
        self.expect_ok("run", RECIPE, "--out", "out", "--json", "result.json", "--set", "data.root=.",
                       "--set", "train_graph.hidden=8", "--set", "train_graph.epochs=60")
        self.trained = "out/01-train_graph/network.safetensors"
        self.tuned = "out/07-convert_t16_tuned/network.safetensors"

    def test_result(self):
        result = self.read_json("result.json")
        for name in ("float", "t16_tuned"):
            self.assertEqual(result[name]["samples"], 20)
            self.assertEqual(result[name]["passes"], 1)
            self.assertEqual(result[name]["accuracy"], 1.0, name)
        tuned = result["t16_tuned"]
        self.assertGreater(tuned["efficiency_eq6"], 1)
        self.assertEqual(tuned["macs_per_sample"], 0)
        rows = {layer["name"]: layer for layer in tuned["layers"]}
        edges = rows["edges_relu"]["neurons"]
        self.assertEqual(rows["edges"]["float_macs_per_sample"], edges)
        self.assertEqual(rows["embedding"]["float_macs_per_sample"], 8 * edges)
        # Of one pass: each edge fires at most once, to 8 channels.
        self.assertLessEqual(rows["embedding"]["synops_per_sample"], 8 * edges)

    def test_diagnosis_counts_documents(self):
        self.expect_ok("convert", self.trained, "-o", "snn.safetensors", "--data", "text:r8", "--data-root",
                       ".", "--diagnose", "--json", "convert.json")
        diagnosis = self.read_json("convert.json")["diagnosis"]
        self.assertEqual(diagnosis["images"], 40)
        self.assertLess(diagnosis["changed_decisions"], 0.2)
        self.expect_error(UNSUPPORTED, "convert", self.trained, "-o", "snn.safetensors", "--data", "text:r8",
                          "--data-root", ".", "--max-loss", 2, says="--tune base")

    def test_rate_coding_has_no_accuracy_by_step(self):
        self.expect_ok("convert", self.trained, "-o", "rate.safetensors", "--data", "text:r8", "--data-root",
                       ".", "--coding", "rate", "--steps", 4)
        self.expect_ok("evaluate", "rate.safetensors", "--data", "text:r8", "--data-root", ".", "--json",
                       "rate.json")
        self.assertNotIn("accuracy_per_step", self.read_json("rate.json"))

    def test_an_empty_test_set_is_refused(self):
        (self.folder / "text/R8/test.txt").write_text("")
        self.expect_error(BAD_INPUT, "evaluate", self.trained, "--data", "text:r8", "--data-root", ".")

    def test_both_engines_agree(self):
        results = []
        for engine in ("phase", "reference"):
            self.expect_ok("evaluate", self.tuned, "--data", "text:r8", "--data-root", ".", "--engine",
                           engine, "--json", "engine.json")
            results.append(self.read_json("engine.json"))
        self.assertEqual(results[0]["accuracy"], results[1]["accuracy"])
        self.assertAlmostEqual(results[0]["spikes_per_sample"], results[1]["spikes_per_sample"],
                               delta=2)
        self.assertEqual([r["engine"] for r in results], ["phase", "reference"])

    def test_info_names_the_layers(self):
        text = self.expect_ok("info", self.trained).stdout
        for word in ("edge_values", "node_embedding", "graph_propagation"):
            self.assertIn(word, text)

    def test_other_data_are_refused(self):
        write_corpus(self.folder / "other")
        with open(self.folder / "other/text/R8/test.txt", "a") as file:
            file.write("earn\tprofit\n")
        evaluate = ("evaluate", self.trained, "--data")
        self.expect_error(BAD_INPUT, *evaluate, "text:r8", "--data-root", "other", says="the network")
        self.expect_error(IO, *evaluate, "text:r8", "--data-root", "nowhere")
        self.expect_error(USAGE, *evaluate, "text:r9", "--data-root", ".", says="r52")

    def test_a_damaged_graph_is_refused(self):
        content = bytearray((self.folder / self.trained).read_bytes())
        data = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:data])
        begin = data + header["graph.column"]["data_offsets"][0]
        content[begin:begin + 4] = (10**6).to_bytes(4, "little")
        (self.folder / "damaged.safetensors").write_bytes(content)
        self.expect_error(BAD_INPUT, "info", "damaged.safetensors", says="graph")


if __name__ == "__main__":
    program.main()
