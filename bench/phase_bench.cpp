// One-spike networks whose layers wait for all their input (W = T), against the float forward pass
// of the network they were made from: ResNet-20 (CIFAR size), random weights, batch 32, all cores,
// in the same run.
//
// Goal: at most 1.5 times the float time at T = 16 and T = 24 (the counter `ratio`). The runs
// alternate and the medians are compared. Before timing, the spikes of two images are compared
// with the step-by-step reference: sums in another order may move a membrane over a threshold, so
// up to one spike in a thousand may differ.
#include "ranvier/base/random.hpp"
#include "ranvier/convert/convert.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <benchmark/benchmark.h>

#include "float_networks.hpp"
#include "timing.hpp"

namespace ranvier::bench {
namespace {

constexpr std::int64_t batch = 32;

Tensor random_images(const Shape& shape, std::int64_t n) {
    Tensor images({n, shape.channels, shape.height, shape.width});
    Random random(1, 0);
    for (float& v : images.values) v = random.uniform();
    return images;
}

MemorySamples samples_of(const Shape& shape, std::int64_t n) {
    return MemorySamples({shape, 10, std::vector<int>(static_cast<std::size_t>(n)),
                          random_images(shape, n).values, "random images"});
}

/// Share of neurons whose number of spikes differs between the phase engine and the reference.
double differing_spikes(const Network& network) {
    const MemorySamples samples = samples_of(network.input().shape, 2);
    const auto spikes = [&](EngineKind kind) {
        return make_spiking_engine(network, kind)->run(samples, {}, no_progress()).spikes;
    };
    const SpikeCounts expected = spikes(EngineKind::reference);
    const SpikeCounts got = spikes(EngineKind::phase);
    std::size_t n_neurons = 0;
    std::size_t n_different = 0;
    for (std::size_t l = 0; l < expected.size(); ++l)
        for (std::size_t i = 0; i < expected[l].size(); ++i) {
            ++n_neurons;
            n_different += expected[l][i] == got[l][i] ? 0 : 1;
        }
    return static_cast<double>(n_different) / static_cast<double>(n_neurons);
}

void phase_resnet20(benchmark::State& state) {
    const Network network = resnet20(1);
    ConvertOptions options;
    options.steps = static_cast<int>(state.range(0));
    options.base = options.steps == 24 ? 1.2F : 1.3F;
    const Network spiking = convert(network, samples_of(network.input().shape, 64), options);
    const double different = differing_spikes(spiking);
    if (different > 1e-3) {
        state.SkipWithError("the spikes differ from the reference's");
        return;
    }
    FloatEngine plain(network);
    FloatEngine phases(spiking);
    const Tensor images = random_images(network.input().shape, batch);
    for (int warm_up = 0; warm_up < 3; ++warm_up) {  // also makes the plans
        benchmark::DoNotOptimize(plain.run(images));
        benchmark::DoNotOptimize(phases.run(images));
    }
    std::vector<double> float_times, phase_times;
    for (auto _ : state) {
        float_times.push_back(seconds([&] { benchmark::DoNotOptimize(plain.run(images)); }));
        phase_times.push_back(seconds([&] { benchmark::DoNotOptimize(phases.run(images)); }));
        state.SetIterationTime(phase_times.back());
    }
    state.counters["images/s"] = batch / median(phase_times);
    state.counters["float_images/s"] = batch / median(float_times);
    state.counters["differing_spikes"] = different;
    state.counters["ratio"] = median(phase_times) / median(float_times);
}
BENCHMARK(phase_resnet20)
    ->ArgName("T")
    ->Arg(16)
    ->Arg(24)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(101);

}  // namespace
}  // namespace ranvier::bench

BENCHMARK_MAIN();
