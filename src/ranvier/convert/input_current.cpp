#include "ranvier/convert/input_current.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/engine/fast_run.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ranvier {

namespace {

/// [n_layers]: does `layer` depend on it (or is it)?
std::vector<bool> ancestors(const Network& network, std::size_t layer) {
    std::vector<bool> found(network.layers.size(), false);
    found[layer] = true;
    for (std::size_t l = layer + 1; l-- > 0;)
        if (found[l])
            for (const std::size_t source : network.layers[l].inputs) found[source] = true;
    return found;
}

/// The network up to `layer`, whose values two readers want: the fast engine then keeps them.
Network network_up_to(const Network& network, std::size_t layer) {
    const std::vector<bool> needed = ancestors(network, layer);
    Network part;
    part.timing = network.timing;
    std::vector<std::size_t> place(network.layers.size());
    for (std::size_t l = 0; l <= layer; ++l) {
        if (!needed[l]) continue;
        place[l] = part.layers.size();
        part.layers.push_back(network.layers[l]);
        for (std::size_t& source : part.layers.back().inputs) source = place[source];
    }
    const std::size_t last = part.layers.size() - 1;
    part.layers.push_back({unused_name(part, "twice"), {last, last}, Add{}});
    part.layers.push_back({unused_name(part, "sum"), {last + 1}, Output{}});
    return part;
}

/// The currents of one step of all samples.
void read_currents(const FastRun& run, std::size_t layer, std::size_t n_samples,
                   std::vector<float>& currents) {
    currents.clear();
    const Signal& signal = run.signal(layer);
    for (std::size_t s = 0; s < n_samples; ++s)
        for (std::size_t p = 0; p < signal.plan().places(); ++p) {
            const float* values = signal.values(s, p);
            currents.insert(currents.end(), values, values + signal.plan().channels());
        }
}

float largest_percentile(const Network& part, const CalibrationInput& input, double percentile,
                         int steps, std::size_t pass, Crew& crew, Progress& progress) {
    const FastPlan plan(part);
    FastRun run(plan, input.n_samples, 1, crew);
    std::vector<std::size_t> slots(input.n_samples);
    std::iota(slots.begin(), slots.end(), std::size_t{0});
    const std::size_t layer = part.layers.size() - 3;
    std::vector<float> currents;
    float largest = 0;
    for (int t = 0; t < steps; ++t) {
        for (const std::size_t s : slots) input.show(run, s, t, pass);
        run.advance(slots, 1);
        read_currents(run, layer, input.n_samples, currents);
        // Selecting is slow; most steps cannot raise the result any more.
        const auto above = std::count_if(currents.begin(), currents.end(),
                                         [largest](float current) { return current > largest; });
        if (above > 0) largest = std::max(largest, nearest_rank(currents, percentile));
        progress.advance(1);
    }
    return largest;
}

}  // namespace

std::vector<bool> in_residual_blocks(const Network& network) {
    const std::size_t n = network.layers.size();
    std::vector<bool> inside(n, false);
    for (std::size_t add = 0; add < n; ++add) {
        const Layer& layer = network.layers[add];
        if (layer.as<Add>() == nullptr) continue;
        inside[add] = true;
        std::vector<std::size_t> ways(n, 0);
        for (const std::size_t source : layer.inputs) {
            const std::vector<bool> before = ancestors(network, source);
            for (std::size_t l = 0; l < n; ++l) ways[l] += before[l] ? 1 : 0;
        }
        for (std::size_t l = 0; l < n; ++l)
            if (ways[l] > 0 && ways[l] < layer.inputs.size()) inside[l] = true;
    }
    for (std::size_t l = 0; l < n; ++l)  // the neuron behind the sum
        if (network.layers[l].as<Activation>() != nullptr &&
            network.layers[network.layers[l].inputs[0]].as<Add>() != nullptr)
            inside[l] = true;
    return inside;
}

float nearest_rank(std::vector<float>& values, double percentile) {
    const auto last = static_cast<double>(values.size() - 1);
    const auto k = static_cast<std::ptrdiff_t>(std::nearbyint(0.01 * percentile * last));
    std::nth_element(values.begin(), values.begin() + k, values.end());
    return values[static_cast<std::size_t>(k)];
}

void calibrate_thresholds(Network& network, const CalibrationInput& input, double percentile,
                          const CurrentOptions& options, int n_threads, Progress& progress) {
    if (input.n_samples == 0) fail(Fault::bad_input, "calibration: there are no samples");
    const std::vector<bool> residual = in_residual_blocks(network);
    std::vector<std::size_t> layers;
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        auto* activation = network.layers[l].as<Activation>();
        if (activation == nullptr) continue;
        activation->neuron.leak = 1;
        activation->neuron.threshold = {residual[l] ? options.residual : 1.0F};
        if (!residual[l]) layers.push_back(l);
    }
    Crew crew(static_cast<std::size_t>(thread_count(n_threads)));
    progress.start("calibrate", "steps", layers.size() * static_cast<std::size_t>(options.steps));
    for (std::size_t pass = 0; pass < layers.size(); ++pass) {
        Layer& layer = network.layers[layers[pass]];
        const Network part = network_up_to(network, layer.inputs[0]);
        float found =
            largest_percentile(part, input, percentile, options.steps, pass, crew, progress);
        if (!(found > 0)) found = options.if_silent;
        if (!(found > 0))
            fail(Fault::bad_input,
                 "calibration: the currents into layer '{}' have no percentile {} above 0 in {} "
                 "steps, so that no threshold can be found; allow more steps (calibration_steps), "
                 "take a higher percentile, or give the threshold that stands for it "
                 "(silent_threshold)",
                 layer.name, percentile, options.steps);
        layer.as<Activation>()->neuron.threshold = {found};
    }
    progress.finish();
    for (const std::size_t l : layers)
        network.layers[l].as<Activation>()->neuron.threshold[0] *= options.scale;
}

void calibrate_thresholds(Network& network, const Samples& samples, double percentile,
                          const CurrentOptions& options, int n_threads, Progress& progress) {
    std::vector<float> image(static_cast<std::size_t>(samples.shape().size()));
    const auto show = [&](FastRun& run, std::size_t sample, int step, std::size_t) {
        if (step > 0) return;
        samples.read(sample, image);
        run.begin(sample, image, {options.seed, sample, 0});
    };
    calibrate_thresholds(network, {samples.size(), show}, percentile, options, n_threads, progress);
}

}  // namespace ranvier
