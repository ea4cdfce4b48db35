#pragma once

#include "ranvier/formats/onnx_fold.hpp"
#include "ranvier/formats/onnx_node.hpp"
#include "ranvier/formats/onnx_tensor.hpp"
#include "ranvier/net/network.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace ranvier::onnx_import {

/// A tensor of the ONNX graph that depends on the input: the output of a layer, perhaps seen under
/// another shape, sliced or padded. A slice or padding waits here until an operator absorbs it.
struct Feature {
    std::size_t layer = 0;
    Dims dims;  ///< as ONNX sees it, [batch, ...], slice and padding included
    std::int64_t slice_h = 1, slice_w = 1;  ///< every so many-th row and column is taken
    std::array<std::int64_t, 4> pad{};      ///< zeros around: top, left, bottom, right
    std::string waiting;                    ///< label of the node that sliced or padded
    std::string softmax;                    ///< label of the Softmax it went through

    [[nodiscard]] bool sliced() const noexcept { return slice_h != 1 || slice_w != 1; }
    [[nodiscard]] bool padded() const noexcept { return pad != std::array<std::int64_t, 4>{}; }
};

using Value = std::variant<std::shared_ptr<const Constant>, Feature>;

/// The network while it is built, and the values that names of the ONNX graph stand for.
class Builder {
public:
    /// @param budget  how many values weights and folding may produce.
    Builder(std::string file, int opset, Budget budget)
        : file_(std::move(file)), opset_(opset), budget_(budget) {}

    [[nodiscard]] int opset() const noexcept { return opset_; }
    [[nodiscard]] const std::string& file() const noexcept { return file_; }
    [[nodiscard]] Budget& budget() noexcept { return budget_; }
    [[nodiscard]] std::int64_t batch() const noexcept { return batch_; }

    /// @name Names of the graph
    /// @{
    void define_input(const std::string& name, std::int64_t batch, const Shape& shape, bool flat);
    void define(const std::string& name, Value value) { values_[name] = std::move(value); }
    [[nodiscard]] const Value* find(const std::string& name) const;
    /// Output 0 of `node`.
    void define(const Node& node, Feature feature) { define(node.output(0), std::move(feature)); }
    /// @}

    /// @name Inputs of a node, as an operator needs them
    /// Each throws Error(unsupported) where the input is a constant instead of a feature or the
    /// other way round, or was reshaped, sliced or padded in a way that cannot be represented.
    /// @{
    [[nodiscard]] bool is_constant(const Node& node, int k) const;
    /// nullptr if left out.
    [[nodiscard]] const Constant* optional_constant(const Node& node, int k) const;
    [[nodiscard]] const Constant& constant(const Node& node, int k) const;
    [[nodiscard]] std::vector<const Constant*> constants(const Node& node) const;
    /// As it is: for operators that only look at it in another way.
    [[nodiscard]] const Feature& raw(const Node& node, int k) const;
    /// Values in any shape; what waits has become a layer.
    [[nodiscard]] Feature any(const Node& node, int k);
    /// [batch, channels, height, width].
    [[nodiscard]] Feature image(const Node& node, int k);
    /// The same, and zero padding may wait.
    [[nodiscard]] Feature padded_image(const Node& node, int k);
    /// [batch, n].
    [[nodiscard]] Feature vector(const Node& node, int k);
    /// The same feature with what waits made a layer, named like `node`.
    [[nodiscard]] Feature settled(Feature feature, const std::string& reader, const Node* node);
    /// @}

    /// Adds a layer; the feature has its shape as [batch, channels, height, width].
    Feature add(const Node& node, Operation operation, std::vector<std::size_t> inputs);
    /// Adds a layer that keeps the shape; `in` is seen as before.
    Feature add_like(const Node& node, Operation operation, const Feature& in);
    /// Adds scale * x + shift per channel, made from constants (as opposed to a batch norm of the
    /// model): may be merged into its neighbors (finish).
    Feature add_affine(const Node& node, const Feature& in, Tensor scale, Tensor shift);
    /// The same values under another shape, with a Flatten layer if they become a vector.
    Feature view(const Node& node, const Feature& in, Dims dims);
    /// By value: the next layer may move the list.
    [[nodiscard]] Shape shape(const Feature& feature) const { return shapes_[feature.layer]; }
    /// Whether no value can be negative.
    [[nodiscard]] bool never_negative(const Feature& feature) const {
        return not_negative_[feature.layer];
    }
    /// A weight, counted against the budget.
    [[nodiscard]] Tensor weight(const Node& node, const Constant& constant);

    void note(const std::string& key, const std::string& text);

    /// The finished network: constant shifts are merged into the layer before, layers that nothing
    /// reads are left out, the output layer is put behind `output`.
    [[nodiscard]] Network finish(const std::string& output);

private:
    [[nodiscard]] const Value& value(const Node& node, int k) const;
    [[nodiscard]] Feature plain_image(Feature feature, const Node& node) const;
    std::size_t append(std::string name, Operation operation, std::vector<std::size_t> inputs);
    [[nodiscard]] std::string layer_name(const Node& node);
    [[nodiscard]] bool output_is_not_negative(const Layer& layer) const;

    std::string file_;
    int opset_;
    Budget budget_;
    std::int64_t batch_ = 1;
    Network network_;
    std::vector<Shape> shapes_;       ///< [n_layers]
    std::vector<bool> not_negative_;  ///< [n_layers]
    std::vector<bool> affine_;        ///< [n_layers], added by add_affine
    std::set<std::string> names_;
    std::unordered_map<std::string, Value> values_;
};

/// Removes what needs no layer of its own from a network under construction: see Builder::finish.
/// @param affine  [n_layers], which batch norms were made from constants.
void merge_and_prune(Network& network, const std::vector<bool>& affine);

}  // namespace ranvier::onnx_import
