#include "ranvier/sim/pipelined_run.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/sim/latency.hpp"
#include "ranvier/sim/neuron_step.hpp"
#include "ranvier/sim/spike_pool.hpp"

#include <algorithm>
#include <set>

namespace ranvier {

PipelinedRun::PipelinedRun(const ReferencePlan& plan)
    : plan_(plan),
      encoder_(plan.network.timing),
      first_source_(first_source_depths(plan.network)),
      fresh_(plan.shapes.size()),
      banks_(plan.shapes.size()),
      emissions_(plan.shapes.size()) {
    if (!plan.phase_coded)
        fail(Fault::unsupported, "pipeline: only one_spike networks can be run so");
    ReferenceRun constant(plan);  // its step 0 carries what does not depend on the image
    constant.start(std::vector<float>(static_cast<std::size_t>(plan.shapes[0].size())));
    constant.step();
    for (std::size_t l = 1; l < banks_.size(); ++l) {
        const Layer& layer = plan.network.layers[l];
        const bool neurons = layer.as<Activation>() != nullptr;
        if (!neurons && layer.as<MaxPool>() == nullptr && layer.as<Output>() == nullptr) continue;
        banks_[l].resize(static_cast<std::size_t>(
            membrane_banks(plan.depth[l], first_source_[l], plan.network.timing)));
        if (layer.as<Output>() != nullptr) fresh_[l] = constant.logits();
        if (!neurons) continue;
        const std::vector<float> planes = constant.membrane(l);
        fresh_[l].resize(planes.size());
        for_each_place(plan.shapes[l],
                       [&](std::size_t to, std::size_t from) { fresh_[l][to] = planes[from]; });
    }
}

void PipelinedRun::start(std::span<const float> images) {
    const auto size = static_cast<std::size_t>(plan_.shapes[0].size());
    if (images.size() % size != 0)
        fail(Fault::bad_input, "pipeline: {} pixels are no whole number of images of {}",
             images.size(), size);
    images_ = images;
    n_images_ = static_cast<std::int64_t>(images.size() / size);
    step_ = 0;
    answers_.clear();
    for (auto& banks : banks_)
        for (Bank& bank : banks) bank.image.reset();
}

void PipelinedRun::step() {
    ++step_;
    for (std::size_t l = 0; l < emissions_.size(); ++l) {
        emissions_[l].clear();
        open_banks(l);
        step_layer(l);
    }
    for (std::size_t l = 0; l < emissions_.size(); ++l) close_banks(l);
}

void PipelinedRun::step_layer(std::size_t l) {
    const Layer& layer = plan_.network.layers[l];
    if (l == 0) return step_input();
    if (const auto* activation = layer.as<Activation>()) return step_neuron(l, activation->neuron);
    if (const auto* pool = layer.as<MaxPool>()) return step_max_pool(l, *pool);
    if (layer.as<Output>() != nullptr) return step_output(l);
    step_synapses(l);
}

std::int64_t PipelinedRun::local_step(std::int64_t image) const {
    return step_ - image * plan_.network.timing.steps;
}

// A layer serves an image from the step in which the first spike can arrive until its own window
// closes.
void PipelinedRun::open_banks(std::size_t l) {
    if (banks_[l].empty()) return;
    const std::int64_t opening = std::int64_t{first_source_[l]} * plan_.network.timing.wait + 1;
    for (std::int64_t image = 0; image < n_images_; ++image) {
        if (local_step(image) != opening) continue;
        const auto free = std::ranges::find_if(
            banks_[l], [](const Bank& bank) { return !bank.image.has_value(); });
        if (free == banks_[l].end())
            fail(Fault::internal, "pipeline: layer '{}' has no membrane left for image {}",
                 plan_.network.layers[l].name, image);
        free->image = image;
        free->membrane = fresh_[l];
        free->passed.assign(static_cast<std::size_t>(plan_.shapes[l].size()), 0U);
        const std::size_t source = plan_.network.layers[l].inputs[0];
        free->arrived.assign(static_cast<std::size_t>(plan_.shapes[source].size()), 0U);
    }
}

void PipelinedRun::close_banks(std::size_t l) {
    const Timing& timing = plan_.network.timing;
    const std::int64_t closing = std::int64_t{plan_.depth[l]} * timing.wait + timing.steps;
    for (Bank& bank : banks_[l]) {
        if (!bank.image.has_value() || local_step(*bank.image) != closing) continue;
        if (plan_.network.layers[l].as<Output>() != nullptr)
            answers_.push_back({*bank.image, step_, bank.membrane});
        bank.image.reset();
    }
}

PipelinedRun::Bank& PipelinedRun::bank_of(std::size_t l, std::int64_t image) {
    const auto found =
        std::ranges::find_if(banks_[l], [&](const Bank& bank) { return bank.image == image; });
    if (found == banks_[l].end())
        fail(Fault::internal, "pipeline: a spike of image {} reaches layer '{}', which is not open",
             image, plan_.network.layers[l].name);
    return *found;
}

PipelinedRun::Emission PipelinedRun::silence(std::size_t l, std::int64_t image) const {
    Emission emission;
    emission.image = image;
    emission.values.values.resize(static_cast<std::size_t>(plan_.shapes[l].size()));
    return emission;
}

void PipelinedRun::step_input() {
    const Timing& timing = plan_.network.timing;
    const std::int64_t image = (step_ - 1) / timing.steps;
    if (image >= n_images_) return;
    const auto phase = static_cast<int>(local_step(image));
    const Input& input = plan_.network.input();
    const Shape& shape = plan_.shapes[0];
    const auto pixels = images_.subspan(static_cast<std::size_t>(image * shape.size()));
    Emission emission = silence(0, image);
    for_each_place(shape, [&](std::size_t to, std::size_t from) {
        const std::size_t channel = to % static_cast<std::size_t>(shape.channels);
        const float scale = input.std.empty() ? 1.0F : 1.0F / input.std[channel];
        if (!encoder_.fires(encoder_.encode(pixels[from]), phase)) return;
        emission.values.values[to] = encoder_.worth(phase) * scale;
        emission.values.silent = false;
    });
    if (!emission.values.silent) emissions_[0].push_back(std::move(emission));
}

void PipelinedRun::step_synapses(std::size_t l) {
    const std::vector<std::size_t>& inputs = plan_.network.layers[l].inputs;
    std::set<std::int64_t> images;
    for (const std::size_t source : inputs)
        for (const Emission& emission : emissions_[source]) images.insert(emission.image);
    const StepValues nothing;
    for (const std::int64_t image : images) {
        std::vector<const StepValues*> in;
        for (const std::size_t source : inputs) {
            const auto found = std::ranges::find(emissions_[source], image, &Emission::image);
            in.push_back(found == emissions_[source].end() ? &nothing : &found->values);
        }
        Emission emission = silence(l, image);
        emission.values.silent = false;
        plan_.synapses[l]->carry(in, false, emission.values.values);
        emissions_[l].push_back(std::move(emission));
    }
}

void PipelinedRun::step_neuron(std::size_t l, const Neuron& neuron) {
    for (const Emission& in : emissions_[plan_.network.layers[l].inputs[0]]) {
        std::vector<float>& membrane = bank_of(l, in.image).membrane;
        for (std::size_t i = 0; i < membrane.size(); ++i) membrane[i] += in.values.values[i];
    }
    const Timing& timing = plan_.network.timing;
    bool busy = false;
    for (Bank& bank : banks_[l]) {
        if (!bank.image.has_value()) continue;
        const std::int64_t phase =
            local_step(*bank.image) - std::int64_t{plan_.depth[l]} * timing.wait;
        if (phase < 1 || phase > timing.steps) continue;
        if (busy)
            fail(Fault::internal, "pipeline: layer '{}' would fire for two images in step {}",
                 plan_.network.layers[l].name, step_);
        busy = true;
        fire(l, neuron, bank, static_cast<int>(phase));
    }
}

void PipelinedRun::fire(std::size_t l, const Neuron& neuron, Bank& bank, int phase) {
    const std::vector<float>& threshold = plan_.thresholds[l];
    const std::vector<float>& amplitude = plan_.amplitudes[l];
    const auto needed =
        static_cast<float>(one_spike_threshold(neuron.base, phase, neuron.threshold_shift));
    const float worth = one_spike_worth(neuron.base, phase);
    Emission emission = silence(l, *bank.image);
    for (std::size_t i = 0; i < bank.membrane.size(); ++i) {
        const std::size_t c = i % threshold.size();
        if (bank.passed[i] > 0 || !(bank.membrane[i] / threshold[c] >= needed)) continue;
        bank.passed[i] = 1;
        emission.values.values[i] = worth * amplitude[c];
        emission.values.silent = false;
    }
    if (!emission.values.silent) emissions_[l].push_back(std::move(emission));
}

void PipelinedRun::step_max_pool(std::size_t l, const MaxPool& pool) {
    const std::size_t source = plan_.network.layers[l].inputs[0];
    for (const Emission& in : emissions_[source]) {
        Bank& bank = bank_of(l, in.image);
        Emission emission = silence(l, in.image);
        step_spike_pool(pool, plan_.shapes[source], plan_.shapes[l], in.values.values, bank.arrived,
                        bank.passed, [&](std::size_t o, float value) {
                            ++bank.passed[o];
                            emission.values.values[o] = value;
                            emission.values.silent = false;
                        });
        if (!emission.values.silent) emissions_[l].push_back(std::move(emission));
    }
}

void PipelinedRun::step_output(std::size_t l) {
    for (const Emission& in : emissions_[plan_.network.layers[l].inputs[0]]) {
        std::vector<float>& sums = bank_of(l, in.image).membrane;
        for_each_place(plan_.shapes[l], [&](std::size_t from, std::size_t to) {
            sums[to] += in.values.values[from];
        });
    }
}

}  // namespace ranvier
