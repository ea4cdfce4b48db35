#include "ranvier/formats/onnx.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/formats/onnx_builder.hpp"
#include "ranvier/formats/onnx_operators.hpp"
#include "ranvier/formats/onnx_wire.hpp"

#include <algorithm>
#include <google/protobuf/stubs/logging.h>
#include <unordered_set>

namespace ranvier {

namespace onnx_import {
namespace {

constexpr int oldest_opset = 7;
constexpr int newest_opset = 20;

/// A network has this many values for free, and four for every byte of its file.
Budget budget_of(std::size_t n_bytes) {
    return {(std::size_t{1} << 22) + 4 * n_bytes};
}

bool is_default_domain(const std::string& domain) {
    return domain.empty() || domain == "ai.onnx";
}

onnx::ModelProto parse(std::string_view bytes, const std::string& file) {
    check_wire(bytes, file);
    const google::protobuf::LogSilencer no_messages_on_stderr;
    onnx::ModelProto model;
    if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        fail(Fault::bad_input, "{}: not an ONNX file, or a damaged one", file);
    if (!model.has_graph())
        fail(Fault::bad_input, "{}: holds no graph; it is not an ONNX model", file);
    return model;
}

int find_opset(const onnx::ModelProto& model, const std::string& file) {
    for (const auto& entry : model.opset_import()) {
        if (!is_default_domain(entry.domain())) continue;
        if (entry.version() < oldest_opset || entry.version() > newest_opset)
            fail(Fault::unsupported,
                 "{}: opset {}; supported are {} to {}: export with opset_version=13", file,
                 entry.version(), oldest_opset, newest_opset);
        return static_cast<int>(entry.version());
    }
    fail(Fault::bad_input, "{}: names no opset of the standard operators", file);
}

/// The graph's names: who makes each value.
class Graph {
public:
    Graph(const onnx::GraphProto& proto, const std::string& file) : proto_(proto), file_(file) {
        for (const auto& tensor : proto.initializer()) {
            if (!initializers_.emplace(tensor.name(), &tensor).second)
                fail(Fault::bad_input, "{}: initializer '{}' exists twice", file,
                     printable(tensor.name()));
        }
        if (proto.sparse_initializer_size() > 0)
            fail(Fault::unsupported, "{}: has sparse initializers; store the weights densely",
                 file);
        for (int n = 0; n < proto.node_size(); ++n)
            for (const std::string& output : proto.node(n).output()) add_producer(output, n);
    }

    [[nodiscard]] const onnx::ValueInfoProto& only_input() const {
        const onnx::ValueInfoProto* found = nullptr;
        for (const auto& input : proto_.input()) {
            if (initializers_.contains(input.name())) continue;
            if (found != nullptr)
                fail(Fault::unsupported,
                     "{}: has several inputs ('{}' and '{}'); only one is supported: export a "
                     "network with one image input",
                     file_, printable(found->name()), printable(input.name()));
            found = &input;
        }
        if (found == nullptr) fail(Fault::bad_input, "{}: has no input", file_);
        if (producer_.contains(found->name()))
            fail(Fault::bad_input, "{}: input '{}' is also the output of a node", file_,
                 printable(found->name()));
        return *found;
    }

    [[nodiscard]] const std::string& only_output() const {
        if (proto_.output_size() == 0) fail(Fault::bad_input, "{}: has no output", file_);
        if (proto_.output_size() > 1)
            fail(Fault::unsupported,
                 "{}: has several outputs ('{}', '{}'); only one is supported: export the network "
                 "with one output",
                 file_, printable(proto_.output(0).name()), printable(proto_.output(1).name()));
        return proto_.output(0).name();
    }

    /// Which nodes `output` depends on, [n_nodes].
    [[nodiscard]] std::vector<bool> live_nodes(const std::string& output) const {
        std::vector<bool> live(static_cast<std::size_t>(proto_.node_size()), false);
        std::vector<const std::string*> open = {&output};
        while (!open.empty()) {
            const auto made_by = producer_.find(*open.back());
            open.pop_back();
            if (made_by == producer_.end()) continue;
            const int n = made_by->second;
            if (live[static_cast<std::size_t>(n)]) continue;
            live[static_cast<std::size_t>(n)] = true;
            for (const std::string& input : proto_.node(n).input()) open.push_back(&input);
        }
        return live;
    }

    /// Makes every input of `node` known to `builder`, or says why it is not.
    void provide_inputs(const Node& node, Builder& builder) const {
        for (int k = 0; k < node.n_inputs(); ++k) {
            const std::string& name = node.input(k);
            if (name.empty() || builder.find(name) != nullptr) continue;
            if (const auto found = initializers_.find(name); found != initializers_.end()) {
                const std::string where =
                    fmt::format("{}: initializer '{}'", file_, printable(name));
                builder.define(
                    name, std::make_shared<const Constant>(decode_tensor(*found->second, where)));
                continue;
            }
            if (const auto made_by = producer_.find(name); made_by != producer_.end())
                node.damaged(
                    "reads '{}', which node {} makes only later; nodes must stand in the "
                    "order in which they are computed",
                    printable(name), made_by->second);
            node.damaged("reads '{}', which is no input, initializer or output of a node",
                         printable(name));
        }
    }

private:
    void add_producer(const std::string& output, int n) {
        if (output.empty()) return;
        if (initializers_.contains(output) || !producer_.emplace(output, n).second)
            fail(Fault::bad_input, "{}: value '{}' is made twice (second time by node {})", file_,
                 printable(output), n);
    }

    const onnx::GraphProto& proto_;
    const std::string& file_;
    std::unordered_map<std::string, const onnx::TensorProto*> initializers_;
    std::unordered_map<std::string, int> producer_;
};

/// Extent of axis `k` of the input.
std::int64_t input_extent(const onnx::TensorShapeProto& shape, int k, const std::string& where) {
    const auto& dim = shape.dim(k);
    if (!dim.has_dim_value()) {
        if (k == 0) return 1;
        fail(Fault::unsupported,
             "{}: axis {} has no fixed size{}; export the model with fixed channels, height and "
             "width (only the batch axis may be open)",
             where, k,
             dim.has_dim_param() ? fmt::format(" ('{}')", printable(dim.dim_param())) : "");
    }
    constexpr std::int64_t limit = std::int64_t{1} << 24;
    if (dim.dim_value() < 1 || dim.dim_value() >= limit)
        fail(Fault::bad_input, "{}: axis {} has size {}; allowed is 1 to {}", where, k,
             dim.dim_value(), limit - 1);
    return dim.dim_value();
}

void define_input(Builder& builder, const onnx::ValueInfoProto& info) {
    const std::string where = fmt::format("{}: input '{}'", builder.file(), printable(info.name()));
    if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape())
        fail(Fault::bad_input, "{}: has no shape; it must be [batch, channels, height, width]",
             where);
    const auto& type = info.type().tensor_type();
    if (type.elem_type() != onnx::TensorProto::FLOAT)
        fail(Fault::unsupported, "{}: has type {}; it must be FLOAT: export the model in float32",
             where, type_name(type.elem_type()));
    const int rank = type.shape().dim_size();
    if (rank != 4 && rank != 2)
        fail(Fault::unsupported,
             "{}: has {} axes; it must have 4, [batch, channels, height, width], or 2, [batch, n]",
             where, rank);
    const std::int64_t batch = input_extent(type.shape(), 0, where);
    Shape shape;
    shape.channels = input_extent(type.shape(), 1, where);
    if (rank == 4) {
        shape.height = input_extent(type.shape(), 2, where);
        shape.width = input_extent(type.shape(), 3, where);
    }
    builder.define_input(info.name(), batch, shape, rank == 2);
}

bool folds(const Builder& builder, const Node& node) {
    for (int k = 0; k < node.n_inputs(); ++k)
        if (node.has_input(k) && !builder.is_constant(node, k)) return false;
    return true;
}

void import_node(Builder& builder, const Node& node) {
    if (!is_default_domain(node.domain()))
        node.refuse(
            "comes from domain '{}'; only the standard ONNX operators are supported: export "
            "the model without custom operators or fused optimizations",
            printable(node.domain()));
    if (node.output(0).empty()) node.damaged("its first output has no name");
    if (folds(builder, node) && can_fold(node.op())) {
        Constant value = fold(node, builder.constants(node), builder.opset(), builder.budget());
        builder.define(node.output(0), std::make_shared<const Constant>(std::move(value)));
    } else if (const Operator run = find_operator(node.op())) {
        run(builder, node);
    } else {
        refuse_operator(node);
    }
    node.require_all_read();
}

std::string describe_source(const onnx::ModelProto& model, const std::string& file, int opset) {
    std::string text = fmt::format("onnx: {}, opset {}", printable(file), opset);
    if (!model.producer_name().empty())
        text += fmt::format(", producer {}", printable(model.producer_name()));
    if (!model.producer_version().empty())
        text += fmt::format(" {}", printable(model.producer_version()));
    return text;
}

Network import_model(const onnx::ModelProto& model, const std::string& file, std::size_t n_bytes) {
    const int opset = find_opset(model, file);
    const Graph graph(model.graph(), file);
    const std::string& output = graph.only_output();
    Builder builder(file, opset, budget_of(n_bytes));
    define_input(builder, graph.only_input());
    const auto live = graph.live_nodes(output);
    for (std::size_t n = 0; n < live.size(); ++n) {
        if (!live[n]) continue;
        const Node node(model.graph().node(static_cast<int>(n)), file, n);
        graph.provide_inputs(node, builder);
        import_node(builder, node);
    }
    builder.note("source", describe_source(model, file, opset));
    return builder.finish(output);
}

}  // namespace
}  // namespace onnx_import

Network import_onnx(const std::filesystem::path& path) {
    return import_onnx_bytes(read_file(path, std::uint64_t{1} << 31), path.filename().string());
}

Network import_onnx_bytes(std::string_view bytes, const std::string& name) {
    return onnx_import::import_model(onnx_import::parse(bytes, name), name, bytes.size());
}

}  // namespace ranvier
