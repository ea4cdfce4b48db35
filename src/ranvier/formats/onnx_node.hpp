#pragma once

#include "ranvier/base/error.hpp"
#include "ranvier/formats/onnx_tensor.hpp"

#include <cstdint>
#include <onnx/onnx_pb.h>
#include <optional>
#include <set>
#include <string>

namespace ranvier::onnx_import {

/// One node of an ONNX graph with checked access to its attributes. It remembers which ones were
/// asked for: one that nobody reads could change what the node means (require_all_read).
class Node {
public:
    /// @param file  the model's name for messages. `proto` and `file` must outlive the node.
    Node(const onnx::NodeProto& proto, const std::string& file, std::size_t index)
        : proto_(proto), file_(file), index_(index) {}

    [[nodiscard]] const std::string& op() const { return proto_.op_type(); }
    [[nodiscard]] const std::string& name() const { return proto_.name(); }
    [[nodiscard]] const std::string& domain() const { return proto_.domain(); }
    [[nodiscard]] std::size_t index() const noexcept { return index_; }
    /// "node 'act1' (LeakyRelu)"; a node without name is called by its first output.
    [[nodiscard]] std::string label() const;
    /// label() behind the file's name.
    [[nodiscard]] std::string where() const { return file_ + ": " + label(); }

    [[nodiscard]] int n_inputs() const { return proto_.input_size(); }
    [[nodiscard]] int n_outputs() const { return proto_.output_size(); }
    /// Name of input k; "" if it is left out.
    [[nodiscard]] const std::string& input(int k) const;
    [[nodiscard]] const std::string& output(int k) const;
    [[nodiscard]] bool has_input(int k) const { return !input(k).empty(); }

    /// Attributes; the fallback is returned where they are absent.
    /// @throws Error(bad_input) if one has another type.
    [[nodiscard]] bool has(const char* attribute) const;
    [[nodiscard]] std::int64_t integer(const char* attribute, std::int64_t fallback) const;
    [[nodiscard]] float real(const char* attribute, float fallback) const;
    [[nodiscard]] std::string text(const char* attribute, const char* fallback) const;
    [[nodiscard]] std::optional<Dims> integers(const char* attribute) const;
    [[nodiscard]] std::optional<std::vector<float>> reals(const char* attribute) const;
    /// nullptr where absent.
    [[nodiscard]] const onnx::TensorProto* tensor(const char* attribute) const;
    /// An attribute without meaning for inference.
    void ignore(const char* attribute) const { read_.insert(attribute); }
    /// @throws Error(unsupported) naming an attribute that no call above has asked for.
    void require_all_read() const;

    /// Throws: valid ONNX that cannot be represented. The message says what to do instead.
    template <typename... Args>
    [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
        fail(Fault::unsupported, "{}: {}", where(),
             fmt::format(format, std::forward<Args>(args)...));
    }
    /// Throws: no valid ONNX.
    template <typename... Args>
    [[noreturn]] void damaged(fmt::format_string<Args...> format, Args&&... args) const {
        fail(Fault::bad_input, "{}: {}", where(), fmt::format(format, std::forward<Args>(args)...));
    }

private:
    [[nodiscard]] const onnx::AttributeProto* find(const char* attribute,
                                                   onnx::AttributeProto::AttributeType type) const;

    const onnx::NodeProto& proto_;
    const std::string& file_;
    std::size_t index_;
    mutable std::set<std::string> read_;
};

}  // namespace ranvier::onnx_import
