// FloatEngine against LibTorch's own forward pass, batch 32, all cores, in the same run.
//
// Goal: for ResNet-20 (CIFAR size) and SqueezeNet 1.1 we need at most 1.3 times the time that
// LibTorch needs in the faster of its two memory formats (the counter `ratio`). The runs alternate
// and the medians are compared, so that other work on the machine meets all of them alike.
#include "ranvier/base/parallel.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <benchmark/benchmark.h>

#include "float_networks.hpp"
#include "float_torch.hpp"
#include "timing.hpp"
#include <algorithm>
#include <vector>

namespace ranvier::bench {
namespace {

constexpr std::int64_t batch = 32;

Tensor random_batch(const Shape& shape) {
    Tensor images({batch, shape.channels, shape.height, shape.width});
    Random random(1, 0);
    for (float& v : images.values) v = random.uniform();
    return images;
}

float largest_difference(const Tensor& ours, const torch::Tensor& theirs) {
    const auto wrapped = torch::from_blob(const_cast<float*>(ours.values.data()), ours.dims);
    return (wrapped - theirs).abs().max().item<float>();
}

void against_libtorch(benchmark::State& state, const Network& network) {
    at::set_num_threads(thread_count(0));
    FloatEngine engine(network);
    const TorchForward plain(network, torch::MemoryFormat::Contiguous);
    const TorchForward channels_last(network, torch::MemoryFormat::ChannelsLast);
    const Tensor images = random_batch(network.input().shape);
    const auto torch_images =
        torch::from_blob(const_cast<float*>(images.values.data()), images.dims);

    const Tensor result = engine.run(images);  // also makes the plan
    if (largest_difference(result, plain.run(torch_images)) > 1e-3F ||
        largest_difference(result, channels_last.run(torch_images)) > 1e-3F) {
        state.SkipWithError("the outputs differ from LibTorch's");
        return;
    }
    std::vector<double> ours, contiguous, last;
    for (auto _ : state) {
        ours.push_back(seconds([&] { benchmark::DoNotOptimize(engine.run(images)); }));
        contiguous.push_back(seconds([&] { benchmark::DoNotOptimize(plain.run(torch_images)); }));
        last.push_back(seconds([&] { benchmark::DoNotOptimize(channels_last.run(torch_images)); }));
        state.SetIterationTime(ours.back());
    }
    const double theirs = std::min(median(contiguous), median(last));
    state.counters["images/s"] = batch / median(ours);
    state.counters["libtorch_images/s"] = batch / theirs;
    state.counters["ours_ms"] = 1e3 * median(ours);
    state.counters["libtorch_nchw_ms"] = 1e3 * median(contiguous);
    state.counters["libtorch_nhwc_ms"] = 1e3 * median(last);
    state.counters["ratio"] = median(ours) / theirs;
}

void resnet20_batch32(benchmark::State& state) {
    against_libtorch(state, resnet20(1));
}
void squeezenet_batch32(benchmark::State& state) {
    against_libtorch(state, squeezenet(1));
}
BENCHMARK(resnet20_batch32)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(101);
BENCHMARK(squeezenet_batch32)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(31);

}  // namespace
}  // namespace ranvier::bench

BENCHMARK_MAIN();
