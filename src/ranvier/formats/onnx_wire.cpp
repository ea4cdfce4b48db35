#include "ranvier/formats/onnx_wire.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace ranvier::onnx_import {

namespace {

/// protobuf's own parser takes sizes as int.
constexpr std::size_t max_bytes = std::numeric_limits<std::int32_t>::max();
/// At up to about 300 bytes each once parsed, below 1 GB. A ResNet-152 has about 20,000.
constexpr std::size_t max_pieces = 3'000'000;
/// Graphs nest four messages deep per level; protobuf itself stops at 100.
constexpr int max_depth = 90;

/// The messages of onnx.proto that hold messages, and those that can be many.
enum class Message : std::uint8_t {
    model,
    graph,
    node,
    attribute,
    tensor,
    sparse_tensor,
    value_info,
    type,
    tensor_type,
    element_type,  // Sequence, Optional
    map_type,
    shape,
    training,
    function,
    annotation,
    leaf,  // only plain fields
};

constexpr std::array message_names = {
    "model", "graph", "node", "attribute", "tensor",        "sparse tensor", "value info", "type",
    "type",  "type",  "type", "shape",     "training info", "function",      "annotation", "entry"};

struct Nested {
    Message parent;
    std::uint32_t field;
    Message child;
};

/// Field numbers of onnx.proto (IR version 8) whose content is a message.
constexpr Nested nested[] = {
    {Message::model, 7, Message::graph},
    {Message::model, 8, Message::leaf},
    {Message::model, 14, Message::leaf},
    {Message::model, 20, Message::training},
    {Message::model, 25, Message::function},
    {Message::graph, 1, Message::node},
    {Message::graph, 5, Message::tensor},
    {Message::graph, 11, Message::value_info},
    {Message::graph, 12, Message::value_info},
    {Message::graph, 13, Message::value_info},
    {Message::graph, 14, Message::annotation},
    {Message::graph, 15, Message::sparse_tensor},
    {Message::node, 5, Message::attribute},
    {Message::attribute, 5, Message::tensor},
    {Message::attribute, 6, Message::graph},
    {Message::attribute, 10, Message::tensor},
    {Message::attribute, 11, Message::graph},
    {Message::attribute, 14, Message::type},
    {Message::attribute, 15, Message::type},
    {Message::attribute, 22, Message::sparse_tensor},
    {Message::attribute, 23, Message::sparse_tensor},
    {Message::tensor, 3, Message::leaf},
    {Message::tensor, 13, Message::leaf},
    {Message::sparse_tensor, 1, Message::tensor},
    {Message::sparse_tensor, 2, Message::tensor},
    {Message::value_info, 2, Message::type},
    {Message::type, 1, Message::tensor_type},
    {Message::type, 4, Message::element_type},
    {Message::type, 5, Message::map_type},
    {Message::type, 8, Message::tensor_type},
    {Message::type, 9, Message::element_type},
    {Message::tensor_type, 2, Message::shape},
    {Message::element_type, 1, Message::type},
    {Message::map_type, 2, Message::type},
    {Message::shape, 1, Message::leaf},
    {Message::training, 1, Message::graph},
    {Message::training, 2, Message::graph},
    {Message::training, 3, Message::leaf},
    {Message::training, 4, Message::leaf},
    {Message::function, 7, Message::node},
    {Message::function, 9, Message::leaf},
    {Message::annotation, 2, Message::leaf},
};

const Nested* find_nested(Message parent, std::uint64_t field) {
    const auto* found = std::find_if(
        std::begin(nested), std::end(nested),
        [&](const Nested& entry) { return entry.parent == parent && entry.field == field; });
    return found == std::end(nested) ? nullptr : found;
}

class Walker {
public:
    Walker(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

    void walk(Message message, std::size_t end, int depth) {
        if (depth > max_depth) damaged(message, "messages are nested too deeply");
        while (at_ < end) field(message, end, depth);
    }

private:
    template <typename... Args>
    [[noreturn]] void damaged(Message message, fmt::format_string<Args...> format,
                              Args&&... args) const {
        fail(Fault::bad_input, "{}: not a whole ONNX file: byte {} (in a {}): {}", name_, at_,
             message_names.at(static_cast<std::size_t>(message)),
             fmt::format(format, std::forward<Args>(args)...));
    }

    std::uint64_t varint(Message message, std::size_t end) {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (at_ >= end) damaged(message, "the data end inside a number");
            const auto byte = static_cast<unsigned char>(bytes_[at_++]);
            value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
            if (byte < 0x80U) return value;
        }
        damaged(message, "a number has more than ten bytes");
    }

    void skip(Message message, std::size_t end, std::uint64_t n) {
        if (n > end - at_)
            damaged(message, "a field of {} bytes is declared, but only {} bytes are left", n,
                    end - at_);
        at_ += static_cast<std::size_t>(n);
    }

    void field(Message message, std::size_t end, int depth) {
        if (++pieces_ > max_pieces)
            damaged(message, "more than {} fields; no network of usable size needs so many",
                    max_pieces);
        const std::uint64_t tag = varint(message, end);
        switch (tag & 7U) {
            case 0:
                varint(message, end);
                return;
            case 1:
                skip(message, end, 8);
                return;
            case 5:
                skip(message, end, 4);
                return;
            case 2:
                break;
            default:
                damaged(message, "field type {} does not occur in ONNX files", tag & 7U);
        }
        const std::uint64_t length = varint(message, end);
        const Nested* entry = find_nested(message, tag >> 3U);
        const std::size_t begin = at_;
        skip(message, end, length);
        if (entry == nullptr) return;
        const std::size_t behind = at_;
        at_ = begin;
        walk(entry->child, behind, depth + 1);
    }

    std::string_view bytes_;
    const std::string& name_;
    std::size_t at_ = 0;
    std::size_t pieces_ = 0;
};

}  // namespace

void check_wire(std::string_view bytes, const std::string& name) {
    if (bytes.empty())
        fail(Fault::bad_input, "{}: the file is empty; an ONNX model is needed", name);
    if (bytes.size() > max_bytes)
        fail(Fault::bad_input, "{}: {} bytes; ONNX files can have at most {}", name, bytes.size(),
             max_bytes);
    Walker(bytes, name).walk(Message::model, bytes.size(), 0);
}

}  // namespace ranvier::onnx_import
