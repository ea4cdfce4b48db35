#include "ranvier/train/trainer.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/net/binary_weights.hpp"
#include "ranvier/train/batches.hpp"
#include "ranvier/train/checkpoint.hpp"
#include "ranvier/train/executor.hpp"
#include "ranvier/train/optimizer.hpp"
#include "ranvier/train/requirements.hpp"
#include "ranvier/train/schedule.hpp"
#include "ranvier/train/synop_loss.hpp"
#include "ranvier/train/weight_binarizer.hpp"

#include <chrono>
#include <cmath>
#include <optional>
#include <span>

namespace ranvier {

namespace {

namespace fs = std::filesystem;

/// LibTorch's number of threads is one setting for the whole program; it is put back at the end.
class TorchThreads {
public:
    explicit TorchThreads(int n_threads) : before_(at::get_num_threads()) {
        at::set_num_threads(thread_count(n_threads));
    }
    ~TorchThreads() { at::set_num_threads(before_); }
    TorchThreads(const TorchThreads&) = delete;
    TorchThreads& operator=(const TorchThreads&) = delete;

private:
    int before_;
};

struct BatchResult {
    double loss = 0;  ///< mean over the batch
    std::int64_t correct = 0;
    double synops = 0;  ///< mean over the batch
};

/// The weights that `options` want binary.
std::vector<std::size_t> binary_layers(const Network& network, const TrainOptions& options) {
    if (options.binary_weights == BinaryWeights::none) return {};
    return inner_weighted_layers(network);
}

std::vector<torch::Tensor> weights_of(const Executor& executor,
                                      const std::vector<std::size_t>& layers) {
    std::vector<torch::Tensor> weights;
    for (const std::size_t layer : layers) weights.push_back(executor.weight(layer));
    return weights;
}

class Training {
public:
    Training(const Network& network, const Samples& samples, const TrainOptions& options)
        : samples_(samples),
          options_(options),
          source_{samples, {options.shift, options.flip}, options.seed, options.n_threads},
          executor_(network),
          optimizer_(options, executor_.parameters()),
          binary_layers_(binary_layers(network, options)),
          binarizer_(weights_of(executor_, binary_layers_)),
          n_batches_(batch_count(samples.size(), options.batch)) {
        if (options.synop_loss == SynopPenalty::none) return;
        synops_.emplace(network, options.synop_loss);
        synop_target_ =
            options.synop_target > 0 ? options.synop_target : options.synop_factor * mean_synops();
        if (!(synop_target_ > 0))
            fail(Fault::bad_input,
                 "train: the network's activations are all 0, so that no SynOp target can be "
                 "derived from them; scale the first layer up, or give synop_target");
    }

    /// Runs the epochs that are still to be done; writes a checkpoint where `run` says whose.
    void run_epochs(const Fingerprint& run, Progress& progress);
    void restore(const Checkpoint& checkpoint);
    [[nodiscard]] TrainResult result(const Network& network);

private:
    EpochResult run_epoch(std::uint64_t epoch, Progress& progress);
    [[nodiscard]] Checkpoint checkpoint(const Fingerprint& run) const;
    BatchResult run_batch(std::uint64_t epoch, std::size_t batch,
                          std::span<const std::size_t> indices);
    struct Batch {
        torch::Tensor pixels, labels;
    };
    [[nodiscard]] Batch empty_batch(std::size_t n) const;
    /// SynOps per sample as the network is, over the first training samples.
    [[nodiscard]] double mean_synops();
    void require_finite(double value, std::uint64_t epoch, std::size_t batch) const;
    void require_finite_weights(std::uint64_t epoch) const;
    [[nodiscard]] double rate(std::uint64_t epoch, std::size_t batch) const {
        return scheduled_rate(options_,
                              static_cast<double>(epoch) +
                                  static_cast<double>(batch) / static_cast<double>(n_batches_));
    }
    template <typename Visit>
    void for_each_tensor(const Visit& visit) const {
        for (const auto* list :
             {&executor_.parameters(), &executor_.statistics(), &optimizer_.state()})
            for (const NamedTensor& entry : *list) visit(entry);
    }

    const Samples& samples_;
    const TrainOptions& options_;
    BatchSource source_;
    Executor executor_;
    Optimizer optimizer_;
    std::vector<std::size_t> binary_layers_;
    WeightBinarizer binarizer_;
    std::optional<SynopCounter> synops_;
    double synop_target_ = 0;
    std::size_t n_batches_;
    std::vector<EpochResult> epochs_;
};

Training::Batch Training::empty_batch(std::size_t n_samples) const {
    const Shape shape = samples_.shape();
    const auto n = static_cast<std::int64_t>(n_samples);
    return {torch::empty({n, shape.channels, shape.height, shape.width}),
            torch::empty({n}, torch::kInt64)};
}

double Training::mean_synops() {
    const torch::NoGradGuard no_grad;
    const std::size_t n = std::min<std::size_t>(samples_.size(), 1024);
    double sum = 0;
    for (std::size_t begin = 0; begin < n; begin += options_.batch) {
        const std::size_t count = std::min(options_.batch, n - begin);
        const Batch batch = empty_batch(count);
        const Tensor pixels = read_batch(samples_, begin, count);
        copy_into(batch.pixels, pixels);
        std::vector<torch::Tensor> activations;
        (void)executor_.forward(batch.pixels, {.activations = &activations});
        sum += synops_->count(activations).item<double>() * static_cast<double>(count);
    }
    return sum / static_cast<double>(n);
}

BatchResult Training::run_batch(std::uint64_t epoch, std::size_t batch,
                                std::span<const std::size_t> indices) {
    const auto [pixels, labels] = empty_batch(indices.size());
    read_training_batch(source_, epoch, indices,
                        {pixels.data_ptr<float>(), static_cast<std::size_t>(pixels.numel())},
                        {labels.data_ptr<std::int64_t>(), indices.size()});

    const std::uint64_t iteration = epoch * n_batches_ + batch;
    std::vector<torch::Tensor> activations;
    binarizer_.binarize();
    const torch::Tensor outputs = executor_.forward(
        pixels, {true, options_.seed, iteration, synops_ ? &activations : nullptr});
    torch::Tensor loss = torch::cross_entropy_loss(outputs, labels);
    BatchResult result;
    if (synops_) {
        const torch::Tensor synops = synops_->count(activations);
        loss = loss + options_.synop_weight * synop_loss(synops, synop_target_);
        result.synops = synops.item<double>();
    }
    result.loss = loss.item<double>();
    result.correct = outputs.argmax(1).eq(labels).sum().item<std::int64_t>();
    require_finite(result.loss, epoch, batch);
    optimizer_.zero_gradients();
    loss.backward();
    binarizer_.restore();
    optimizer_.step(rate(epoch, batch), iteration + 1);
    return result;
}

EpochResult Training::run_epoch(std::uint64_t epoch, Progress& progress) {
    const auto begin = std::chrono::steady_clock::now();
    const std::vector<std::size_t> order = shuffled(samples_.size(), options_.seed, epoch);
    double loss = 0, synops = 0;
    std::int64_t correct = 0;
    std::size_t seen = 0;
    for (std::size_t batch = 0; batch < n_batches_; ++batch) {
        const auto [first, last] = batch_range(order.size(), options_.batch, batch);
        const BatchResult result =
            run_batch(epoch, batch, std::span(order).subspan(first, last - first));
        loss += result.loss * static_cast<double>(last - first);
        synops += result.synops * static_cast<double>(last - first);
        correct += result.correct;
        seen = last;
        progress.advance(last - first);
        progress.note(fmt::format("epoch {}/{} loss {:.4f} accuracy {:.2f} % rate {:.3g}",
                                  epoch + 1, options_.epochs, loss / static_cast<double>(seen),
                                  100.0 * static_cast<double>(correct) / static_cast<double>(seen),
                                  rate(epoch, batch)));
    }
    require_finite_weights(epoch);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    const auto n = static_cast<double>(seen);
    return {
        static_cast<int>(epoch) + 1, loss / n,  static_cast<double>(correct) / n, rate(epoch, 0),
        n / elapsed.count(),         synops / n};
}

void Training::require_finite(double value, std::uint64_t epoch, std::size_t batch) const {
    if (std::isfinite(value)) return;
    fail(Fault::bad_input,
         "train: the loss became {} in epoch {}, batch {} of {}, at learning rate {:.4g}; a finite "
         "loss is needed; lower the learning rate (for instance to {:.2g})",
         value, epoch + 1, batch + 1, n_batches_, rate(epoch, batch), options_.learning_rate / 10);
}

void Training::require_finite_weights(std::uint64_t epoch) const {
    for_each_tensor([&](const NamedTensor& entry) {
        if (!entry.tensor.isfinite().all().item<bool>())
            fail(Fault::bad_input,
                 "train: {} is no longer finite after epoch {}; lower the learning rate (for "
                 "instance to {:.2g})",
                 entry.name, epoch + 1, options_.learning_rate / 10);
    });
}

Checkpoint Training::checkpoint(const Fingerprint& run) const {
    Checkpoint result{run, epochs_, {}};
    for_each_tensor([&](const NamedTensor& entry) {
        result.tensors.emplace(entry.name, to_ranvier(entry.tensor));
    });
    return result;
}

void Training::restore(const Checkpoint& checkpoint) {
    const std::string file = options_.checkpoint.string();
    for_each_tensor([&](const NamedTensor& entry) {
        const auto found = checkpoint.tensors.find(entry.name);
        if (found == checkpoint.tensors.end() || found->second.dims != entry.tensor.sizes().vec())
            fail(Fault::bad_input,
                 "{}: holds no '{}' of shape [{}]; the checkpoint is damaged: delete it to train "
                 "from the beginning",
                 file, entry.name, fmt::join(entry.tensor.sizes(), ", "));
    });
    if (checkpoint.epochs.size() > static_cast<std::size_t>(options_.epochs))
        fail(Fault::bad_input,
             "{}: holds {} epochs, more than the {} asked for; ask for more or name another file",
             file, checkpoint.epochs.size(), options_.epochs);
    for_each_tensor([&](const NamedTensor& entry) {
        copy_into(entry.tensor, checkpoint.tensors.at(entry.name));
    });
    epochs_ = checkpoint.epochs;
}

void Training::run_epochs(const Fingerprint& run, Progress& progress) {
    const auto n_epochs = static_cast<std::size_t>(options_.epochs);
    progress.start("train", "images", (n_epochs - epochs_.size()) * samples_.size());
    while (epochs_.size() < n_epochs) {
        epochs_.push_back(run_epoch(epochs_.size(), progress));
        const auto done = static_cast<int>(epochs_.size());
        if (!run.empty() && (done % options_.checkpoint_every == 0 || done == options_.epochs))
            save_checkpoint(checkpoint(run), options_.checkpoint);
    }
    progress.finish();
}

TrainResult Training::result(const Network& network) {
    TrainResult result{network, epochs_};
    binarizer_.binarize();
    executor_.write_back(result.network);
    for (const std::size_t l : binary_layers_) {
        Layer& layer = result.network.layers[l];
        if (auto* conv = layer.as<Convolution>()) mark_binary(conv->weight, conv->format);
        if (auto* linear = layer.as<Linear>()) mark_binary(linear->weight, linear->format);
    }
    return result;
}

TrainResult train_with_torch(const Network& network, const Samples& samples,
                             const TrainOptions& options, Progress& progress) {
    const TorchThreads threads(options.n_threads);
    Training training(network, samples, options);
    Fingerprint run;
    if (!options.checkpoint.empty()) {
        run = fingerprint(network, samples, options);
        if (fs::exists(options.checkpoint)) {
            const Checkpoint found = load_checkpoint(options.checkpoint);
            require_same_run(found, run, options.checkpoint);
            training.restore(found);
        }
    }
    training.run_epochs(run, progress);
    return training.result(network);
}

}  // namespace

TrainResult train(const Network& network, const Samples& samples, const TrainOptions& options,
                  Progress& progress) {
    require_trainable(network, samples, options);
    try {
        return train_with_torch(network, samples, options, progress);
    } catch (const c10::Error& error) {
        fail(Fault::internal, "train: LibTorch: {}", error.what_without_backtrace());
    }
}

}  // namespace ranvier
