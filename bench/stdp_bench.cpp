// The unsupervised two-layer network learning, one image after the other on one core: 28x28 inputs,
// 400 excitatory neurons, 350 steps, drawn digits.
//
// Goal: stdp_ms_per_image at most 2 ms. Before timing, spikes and weights after three images are
// compared with the plain reference; they must be equal.
#include "ranvier/data/dataset.hpp"
#include "ranvier/stdp/reference.hpp"
#include "ranvier/stdp/runner.hpp"

#include <benchmark/benchmark.h>

#include "ratios.hpp"
#include "timing.hpp"

namespace ranvier::bench {
namespace {

constexpr std::size_t n_images = 200;

std::vector<std::vector<float>> drawn_digits() {
    DataOptions data;
    data.set = "digits";
    data.split = Split::train;
    data.n_digits = n_images;
    const auto samples = open_dataset(data);
    std::vector<std::vector<float>> images(
        samples->size(), std::vector<float>(static_cast<std::size_t>(samples->shape().size())));
    for (std::size_t i = 0; i < images.size(); ++i) samples->read(i, images[i]);
    return images;
}

StdpModel new_model() {
    return make_stdp_model(conductance_options(), {1, 28, 28}, 1);
}

/// Whether three images leave the reference and the runner with the same spikes and weights.
bool equals_reference(const std::vector<std::vector<float>>& images) {
    StdpModel model = new_model();
    StdpReference reference(model.options, model.n_inputs());
    for (std::size_t i = 0; i < model.n_inputs(); ++i)
        for (std::size_t j = 0; j < model.n_neurons(); ++j)
            reference.weights[i][j] = model.weights.at(i, j);
    StdpRunner runner(model);
    PoissonEncoder encoder;
    InputSpikes spikes;
    for (std::uint32_t image = 0; image < 3; ++image) {
        encoder.encode(images[image], 0.06F, 350, {1, 0, image, 0}, spikes);
        runner.show(model, &model, spikes);
        reference.show(spikes, true);
        if (runner.response().spikes != reference.spikes) return false;
    }
    for (std::size_t i = 0; i < model.n_inputs(); ++i)
        for (std::size_t j = 0; j < model.n_neurons(); ++j)
            if (model.weights.at(i, j) != reference.weights[i][j]) return false;
    return model.theta == reference.theta;
}

void stdp_learning(benchmark::State& state) {
    const auto images = drawn_digits();
    if (!equals_reference(images))
        return state.SkipWithError("spikes or weights differ from the reference's");
    StdpModel model = new_model();
    StdpRunner runner(model);
    std::uint32_t epoch = 0;
    std::uint64_t shows = 0, spikes = 0, events = 0;
    std::vector<double> ms, one;
    for (auto _ : state) {
        const double time = seconds([&] {
            for (std::uint32_t i = 0; i < images.size(); ++i) {
                const StdpResponse& seen = runner.learn(model, images[i], {1, epoch, i, 0});
                shows += seen.shows;
                spikes += seen.excitatory_spikes;
                events += seen.synaptic_events;
            }
        });
        ++epoch;
        ms.push_back(1e3 * time / static_cast<double>(images.size()));
        one.push_back(1);
        state.SetIterationTime(time);
    }
    const double n = static_cast<double>(epoch) * static_cast<double>(images.size());
    state.counters["ms/image"] = median(ms);
    state.counters["shows/image"] = static_cast<double>(shows) / n;
    state.counters["spikes/image"] = static_cast<double>(spikes) / n;
    state.counters["synaptic_operations/image"] = static_cast<double>(events) / n;
    keep_ratio("stdp_ms_per_image", ratio_of(ms, one));
}
BENCHMARK(stdp_learning)->UseManualTime()->Iterations(21)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ranvier::bench

int main(int argc, char** argv) {
    return ranvier::bench::run_benchmarks(argc, argv);
}
