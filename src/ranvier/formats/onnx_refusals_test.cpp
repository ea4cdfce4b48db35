// What cannot be imported is refused by operator, node and reason, with a way out.
#include "ranvier/formats/onnx_test_model.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

using namespace testing;

void expect_error(const TestModel& model, const std::string& wanted) {
    const std::string found = error_of(model);
    EXPECT_NE(found.find(wanted), std::string::npos)
        << "wanted: " << wanted << "\nfound:  " << found;
    EXPECT_EQ(found.find('\n'), std::string::npos);
}

TEST(OnnxRefusal, NamesFileNodeReasonAndWayOut) {
    TestModel m;
    m.node("LeakyRelu", {"x"}, {"y"}, "act1").with_float("alpha", 0.1F);
    EXPECT_EQ(error_of(m),
              "unsupported: m.onnx: node 'act1' (LeakyRelu): negative slope 0.1 cannot become a "
              "spiking neuron; retrain with ReLU (slope 0)");
}

TEST(OnnxRefusal, UnnamedNodesAreCalledByTheirOutput) {
    TestModel m;
    m.node("Sigmoid", {"x"}, {"y"});
    expect_error(m, "unsupported: m.onnx: unnamed node 0 (Sigmoid, output 'y'): is no ReLU");
}

TEST(OnnxRefusal, OperatorsWithAReason) {
    for (const auto& [op, reason] :
         std::vector<std::pair<std::string, std::string>>{{"Tanh", "retrain with ReLU"},
                                                          {"QLinearConv", "quantized"},
                                                          {"QuantizeLinear", "quantized"},
                                                          {"If", "subgraphs"},
                                                          {"Loop", "subgraphs"},
                                                          {"LSTM", "recurrent"},
                                                          {"LayerNormalization", "batch norm"},
                                                          {"ArgMax", "without it"},
                                                          {"Resize", "enlarges"},
                                                          {"Whatever", "cannot be represented"}}) {
        TestModel m;
        m.node(op, {"x"}, {"y"}, "here");
        expect_error(m, "unsupported: m.onnx: node 'here' (" + op + ")");
        expect_error(m, reason);
    }
}

TEST(OnnxRefusal, ClipWithAnUpperLimit) {
    TestModel m({1, 2, 4, 4}, 10);
    m.node("Clip", {"x"}, {"y"}, "relu6").with_float("min", 0).with_float("max", 6);
    expect_error(m, "node 'relu6' (Clip): limits values to [0, 6]");
    TestModel open;
    open.node("Clip", {"x"}, {"y"});
    expect_error(open, "unsupported: m.onnx: unnamed node 0 (Clip, output 'y'): limits values");
}

TEST(OnnxRefusal, GemmThatTransposesTheSamples) {
    TestModel m({1, 2});
    m.floats("w", {2, 3}, ramp(6)).node("Gemm", {"x", "w"}, {"y"}).with("transA", 1);
    expect_error(m, "transA = 1");
    TestModel bias({2, 2});
    bias.floats("w", {2, 3}, ramp(6)).floats("c", {2, 3}, ramp(6));
    bias.node("Gemm", {"x", "w", "c"}, {"y"});
    expect_error(bias, "C has shape [2, 3]");
}

TEST(OnnxRefusal, ProductsOfFeatures) {
    TestModel gate;
    gate.node("Relu", {"x"}, {"a"}).node("Mul", {"a", "x"}, {"y"});
    expect_error(gate, "(Mul, output 'y'): multiplies features with each other");
    TestModel attention({1, 2});
    attention.node("MatMul", {"x", "x"}, {"y"});
    expect_error(attention, "both depend on the input");
    TestModel left({1, 2});
    left.floats("w", {1, 1}, {1}).node("MatMul", {"w", "x"}, {"y"});
    expect_error(left, "the constant must stand second");
    TestModel minus;
    minus.node("Relu", {"x"}, {"a"}).node("Sub", {"a", "x"}, {"y"});
    expect_error(minus, "subtracts features from each other");
}

TEST(OnnxRefusal, ConstantsThatAreNotPerChannel) {
    for (const Ints& dims : {Ints{4}, Ints{1, 4}, Ints{2, 4, 4}, Ints{1, 1, 2, 1, 1}}) {
        TestModel m;
        m.floats("c", dims, ramp(Tensor::count(dims))).node("Add", {"x", "c"}, {"y"});
        expect_error(m, "only one value, or one per channel");
    }
}

TEST(OnnxRefusal, WeightsThatDependOnTheInput) {
    TestModel m;
    m.node("Relu", {"x"}, {"w"}).node("Conv", {"x", "w"}, {"y"});
    expect_error(m,
                 "unsupported: m.onnx: unnamed node 1 (Conv, output 'y'): input 'w' is computed");
    TestModel constant;
    constant.floats("c", {1}, {1}).node("Relu", {"c"}, {"y"});
    expect_error(constant, "is a constant");
}

TEST(OnnxRefusal, OtherThanTwoDimensionalLayers) {
    TestModel one;
    one.floats("w", {3, 2, 3}, ramp(18)).node("Conv", {"x", "w"}, {"y"});
    expect_error(one, "only two-dimensional convolutions");
    TestModel pool;
    pool.node("MaxPool", {"x"}, {"y"}).with("kernel_shape", Ints{2, 2, 2});
    expect_error(pool, "only two-dimensional layers");
    TestModel input({1, 2, 4});
    input.node("Relu", {"x"}, {"y"});
    expect_error(input, "unsupported: m.onnx: input 'x': has 3 axes");
}

TEST(OnnxRefusal, SecondOutputsAndTrainingMode) {
    TestModel pool;
    pool.node("MaxPool", {"x"}, {"y", "indices"}).with("kernel_shape", Ints{2, 2});
    expect_error(pool, "second output ('indices')");
    TestModel dropout({1, 2, 4, 4}, 12);
    dropout.floats("r", {}, {0.5F}).integers("t", {}, {1}).node("Dropout", {"x", "r", "t"}, {"y"});
    expect_error(dropout, "training mode");
    for (const int opset : {7, 15}) {
        TestModel norm({1, 2, 4, 4}, opset);
        for (const char* name : {"s", "b", "m", "v"}) norm.floats(name, {2}, {1, 1});
        norm.node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y"});
        norm.with(opset == 7 ? "spatial" : "training_mode", opset == 7 ? 0 : 1);
        expect_error(norm, opset == 7 ? "spatial = 0" : "training mode");
    }
}

TEST(OnnxRefusal, UnknownAttributesAndDomains) {
    TestModel m;
    m.node("Relu", {"x"}, {"y"}).with("secret", 1);
    expect_error(m, "attribute 'secret' is not known");
    TestModel domain;
    domain.node("Relu", {"x"}, {"y"});
    domain.proto.mutable_graph()->mutable_node(0)->set_domain("com.example");
    expect_error(domain, "comes from domain 'com.example'");
}

TEST(OnnxRefusal, PaddingThatNobodyCanTakeUp) {
    TestModel m;
    m.integers("p", {0, 0, 1, 1, 0, 0, 1, 1}).node("Pad", {"x", "p"}, {"a"}, "pad");
    m.node("Relu", {"a"}, {"y"}, "act");
    expect_error(m, "node 'pad' (Pad): pads rows and columns for node 'act' (Relu)");
    TestModel pool;
    pool.integers("p", {0, 0, 1, 1, 0, 0, 1, 1}).node("Pad", {"x", "p"}, {"a"});
    pool.node("MaxPool", {"a"}, {"y"}).with("kernel_shape", Ints{3, 3});
    expect_error(pool, "can be negative");
    TestModel end;
    end.integers("p", {0, 0, 1, 1, 0, 0, 1, 1}).node("Pad", {"x", "p"}, {"y"});
    expect_error(end, "pads rows and columns for the output");
    TestModel ceil;
    ceil.integers("p", {0, 0, 0, 0, 0, 0, 1, 1}).node("Pad", {"x", "p"}, {"a"});
    ceil.node("AveragePool", {"a"}, {"y"}).with("kernel_shape", Ints{2, 2}).with("ceil_mode", 1);
    ceil.with("strides", Ints{2, 2});
    expect_error(ceil, "with ceil_mode behind");
}

TEST(OnnxRefusal, PaddingThatIsNoZeros) {
    TestModel reflect;
    reflect.integers("p", {0, 0, 1, 1, 0, 0, 1, 1}).node("Pad", {"x", "p"}, {"y"});
    reflect.with_text("mode", "reflect");
    expect_error(reflect, "mode 'reflect'");
    TestModel ones;
    ones.integers("p", Ints(8, 0)).floats("v", {}, {1}).node("Pad", {"x", "p", "v"}, {"y"});
    expect_error(ones, "pads with 1");
    TestModel crop;
    crop.integers("p", {0, 0, -1, 0, 0, 0, 0, 0}).node("Pad", {"x", "p"}, {"y"});
    expect_error(crop, "negative padding");
    TestModel batch;
    batch.integers("p", {1, 0, 0, 0, 0, 0, 0, 0}).node("Pad", {"x", "p"}, {"y"});
    expect_error(batch, "pads the batch axis");
}

TEST(OnnxRefusal, SlicesThatCrop) {
    TestModel channels({1, 2, 4, 4}, 9);
    channels.node("Slice", {"x"}, {"y"}).with("starts", Ints{1}).with("ends", Ints{2});
    channels.with("axes", Ints{1});
    expect_error(channels, "takes 1 of 2 values from place 1 in steps of 1 along axis 1");
    TestModel uneven;
    uneven.integers("s", {0}).integers("e", {4}).integers("a", {2}).integers("t", {2});
    uneven.node("Slice", {"x", "s", "e", "a", "t"}, {"b"}, "cut").node("Relu", {"b"}, {"y"});
    expect_error(uneven, "node 'cut' (Slice): takes every 2th row but every 1th column");
}

TEST(OnnxRefusal, ViewsThatMixTheBatch) {
    TestModel flatten;
    flatten.node("Flatten", {"x"}, {"y"}).with("axis", 2);
    expect_error(flatten, "axis 2 mixes the batch axis");
    TestModel reshape({0, 2, 4, 4});
    reshape.integers("s", {-1, 4}).node("Reshape", {"x", "s"}, {"y"});
    expect_error(reshape, "mixes or drops the batch axis");
    TestModel transpose;
    transpose.node("Transpose", {"x"}, {"y"}).with("perm", Ints{0, 2, 3, 1});
    expect_error(transpose, "reorders the axes");
    TestModel shuffle;
    shuffle.integers("s", {0, 4, 2, 4}).node("Reshape", {"x", "s"}, {"a"});
    shuffle.node("GlobalAveragePool", {"a"}, {"y"});
    expect_error(shuffle, "made by reshaping values of shape 2x4x4");
    TestModel concat;
    concat.node("Concat", {"x", "x"}, {"y"}).with("axis", 2);
    expect_error(concat, "joins along axis 2");
    TestModel mean;
    mean.node("ReduceMean", {"x"}, {"y"}).with("axes", Ints{1});
    expect_error(mean, "averages other axes");
}

TEST(OnnxRefusal, SoftmaxInsideTheNetwork) {
    TestModel m({1, 2});
    m.floats("w", {2, 3}, ramp(6)).node("Softmax", {"x"}, {"a"}, "sm");
    m.node("MatMul", {"a", "w"}, {"y"}, "fc");
    expect_error(m, "node 'sm' (Softmax): stands inside the network, node 'fc' (MatMul) reads it");
    TestModel image({1, 2, 1, 1});
    image.node("Softmax", {"x"}, {"y"});  // over the last axis
    expect_error(image, "does not run over the classes");
}

TEST(OnnxRefusal, SeveralInputsOrOutputs) {
    TestModel inputs;
    TestModel::declare(inputs.proto.mutable_graph()->add_input(), "second", {1, 2, 4, 4});
    inputs.node("Add", {"x", "second"}, {"y"});
    expect_error(inputs, "several inputs ('x' and 'second')");
    TestModel outputs;
    TestModel::declare(outputs.proto.mutable_graph()->add_output(), "z", {});
    outputs.node("Relu", {"x"}, {"y"}).node("Relu", {"y"}, {"z"});
    expect_error(outputs, "several outputs ('y', 'z')");
}

TEST(OnnxRefusal, InputsOfOtherTypesAndOpenSizes) {
    TestModel half;
    half.node("Relu", {"x"}, {"y"});
    half.proto.mutable_graph()
        ->mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->set_elem_type(onnx::TensorProto::FLOAT16);
    expect_error(half, "has type FLOAT16");
    TestModel open({1, 2, 0, 4});
    open.node("Relu", {"x"}, {"y"});
    expect_error(open, "unsupported: m.onnx: input 'x': axis 2 has no fixed size ('n')");
}

TEST(OnnxRefusal, WeightsInAnotherFile) {
    TestModel m({1, 2});
    m.floats("w", {2, 3}, {}).node("MatMul", {"x", "w"}, {"y"});
    auto* weight = m.proto.mutable_graph()->mutable_initializer(0);
    weight->set_data_location(onnx::TensorProto::EXTERNAL);
    expect_error(m, "unsupported: m.onnx: initializer 'w': its values lie in another file; save");
}

TEST(OnnxRefusal, OpsetsOutsideTheRange) {
    TestModel old({1, 2, 4, 4}, 6);
    old.node("Relu", {"x"}, {"y"});
    EXPECT_EQ(error_of(old),
              "unsupported: m.onnx: opset 6; supported are 7 to 20: export with opset_version=13");
}

}  // namespace
}  // namespace ranvier
