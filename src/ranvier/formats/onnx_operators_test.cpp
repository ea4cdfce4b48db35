// Each operator that becomes a layer, in all its variants. Models are made with the official
// schema's own classes.
#include "ranvier/formats/onnx_test_model.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ranvier {
namespace {

using namespace testing;

TestModel conv_model(const Ints& input = {1, 2, 4, 4}) {
    TestModel m(input);
    m.floats("w", {3, 2, 3, 3}, ramp(54)).node("Conv", {"x", "w"}, {"y"}, "c");
    return m;
}

Window window_of(const TestModel& m) {
    return only<Convolution>(m.import()).window;
}

TEST(OnnxConv, TakesWeightsBiasAndName) {
    TestModel m;
    m.floats("w", {3, 2, 3, 3}, ramp(54)).floats("b", {3}, {1, 2, 3});
    m.node("Conv", {"x", "w", "b"}, {"y"}, "first");
    const Network network = m.import();
    ASSERT_EQ(operations(network), "input convolution output");
    const auto& op = only<Convolution>(network);
    EXPECT_EQ(op.weight, Tensor({3, 2, 3, 3}, ramp(54)));
    EXPECT_EQ(op.bias, Tensor({3}, {1, 2, 3}));
    EXPECT_EQ(op.window, (Window{3, 3}));
    EXPECT_EQ(network.layers[0].name, "x");
    EXPECT_EQ(network.layers[1].name, "first");
    EXPECT_EQ(network.layers[2].name, "output");
    EXPECT_EQ(network.input().shape, (Shape{2, 4, 4}));
}

TEST(OnnxConv, ReadsEveryWindowAttribute) {
    TestModel m({0, 2, 9, 9});
    m.floats("w", {4, 1, 3, 2}, ramp(24)).node("Conv", {"x", "w", ""}, {"y"});
    m.with("kernel_shape", Ints{3, 2}).with("strides", Ints{2, 1}).with("dilations", Ints{1, 3});
    m.with("pads", Ints{1, 2, 3, 4}).with("group", 2);
    const Network network = m.import();
    EXPECT_EQ(only<Convolution>(network).window, (Window{3, 2, 2, 1, 1, 2, 3, 4, 1, 3}));
    EXPECT_EQ(only<Convolution>(network).groups, 2);
    EXPECT_TRUE(only<Convolution>(network).bias.empty());
    EXPECT_EQ(network.layers[1].name, "Conv_0");
}

TEST(OnnxConv, AutoPadSameKeepsTheSize) {
    EXPECT_EQ(window_of(conv_model().with_text("auto_pad", "SAME_UPPER")),
              (Window{3, 3, 1, 1, 1, 1, 1, 1}));
    EXPECT_EQ(window_of(conv_model().with_text("auto_pad", "VALID")), (Window{3, 3}));
}

TEST(OnnxConv, AutoPadPutsTheOddRowAsNamed) {
    // 4 rows, stride 2: two outputs reach 5 rows, so one is padded.
    EXPECT_EQ(
        window_of(conv_model().with_text("auto_pad", "SAME_UPPER").with("strides", Ints{2, 2})),
        (Window{3, 3, 2, 2, 0, 0, 1, 1}));
    EXPECT_EQ(
        window_of(conv_model().with_text("auto_pad", "SAME_LOWER").with("strides", Ints{2, 2})),
        (Window{3, 3, 2, 2, 1, 1, 0, 0}));
}

TEST(OnnxConv, AutoPadSeesThePaddingBeforeIt) {
    TestModel m;
    m.integers("p", {0, 0, 0, 0, 0, 0, 1, 1}).floats("w", {3, 2, 3, 3}, ramp(54));
    m.node("Pad", {"x", "p"}, {"a"}).node("Conv", {"a", "w"}, {"y"});
    m.with_text("auto_pad", "SAME_LOWER").with("strides", Ints{2, 2});
    // 5 rows, stride 2: three outputs reach 7 rows; two more are padded, one on each side.
    EXPECT_EQ(window_of(m), (Window{3, 3, 2, 2, 1, 1, 2, 2}));
}

TEST(OnnxGemm, TransposesAndScales) {
    TestModel m({1, 2});
    m.floats("w", {2, 3}, {1, 2, 3, 4, 5, 6}).floats("c", {3}, {10, 20, 30});
    m.node("Gemm", {"x", "w", "c"}, {"y"}).with_float("alpha", 2).with_float("beta", 0.5F);
    const Network network = m.import();
    ASSERT_EQ(operations(network), "input linear output");
    EXPECT_EQ(only<Linear>(network).weight, Tensor({3, 2}, {2, 8, 4, 10, 6, 12}));
    EXPECT_EQ(only<Linear>(network).bias, Tensor({3}, {5, 10, 15}));
    EXPECT_EQ(network.input().shape, (Shape{2, 1, 1}));
}

TEST(OnnxGemm, TakesTransposedWeightsAsTheyAre) {
    TestModel m({1, 2});
    m.floats("w", {3, 2}, {1, 2, 3, 4, 5, 6}).node("Gemm", {"x", "w"}, {"y"}).with("transB", 1);
    m.with("transA", 0);
    EXPECT_EQ(only<Linear>(m.import()).weight, Tensor({3, 2}, {1, 2, 3, 4, 5, 6}));
}

TEST(OnnxGemm, BroadcastsItsBias) {
    for (const Ints& dims : {Ints{}, Ints{1}, Ints{1, 1}}) {
        TestModel m({1, 2});
        m.floats("w", {2, 3}, ramp(6)).floats("c", dims, {7}).node("Gemm", {"x", "w", "c"}, {"y"});
        EXPECT_EQ(only<Linear>(m.import()).bias, Tensor({3}, {7, 7, 7}));
    }
    TestModel m({1, 2});
    m.floats("w", {2, 3}, ramp(6)).floats("c", {1, 3}, {7, 8, 9});
    m.node("Gemm", {"x", "w", "c"}, {"y"});
    EXPECT_EQ(only<Linear>(m.import()).bias, Tensor({3}, {7, 8, 9}));
}

TEST(OnnxMatMul, BecomesLinearAndTakesTheBiasBehindIt) {
    TestModel m({1, 2});
    m.floats("w", {2, 3}, {1, 2, 3, 4, 5, 6}).floats("c", {3}, {10, 20, 30});
    m.node("MatMul", {"x", "w"}, {"a"}, "fc").node("Add", {"c", "a"}, {"b"}, "bias");
    m.node("Relu", {"b"}, {"y"});
    const Network network = m.import();
    ASSERT_EQ(operations(network), "input linear activation output");
    EXPECT_EQ(network.layers[1].name, "fc");
    EXPECT_EQ(only<Linear>(network).weight, Tensor({3, 2}, {1, 4, 2, 5, 3, 6}));
    EXPECT_EQ(only<Linear>(network).bias, Tensor({3}, {10, 20, 30}));
}

TEST(OnnxAdd, SumsConstantsIntoTheBiasOfAConvolution) {
    TestModel m;
    m.floats("w", {3, 2, 1, 1}, ramp(6))
        .floats("b", {3}, {1, 2, 3})
        .floats("c", {3, 1, 1}, {4, 5, 6});
    m.floats("d", {1}, {1}).node("Conv", {"x", "w", "b"}, {"s"}).node("Add", {"s", "c"}, {"t"});
    m.node("Sub", {"t", "d"}, {"y"});
    const Network network = m.import();
    ASSERT_EQ(operations(network), "input convolution output");
    EXPECT_EQ(only<Convolution>(network).bias, Tensor({3}, {4, 6, 8}));
}

TEST(OnnxAdd, KeepsAConstantApartWhereOthersReadTheSum) {
    TestModel m;
    m.floats("w", {2, 2, 1, 1}, ramp(4)).floats("c", {2, 1, 1}, {4, 5});
    m.node("Conv", {"x", "w"}, {"s"}).node("Identity", {"s"}, {"alias"});
    m.node("Add", {"alias", "c"}, {"t"}).node("Add", {"s", "t"}, {"y"});
    const Network network = m.import();
    ASSERT_EQ(operations(network), "input convolution batch_norm add output");
    EXPECT_TRUE(only<Convolution>(network).bias.empty());
    const auto& shift = only<BatchNorm>(network);
    EXPECT_EQ(shift.shift, Tensor({2}, {4, 5}));
    EXPECT_EQ(shift.scale, Tensor({2}, {1, 1}));
    EXPECT_EQ(shift.mean, Tensor({2}, {0, 0}));
    EXPECT_EQ(shift.variance, Tensor({2}, {1, 1}));
    EXPECT_EQ(shift.epsilon, 0);
}

TEST(OnnxAdd, JoinsTwoFeatures) {
    TestModel m;
    m.node("Relu", {"x"}, {"a"}).node("Add", {"a", "x"}, {"y"}, "sum");
    const Network network = m.import();
    ASSERT_EQ(operations(network), "input activation add output");
    EXPECT_EQ(network.layers[2].inputs, (std::vector<std::size_t>{1, 0}));
    EXPECT_EQ(network.layers[2].name, "sum");
}

TEST(OnnxSum, JoinsThreeFeatures) {
    TestModel m;
    m.node("Relu", {"x"}, {"a"}).node("Sum", {"a", "x", "a"}, {"y"});
    EXPECT_EQ(m.import().layers[2].inputs, (std::vector<std::size_t>{1, 0, 1}));
}

TEST(OnnxArithmetic, ScalesAndShiftsPerChannel) {
    TestModel m;
    m.floats("s", {1, 2, 1, 1}, {2, 4}).floats("d", {}, {3});
    m.node("Relu", {"x"}, {"r"}).node("Div", {"r", "s"}, {"a"}).node("Sub", {"d", "a"}, {"y"});
    const Network network = m.import();
    ASSERT_EQ(operations(network), "input activation batch_norm batch_norm output");
    EXPECT_EQ(network.layers[2].as<BatchNorm>()->scale, Tensor({2}, {0.5F, 0.25F}));
    EXPECT_EQ(network.layers[2].as<BatchNorm>()->shift, Tensor({2}, {0, 0}));
    EXPECT_EQ(network.layers[3].as<BatchNorm>()->scale, Tensor({2}, {-1, -1}));
    EXPECT_EQ(network.layers[3].as<BatchNorm>()->shift, Tensor({2}, {3, 3}));
}

TEST(OnnxArithmetic, AtTheInputBecomesItsNormalization) {
    TestModel m;
    m.floats("m", {1, 2, 1, 1}, {0.5F, 0.25F}).floats("s", {1, 2, 1, 1}, {0.5F, 2});
    m.node("Sub", {"x", "m"}, {"a"}).node("Div", {"a", "s"}, {"b"}).node("Relu", {"b"}, {"y"});
    const Network network = m.import();
    ASSERT_EQ(operations(network), "input activation output");
    EXPECT_EQ(network.input().mean, (Floats{0.5F, 0.25F}));
    EXPECT_EQ(network.input().std, (Floats{0.5F, 2}));
}

TEST(OnnxBatchNorm, KeepsItsParameters) {
    for (const int opset : {7, 9, 15}) {
        TestModel m({1, 2, 4, 4}, opset);
        m.floats("s", {2}, {1, 2}).floats("b", {2}, {3, 4}).floats("m", {2}, {5, 6});
        m.floats("v", {2}, {7, 8}).node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"});
        m.with_float("epsilon", 0.25F).with_float("momentum", 0.9F);
        EXPECT_EQ(only<BatchNorm>(m.import()),
                  (BatchNorm{Tensor({2}, {1, 2}), Tensor({2}, {3, 4}), Tensor({2}, {5, 6}),
                             Tensor({2}, {7, 8}), 0.25F}));
    }
}

TEST(OnnxRelu, AlsoAsClipMaxAndLeakyReluWithSlopeZero) {
    TestModel relu;
    relu.node("Relu", {"x"}, {"y"});
    TestModel leaky;
    leaky.node("LeakyRelu", {"x"}, {"y"}).with_float("alpha", 0);
    TestModel maximum;
    maximum.floats("zero", {}, {0}).node("Max", {"zero", "x"}, {"y"});
    TestModel old_clip({1, 2, 4, 4}, 7);
    old_clip.node("Clip", {"x"}, {"y"}).with_float("min", 0);
    TestModel clip;
    clip.floats("low", {}, {0}).node("Clip", {"x", "low"}, {"y"});
    TestModel wide_clip;
    wide_clip.floats("low", {}, {0}).floats("high", {}, {std::numeric_limits<float>::infinity()});
    wide_clip.node("Clip", {"x", "low", "high"}, {"y"});
    for (const TestModel& m : {relu, leaky, maximum, old_clip, clip, wide_clip}) {
        const Network network = m.import();
        ASSERT_EQ(operations(network), "input activation output");
        EXPECT_EQ(only<Activation>(network), Activation{});
    }
}

TEST(OnnxMaxPool, ReadsItsAttributes) {
    TestModel m({1, 2, 9, 9});
    m.node("MaxPool", {"x"}, {"y", ""})
        .with("kernel_shape", Ints{3, 2})
        .with("strides", Ints{2, 3});
    m.with("pads", Ints{1, 0, 1, 0}).with("dilations", Ints{2, 1}).with("ceil_mode", 1);
    m.with("storage_order", 0);
    const Network network = m.import();
    EXPECT_EQ(only<MaxPool>(network).window, (Window{3, 2, 2, 3, 1, 0, 1, 0, 2, 1}));
    EXPECT_TRUE(only<MaxPool>(network).ceil_mode);
}

TEST(OnnxMaxPool, WithAutoPadHasNoCeilMode) {
    TestModel m({1, 2, 5, 5});
    m.node("MaxPool", {"x"}, {"y"}).with("kernel_shape", Ints{2, 2}).with("strides", Ints{2, 2});
    m.with_text("auto_pad", "VALID").with("ceil_mode", 1);
    EXPECT_FALSE(only<MaxPool>(m.import()).ceil_mode);
}

TEST(OnnxMaxPool, TakesUpZeroPaddingBehindARelu) {
    TestModel m;
    m.integers("p", {0, 0, 1, 1, 0, 0, 1, 1}).node("Relu", {"x"}, {"r"});
    m.node("Pad", {"r", "p"}, {"a"}).node("MaxPool", {"a"}, {"y"});
    m.with("kernel_shape", Ints{3, 3});
    EXPECT_EQ(only<MaxPool>(m.import()).window, (Window{3, 3, 1, 1, 1, 1, 1, 1}));
}

TEST(OnnxAveragePool, ReadsItsAttributes) {
    TestModel m({1, 2, 9, 9});
    m.node("AveragePool", {"x"}, {"y"})
        .with("kernel_shape", Ints{3, 3})
        .with("pads", Ints{1, 1, 1, 1});
    m.with("strides", Ints{2, 2}).with("ceil_mode", 1).with("count_include_pad", 1);
    EXPECT_EQ(only<AveragePool>(m.import()), (AveragePool{{3, 3, 2, 2, 1, 1, 1, 1}, true, true}));
}

TEST(OnnxAveragePool, CountsThePaddingOfAPadNode) {
    TestModel m({1, 2, 4, 4});
    m.integers("p", {0, 0, 1, 1, 0, 0, 0, 0}).node("Pad", {"x", "p"}, {"a"});
    m.node("AveragePool", {"a"}, {"y"})
        .with("kernel_shape", Ints{2, 2})
        .with("strides", Ints{2, 2});
    EXPECT_EQ(only<AveragePool>(m.import()), (AveragePool{{2, 2, 2, 2, 1, 1, 0, 0}, false, true}));
}

TEST(OnnxGlobalPool, AverageInAllItsForms) {
    TestModel global;
    global.node("GlobalAveragePool", {"x"}, {"y"});
    TestModel mean;
    mean.node("ReduceMean", {"x"}, {"y"}).with("axes", Ints{-1, 2}).with("keepdims", 0);
    TestModel mean18({1, 2, 4, 4}, 18);
    mean18.integers("axes", {2, 3}).node("ReduceMean", {"x", "axes"}, {"y"});
    TestModel joined;
    joined.integers("s", {0, 0, -1}).node("Reshape", {"x", "s"}, {"a"});
    joined.node("ReduceMean", {"a"}, {"y"}).with("axes", Ints{2});
    for (const TestModel& m : {global, mean, mean18, joined})
        EXPECT_EQ(operations(m.import()), "input global_average_pool output");
}

TEST(OnnxGlobalPool, MaximumIsAMaxPoolOfTheWholeImage) {
    TestModel m({1, 2, 4, 6});
    m.node("GlobalMaxPool", {"x"}, {"y"});
    EXPECT_EQ(only<MaxPool>(m.import()).window, (Window{4, 6}));
}

TEST(OnnxConcat, JoinsChannels) {
    for (const std::int64_t axis : {1, -3}) {
        TestModel m;
        m.node("Relu", {"x"}, {"a"}).node("Concat", {"a", "x", "a"}, {"y"}).with("axis", axis);
        const Network network = m.import();
        ASSERT_EQ(operations(network), "input activation concat output");
        EXPECT_EQ(network.layers[2].inputs, (std::vector<std::size_t>{1, 0, 1}));
    }
}

TEST(OnnxSoftmax, AtTheEndIsDroppedWithANote) {
    for (const int opset : {7, 13}) {
        TestModel m({1, 2, 1, 1}, opset);
        m.node("Relu", {"x"}, {"a"}).node("Softmax", {"a"}, {"b"}, "sm").with("axis", 1);
        m.node("Flatten", {"b"}, {"y"});
        const Network network = m.import();
        EXPECT_EQ(operations(network), "input activation output");
        EXPECT_NE(network.notes.at("output").find("'sm' (Softmax)"), std::string::npos);
    }
    TestModel m({1, 5});
    m.node("LogSoftmax", {"x"}, {"y"});
    EXPECT_EQ(operations(m.import()), "input output");
}

}  // namespace
}  // namespace ranvier
