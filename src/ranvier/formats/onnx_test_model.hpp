#pragma once

#include "ranvier/base/error.hpp"
#include "ranvier/formats/onnx.hpp"

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <onnx/onnx_pb.h>
#include <string>
#include <utility>
#include <vector>

namespace ranvier::testing {

using Names = std::vector<std::string>;
using Ints = std::vector<std::int64_t>;
using Floats = std::vector<float>;

/// An ONNX model put together by a test: input "x", output "y" unless told otherwise.
class TestModel {
public:
    explicit TestModel(Ints input = {1, 2, 4, 4}, int opset = 13) {
        proto.set_ir_version(7);
        proto.set_producer_name("test");
        auto* entry = proto.add_opset_import();
        entry->set_domain("");
        entry->set_version(opset);
        declare(proto.mutable_graph()->add_input(), "x", input);
        declare(proto.mutable_graph()->add_output(), "y", {});
    }

    /// The last node added gets an attribute.
    TestModel& with(const std::string& name, std::int64_t value) {
        auto* a = attribute(name, onnx::AttributeProto::INT);
        a->set_i(value);
        return *this;
    }
    TestModel& with_float(const std::string& name, float value) {
        auto* a = attribute(name, onnx::AttributeProto::FLOAT);
        a->set_f(value);
        return *this;
    }
    TestModel& with_text(const std::string& name, const std::string& value) {
        auto* a = attribute(name, onnx::AttributeProto::STRING);
        a->set_s(value);
        return *this;
    }
    TestModel& with(const std::string& name, const Ints& values) {
        auto* a = attribute(name, onnx::AttributeProto::INTS);
        for (const auto v : values) a->add_ints(v);
        return *this;
    }
    TestModel& with_tensor(const std::string& name, const onnx::TensorProto& value) {
        *attribute(name, onnx::AttributeProto::TENSOR)->mutable_t() = value;
        return *this;
    }

    TestModel& node(const std::string& op, const Names& inputs, const Names& outputs,
                    const std::string& name = "") {
        auto* n = proto.mutable_graph()->add_node();
        n->set_op_type(op);
        if (!name.empty()) n->set_name(name);
        for (const auto& input : inputs) n->add_input(input);
        for (const auto& output : outputs) n->add_output(output);
        return *this;
    }

    TestModel& floats(const std::string& name, const Ints& dims, const Floats& values) {
        *proto.mutable_graph()->add_initializer() = float_tensor(name, dims, values);
        return *this;
    }
    TestModel& integers(const std::string& name, const Ints& values) {
        return integers(name, {static_cast<std::int64_t>(values.size())}, values);
    }
    TestModel& integers(const std::string& name, const Ints& dims, const Ints& values) {
        *proto.mutable_graph()->add_initializer() = integer_tensor(name, dims, values);
        return *this;
    }

    static onnx::TensorProto float_tensor(const std::string& name, const Ints& dims,
                                          const Floats& values) {
        onnx::TensorProto tensor;
        tensor.set_name(name);
        tensor.set_data_type(onnx::TensorProto::FLOAT);
        for (const auto d : dims) tensor.add_dims(d);
        tensor.set_raw_data(values.data(), values.size() * sizeof(float));
        return tensor;
    }
    static onnx::TensorProto integer_tensor(const std::string& name, const Ints& dims,
                                            const Ints& values) {
        onnx::TensorProto tensor;
        tensor.set_name(name);
        tensor.set_data_type(onnx::TensorProto::INT64);
        for (const auto d : dims) tensor.add_dims(d);
        for (const auto v : values) tensor.add_int64_data(v);
        return tensor;
    }

    /// @param dims  0 stands for an open axis.
    static void declare(onnx::ValueInfoProto* info, const std::string& name, const Ints& dims) {
        info->set_name(name);
        auto* type = info->mutable_type()->mutable_tensor_type();
        type->set_elem_type(onnx::TensorProto::FLOAT);
        for (const auto d : dims) {
            auto* dim = type->mutable_shape()->add_dim();
            if (d == 0)
                dim->set_dim_param("n");
            else
                dim->set_dim_value(d);
        }
    }

    [[nodiscard]] std::string bytes() const { return proto.SerializeAsString(); }
    [[nodiscard]] Network import() const { return import_onnx_bytes(bytes(), "m.onnx"); }

    onnx::ModelProto proto;

private:
    onnx::AttributeProto* attribute(const std::string& name,
                                    onnx::AttributeProto::AttributeType type) {
        auto& graph = *proto.mutable_graph();
        auto* a = graph.mutable_node(graph.node_size() - 1)->add_attribute();
        a->set_name(name);
        a->set_type(type);
        return a;
    }
};

/// 0, 1, 2, ... times `scale`.
inline Floats ramp(std::size_t n, float scale = 1.0F) {
    Floats values(n);
    for (std::size_t k = 0; k < n; ++k) values[k] = scale * static_cast<float>(k);
    return values;
}

/// The only layer of a network with operation `T`. Fails the test if there is another number.
template <typename T>
const T& only(const Network& network) {
    const T* found = nullptr;
    int n = 0;
    for (const Layer& layer : network.layers)
        if (const T* op = layer.as<T>()) {
            found = op;
            ++n;
        }
    if (n != 1) fail(Fault::internal, "{} layers instead of one", n);
    return *found;
}

/// "input convolution output": the operations in order.
inline std::string operations(const Network& network) {
    std::string list;
    for (const Layer& layer : network.layers) {
        if (!list.empty()) list.push_back(' ');
        list.append(operation_name(layer.operation));
    }
    return list;
}

/// What the import of `model` throws: "unsupported: ...", "bad_input: ...", or "" for nothing.
inline std::string error_of(const TestModel& model) {
    try {
        (void)model.import();
    } catch (const Error& error) {
        const char* fault = error.fault() == Fault::unsupported ? "unsupported"
                            : error.fault() == Fault::bad_input ? "bad_input"
                                                                : "other";
        return fmt::format("{}: {}", fault, error.what());
    }
    return "";
}

}  // namespace ranvier::testing
