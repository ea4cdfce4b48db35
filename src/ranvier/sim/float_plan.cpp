#include "ranvier/sim/float_plan.hpp"

#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_plan_builder.hpp"

#include <algorithm>
#include <new>

namespace ranvier {

namespace {

constexpr std::align_val_t alignment{4096};

}  // namespace

FloatModel::FloatModel(const Network& network, std::span<const std::size_t> observed)
    : network_(network),
      shapes_(infer_shapes(network)),
      observed_(observed.begin(), observed.end()),
      graph_(make_float_graph(network, observed_)) {}

dnnl::memory FloatModel::weight(std::size_t place, const dnnl::memory::desc& plain,
                                const dnnl::memory::desc& wanted) {
    auto& known = weights_[place];
    const auto found = std::find_if(known.begin(), known.end(), [&](const dnnl::memory& memory) {
        return memory.get_desc() == wanted;
    });
    if (found != known.end()) return *found;

    // oneDNN takes no pointer to const, but does not write to a source.
    auto* values = const_cast<float*>(graph_.nodes[place]->weight().values.data());
    dnnl::memory from(plain, engine_, values);
    if (plain == wanted) return known.emplace_back(from);
    dnnl::memory to(wanted, engine_);
    dnnl::stream stream(engine_);
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    return known.emplace_back(to);
}

void FloatPlan::FreeAligned::operator()(std::byte* bytes) const noexcept {
    ::operator delete[](bytes, alignment);
}

FloatPlan::FloatPlan(std::shared_ptr<FloatModel> model, std::size_t n)
    : model_(std::move(model)), n_(n) {
    FloatPlanBuilder builder(*model_, n);
    steps_ = builder.build();
    tallies_ = builder.tallies();
    BufferPlan& plan = builder.buffers();
    for (std::size_t slot = 0; slot < plan.n_slots(); ++slot) {
        buffers_.emplace_back(new (alignment) std::byte[plan.bytes(slot)]);
        plan.set_address(slot, buffers_.back().get());
    }
}

void FloatPlan::run(const float* images, float* outputs, const FloatEngine::Observer& observer) {
    dnnl::stream stream(model_->engine());
    const Run run{images, outputs, observer, stream};
    for (const Step& step : steps_) step(run);
    stream.wait();
}

void FloatPlan::collect_spikes(SpikeCounts& spikes) {
    for (const auto& tally : tallies_) tally->move_to(spikes);
}

}  // namespace ranvier
