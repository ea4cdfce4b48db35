// Operators without layers of their own, shortcuts, and what the importer leaves out.
#include "ranvier/formats/onnx_test_model.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ranvier {
namespace {

using namespace testing;

constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max();

/// x -> Relu -> [what `middle` adds: r -> v] -> Gemm.
template <typename Middle>
Network with_linear(int opset, const Ints& input, std::int64_t n, Middle middle) {
    TestModel m(input, opset);
    m.floats("w", {n, 3}, ramp(static_cast<std::size_t>(n) * 3)).node("Relu", {"x"}, {"r"});
    middle(m);
    m.node("Gemm", {"v", "w"}, {"y"});
    return m.import();
}

TEST(OnnxFlatten, MakesAVector) {
    for (const std::int64_t axis : {1, -3}) {
        const Network network = with_linear(13, {0, 2, 2, 2}, 8, [&](TestModel& m) {
            m.node("Flatten", {"r"}, {"v"}, "flat").with("axis", axis);
        });
        ASSERT_EQ(operations(network), "input activation flatten linear output");
        EXPECT_EQ(network.layers[2].name, "flat");
    }
}

TEST(OnnxFlatten, NeedsNoLayerForAVector) {
    const Network network =
        with_linear(13, {0, 8, 1, 1}, 8, [](TestModel& m) { m.node("Flatten", {"r"}, {"v"}); });
    EXPECT_EQ(operations(network), "input activation linear output");
}

TEST(OnnxReshape, ToRowsIsAFlatten) {
    for (const Ints& target : {Ints{-1, 8}, Ints{1, -1}, Ints{0, 8}, Ints{0, -1}}) {
        const Network network = with_linear(13, {0, 2, 2, 2}, 8, [&](TestModel& m) {
            m.integers("s", target).node("Reshape", {"r", "s"}, {"v"});
        });
        EXPECT_EQ(operations(network), "input activation flatten linear output");
    }
}

TEST(OnnxReshape, KnowsAFixedBatch) {
    const Network network = with_linear(13, {5, 2, 2, 2}, 8, [&](TestModel& m) {
        m.integers("s", {5, 8}).node("Reshape", {"r", "s"}, {"v"});
    });
    EXPECT_EQ(operations(network), "input activation flatten linear output");
}

TEST(OnnxReshape, ByTheShapeOfTheTensorItself) {
    // What PyTorch writes for x.view(x.size(0), -1).
    const Network network = with_linear(13, {0, 2, 2, 2}, 8, [&](TestModel& m) {
        m.node("Shape", {"r"}, {"s"})
            .integers("zero", {}, {0})
            .node("Gather", {"s", "zero"}, {"n"});
        m.with("axis", 0).integers("axes", {0}).node("Unsqueeze", {"n", "axes"}, {"n1"});
        m.integers("rest", {-1}).node("Concat", {"n1", "rest"}, {"t"}).with("axis", 0);
        m.node("Reshape", {"r", "t"}, {"v"}).with("allowzero", 0);
    });
    EXPECT_EQ(operations(network), "input activation flatten linear output");
}

TEST(OnnxSqueeze, OfUnitAxesInEveryOpset) {
    const std::string expected = "input activation linear output";
    EXPECT_EQ(operations(with_linear(11, {0, 8, 1, 1}, 8,
                                     [](TestModel& m) {
                                         m.node("Squeeze", {"r"}, {"v"}).with("axes", Ints{2, 3});
                                     })),
              expected);
    EXPECT_EQ(operations(with_linear(13, {0, 8, 1, 1}, 8,
                                     [](TestModel& m) {
                                         m.integers("a", {-1, -2});
                                         m.node("Squeeze", {"r", "a"}, {"v"});
                                     })),
              expected);
    EXPECT_EQ(operations(with_linear(13, {0, 8, 1, 1}, 8,
                                     [](TestModel& m) { m.node("Squeeze", {"r"}, {"v"}); })),
              expected);
}

TEST(OnnxUnsqueeze, MakesAnImageOfAVector) {
    for (const int opset : {7, 13}) {
        TestModel m({0, 3}, opset);
        m.floats("w", {2, 3, 1, 1}, ramp(6)).node("Unsqueeze", {"x"}, {"i"});
        if (opset < 13) {
            m.with("axes", Ints{2, 3});
        } else {
            m.integers("a", {2, 3});
            m.proto.mutable_graph()->mutable_node(0)->add_input("a");
        }
        m.node("Conv", {"i", "w"}, {"y"});
        EXPECT_EQ(operations(m.import()), "input convolution output");
    }
}

TEST(OnnxDrop, DropoutIdentityCastAndPlainTranspose) {
    for (const int opset : {7, 12, 13}) {
        TestModel m({0, 2, 4, 4}, opset);
        m.node("Identity", {"x"}, {"a"}).node("Dropout", {"a"}, {"b"});
        if (opset < 12) m.with_float("ratio", 0.3F);
        m.node("Cast", {"b"}, {"c"}).with("to", onnx::TensorProto::FLOAT);
        m.node("Transpose", {"c"}, {"d"}).with("perm", Ints{0, 1, 2, 3}).node("Relu", {"d"}, {"y"});
        EXPECT_EQ(operations(m.import()), "input activation output");
    }
}

/// Slice along `axis` by the rules of the opset.
void add_slice(TestModel& m, int opset, const std::string& from, const std::string& to,
               std::int64_t axis, std::int64_t step) {
    if (opset < 10) FAIL() << "slices had no steps";
    m.integers(to + "s", {0}).integers(to + "e", {far}).integers(to + "a", {axis});
    m.integers(to + "t", {step})
        .node("Slice", {from, to + "s", to + "e", to + "a", to + "t"}, {to});
}

TEST(OnnxShortcut, TwoSlicesAndAPadAreOneLayer) {
    for (const int opset : {10, 13, 18}) {
        TestModel m({0, 4, 6, 6}, opset);
        m.node("Relu", {"x"}, {"r"});
        add_slice(m, opset, "r", "a", 2, 2);
        add_slice(m, opset, "a", "b", -1, 2);
        if (opset < 11) {
            m.node("Pad", {"b"}, {"y"}, "short").with("pads", Ints{0, 1, 0, 0, 0, 3, 0, 0});
            m.with_text("mode", "constant").with_float("value", 0);
        } else if (opset < 18) {
            m.integers("p", {0, 1, 0, 0, 0, 3, 0, 0}).floats("zero", {}, {0});
            m.node("Pad", {"b", "p", "zero"}, {"y"}, "short");
        } else {
            m.integers("p", {1, 3}).integers("axes", {1});
            m.node("Pad", {"b", "p", "", "axes"}, {"y"}, "short");
        }
        const Network network = m.import();
        ASSERT_EQ(operations(network), "input activation shortcut output");
        EXPECT_EQ(only<Shortcut>(network), (Shortcut{2, 1, 3}));
        EXPECT_EQ(network.layers[2].name, "short");
    }
}

TEST(OnnxShortcut, OneSliceOfBothAxesWithoutPadding) {
    TestModel m({0, 4, 7, 7});
    m.integers("s", {0, 0}).integers("e", {7, -1}).integers("a", {2, 3}).integers("t", {3, 3});
    m.node("Slice", {"x", "s", "e", "a", "t"}, {"b"}).node("Relu", {"b"}, {"y"});
    // Columns 0, 3 of 0..5 (the end -1 leaves the last one out): not every third of seven.
    EXPECT_NE(error_of(m).find("takes 2 of 7 values"), std::string::npos);
    m.proto.mutable_graph()->mutable_initializer(1)->set_int64_data(1, 7);
    const Network network = m.import();
    ASSERT_EQ(operations(network), "input shortcut activation output");
    EXPECT_EQ(only<Shortcut>(network), (Shortcut{3, 0, 0}));
}

TEST(OnnxShortcut, IsMadeOnceForTwoReaders) {
    TestModel m({0, 4, 6, 6});
    add_slice(m, 13, "x", "a", 2, 2);
    add_slice(m, 13, "a", "b", 3, 2);
    m.node("Relu", {"b"}, {"r"}).node("Add", {"r", "b"}, {"y"});
    EXPECT_EQ(operations(m.import()), "input shortcut activation add output");
}

TEST(OnnxSlice, OfEverythingIsNothing) {
    TestModel m({0, 2, 4, 4}, 7);
    m.node("Slice", {"x"}, {"a"}).with("starts", Ints{0, -9}).with("ends", Ints{4, far});
    m.with("axes", Ints{3, 2}).node("Relu", {"a"}, {"y"});
    EXPECT_EQ(operations(m.import()), "input activation output");
}

TEST(OnnxPad, GoesIntoTheConvolution) {
    TestModel m({0, 2, 4, 4}, 7);
    m.floats("w", {3, 2, 3, 3}, ramp(54)).node("Pad", {"x"}, {"a"});
    m.with("pads", Ints{0, 0, 1, 2, 0, 0, 3, 4}).node("Conv", {"a", "w"}, {"y"});
    m.with("pads", Ints{1, 1, 1, 1});
    EXPECT_EQ(only<Convolution>(m.import()).window, (Window{3, 3, 1, 1, 2, 3, 4, 5}));
}

TEST(OnnxPad, OfNothingIsNothing) {
    TestModel m;
    m.integers("p", Ints(8, 0)).node("Pad", {"x", "p"}, {"a"}).node("Relu", {"a"}, {"y"});
    EXPECT_EQ(operations(m.import()), "input activation output");
}

TEST(OnnxPad, OfChannelsAloneIsAShortcut) {
    TestModel m({0, 2, 4, 4});
    m.integers("p", {0, 1, 0, 0, 0, 2, 0, 0}).node("Pad", {"x", "p"}, {"y"});
    EXPECT_EQ(only<Shortcut>(m.import()), (Shortcut{1, 1, 2}));
}

TEST(OnnxGraph, IgnoresWhatTheOutputDoesNotNeed) {
    TestModel m;
    m.node("Relu", {"x"}, {"y"}).node("LSTM", {"x"}, {"unused"}).node("Sigmoid", {"y"}, {"also"});
    m.floats("nowhere", {3}, {1});  // damaged, but unused
    m.node("Conv", {"x", "nowhere"}, {"neither"});
    EXPECT_EQ(operations(m.import()), "input activation output");
}

TEST(OnnxGraph, LeavesOutLayersThatOnlyGaveAShape) {
    TestModel m({0, 2, 2, 2});
    m.node("GlobalAveragePool", {"x"}, {"g"}).node("Shape", {"g"}, {"s"}).integers("cut", {0});
    m.node("Relu", {"x"}, {"r"}).integers("end", {1}).node("Slice", {"s", "cut", "end"}, {"n"});
    m.integers("rest", {-1}).node("Concat", {"n", "rest"}, {"t"}).with("axis", 0);
    m.node("Reshape", {"r", "t"}, {"y"});
    EXPECT_EQ(operations(m.import()), "input activation flatten output");
}

TEST(OnnxGraph, TakesTheInputThatIsNoInitializer) {
    TestModel m({1, 2});
    m.floats("w", {2, 3}, ramp(6)).node("MatMul", {"x", "w"}, {"y"});
    TestModel::declare(m.proto.mutable_graph()->add_input(), "w", {2, 3});
    EXPECT_EQ(operations(m.import()), "input linear output");
}

TEST(OnnxGraph, GivesEveryLayerAnUnusedName) {
    TestModel m;
    m.node("Relu", {"x"}, {"a"}, "same").node("Relu", {"a"}, {"b"}, "same");
    m.node("Relu", {"b"}, {"c"}, "Relu_1").node("Relu", {"c"}, {"d"}, "bad\nname");
    m.node("Relu", {"d"}, {"y"}, "output");
    const Network network = m.import();
    std::vector<std::string> names;
    for (const Layer& layer : network.layers) names.push_back(layer.name);
    EXPECT_EQ(names, (std::vector<std::string>{"x", "same", "Relu_1", "Relu_2", "Relu_3", "output",
                                               "output_2"}));
}

TEST(OnnxGraph, AcceptsOpsets7To20) {
    for (int opset = 5; opset < 24; ++opset) {
        TestModel m({0, 2, 4, 4}, opset);
        m.node("Relu", {"x"}, {"y"});
        EXPECT_EQ(error_of(m).empty(), opset >= 7 && opset <= 20) << opset;
    }
}

}  // namespace
}  // namespace ranvier
