#pragma once

#include "ranvier/base/error.hpp"
#include "ranvier/train/batch_feed.hpp"
#include "ranvier/train/checkpoint.hpp"
#include "ranvier/train/curves.hpp"
#include "ranvier/train/gradient_network.hpp"
#include "ranvier/train/loss_watch.hpp"
#include "ranvier/train/optimizer.hpp"
#include "ranvier/train/schedule.hpp"
#include "ranvier/train/spike_watch.hpp"
#include "ranvier/train/spiking_executor.hpp"
#include "ranvier/train/synop_loss.hpp"
#include "ranvier/train/trainer.hpp"
#include "ranvier/train/weight_binarizer.hpp"

#include <chrono>
#include <memory>
#include <numeric>
#include <optional>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// What `options` make of a network: with gradients through time if it spikes.
[[nodiscard]] std::unique_ptr<GradientNetwork> make_executor(const Network& network,
                                                             const TrainOptions& options,
                                                             torch::Device device);

/// Cross entropy, summed over samples.
[[nodiscard]] double sum_of_losses(const torch::Tensor& outputs, const torch::Tensor& labels);

/// A training that is under way: what train() does with it is in trainer.cpp, how it finds out that
/// it goes wrong, in training_faults.cpp.
class Training {
public:
    using Clock = std::chrono::steady_clock;

    Training(const Network& network, const Samples& samples, const TrainOptions& options);

    /// Runs what is still to be done; writes checkpoints where `run` says whose.
    void run_epochs(const Fingerprint& run, Progress& progress);
    void restore(const Checkpoint& checkpoint);
    [[nodiscard]] TrainResult result(const Network& network);

private:
    /// Runs `work` while the weights that are trained as binary ones are binary.
    template <typename Work>
    void with_binary_weights(const Work& work);
    /// SynOps per sample as the network is, over the first training samples.
    [[nodiscard]] double mean_synops();
    /// Calls `visit(outputs, batch, pass)` for each batch of the first `n_samples`, as they are and
    /// without gradients.
    template <typename Visit>
    void for_each_batch(const Samples& samples, std::size_t n_samples, const Visit& visit);
    /// The rest of an epoch, its results and its checkpoint.
    void run_whole_epoch(const Fingerprint& run, Progress& progress);
    /// From where `part_` says to the epoch's end.
    void run_epoch(const Fingerprint& run, Progress& progress);
    void run_batch(std::uint64_t epoch, const Batch& batch);
    void limit_neurons();
    [[nodiscard]] std::vector<torch::Tensor> gradients() const;
    [[nodiscard]] EpochResult finished_epoch() const;
    void measure_test(EpochResult& result, Progress& progress);
    /// A checkpoint of what is now; written once the next batch shows that it is good, for weights
    /// that are still finite can be ruined already.
    void save(const Fingerprint& run);
    void write_saved();
    [[nodiscard]] std::string note(std::uint64_t epoch) const;
    /// Samples of the epoch that `part_` has seen.
    [[nodiscard]] std::size_t seen() const {
        return part_.batches == n_batches_
                   ? samples_.size()
                   : batch_range(samples_.size(), options_.batch, part_.batches).first;
    }
    /// Ends the training. The last good weights become a network file if one is wanted.
    [[noreturn]] void give_up(const std::string& why);
    [[nodiscard]] std::string keep_last_good();
    /// @param what  "the loss became inf in epoch 1, ..."
    [[noreturn]] void fail_diverged(const std::string& what, std::optional<std::string> fault);
    /// Where the network's values are not finite, if they are not.
    [[nodiscard]] std::optional<std::string> fault_of(const Batch& batch, const Pass& pass) const;
    void require_sound_loss(double loss, double cross_entropy, const Batch& batch,
                            const Pass& pass);
    void require_sound_gradients(const Batch& batch, const Pass& pass);
    void watch_spikes(const Batch& batch, const Pass& pass);
    void require_finite_weights();
    /// Of spiking networks: whether the weights behind the last step are good, which no batch after
    /// it can tell.
    void require_sound_end();
    /// "in epoch 2, batch 3 of 7"
    [[nodiscard]] std::string place() const;
    [[nodiscard]] std::uint64_t n_steps() const {
        return epochs_.size() * n_batches_ + part_.batches;
    }
    [[nodiscard]] double rate(std::uint64_t epoch, std::size_t batch) const {
        return scheduled_rate(options_, epoch * n_batches_ + batch, n_batches_);
    }
    template <typename Visit>
    void for_each_tensor(const Visit& visit) const {
        for (const auto* list :
             {&executor_->parameters(), &executor_->statistics(), &optimizer_.state()})
            for (const NamedTensor& entry : *list) visit(entry);
    }

    const Samples& samples_;
    const TrainOptions& options_;
    torch::Device device_;
    BatchFeed feed_;
    const Network& network_;
    std::unique_ptr<GradientNetwork> executor_;
    SpikingExecutor* spiking_;  ///< executor_, or null for a float network
    Optimizer optimizer_;
    std::vector<std::size_t> binary_layers_;
    WeightBinarizer binarizer_;
    std::optional<SynopCounter> synops_;
    double synop_target_ = 0;
    std::size_t n_batches_;
    SpikeWatch watch_;
    LossWatch loss_watch_;
    CurveFiles curves_;
    std::vector<EpochResult> epochs_;
    PartOfEpoch part_;
    std::optional<Checkpoint> saved_;  ///< not written yet
    Clock::time_point last_save_ = Clock::now();
};

template <typename Visit>
void Training::for_each_batch(const Samples& samples, std::size_t n_samples, const Visit& visit) {
    const torch::NoGradGuard no_grad;
    std::vector<std::size_t> order(n_samples);
    std::iota(order.begin(), order.end(), std::size_t{0});
    BatchFeed feed({samples, {}, options_.seed, options_.n_threads}, options_.batch, device_,
                   *options_.processes);
    feed.begin(0, std::move(order));
    std::uint64_t seen = 0;
    while (feed.has_next()) {
        const Batch batch = feed.next();
        const std::uint64_t first = seen;
        seen += static_cast<std::uint64_t>(batch.part.n_whole);
        if (batch.labels.numel() == 0) continue;
        std::vector<torch::Tensor> activations;
        const Pass pass = {.seed = options_.seed,
                           .activations = synops_ ? &activations : nullptr,
                           .part = batch.part,
                           .sample = first};
        const torch::Tensor outputs = executor_->forward(batch.pixels, pass);
        visit(outputs, batch, pass);
    }
}

}  // namespace ranvier
