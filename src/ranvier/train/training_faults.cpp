// How a training finds out that it goes wrong, and how it then ends.
#include "ranvier/base/file.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/train/divergence.hpp"
#include "ranvier/train/training.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ranvier {

namespace fs = std::filesystem;

namespace {

/// @param sums, spikes  [n_layers][steps]; empty for layers without neurons.
void add_spikes(std::vector<std::vector<std::uint64_t>>& sums,
                const std::vector<std::vector<std::uint64_t>>& spikes) {
    for (std::size_t l = 0; l < spikes.size(); ++l) {
        for (std::size_t s = 0; s < spikes[l].size(); ++s) sums[l][s] += spikes[l][s];
    }
}

}  // namespace

std::string Training::place() const {
    return fmt::format("in epoch {}, batch {} of {}", epochs_.size() + 1, part_.batches + 1,
                       n_batches_);
}

void Training::give_up(const std::string& why) {
    saved_.reset();  // may be what went wrong
    fail(Fault::bad_input, "train: {}{}", why, keep_last_good());
}

std::string Training::keep_last_good() {
    if (options_.last_good.empty() || !options_.processes->first()) return "";
    if (!fs::exists(options_.checkpoint))
        return "; no checkpoint had been written, so that the network that this training began "
               "with is the last good one";
    try {
        restore(decode_checkpoint(read_file(options_.checkpoint), options_.checkpoint));
        Network good = network_;
        executor_->write_back(good);
        save_network(good, options_.last_good);
    } catch (const Error& error) {
        return fmt::format("; the last good weights could not be kept: {}", error.what());
    }
    return fmt::format(
        "; the last good weights, of {} epochs and {} batches, are in {}: to go on from them with "
        "other keys, write a recipe with file = \"{}\" in [network] and this stage as its first",
        epochs_.size(), part_.batches, options_.last_good.string(), options_.last_good.string());
}

void Training::fail_diverged(const std::string& what, std::optional<std::string> fault) {
    if (!fault)
        fault = grown_most(executor_->parameters(),
                           make_executor(network_, options_, device_)->parameters());
    give_up(fmt::format("{}; {}{}{}", what, fault.value_or(""), fault ? "; " : "",
                        divergence_advice(options_, n_steps(), n_batches_)));
}

std::optional<std::string> Training::fault_of(const Batch& batch, const Pass& pass) const {
    if (spiking_ == nullptr) return std::nullopt;
    const NumericalFault fault = spiking_->find_fault(batch.pixels, pass);
    if (!fault.found) return std::nullopt;
    return fault_text(network_, fault);
}

void Training::require_sound_loss(double loss, double cross_entropy, const Batch& batch,
                                  const Pass& pass) {
    if (!std::isfinite(loss))
        fail_diverged(fmt::format("the loss became {} {}; a finite one is needed", loss, place()),
                      fault_of(batch, pass));
    loss_watch_.add(cross_entropy);
    if (!loss_watch_.sound(cross_entropy)) saved_.reset();  // it is these weights' loss
    if (loss_watch_.diverged())
        fail_diverged(fmt::format("the loss (cross entropy) became {:.4g} {}; it began at {:.4g}, "
                                  "and a mean of more than {:.4g} counts as divergence",
                                  cross_entropy, place(), loss_watch_.first(), loss_watch_.limit()),
                      fault_of(batch, pass));
}

void Training::require_sound_gradients(const Batch& batch, const Pass& pass) {
    torch::Tensor sum = torch::zeros({}, torch::TensorOptions().device(device_));
    for (const torch::Tensor& gradient : gradients()) sum += gradient.sum();
    if (const auto value = sum.item<double>(); !std::isfinite(value)) {
        const auto first = unsound_gradient(executor_->parameters());
        fail_diverged(
            fmt::format("the {} became {} {}; a finite one is needed",
                        first ? fmt::format("gradient of '{}', the first on the way back,", *first)
                              : "gradients' sum",
                        first ? std::string("infinite or no number") : fmt::format("{}", value),
                        place()),
            fault_of(batch, pass));
    }
}

/// A membrane that is no number never fires, so that it looks like silence, and the loss stays
/// finite.
void Training::watch_spikes(const Batch& batch, const Pass& pass) {
    const std::optional<std::size_t> silent = watch_.add(spiking_->spikes(), *options_.processes);
    if (!silent) return;
    if (auto fault = fault_of(batch, pass))
        fail_diverged("values are no longer finite " + place(), std::move(fault));
    Network now = network_;
    executor_->write_back(now);
    give_up(place() + ": " +
            silence_advice(now, *silent, spiking_->spikes(),
                           fmt::format("the last {} batches", watch_.patience())));
}

void Training::limit_neurons() {
    if (spiking_ == nullptr) return;
    try {
        spiking_->limit_neurons();
    } catch (const Error& error) {
        give_up(fmt::format("{}: {}", place(), error.what()));
    }
}

void Training::require_finite_weights() {
    for_each_tensor([&](const NamedTensor& entry) {
        if (!entry.tensor.isfinite().all().item<bool>())
            give_up(fmt::format("{} is no longer finite after {} batches of epoch {}; {}",
                                entry.name, part_.batches, epochs_.size() + 1,
                                divergence_advice(options_, n_steps(), n_batches_)));
    });
}

void Training::require_sound_end() {
    if (spiking_ == nullptr) return;
    const std::size_t n = std::min(samples_.size(), std::max<std::size_t>(options_.batch, 256));
    const std::string where = fmt::format("the first {} training samples", n);
    std::array<double, 1> loss = {};
    std::vector<std::vector<std::uint64_t>> spikes(network_.layers.size());
    for (std::size_t l = 0; l < spikes.size(); ++l)
        if (network_.layers[l].as<Activation>() != nullptr)
            spikes[l].resize(static_cast<std::size_t>(network_.timing.steps));
    for_each_batch(samples_, n, [&](const auto& outputs, const Batch& batch, const Pass&) {
        loss[0] += sum_of_losses(outputs, batch.labels) / static_cast<double>(n);
        add_spikes(spikes, spiking_->spikes());
    });
    options_.processes->sum(loss);
    const auto silent = SpikeWatch(spikes.size(), 1).add(spikes, *options_.processes);
    const bool sound =
        std::isfinite(loss[0]) && (loss_watch_.first() < 0 || loss_watch_.sound(loss[0]));
    if (sound && !silent) return;
    std::optional<std::string> fault;
    for_each_batch(samples_, n, [&](const auto&, const Batch& batch, const Pass& pass) {
        if (!fault) fault = fault_of(batch, pass);
    });
    if (!sound || fault)
        fail_diverged(fmt::format("after the last batch the loss on {} is {:.4g}; it began at "
                                  "{:.4g}, and more than {:.4g} counts as divergence",
                                  where, loss[0], loss_watch_.first(), loss_watch_.limit()),
                      std::move(fault));
    Network now = network_;
    executor_->write_back(now);
    give_up("after the last batch: " + silence_advice(now, *silent, spikes, where));
}

}  // namespace ranvier
