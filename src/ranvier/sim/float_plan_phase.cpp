// The steps of one_spike networks, which FloatEngine can run because every layer has all its input
// before it fires: the membrane is then one weighted sum of spike values, like a float layer.
#include "ranvier/sim/float_plan_builder.hpp"

namespace ranvier {

using Tag = dnnl::memory::format_tag;

namespace {

float* floats(const dnnl::memory& memory) {
    return static_cast<float*>(memory.get_data_handle());
}

}  // namespace

std::shared_ptr<SpikeTally> FloatPlanBuilder::new_tally(const BlockedLayout& layout) {
    return tallies_.emplace_back(std::make_shared<SpikeTally>(SpikeTally{
        place_, layout, std::vector<std::uint32_t>(static_cast<std::size_t>(layout.stride()))}));
}

void FloatPlanBuilder::encode_input(const Value& to) {
    steps_.emplace_back([&network = model_.network(), n = n_, memory = to.memory,
                         tally = new_tally({out_shape(), 1})](const FloatPlan::Run& run) {
        encode_images(network, n, run.images, floats(memory), tally->counts);
        normalize_images(network.input(), n, floats(memory), floats(memory));
    });
}

void FloatPlanBuilder::fire(const Neuron& neuron) {
    BlockedLayout layout;
    const Value from = in_known_layout(layout);
    const Value to = in_place_or_new(from);
    const auto layer = std::make_shared<PhaseLayer>(neuron, model_.network().timing.steps, layout);
    steps_.emplace_back([n = n_, layer, from = from.memory, to = to.memory,
                         tally = new_tally(layout)](const FloatPlan::Run&) {
        fire_one_spike(*layer, n, floats(from), floats(to), tally->counts);
    });
    yield(to);
}

void FloatPlanBuilder::count_pooled_spikes() {
    BlockedLayout layout = layout_of(native(place_), out_shape());
    const Value values =
        layout.block != 1 ? native(place_) : in_format(place_, batch_desc(out_shape(), Tag::nchw));
    steps_.emplace_back(
        [n = n_, memory = values.memory, tally = new_tally(layout)](const FloatPlan::Run&) {
            count_spikes(n, floats(memory), tally->counts);
        });
}

}  // namespace ranvier
