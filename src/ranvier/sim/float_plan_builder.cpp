#include "ranvier/sim/float_plan_builder.hpp"

#include <algorithm>
#include <cstring>

namespace ranvier {

using Tag = dnnl::memory::format_tag;

namespace {

constexpr auto f32 = dnnl::memory::data_type::f32;

const float* floats(const dnnl::memory& memory) {
    return static_cast<const float*>(memory.get_data_handle());
}

}  // namespace

FloatPlanBuilder::FloatPlanBuilder(FloatModel& model, std::size_t n)
    : model_(model), engine_(model.engine()), n_(n), values_(model.shapes().size()) {}

std::vector<FloatPlan::Step> FloatPlanBuilder::build() {
    const std::size_t n_layers = model_.shapes().size();
    for (std::size_t l = 0; l < n_layers; ++l) {
        place_ = l;
        if (model_.graph().nodes[l]) std::visit(*this, *node().operation);
        const auto& observed = model_.observed();
        if (std::binary_search(observed.begin(), observed.end(), l)) deliver(l);
        if (l + 1 == n_layers) deliver_output();
        free_values_last_used_at(l);
    }
    return std::move(steps_);
}

FloatPlanBuilder::Desc FloatPlanBuilder::batch_desc(const Shape& shape, Tag tag) const {
    return {{static_cast<std::int64_t>(n_), shape.channels, shape.height, shape.width}, f32, tag};
}

FloatPlanBuilder::Value FloatPlanBuilder::new_value(const Desc& desc) {
    const BufferPlan::Slot slot = buffers_.take(desc.get_size());
    return {buffers_.place(desc, engine_, slot), slot};
}

FloatPlanBuilder::Value FloatPlanBuilder::in_format(std::size_t place, const Desc& desc) {
    for (const Value& value : values_[place])
        if (value.desc() == desc) return value;
    const Value value = new_value(desc);
    reorder(native(place), value);
    values_[place].push_back(value);
    return value;
}

void FloatPlanBuilder::release(std::size_t place, const Value& value) {
    std::erase_if(values_[place], [&](const Value& other) { return other.slot == value.slot; });
}

FloatPlanBuilder::Value FloatPlanBuilder::copy_to_overwrite(std::size_t place, const Desc& desc) {
    const auto& inputs = node().inputs;
    const bool read_too = std::find(inputs.begin(), inputs.end(), place) != inputs.end();
    if (model_.graph().last_use[place] == place_ && !read_too) {
        const Value value = in_format(place, desc);
        release(place, value);
        return value;
    }
    const Value value = new_value(desc);
    reorder(native(place), value);
    return value;
}

FloatPlanBuilder::Value FloatPlanBuilder::in_place_or_new(const Value& from) {
    if (model_.graph().last_use[input_place()] != place_) return new_value(from.desc());
    release(input_place(), from);
    return from;
}

void FloatPlanBuilder::execute(const dnnl::primitive& primitive, Arguments arguments) {
    steps_.emplace_back([primitive, arguments = std::move(arguments)](const FloatPlan::Run& run) {
        primitive.execute(run.stream, arguments);
    });
}

void FloatPlanBuilder::reorder(const Value& from, const Value& to) {
    const dnnl::reorder::primitive_desc pd(engine_, from.desc(), engine_, to.desc());
    execute(dnnl::reorder(pd), {{DNNL_ARG_FROM, from.memory}, {DNNL_ARG_TO, to.memory}});
}

void FloatPlanBuilder::deliver(std::size_t layer) {
    const std::size_t place = model_.graph().source[layer];
    // A flattened or dropped-out layer has its input's values in the same order.
    const Value plain = in_format(place, batch_desc(model_.shapes()[place], Tag::nchw));
    const std::size_t size = n_ * static_cast<std::size_t>(model_.shapes()[layer].size());
    steps_.emplace_back([layer, size, n = n_, memory = plain.memory](const FloatPlan::Run& run) {
        run.observer(layer, {floats(memory), size}, n);
    });
}

void FloatPlanBuilder::deliver_output() {
    const std::size_t place = model_.graph().source.back();
    const Value plain = in_format(place, batch_desc(model_.shapes()[place], Tag::nchw));
    const std::size_t size = n_ * static_cast<std::size_t>(out_shape().size());
    steps_.emplace_back([size, memory = plain.memory](const FloatPlan::Run& run) {
        std::memcpy(run.outputs, floats(memory), size * sizeof(float));
    });
}

void FloatPlanBuilder::free_values_last_used_at(std::size_t layer) {
    for (std::size_t place = 0; place <= layer; ++place) {
        if (model_.graph().last_use[place] != layer) continue;
        for (const Value& value : values_[place]) buffers_.give_back(value.slot);
        values_[place].clear();
    }
}

}  // namespace ranvier
