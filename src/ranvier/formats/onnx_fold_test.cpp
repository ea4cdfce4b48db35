#include "ranvier/formats/onnx_fold.hpp"

#include "ranvier/formats/onnx_test_model.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <limits>
#include <rapidcheck.h>

namespace ranvier::onnx_import {
namespace {

using testing::Floats;
using testing::Ints;
using testing::TestModel;

/// The last node of a model whose inputs are initializers, folded.
Constant fold_last(const TestModel& m, int opset = 13, std::size_t budget = 1000) {
    const auto& graph = m.proto.graph();
    std::map<std::string, Constant> known;
    for (const auto& tensor : graph.initializer())
        known.emplace(tensor.name(), decode_tensor(tensor, tensor.name()));
    const std::string file = "m.onnx";
    const Node node(graph.node(graph.node_size() - 1), file, 0);
    std::vector<const Constant*> inputs;
    for (int k = 0; k < node.n_inputs(); ++k)
        inputs.push_back(node.has_input(k) ? &known.at(node.input(k)) : nullptr);
    Budget allowed{budget};
    Constant result = fold(node, inputs, opset, allowed);
    node.require_all_read();
    return result;
}

void expect_integers(const Constant& found, const Ints& dims, const Ints& values) {
    EXPECT_EQ(found.dims, dims);
    ASSERT_FALSE(found.is_float());
    EXPECT_EQ(found.integers(), values);
}

void expect_floats(const Constant& found, const Ints& dims, const Floats& values) {
    EXPECT_EQ(found.dims, dims);
    ASSERT_TRUE(found.is_float());
    EXPECT_EQ(found.floats(), values);
}

/// 2 x 3: 0 1 2 / 3 4 5.
TestModel matrix() {
    TestModel m;
    m.integers("a", {2, 3}, {0, 1, 2, 3, 4, 5});
    return m;
}

TEST(OnnxFold, ConstantInAllItsForms) {
    TestModel m;
    m.node("Constant", {}, {"y"}).with("value_int", 7);
    expect_integers(fold_last(m), {}, {7});
    m.node("Constant", {}, {"y"}).with_float("value_float", 0.5F);
    expect_floats(fold_last(m), {}, {0.5F});
    m.node("Constant", {}, {"y"}).with("value_ints", Ints{7, 8});
    expect_integers(fold_last(m), {2}, {7, 8});
    m.node("Constant", {}, {"y"}).with_tensor("value", TestModel::float_tensor("", {1, 2}, {3, 4}));
    expect_floats(fold_last(m), {1, 2}, {3, 4});
    m.node("Constant", {}, {"y"}).with_text("value_string", "text");
    EXPECT_THROW((void)fold_last(m), Error);
}

TEST(OnnxFold, ConstantOfShape) {
    TestModel m;
    m.integers("s", {2, 1}).node("ConstantOfShape", {"s"}, {"y"});
    expect_floats(fold_last(m), {2, 1}, {0, 0});
    m.with_tensor("value", TestModel::integer_tensor("", {1}, {9}));
    expect_integers(fold_last(m), {2, 1}, {9, 9});
}

TEST(OnnxFold, ShapeAndItsRange) {
    TestModel m = matrix();
    m.node("Shape", {"a"}, {"y"});
    expect_integers(fold_last(m), {2}, {2, 3});
    m.with("start", -1);
    expect_integers(fold_last(m, 15), {1}, {3});
    m.with("end", -5);
    expect_integers(fold_last(m, 15), {0}, {});
}

TEST(OnnxFold, Gather) {
    TestModel m = matrix();
    m.integers("i", {2}, {-1, 0}).node("Gather", {"a", "i"}, {"y"}).with("axis", 1);
    expect_integers(fold_last(m), {2, 2}, {2, 0, 5, 3});
    m.integers("j", {}, {1}).node("Gather", {"a", "j"}, {"y"});
    expect_integers(fold_last(m), {3}, {3, 4, 5});
    m.integers("k", {}, {2}).node("Gather", {"a", "k"}, {"y"});
    EXPECT_THROW((void)fold_last(m), Error);
}

TEST(OnnxFold, Concat) {
    TestModel m = matrix();
    m.integers("b", {2, 1}, {8, 9}).node("Concat", {"a", "b"}, {"y"}).with("axis", -1);
    expect_integers(fold_last(m), {2, 4}, {0, 1, 2, 8, 3, 4, 5, 9});
    m.integers("none", {0}, {}).integers("c", {1}, {7});
    m.node("Concat", {"none", "c", "none", "c"}, {"y"}).with("axis", 0);
    expect_integers(fold_last(m), {2}, {7, 7});
    m.node("Concat", {"a", "c"}, {"y"}).with("axis", 0);
    EXPECT_THROW((void)fold_last(m), Error);
}

TEST(OnnxFold, SliceForwardAndBackward) {
    TestModel m = matrix();
    m.integers("s", {-1}).integers("e", {std::numeric_limits<std::int64_t>::min() + 1});
    m.integers("ax", {1}).integers("t", {-2}).node("Slice", {"a", "s", "e", "ax", "t"}, {"y"});
    expect_integers(fold_last(m), {2, 2}, {2, 0, 5, 3});
    m.node("Slice", {"a"}, {"y"}).with("starts", Ints{1}).with("ends", Ints{9});
    expect_integers(fold_last(m, 9), {1, 3}, {3, 4, 5});
    m.node("Slice", {"a"}, {"y"}).with("starts", Ints{2}).with("ends", Ints{1});
    expect_integers(fold_last(m, 9), {0, 3}, {});
    m.integers("zero", {0}).node("Slice", {"a", "s", "e", "ax", "zero"}, {"y"});
    EXPECT_THROW((void)fold_last(m), Error);
}

TEST(OnnxFold, SliceAgreesWithALoop) {
    testing::check_property("every start, end and step", [] {
        const auto extent = *rc::gen::inRange<std::int64_t>(1, 8);
        const auto start = *rc::gen::inRange<std::int64_t>(-10, 10);
        const auto end = *rc::gen::inRange<std::int64_t>(-10, 10);
        const auto step = *rc::gen::suchThat(rc::gen::inRange<std::int64_t>(-4, 5),
                                             [](auto s) { return s != 0; });
        Ints values(static_cast<std::size_t>(extent));
        for (std::size_t k = 0; k < values.size(); ++k) values[k] = static_cast<std::int64_t>(k);
        TestModel m;
        m.integers("a", values).integers("s", {start}).integers("e", {end}).integers("ax", {0});
        m.integers("t", {step}).node("Slice", {"a", "s", "e", "ax", "t"}, {"y"});
        const auto from = std::clamp<std::int64_t>(
            start < 0 ? start + extent : start, step < 0 ? -1 : 0, step < 0 ? extent - 1 : extent);
        const auto to = std::clamp<std::int64_t>(end < 0 ? end + extent : end, step < 0 ? -1 : 0,
                                                 step < 0 ? extent - 1 : extent);
        Ints expected;
        for (std::int64_t k = from; step > 0 ? k < to : k > to; k += step) expected.push_back(k);
        RC_ASSERT(fold_last(m).integers() == expected);
    });
}

TEST(OnnxFold, ReshapeSqueezeUnsqueezeFlattenTranspose) {
    TestModel m = matrix();
    m.integers("s", {-1, 0, 1}).integers("t", {3, -1});
    m.node("Reshape", {"a", "t"}, {"y"});
    expect_integers(fold_last(m), {3, 2}, {0, 1, 2, 3, 4, 5});
    m.node("Reshape", {"a", "s"}, {"y"});
    expect_integers(fold_last(m), {2, 3, 1}, {0, 1, 2, 3, 4, 5});
    m.integers("u", {4, -1}).node("Reshape", {"a", "u"}, {"y"});
    EXPECT_THROW((void)fold_last(m), Error);
    m.integers("axes", {0, -1}).node("Unsqueeze", {"a", "axes"}, {"y"});
    expect_integers(fold_last(m), {1, 2, 3, 1}, {0, 1, 2, 3, 4, 5});
    m.integers("b", {1, 2, 1}, {6, 7}).node("Squeeze", {"b"}, {"y"});
    expect_integers(fold_last(m), {2}, {6, 7});
    m.node("Squeeze", {"b"}, {"y"}).with("axes", Ints{2});
    expect_integers(fold_last(m, 11), {1, 2}, {6, 7});
    m.node("Flatten", {"b"}, {"y"}).with("axis", 2);
    expect_integers(fold_last(m), {2, 1}, {6, 7});
    m.node("Transpose", {"a"}, {"y"});
    expect_integers(fold_last(m), {3, 2}, {0, 3, 1, 4, 2, 5});
    m.integers("c", {1, 2, 3}, {0, 1, 2, 3, 4, 5}).node("Transpose", {"c"}, {"y"});
    m.with("perm", Ints{2, 0, 1});
    expect_integers(fold_last(m), {3, 1, 2}, {0, 3, 1, 4, 2, 5});
}

TEST(OnnxFold, ArithmeticBroadcasts) {
    TestModel m = matrix();
    m.integers("b", {2, 1}, {10, 20}).integers("c", {}, {2});
    m.node("Add", {"a", "b"}, {"y"});
    expect_integers(fold_last(m), {2, 3}, {10, 11, 12, 23, 24, 25});
    m.node("Sub", {"c", "b"}, {"y"});
    expect_integers(fold_last(m), {2, 1}, {-8, -18});
    m.node("Mul", {"b", "c"}, {"y"});
    expect_integers(fold_last(m), {2, 1}, {20, 40});
    m.integers("n", {-7, 7}).node("Div", {"n", "c"}, {"y"});
    expect_integers(fold_last(m), {2}, {-3, 3});
    m.floats("f", {2}, {1, 4}).floats("g", {1}, {8}).node("Div", {"f", "g"}, {"y"});
    expect_floats(fold_last(m), {2}, {0.125F, 0.5F});
    m.node("Add", {"f", "c"}, {"y"});
    EXPECT_THROW((void)fold_last(m), Error);
    m.integers("zero", {0}).node("Div", {"c", "zero"}, {"y"});
    EXPECT_THROW((void)fold_last(m), Error);
    m.integers("low", {std::numeric_limits<std::int64_t>::min()}).integers("minus", {-1});
    m.node("Div", {"low", "minus"}, {"y"});
    expect_integers(fold_last(m), {1}, {std::numeric_limits<std::int64_t>::min()});
}

TEST(OnnxFold, CastAndFunctions) {
    TestModel m;
    m.floats("f", {2}, {2.7F, -2.7F}).floats("q", {1}, {9}).integers("i", {3});
    m.node("Cast", {"f"}, {"y"}).with("to", onnx::TensorProto::INT64);
    expect_integers(fold_last(m), {2}, {2, -2});
    m.node("Cast", {"i"}, {"y"}).with("to", onnx::TensorProto::FLOAT);
    expect_floats(fold_last(m), {1}, {3});
    m.node("Sqrt", {"q"}, {"y"});
    expect_floats(fold_last(m), {1}, {3});
    m.node("Floor", {"f"}, {"y"});
    expect_floats(fold_last(m), {2}, {2, -3});
    m.node("Ceil", {"f"}, {"y"});
    expect_floats(fold_last(m), {2}, {3, -2});
    m.node("Neg", {"i"}, {"y"});
    expect_integers(fold_last(m), {1}, {-3});
    m.floats("huge", {1}, {1e30F}).node("Cast", {"huge"}, {"y"});
    m.with("to", onnx::TensorProto::INT64);
    EXPECT_THROW((void)fold_last(m), Error);
}

TEST(OnnxFold, StopsAtItsBudget) {
    TestModel m;
    m.integers("s", {11, 100}).node("ConstantOfShape", {"s"}, {"y"});
    EXPECT_NO_THROW((void)fold_last(m, 13, 1100));
    EXPECT_THROW((void)fold_last(m, 13, 1099), Error);
}

TEST(OnnxTensor, ReadsEveryNumberType) {
    onnx::TensorProto t;
    t.add_dims(2);
    const auto raw = [&](auto type, auto a, auto b) {
        const decltype(a) values[] = {a, b};
        t.set_data_type(type);
        t.set_raw_data(values, sizeof(values));
        return to_tensor(decode_tensor(t, "t")).values;
    };
    using P = onnx::TensorProto;
    EXPECT_EQ(raw(P::FLOAT, 1.5F, -2.0F), (Floats{1.5F, -2}));
    EXPECT_EQ(raw(P::DOUBLE, 1.5, -2.0), (Floats{1.5F, -2}));
    EXPECT_EQ(raw(P::INT64, std::int64_t{3}, std::int64_t{-4}), (Floats{3, -4}));
    EXPECT_EQ(raw(P::INT32, std::int32_t{3}, std::int32_t{-4}), (Floats{3, -4}));
    EXPECT_EQ(raw(P::INT16, std::int16_t{3}, std::int16_t{-4}), (Floats{3, -4}));
    EXPECT_EQ(raw(P::INT8, std::int8_t{3}, std::int8_t{-4}), (Floats{3, -4}));
    EXPECT_EQ(raw(P::UINT8, std::uint8_t{3}, std::uint8_t{200}), (Floats{3, 200}));
    EXPECT_EQ(raw(P::BOOL, std::uint8_t{0}, std::uint8_t{1}), (Floats{0, 1}));
    // Half precision: 1.5 and the smallest subnormal; brain float: -2 and 1.
    EXPECT_EQ(raw(P::FLOAT16, std::uint16_t{0x3E00}, std::uint16_t{1}), (Floats{1.5F, 0x1p-24F}));
    EXPECT_EQ(raw(P::BFLOAT16, std::uint16_t{0xC000}, std::uint16_t{0x3F80}), (Floats{-2, 1}));
    EXPECT_THROW((void)raw(P::COMPLEX64, 0.0F, 0.0F), Error);
}

TEST(OnnxTensor, ReadsTypedFields) {
    onnx::TensorProto t;
    t.add_dims(2);
    t.set_data_type(onnx::TensorProto::FLOAT);
    t.add_float_data(1);
    EXPECT_THROW((void)decode_tensor(t, "t"), Error);  // one value short
    t.add_float_data(2);
    EXPECT_EQ(to_tensor(decode_tensor(t, "t")), Tensor({2}, {1, 2}));
}

}  // namespace
}  // namespace ranvier::onnx_import
