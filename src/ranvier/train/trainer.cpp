#include "ranvier/train/trainer.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/net/binary_weights.hpp"
#include "ranvier/train/device.hpp"
#include "ranvier/train/executor.hpp"
#include "ranvier/train/requirements.hpp"
#include "ranvier/train/tensor_group.hpp"
#include "ranvier/train/torch_threads.hpp"
#include "ranvier/train/training.hpp"

#include <array>

namespace ranvier {

namespace {

namespace fs = std::filesystem;

double seconds_since(Training::Clock::time_point begin) {
    return std::chrono::duration<double>(Training::Clock::now() - begin).count();
}

std::int64_t count_correct(const torch::Tensor& outputs, const torch::Tensor& labels) {
    return outputs.argmax(1).eq(labels).sum().item<std::int64_t>();
}

/// The weights that `options` want binary.
std::vector<std::size_t> binary_layers(const Network& network, const TrainOptions& options) {
    if (options.binary_weights == BinaryWeights::none) return {};
    return inner_weighted_layers(network);
}

/// @param layers  with weights, of a float network; else none.
std::vector<torch::Tensor> weights_of(const GradientNetwork& network,
                                      const std::vector<std::size_t>& layers) {
    std::vector<torch::Tensor> weights;
    for (const std::size_t layer : layers)
        weights.push_back(dynamic_cast<const Executor&>(network).weight(layer));
    return weights;
}

}  // namespace

std::unique_ptr<GradientNetwork> make_executor(const Network& network, const TrainOptions& options,
                                               torch::Device device) {
    if (network.spiking())
        return std::make_unique<SpikingExecutor>(network, options.spikes, torch::kFloat32, device,
                                                 options.precision);
    return std::make_unique<Executor>(network, torch::kFloat32, device, options.precision);
}

double sum_of_losses(const torch::Tensor& outputs, const torch::Tensor& labels) {
    return torch::cross_entropy_loss(outputs, labels).item<double>() *
           static_cast<double>(labels.numel());
}

Training::Training(const Network& network, const Samples& samples, const TrainOptions& options)
    : samples_(samples),
      options_(options),
      device_(usable_device(options.device, *options.processes)),
      feed_({samples, {options.shift, options.flip}, options.seed, options.n_threads},
            options.batch, device_, *options.processes),
      network_(network),
      executor_(make_executor(network, options, device_)),
      spiking_(dynamic_cast<SpikingExecutor*>(executor_.get())),
      optimizer_(options, executor_->parameters()),
      binary_layers_(binary_layers(network, options)),
      binarizer_(weights_of(*executor_, binary_layers_)),
      n_batches_(batch_count(samples.size(), options.batch)),
      watch_(network.layers.size(),
             std::min(n_batches_, static_cast<std::size_t>(options.spikes.silent_batches))),
      loss_watch_(samples.n_classes()),
      curves_(options.processes->first() ? options.curves : fs::path()) {
    if (options.synop_loss == SynopPenalty::none) return;
    synops_.emplace(network, options.synop_loss);
    synop_target_ =
        options.synop_target > 0 ? options.synop_target : options.synop_factor * mean_synops();
    if (!(synop_target_ > 0))
        fail(Fault::bad_input,
             "train: the network's activations are all 0, so that no SynOp target can be "
             "derived from them; scale the first layer up, or give synop_target");
}

template <typename Work>
void Training::with_binary_weights(const Work& work) {
    // Making weights binary changes the real ones too: these are put back as they were.
    const torch::NoGradGuard no_grad;
    const std::vector<torch::Tensor> weights = weights_of(*executor_, binary_layers_);
    std::vector<torch::Tensor> real;
    for (const torch::Tensor& weight : weights) real.push_back(weight.detach().clone());
    binarizer_.binarize();
    work();
    for (std::size_t k = 0; k < real.size(); ++k) weights[k].copy_(real[k]);
}

double Training::mean_synops() {
    const std::size_t n = std::min<std::size_t>(samples_.size(), 1024);
    std::array<double, 1> sum = {};
    with_binary_weights([&] {
        for_each_batch(samples_, n, [&](const auto&, const Batch& batch, const Pass& pass) {
            sum[0] += synops_->count(*pass.activations).item<double>() *
                      static_cast<double>(batch.labels.numel());
        });
    });
    options_.processes->sum(sum);
    return sum[0] / static_cast<double>(n);
}

/// Each process computes its samples' share of the batch's loss, so that the gradients of all add
/// up to that of the whole batch.
void Training::run_batch(std::uint64_t epoch, const Batch& batch) {
    ProcessGroup& processes = *options_.processes;
    const std::uint64_t iteration = epoch * n_batches_ + part_.batches;
    const auto n_whole = static_cast<double>(batch.part.n_whole);
    const double share = static_cast<double>(batch.labels.numel()) / n_whole;
    std::vector<torch::Tensor> activations;
    binarizer_.binarize();
    const Pass pass = {true, options_.seed, iteration, synops_ ? &activations : nullptr,
                       batch.part};
    const torch::Tensor outputs = executor_->forward(batch.pixels, pass);
    const torch::Tensor cross_entropy = torch::cross_entropy_loss(outputs, batch.labels);
    torch::Tensor loss = cross_entropy;
    if (synops_) {
        const torch::Tensor synops = shared_sum(processes, synops_->count(activations) * share);
        loss = loss + options_.synop_weight * synop_loss(synops, synop_target_);
        part_.synops += synops.item<double>() * n_whole;
    }
    loss = loss * share;
    std::array<double, 3> sums = {loss.item<double>(),
                                  static_cast<double>(count_correct(outputs, batch.labels)),
                                  cross_entropy.item<double>() * share};
    processes.sum(sums);
    require_sound_loss(sums[0], sums[2], batch, pass);
    if (spiking_ != nullptr) watch_spikes(batch, pass);
    // A checkpoint of a network that has just fallen silent waits: it may be past help.
    if (watch_.all_fire()) write_saved();
    optimizer_.zero_gradients();
    loss.backward();
    sum_tensors(processes, gradients());
    require_sound_gradients(batch, pass);
    binarizer_.restore();
    optimizer_.step(rate(epoch, part_.batches), scheduled_weight_decay(options_, epoch),
                    iteration + 1);
    limit_neurons();
    part_.loss += sums[0] * n_whole;
    part_.correct += static_cast<std::int64_t>(sums[1]);
    ++part_.batches;
}

std::vector<torch::Tensor> Training::gradients() const {
    std::vector<torch::Tensor> gradients;
    for (const NamedTensor& entry : executor_->parameters())
        if (entry.tensor.grad().defined()) gradients.push_back(entry.tensor.grad());
    return gradients;
}

std::string Training::note(std::uint64_t epoch) const {
    const auto n = static_cast<double>(seen());
    std::string text =
        fmt::format("epoch {}/{} loss {:.4f} accuracy {:.2f} % rate {:.3g}", epoch + 1,
                    options_.epochs, part_.loss / n, 100 * static_cast<double>(part_.correct) / n,
                    rate(epoch, part_.batches - 1));
    if (!epochs_.empty() && epochs_.back().test_accuracy)
        text += fmt::format(" test accuracy {:.2f} %", 100 * *epochs_.back().test_accuracy);
    return text;
}

void Training::run_epoch(const Fingerprint& run, Progress& progress) {
    const std::uint64_t epoch = epochs_.size();
    const double seconds_before = part_.seconds;
    const Clock::time_point begin = Clock::now();
    feed_.begin(epoch, shuffled(samples_.size(), options_.seed, epoch), part_.batches);
    while (feed_.has_next()) {
        const Batch batch = feed_.next();
        run_batch(epoch, batch);
        part_.seconds = seconds_before + seconds_since(begin);
        progress.advance(static_cast<std::uint64_t>(batch.part.n_whole));
        progress.note(note(epoch));
        if (feed_.has_next() && options_.checkpoint_seconds > 0 &&
            seconds_since(last_save_) >= options_.checkpoint_seconds) {
            require_finite_weights();
            save(run);
        }
    }
    require_finite_weights();
}

EpochResult Training::finished_epoch() const {
    const std::uint64_t epoch = epochs_.size();
    const auto n = static_cast<double>(samples_.size());
    EpochResult result;
    result.epoch = static_cast<int>(epoch) + 1;
    result.loss = part_.loss / n;
    result.accuracy = static_cast<double>(part_.correct) / n;
    result.learning_rate = rate(epoch, 0);
    result.images_per_second = n / part_.seconds;
    result.synops = part_.synops / n;
    return result;
}

void Training::measure_test(EpochResult& result, Progress& progress) {
    if (options_.evaluate_every == 0 ||
        (result.epoch % options_.evaluate_every != 0 && result.epoch != options_.epochs))
        return;
    const Samples& test = *options_.test;
    std::array<double, 2> sums = {};  // of the loss, and correct
    with_binary_weights([&] {
        for_each_batch(test, test.size(),
                       [&](const auto& outputs, const Batch& batch, const Pass&) {
                           sums[0] += sum_of_losses(outputs, batch.labels);
                           sums[1] += static_cast<double>(count_correct(outputs, batch.labels));
                           progress.advance(0);  // a chance to stop
                       });
    });
    options_.processes->sum(sums);
    const auto n = static_cast<double>(test.size());
    result.test_loss = sums[0] / n;
    result.test_accuracy = sums[1] / n;
}

void Training::save(const Fingerprint& run) {
    if (options_.checkpoint.empty() || !options_.processes->first()) return;
    Checkpoint checkpoint{run, epochs_, part_, loss_watch_.first(), {}};
    for_each_tensor([&](const NamedTensor& entry) {
        checkpoint.tensors.emplace(entry.name, to_ranvier(entry.tensor));
    });
    saved_ = std::move(checkpoint);
    last_save_ = Clock::now();
}

void Training::write_saved() {
    if (saved_) save_checkpoint(*saved_, options_.checkpoint);
    saved_.reset();
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
    const std::size_t begun = checkpoint.epochs.size() + (checkpoint.part.batches > 0 ? 1 : 0);
    if (begun > static_cast<std::size_t>(options_.epochs))
        fail(Fault::bad_input,
             "{}: holds {} epochs, more than the {} asked for; ask for more or name another file",
             file, begun, options_.epochs);
    if (checkpoint.part.batches >= n_batches_)
        fail(Fault::bad_input, "{}: holds {} batches of an epoch of {}; delete it", file,
             checkpoint.part.batches, n_batches_);
    for_each_tensor([&](const NamedTensor& entry) {
        copy_into(entry.tensor, checkpoint.tensors.at(entry.name));
    });
    epochs_ = checkpoint.epochs;
    part_ = checkpoint.part;
    loss_watch_.restore(checkpoint.first_loss);
}

void Training::run_epochs(const Fingerprint& run, Progress& progress) {
    const auto n_epochs = static_cast<std::size_t>(options_.epochs);
    progress.start("train", "images", (n_epochs - epochs_.size()) * samples_.size() - seen());
    curves_.begin(epochs_);
    try {
        while (epochs_.size() < n_epochs) run_whole_epoch(run, progress);
    } catch (...) {
        if (watch_.all_fire()) write_saved();  // stopped, but not by what was saved
        throw;
    }
    require_sound_end();
    write_saved();
    progress.finish();
}

void Training::run_whole_epoch(const Fingerprint& run, Progress& progress) {
    run_epoch(run, progress);
    EpochResult epoch = finished_epoch();
    measure_test(epoch, progress);
    epoch.unix_time = unix_time();
    epochs_.push_back(epoch);
    part_ = {};
    if (epoch.epoch % options_.checkpoint_every == 0 || epoch.epoch == options_.epochs) save(run);
    curves_.add_last(epochs_);
}

TrainResult Training::result(const Network& network) {
    TrainResult result{network, epochs_};
    binarizer_.binarize();
    executor_->write_back(result.network);
    for (const std::size_t l : binary_layers_) {
        Layer& layer = result.network.layers[l];
        auto* conv = layer.as<Convolution>();
        const bool marked =
            conv != nullptr ? mark_binary(conv->weight, conv->format)
                            : mark_binary(layer.as<Linear>()->weight, layer.as<Linear>()->format);
        if (!marked)
            fail(Fault::bad_input,
                 "train: layer '{}' has an output whose weights have all become equal, so that "
                 "their "
                 "binary scale is 0; lower the learning rate (for instance to {:.2g})",
                 layer.name, options_.learning_rate / 10);
    }
    return result;
}

namespace {

/// The content of the checkpoint, if there is one. Process 0 reads it for all, so that all continue
/// from the same one.
std::optional<std::string> saved_checkpoint(const TrainOptions& options) {
    ProcessGroup& processes = *options.processes;
    const bool there =
        processes.first() && !options.checkpoint.empty() && fs::exists(options.checkpoint);
    if (processes.from_first(there ? "there" : "").empty()) return std::nullopt;
    return processes.from_first(there ? read_file(options.checkpoint) : "");
}

TrainResult train_with_torch(const Network& network, const Samples& samples,
                             const TrainOptions& options, Progress& progress) {
    const TorchThreads threads(options.n_threads);
    const bool alone = options.processes->size() == 1;
    Fingerprint run;
    if (!options.checkpoint.empty() || !alone) run = fingerprint(network, samples, options);
    if (!alone) require_same_everywhere(run, *options.processes);
    Training training(network, samples, options);
    if (const auto saved = saved_checkpoint(options)) {
        const Checkpoint found = decode_checkpoint(*saved, options.checkpoint);
        require_same_run(found, run, options.checkpoint);
        training.restore(found);
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
