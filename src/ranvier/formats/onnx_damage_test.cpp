// Damaged and hostile files: an error that names the place, never a crash, never much memory.
#include "ranvier/formats/onnx_test_model.hpp"
#include "ranvier/formats/onnx_wire.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <filesystem>
#include <fstream>
#include <limits>
#include <rapidcheck.h>

namespace ranvier {
namespace {

using namespace testing;
using onnx_import::check_wire;

void expect_error(const TestModel& model, const std::string& wanted) {
    const std::string found = error_of(model);
    EXPECT_NE(found.find(wanted), std::string::npos)
        << "wanted: " << wanted << "\nfound:  " << found;
}

std::string error_of_bytes(const std::string& bytes) {
    try {
        (void)import_onnx_bytes(bytes, "m.onnx");
    } catch (const Error& error) {
        EXPECT_TRUE(error.fault() == Fault::bad_input || error.fault() == Fault::unsupported)
            << error.what();
        return error.what();
    }
    return "";
}

/// A network with most of what a file can hold.
TestModel rich_model() {
    TestModel m({0, 2, 6, 6});
    m.floats("w", {3, 2, 3, 3}, ramp(54, 0.01F)).floats("b", {3}, {1, 2, 3});
    m.node("Conv", {"x", "w", "b"}, {"c"}, "conv").with("pads", Ints{1, 1, 1, 1});
    for (const char* name : {"s", "t", "u", "v"}) m.floats(name, {3}, {1, 2, 3});
    m.node("BatchNormalization", {"c", "s", "t", "u", "v"}, {"n"}).node("Relu", {"n"}, {"r"});
    m.node("Constant", {}, {"p"});
    m.with_tensor("value", TestModel::integer_tensor("", {8}, {0, 1, 0, 0, 0, 2, 0, 0}));
    m.node("Pad", {"r", "p"}, {"q"}).node("MaxPool", {"q"}, {"o"}).with("kernel_shape", Ints{2, 2});
    m.node("Shape", {"o"}, {"sh"}).integers("zero", {}, {0}).node("Gather", {"sh", "zero"}, {"g"});
    m.integers("axes", {0}).node("Unsqueeze", {"g", "axes"}, {"g1"}).integers("rest", {-1});
    m.node("Concat", {"g1", "rest"}, {"to"}).with("axis", 0).node("Reshape", {"o", "to"}, {"f"});
    m.floats("l", {150, 4}, ramp(600, 0.001F)).node("MatMul", {"f", "l"}, {"y"});
    return m;
}

TEST(OnnxDamage, TheRichModelItselfIsSound) {
    EXPECT_EQ(error_of(rich_model()), "");
}

TEST(OnnxDamage, EmptyTextAndForeignFiles) {
    EXPECT_EQ(error_of_bytes(""), "m.onnx: the file is empty; an ONNX model is needed");
    EXPECT_NE(
        error_of_bytes("hello, this is text and no model").find("not a whole ONNX file: byte"),
        std::string::npos);
    EXPECT_NE(error_of_bytes(std::string("\x08\x07", 2)).find("holds no graph"), std::string::npos);
    EXPECT_NE(error_of_bytes(std::string(1000, '\0')).find("m.onnx: "), std::string::npos);
}

TEST(OnnxDamage, MissingFileAndDirectory) {
    EXPECT_THROW((void)import_onnx("no/such/file.onnx"), Error);
    EXPECT_THROW((void)import_onnx(RANVIER_SOURCE_DIR), Error);
}

TEST(OnnxDamage, EveryTruncationIsAnError) {
    const std::string whole = rich_model().bytes();
    for (std::size_t n = 0; n < whole.size(); ++n)
        EXPECT_NE(error_of_bytes(whole.substr(0, n)), "") << n << " of " << whole.size();
}

TEST(OnnxDamage, EveryFlippedByteIsSurvived) {
    const std::string whole = rich_model().bytes();
    for (std::size_t n = 0; n < whole.size(); ++n)
        for (const unsigned flip : {0x01U, 0x80U, 0xFFU}) {
            std::string bytes = whole;
            bytes[n] = static_cast<char>(static_cast<unsigned char>(bytes[n]) ^ flip);
            (void)error_of_bytes(bytes);  // checks the kind of error
        }
}

TEST(OnnxDamage, RandomBytesAreSurvived) {
    testing::check_property("random changes of a model", [] {
        static const std::string whole = rich_model().bytes();
        std::string bytes = whole;
        for (int k = *rc::gen::inRange(1, 12); k > 0; --k)
            bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
        (void)error_of_bytes(bytes);
    });
}

TEST(OnnxDamage, WireErrorsNameByteAndMessage) {
    // graph (field 7) declares 100 bytes, 2 are there.
    EXPECT_NE(error_of_bytes(std::string("\x3a\x64\x0a\x00", 4))
                  .find("byte 2 (in a model): a field of 100 bytes is declared, but only 2"),
              std::string::npos);
    // Within the graph, a node declares 5 of 0 bytes left.
    EXPECT_NE(error_of_bytes(std::string("\x3a\x02\x0a\x05", 4)).find("(in a graph)"),
              std::string::npos);
    // A length of 2^64 - 1.
    EXPECT_NE(error_of_bytes("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").find("is declared"),
              std::string::npos);
}

/// A protobuf field: `tag`, length, content.
std::string field(char tag, const std::string& content) {
    std::string bytes(1, tag);
    std::size_t n = content.size();
    for (; n > 0x7F; n >>= 7U) bytes.push_back(static_cast<char>((n & 0x7FU) | 0x80U));
    bytes.push_back(static_cast<char>(n));
    return bytes + content;
}

TEST(OnnxDamage, TooManyPiecesAreRefusedBeforeTheyAreParsed) {
    // Four million empty nodes in eight megabytes.
    std::string nodes;
    for (int k = 0; k < 4'000'000; ++k) nodes.append("\x0a\x00", 2);
    EXPECT_NE(error_of_bytes(field('\x3a', nodes)).find("more than 3000000 fields"),
              std::string::npos);
}

TEST(OnnxDamage, DeepNestingIsRefused) {
    std::string graph;
    for (int k = 0; k < 400; ++k)  // a graph as attribute of a node of a graph
        graph = field('\x0a', field('\x2a', field('\x32', graph)));
    EXPECT_NE(error_of_bytes(field('\x3a', graph)).find("nested too deeply"), std::string::npos);
}

TEST(OnnxDamage, WeightsThatDoNotFitTheirShape) {
    TestModel m({1, 2});
    m.floats("w", {2, 3}, ramp(5)).node("MatMul", {"x", "w"}, {"y"});
    expect_error(m,
                 "bad_input: m.onnx: initializer 'w': raw_data has 20 bytes; its shape [2, 3] "
                 "needs 24");
    auto* weight = m.proto.mutable_graph()->mutable_initializer(0);
    weight->set_dims(0, -2);
    expect_error(m, "shape [-2, 3] has a negative extent");
    weight->set_dims(0, std::numeric_limits<std::int64_t>::max());
    expect_error(m, "more than 2^31 values");
    weight->set_dims(0, 100'000'000);
    expect_error(m, "more than the file holds");
}

TEST(OnnxDamage, WeightsThatAreNotNumbers) {
    TestModel m({1, 2});
    m.floats("w", {2, 1}, {1, std::numeric_limits<float>::quiet_NaN()});
    m.node("MatMul", {"x", "w"}, {"y"}, "fc");
    expect_error(m, "bad_input: m.onnx: layer 'fc' (linear): weight holds nan at position 1");
}

TEST(OnnxDamage, WeightsThatDoNotFitTheFeatures) {
    TestModel m;
    m.floats("w", {3, 5, 1, 1}, ramp(15)).node("Conv", {"x", "w"}, {"y"}, "c");
    expect_error(m, "bad_input: m.onnx: layer 'c' (convolution): weight has shape [3, 5, 1, 1]");
    TestModel linear({1, 2});
    linear.floats("w", {3, 2}, ramp(6)).node("MatMul", {"x", "w"}, {"y"}, "l");
    expect_error(linear, "bad_input: m.onnx: layer 'l' (linear): weight has shape");
}

TEST(OnnxDamage, ValuesThatNobodyMakes) {
    TestModel m;
    m.node("Relu", {"nothing"}, {"y"}, "r");
    expect_error(m, "bad_input: m.onnx: node 'r' (Relu): reads 'nothing', which is no input");
    TestModel output;
    output.node("Relu", {"x"}, {"z"});
    expect_error(output, "bad_input: m.onnx: output 'y' is produced by no node");
    TestModel missing;
    missing.node("Relu", {}, {"y"});
    expect_error(missing, "input 0 is missing");
}

TEST(OnnxDamage, NodesOutOfOrderAndCycles) {
    TestModel order;
    order.node("Relu", {"a"}, {"y"}, "second").node("Relu", {"x"}, {"a"});
    expect_error(order, "node 'second' (Relu): reads 'a', which node 1 makes only later");
    TestModel cycle;
    cycle.node("Relu", {"b"}, {"a"}).node("Relu", {"a"}, {"b"}).node("Add", {"x", "b"}, {"y"});
    expect_error(cycle, "bad_input: m.onnx: unnamed node 0 (Relu, output 'a'): reads 'b', which");
}

TEST(OnnxDamage, ValuesMadeTwice) {
    TestModel m;
    m.node("Relu", {"x"}, {"y"}).node("Relu", {"x"}, {"y"});
    expect_error(m, "value 'y' is made twice");
    TestModel input;
    input.node("Relu", {"x"}, {"x"}).node("Relu", {"x"}, {"y"});
    expect_error(input, "input 'x' is also the output of a node");
    TestModel weight;
    weight.floats("w", {1}, {1}).floats("w", {1}, {1}).node("Relu", {"x"}, {"y"});
    expect_error(weight, "initializer 'w' exists twice");
}

TEST(OnnxDamage, InputsWithoutUsableShape) {
    TestModel zero({1, 2, 4, 4});
    zero.node("Relu", {"x"}, {"y"});
    auto* shape = zero.proto.mutable_graph()
                      ->mutable_input(0)
                      ->mutable_type()
                      ->mutable_tensor_type()
                      ->mutable_shape();
    for (const std::int64_t extent : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40}) {
        shape->mutable_dim(2)->set_dim_value(extent);
        expect_error(zero, "bad_input: m.onnx: input 'x': axis 2 has size");
    }
    TestModel none;
    none.node("Relu", {"x"}, {"y"});
    none.proto.mutable_graph()->mutable_input(0)->clear_type();
    expect_error(none, "bad_input: m.onnx: input 'x': has no shape");
    TestModel nothing;
    nothing.node("Relu", {"x"}, {"y"});
    nothing.proto.mutable_graph()->clear_input();
    expect_error(nothing, "has no input");
    nothing.proto.mutable_graph()->clear_output();
    expect_error(nothing, "has no output");
}

TEST(OnnxDamage, AttributesOfTheWrongTypeOrSize) {
    TestModel type;
    type.node("MaxPool", {"x"}, {"y"}).with("kernel_shape", 2);
    expect_error(type, "attribute 'kernel_shape' has type INT; it must have type INTS");
    TestModel stride;
    stride.node("MaxPool", {"x"}, {"y"})
        .with("kernel_shape", Ints{2, 2})
        .with("strides", Ints{0, 1});
    expect_error(stride, "strides holds 0");
    TestModel kernel;
    kernel.node("MaxPool", {"x"}, {"y"}).with("kernel_shape", Ints{9, 9});
    expect_error(kernel, "bad_input: m.onnx: layer 'MaxPool_0' (max_pool): the 9x9 kernel");
    TestModel missing;
    missing.node("AveragePool", {"x"}, {"y"});
    expect_error(missing, "kernel_shape is missing");
}

TEST(OnnxDamage, NoOpset) {
    TestModel m;
    m.node("Relu", {"x"}, {"y"}).proto.clear_opset_import();
    expect_error(m, "bad_input: m.onnx: names no opset");
}

TEST(OnnxDamage, SmallFilesCannotFillTheMemory) {
    TestModel shape;
    shape.integers("s", {40000, 40000}).node("ConstantOfShape", {"s"}, {"c"});
    shape.node("Add", {"x", "c"}, {"y"});
    expect_error(shape, "constant values, more than this file may ask for");
    TestModel doubling;
    doubling.floats("c0", {1}, {1});
    std::string last = "c0";
    for (int k = 1; k < 60; ++k) {
        const std::string next = fmt::format("c{}", k);
        doubling.node("Concat", {last, last}, {next}).with("axis", 0);
        last = next;
    }
    doubling.node("Add", {"x", last}, {"y"});
    expect_error(doubling, "constant values, more than this file may ask for");
    TestModel shared({0, 1000});  // one weight of 4 MB used by 500 layers
    shared.floats("w", {1000, 1000}, Floats(1'000'000, 0.0F));
    last = "x";
    for (int k = 0; k < 500; ++k) {
        const std::string next = k == 499 ? "y" : fmt::format("v{}", k);
        shared.node("MatMul", {last, "w"}, {next});
        last = next;
    }
    expect_error(shared, "constant values, more than this file may ask for");
}

TEST(OnnxDamage, LongStepsDoNotOverflow) {
    TestModel m({0, 2, 6, 6});
    m.integers("s", {0, 0}).integers("e", {6, 6}).integers("a", {2, 3});
    const std::int64_t huge = std::numeric_limits<std::int64_t>::max();
    m.integers("t", {huge, huge});
    std::string last = "x";
    for (int k = 0; k < 5; ++k) {
        const std::string next = k == 4 ? "y" : fmt::format("v{}", k);
        m.node("Slice", {last, "s", "e", "a", "t"}, {next});
        last = next;
    }
    EXPECT_EQ(only<Shortcut>(m.import()), (Shortcut{6, 0, 0}));
}

}  // namespace
}  // namespace ranvier
