// One pass there and back through VGG-9 for CIFAR with 20 timesteps and neurons N3, batch 64, on
// all cores: ours, which keeps one membrane per neuron and step, against the same network unrolled
// over time with LibTorch's own gradients, in the same run.
//
// Goals: bptt_time, our time over the unrolled network's, at most 2/3, and bptt_memory, what our
// pass adds to the program's memory at its peak over what the other adds, at most 1/2. The passes
// alternate; medians of the pairs' ratios. bptt_processor_time is the ratio of what all threads
// used, for machines that have other work; it has no goal. Before that the losses and gradients are
// compared. An argument says the batch; only 64 counts. bptt_bench --benchmark_filter=/8 takes a
// minute.
#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/net/architectures.hpp"
#include "ranvier/train/spiking_executor.hpp"

#include <benchmark/benchmark.h>

#include "bptt_torch.hpp"
#include "ratios.hpp"
#include "timing.hpp"
#include <ctime>
#include <fstream>
#include <malloc.h>

namespace ranvier::bench {
namespace {

constexpr int n_steps = 20;

/// VGG-9 without dropout, thresholds low enough that the last layers fire too.
Network spiking_vgg9() {
    Network network = make_architecture("vgg9", {{3, 32, 32}, {}, {}}, 10, 1);
    for (std::size_t l = network.layers.size(); l-- > 0;)
        if (network.layers[l].as<Dropout>() != nullptr) remove_layer(network, l);
    for (Layer& layer : network.layers)
        if (auto* activation = layer.as<Activation>()) {
            activation->neuron.kind = NeuronKind::leaky_same_step;
            activation->neuron.threshold = {0.5F};
            activation->neuron.leak = 0.95F;
        }
    network.timing.steps = n_steps;
    return network;
}

/// Megabytes that `work` adds to the program's memory at its peak.
template <typename Work>
double peak_megabytes(const Work& work) {
    const auto status = [](const std::string& key) {
        std::ifstream file("/proc/self/status");
        for (std::string word; file >> word;)
            if (word == key) {
                double kilobytes = 0;
                file >> kilobytes;
                return kilobytes / 1024;
            }
        return 0.0;
    };
    malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts from now
    const double before = status("VmRSS:");
    work();
    return status("VmHWM:") - before;
}

/// What all threads of the program have used so far: other programs' load moves it little.
double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

double pass(const torch::Tensor& logits, const torch::Tensor& labels) {
    const torch::Tensor loss = torch::cross_entropy_loss(logits, labels);
    loss.backward();
    return loss.item<double>();
}

/// Least cosine between a weight's two gradients.
double least_agreement(const std::vector<NamedTensor>& ours,
                       const std::vector<torch::Tensor>& theirs) {
    double least = 1;
    for (std::size_t p = 0; p < ours.size(); ++p) {
        if (ours[p].tensor.dim() < 2) continue;
        const torch::Tensor a = ours[p].tensor.grad().flatten(), b = theirs[p].grad().flatten();
        least = std::min(least, (a.dot(b) / (a.norm() * b.norm() + 1e-30)).item<double>());
    }
    return least;
}

void bptt(benchmark::State& state) {
    at::set_num_threads(thread_count(0));
    const std::int64_t n = state.range(0);
    torch::manual_seed(1);
    const torch::Tensor images = torch::rand({n, 3, 32, 32});
    const torch::Tensor labels = torch::randint(10, {n}, torch::kInt64);
    const Network network = spiking_vgg9();
    SpikingExecutor executor(network, {});
    UnrolledNetwork unrolled(network);
    const auto ours = [&] {
        for (const NamedTensor& parameter : executor.parameters())
            parameter.tensor.mutable_grad() = torch::Tensor();
        return pass(executor.forward(images), labels);
    };
    const auto theirs = [&] {
        for (const torch::Tensor& parameter : unrolled.parameters())
            parameter.mutable_grad() = torch::Tensor();
        return pass(unrolled.forward(images), labels);
    };
    const double our_loss = ours(), their_loss = theirs();  // also warms up
    const double agreement = least_agreement(executor.parameters(), unrolled.parameters());
    // Sums in another order move some membranes across their thresholds, and others follow; unit
    // tests compare the two exactly, in float64.
    if (std::abs(our_loss - their_loss) > 0.05 * their_loss || !(agreement > 0.8))
        return state.SkipWithError(
            fmt::format("losses {} and {}, cosine of gradients {}", our_loss, their_loss, agreement)
                .c_str());
    std::vector<double> our_time, their_time, our_memory, their_memory, our_work, their_work;
    for (auto _ : state) {
        const double before = processor_seconds();
        their_memory.push_back(peak_megabytes([&] { their_time.push_back(seconds(theirs)); }));
        const double between = processor_seconds();
        our_memory.push_back(peak_megabytes([&] { our_time.push_back(seconds(ours)); }));
        their_work.push_back(between - before);
        our_work.push_back(processor_seconds() - between);
        state.SetIterationTime(our_time.back());
    }
    state.counters["time_ratio"] = ratio_of(our_time, their_time).median;
    state.counters["processor_time_ratio"] = ratio_of(our_work, their_work).median;
    state.counters["memory_ratio"] = ratio_of(our_memory, their_memory).median;
    state.counters["MB"] = median(our_memory);
    state.counters["unrolled_MB"] = median(their_memory);
    state.counters["images/s"] = static_cast<double>(n) / median(our_time);
    if (n != 64) return;
    keep_ratio("bptt_time", ratio_of(our_time, their_time));
    keep_ratio("bptt_processor_time", ratio_of(our_work, their_work));
    keep_ratio("bptt_memory", ratio_of(our_memory, their_memory));
}
BENCHMARK(bptt)->Arg(8)->Arg(64)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
}  // namespace ranvier::bench

int main(int argc, char** argv) {
    return ranvier::bench::run_benchmarks(argc, argv);
}
