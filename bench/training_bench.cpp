// One epoch of a VGG-like network for CIFAR through our trainer, which reads a file in CIFAR's
// format and shifts and flips the images, against the same network written directly against
// LibTorch, whose images lie in memory ready for use. Batch 64, all cores, the same run.
//
// Goal: training_throughput, our images/s over LibTorch's, is at least 1. The epochs alternate;
// median of the pairs' ratios. Before that the outputs of both networks are compared, and the loss
// of both must fall.
#include "ranvier/base/file.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/data/dataset.hpp"
#include "ranvier/sim/float_engine.hpp"
#include "ranvier/train/trainer.hpp"

#include <benchmark/benchmark.h>

#include "ratios.hpp"
#include "timing.hpp"
#include "training_torch.hpp"
#include <filesystem>

namespace ranvier::bench {
namespace {

constexpr std::size_t n_images = 1280;
constexpr std::int64_t batch = 64;

/// Each class has a color, under noise: easy to learn, so that a training that does not learn
/// shows.
std::unique_ptr<Samples> colored_noise() {
    const auto file = std::filesystem::temp_directory_path() / "ranvier_training_bench.bin";
    std::string records;
    Random random(1, 0);
    for (std::size_t i = 0; i < n_images; ++i) {
        const std::uint32_t label = random.below(10);
        records += static_cast<char>(label);
        for (std::uint32_t p = 0; p < 3072; ++p)
            records += static_cast<char>(random.below(128) + (p / 1024 + 1) * label * 4);
    }
    write_file(file, records);
    DataOptions options;
    options.set = "cifar10:" + file.string();
    options.split = Split::train;
    std::unique_ptr<Samples> samples = open_dataset(options);
    std::filesystem::remove(file);
    return samples;
}

torch::Tensor images_of(const Samples& samples) {
    const Tensor all = read_batch(samples, 0, samples.size());
    return torch::from_blob(const_cast<float*>(all.values.data()), all.dims).clone();
}

torch::Tensor labels_of(const Samples& samples) {
    torch::Tensor labels = torch::empty({static_cast<std::int64_t>(samples.size())}, torch::kInt64);
    for (std::size_t i = 0; i < samples.size(); ++i)
        labels.data_ptr<std::int64_t>()[i] = samples.label(i);
    return labels;
}

double largest_difference(TorchVgg& model, const Samples& samples) {
    const torch::NoGradGuard no_grad;
    model.eval();
    const Tensor images = read_batch(samples, 0, 64);
    const Tensor ours = FloatEngine(model.network()).run(images);
    const torch::Tensor theirs =
        model.forward(torch::from_blob(const_cast<float*>(images.values.data()), images.dims));
    return (torch::from_blob(const_cast<float*>(ours.values.data()), ours.dims) - theirs)
        .abs()
        .max()
        .item<double>();
}

TrainOptions options_of_ours() {
    TrainOptions options;
    options.epochs = 1;
    options.batch = batch;
    options.learning_rate = 0.01;
    options.schedule = ScheduleKind::constant;
    options.weight_decay = 5e-4;
    options.shift = 4;
    options.flip = true;
    return options;
}

void training_throughput(benchmark::State& state) {
    at::set_num_threads(thread_count(0));
    const std::unique_ptr<Samples> samples = colored_noise();
    TorchVgg model(1);
    Network network = model.network();
    if (largest_difference(model, *samples) > 1e-4)
        return state.SkipWithError("the outputs differ from LibTorch's");
    TorchTraining theirs(model, images_of(*samples), labels_of(*samples), batch);
    const double their_first = theirs.epoch();  // also warms up
    const double our_first = [&] {
        TrainResult result = train(network, *samples, options_of_ours());
        network = std::move(result.network);
        return result.epochs[0].loss;
    }();
    double our_loss = 0, their_loss = 0;
    std::vector<double> ours, libtorch;
    for (auto _ : state) {
        libtorch.push_back(seconds([&] { their_loss = theirs.epoch(); }));
        ours.push_back(seconds([&] {
            TrainResult result = train(network, *samples, options_of_ours());
            network = std::move(result.network);
            our_loss = result.epochs[0].loss;
        }));
        state.SetIterationTime(ours.back());
    }
    if (!(our_loss < our_first && their_loss < their_first))
        return state.SkipWithError("the loss does not fall");
    state.counters["images/s"] = n_images / median(ours);
    state.counters["libtorch_images/s"] = n_images / median(libtorch);
    state.counters["ratio"] = ratio_of(libtorch, ours).median;
    keep_ratio("training_throughput", ratio_of(libtorch, ours));
}
BENCHMARK(training_throughput)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(11);

}  // namespace
}  // namespace ranvier::bench

int main(int argc, char** argv) {
    return ranvier::bench::run_benchmarks(argc, argv);
}
