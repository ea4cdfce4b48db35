#pragma once

#include "ranvier/sim/float_buffers.hpp"
#include "ranvier/sim/float_loops.hpp"
#include "ranvier/sim/float_plan.hpp"

#include <cstddef>
#include <unordered_map>
#include <vector>

namespace ranvier {

/// Turns the nodes of a graph into steps, in order. Used once.
class FloatPlanBuilder {
public:
    FloatPlanBuilder(FloatModel& model, std::size_t n);

    [[nodiscard]] std::vector<FloatPlan::Step> build();
    [[nodiscard]] BufferPlan& buffers() noexcept { return buffers_; }
    [[nodiscard]] const auto& tallies() const noexcept { return tallies_; }

    /// One overload per operation: appends the steps of the node at place_.
    void operator()(const Input& op);
    void operator()(const Convolution& op);
    void operator()(const Linear& op);
    void operator()(const BatchNorm& op);
    void operator()(const AveragePool& op);
    void operator()(const MaxPool& op);
    void operator()(const GlobalAveragePool& op);
    void operator()(const Add& op);
    void operator()(const Concat& op);
    void operator()(const Flatten& op);
    void operator()(const Shortcut& op);
    void operator()(const EdgeValues& op);
    void operator()(const NodeEmbedding& op);
    void operator()(const GraphPropagation& op);
    void operator()(const Activation& op);
    void operator()(const Dropout&) {}  // shares the values of its input
    void operator()(const Output&) {}   // likewise

private:
    using Desc = dnnl::memory::desc;
    using Arguments = std::unordered_map<int, dnnl::memory>;

    /// The values of a node in one memory format.
    struct Value {
        dnnl::memory memory;
        BufferPlan::Slot slot;
        [[nodiscard]] Desc desc() const { return memory.get_desc(); }
    };

    [[nodiscard]] const FloatNode& node() const { return *model_.graph().nodes[place_]; }
    [[nodiscard]] std::size_t input_place(std::size_t k = 0) const { return node().inputs[k]; }
    [[nodiscard]] const Shape& in_shape(std::size_t k = 0) const {
        return model_.shapes()[input_place(k)];
    }
    [[nodiscard]] const Shape& out_shape() const { return model_.shapes()[place_]; }
    /// [n][channels][height][width] in a named format, or in any that the primitive likes.
    [[nodiscard]] Desc batch_desc(const Shape& shape, dnnl::memory::format_tag tag) const;

    Value new_value(const Desc& desc);
    /// Declares `value` to be the values of the node at place_.
    void yield(const Value& value) { values_[place_].push_back(value); }
    /// The values of a node in the format that its producer chose.
    [[nodiscard]] Value native(std::size_t place) const { return values_[place].front(); }
    /// The values of a node in the format `desc`, reordered where necessary.
    Value in_format(std::size_t place, const Desc& desc);
    /// Takes a value away from a node that nobody reads after this one.
    void release(std::size_t place, const Value& value);
    /// A buffer for the result that already holds the values of `place`, in the format `desc`.
    Value copy_to_overwrite(std::size_t place, const Desc& desc);
    /// The buffer of the only input if it may be overwritten, else a new one.
    Value in_place_or_new(const Value& from);

    void execute(const dnnl::primitive& primitive, Arguments arguments);
    void reorder(const Value& from, const Value& to);
    void pool(dnnl::algorithm algorithm, const Window& window, bool ceil_mode);
    [[nodiscard]] dnnl::primitive_attr weighted_attributes() const;
    void add_bias(Arguments& arguments);
    /// The values of the only input in a format whose layout is known, which is written to
    /// `layout`.
    Value in_known_layout(BlockedLayout& layout);
    /// one_spike: counters for the spikes of the layer at place_.
    std::shared_ptr<SpikeTally> new_tally(const BlockedLayout& layout);
    void encode_input(const Value& to);
    void fire(const Neuron& neuron);
    void count_pooled_spikes();
    [[nodiscard]] BlockedLayout layout_of(const Value& value, const Shape& shape) const;
    void deliver(std::size_t layer);
    void deliver_output();
    void free_values_last_used_at(std::size_t layer);

    FloatModel& model_;
    dnnl::engine& engine_;
    std::size_t n_;
    std::size_t place_ = 0;
    BufferPlan buffers_;
    std::vector<std::vector<Value>> values_;  ///< [n_layers]; the first is the native one
    std::vector<FloatPlan::Step> steps_;
    std::vector<std::shared_ptr<SpikeTally>> tallies_;
};

}  // namespace ranvier
