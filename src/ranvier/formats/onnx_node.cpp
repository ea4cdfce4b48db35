#include "ranvier/formats/onnx_node.hpp"

#include <algorithm>

namespace ranvier::onnx_import {

namespace {

const std::string& entry_or_empty(const google::protobuf::RepeatedPtrField<std::string>& list,
                                  int k) {
    static const std::string none;
    return k < list.size() ? list.Get(k) : none;
}

}  // namespace

std::string Node::label() const {
    if (!name().empty()) return fmt::format("node '{}' ({})", printable(name()), printable(op()));
    return fmt::format("unnamed node {} ({}, output '{}')", index_, printable(op()),
                       printable(output(0)));
}

const std::string& Node::input(int k) const {
    return entry_or_empty(proto_.input(), k);
}
const std::string& Node::output(int k) const {
    return entry_or_empty(proto_.output(), k);
}

const onnx::AttributeProto* Node::find(const char* attribute,
                                       onnx::AttributeProto::AttributeType type) const {
    read_.insert(attribute);
    const auto found =
        std::find_if(proto_.attribute().begin(), proto_.attribute().end(),
                     [&](const onnx::AttributeProto& a) { return a.name() == attribute; });
    if (found == proto_.attribute().end()) return nullptr;
    // Files of IR version 1 leave the type out.
    if (found->has_type() && found->type() != type)
        damaged("attribute '{}' has type {}; it must have type {}", attribute,
                onnx::AttributeProto::AttributeType_Name(found->type()),
                onnx::AttributeProto::AttributeType_Name(type));
    return &*found;
}

bool Node::has(const char* attribute) const {
    return std::any_of(proto_.attribute().begin(), proto_.attribute().end(),
                       [&](const onnx::AttributeProto& a) { return a.name() == attribute; });
}

std::int64_t Node::integer(const char* attribute, std::int64_t fallback) const {
    const auto* found = find(attribute, onnx::AttributeProto::INT);
    return found == nullptr ? fallback : found->i();
}

float Node::real(const char* attribute, float fallback) const {
    const auto* found = find(attribute, onnx::AttributeProto::FLOAT);
    return found == nullptr ? fallback : found->f();
}

std::string Node::text(const char* attribute, const char* fallback) const {
    const auto* found = find(attribute, onnx::AttributeProto::STRING);
    return found == nullptr ? fallback : found->s();
}

std::optional<Dims> Node::integers(const char* attribute) const {
    const auto* found = find(attribute, onnx::AttributeProto::INTS);
    if (found == nullptr) return std::nullopt;
    return Dims(found->ints().begin(), found->ints().end());
}

std::optional<std::vector<float>> Node::reals(const char* attribute) const {
    const auto* found = find(attribute, onnx::AttributeProto::FLOATS);
    if (found == nullptr) return std::nullopt;
    return std::vector<float>(found->floats().begin(), found->floats().end());
}

const onnx::TensorProto* Node::tensor(const char* attribute) const {
    const auto* found = find(attribute, onnx::AttributeProto::TENSOR);
    return found == nullptr ? nullptr : &found->t();
}

void Node::require_all_read() const {
    for (const onnx::AttributeProto& a : proto_.attribute())
        if (!read_.contains(a.name()))
            refuse(
                "attribute '{}' is not known for this operator; export the model with opset 13 "
                "to 17, or without this attribute",
                printable(a.name()));
}

}  // namespace ranvier::onnx_import
