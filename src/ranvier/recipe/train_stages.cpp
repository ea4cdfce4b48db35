// The stages that need LibTorch, apart from the others, which programs without it use.
#include "ranvier/data/cached_samples.hpp"
#include "ranvier/data/text_samples.hpp"
#include "ranvier/recipe/stages.hpp"
#include "ranvier/train/process_group.hpp"

namespace ranvier {

bool can_train() noexcept {
    return RANVIER_CAN_TRAIN != 0;
}

#if !RANVIER_CAN_TRAIN
namespace {
[[noreturn]] void refuse_training() {
    fail(Fault::unsupported,
         "train: this program was built without LibTorch; install libtorch-dev and build with "
         "-DRANVIER_TRAIN=ON (the default)");
}
}  // namespace
#endif

GraphTrainResult run_train_graph(const GraphTrainOptions& request, const DataOptions& data,
                                 const RunContext& context) {
#if RANVIER_CAN_TRAIN
    GraphTrainOptions options = request;
    options.seed = context.seed;
    options.n_threads = context.n_threads;
    return train_text_gcn(open_text_graph(data, context.n_threads), options, *context.progress);
#else
    (void)request, (void)data, (void)context;
    refuse_training();
#endif
}

std::unique_ptr<ProcessGroup> connect(const Launch& launch) {
#if RANVIER_CAN_TRAIN
    return connect_processes(launch);
#else
    if (launch.size == 1) return std::make_unique<ProcessGroup>();
    fail(Fault::unsupported,
         "{} processes were started, but this program was built without LibTorch, which connects "
         "them; install libtorch-dev and libgloo-dev and build with -DRANVIER_TRAIN=ON, or set "
         "RANVIER_LAUNCHER=none",
         launch.size);
#endif
}

TrainResult run_train(const Network& network, const TrainRequest& request,
                      const RunContext& context) {
#if RANVIER_CAN_TRAIN
    DataOptions data = request.data;
    data.shape = network.input().shape;
    TrainOptions options = request.options;
    options.seed = context.seed;
    options.n_threads = context.n_threads;
    options.processes = context.processes;
    options.device = context.device.value_or(options.device);
    std::unique_ptr<Samples> test;
    if (options.evaluate_every > 0) {
        DataOptions test_data = data;
        test_data.split = Split::test;
        test_data.limit = 0;
        test = open_dataset(test_data);
        options.test = test.get();
    }
    std::shared_ptr<const Samples> samples = open_dataset(data);
    // Summing or simulating events takes longer than training on them.
    if (samples->timed()) samples = std::make_shared<CachedSamples>(samples);
    return train(network, *samples, options, *context.progress);
#else
    (void)network, (void)request, (void)context;
    refuse_training();
#endif
}

}  // namespace ranvier
