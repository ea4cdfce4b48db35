#include "ranvier/train/requirements.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_reference.hpp"
#include "ranvier/train/batches.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace ranvier {

namespace {

template <typename T>
void require_option(bool usable, std::string_view name, const T& found, std::string_view allowed) {
    if (!usable) fail(Fault::bad_input, "train: {} is {}; allowed is {}", name, found, allowed);
}

bool at_least(double low, double value) {
    return std::isfinite(value) && value >= low;
}

void require_options(const TrainOptions& o, const Shape& image) {
    require_option(o.epochs >= 1 && o.epochs < 1 << 24, "epochs", o.epochs, "1 to 2^24");
    require_option(o.batch >= 1, "batch", o.batch, "1 or more");
    require_option(std::isfinite(o.learning_rate) && o.learning_rate > 0, "learning_rate",
                   o.learning_rate, "a number > 0");
    require_option(at_least(0, o.momentum) && o.momentum < 1, "momentum", o.momentum,
                   "0 up to, but not, 1");
    for (const auto& [name, beta] : {std::pair{"beta1", o.beta1}, std::pair{"beta2", o.beta2}})
        require_option(at_least(0, beta) && beta < 1, name, beta, "0 up to, but not, 1");
    require_option(at_least(0, o.weight_decay), "weight_decay", o.weight_decay, "a number >= 0");
    require_option(o.weight_decay_epochs >= 0, "weight_decay_epochs", o.weight_decay_epochs,
                   "0 (always) or more");
    require_option(std::isfinite(o.gamma) && o.gamma > 0, "gamma", o.gamma, "a number > 0");
    require_option(o.synop_target == 0 || at_least(1, o.synop_target), "synop_target",
                   o.synop_target,
                   "0 (synop_factor times what the network has) or at least 1, per sample");
    require_option(at_least(1e-3, o.synop_factor) && o.synop_factor <= 1e3, "synop_factor",
                   o.synop_factor, "0.001 to 1000; go further in several stages");
    require_option(at_least(0, o.synop_weight), "synop_weight", o.synop_weight, "a number >= 0");
    for (const int milestone : o.milestones)
        require_option(milestone >= 0, "milestone", milestone, "0 or more");
    require_option(o.step_every >= 0, "step_every", o.step_every, "0 (never) or more");
    require_option(at_least(0, o.warm_up) && o.warm_up <= 1, "warm_up", o.warm_up, "0 to 1");
    require_option(at_least(1, o.start_divisor), "start_divisor", o.start_divisor, "1 or more");
    require_option(at_least(1, o.final_divisor), "final_divisor", o.final_divisor, "1 or more");
    const std::int64_t side = std::min(image.height, image.width);
    require_option(o.shift >= 0 && o.shift < side, "shift", o.shift,
                   fmt::format("0 to {} for images of {}", side - 1, to_string(image)));
    require_option(o.n_threads >= 0, "n_threads", o.n_threads, "0 (all cores) or more");
    require_option(o.checkpoint_every >= 1, "checkpoint_every", o.checkpoint_every, "1 or more");
    require_option(at_least(0, o.checkpoint_seconds), "checkpoint_seconds", o.checkpoint_seconds,
                   "0 (only between epochs) or more");
    require_option(o.evaluate_every >= 0, "evaluate_every", o.evaluate_every, "0 (never) or more");
}

void require_spiking_options(const TrainOptions& o) {
    if (o.binary_weights != BinaryWeights::none || o.synop_loss != SynopPenalty::none)
        fail(Fault::unsupported,
             "train: binary weights and SynOp penalties are for float networks; leave out "
             "binary_weights and synop_loss for a spiking one");
}

/// The penalty takes activations for numbers of spikes.
void require_countable(const Network& network) {
    for (const Layer& layer : network.layers)
        if (const auto* activation = layer.as<Activation>();
            activation != nullptr && activation->neuron.kind == NeuronKind::sign)
            fail(Fault::unsupported,
                 "train: synop_loss counts activations as spikes, and those of layer '{}' are -1 "
                 "and +1 (neuron sign); leave out synop_loss, or use a network with relu or "
                 "quantized_relu",
                 layer.name);
}

void require_fit(const Network& network, const Samples& samples, const Shape& output) {
    if (samples.shape() != network.input().shape)
        fail(Fault::bad_input, "train: the images ({}) have shape {}; the network takes {}",
             samples.describe(), to_string(samples.shape()), to_string(network.input().shape));
    if (samples.size() == 0 || samples.size() > std::size_t{1} << 32)
        fail(Fault::bad_input, "train: {} has {} samples; at least one is needed",
             samples.describe(), samples.size());
    if (output.plane() != 1 || output.channels < samples.n_classes())
        fail(Fault::bad_input,
             "train: the network's output is {}; {} has {} classes, which need at least {}x1x1",
             to_string(output), samples.describe(), samples.n_classes(), samples.n_classes());
}

/// The smallest batch must have a sample for each process.
void require_shares(std::size_t n_samples, const TrainOptions& o) {
    const std::size_t smallest = n_samples / batch_count(n_samples, o.batch);
    const int n_processes = o.processes->size();
    if (smallest < static_cast<std::size_t>(n_processes))
        fail(Fault::bad_input,
             "train: {} processes share batches of {} samples; each needs one; make the batch "
             "larger, or start fewer processes",
             n_processes, smallest);
}

/// Batch norm needs two values to have a variance.
void require_batch_statistics(const Network& network, const std::vector<Shape>& shapes,
                              std::size_t n_samples, std::size_t batch) {
    const std::size_t smallest = n_samples / batch_count(n_samples, batch);
    for (std::size_t l = 0; l < shapes.size(); ++l)
        if (network.layers[l].as<BatchNorm>() != nullptr && smallest * shapes[l].plane() < 2)
            fail(Fault::bad_input,
                 "train: layer '{}' (batch_norm) would see one value per channel with {} samples "
                 "in batches of {}; make the batch larger",
                 network.layers[l].name, n_samples, batch);
}

}  // namespace

void require_trainable(const Network& network, const Samples& samples,
                       const TrainOptions& options) {
    const std::vector<Shape> shapes = infer_shapes(network);
    if (network.spiking())
        require_spiking_options(options);
    else
        require_float_neurons(network);
    require_options(options, network.input().shape);
    if (options.synop_loss != SynopPenalty::none) require_countable(network);
    require_fit(network, samples, shapes.back());
    if (options.evaluate_every > 0 && options.test == nullptr)
        fail(Fault::usage, "train: evaluate_every is {}, but there is no test set",
             options.evaluate_every);
    if (options.evaluate_every > 0) require_fit(network, *options.test, shapes.back());
    require_shares(samples.size(), options);
    require_batch_statistics(network, shapes, samples.size(), options.batch);
    const auto has_weights = [](const Layer& layer) {
        return layer.as<Convolution>() != nullptr || layer.as<Linear>() != nullptr ||
               layer.as<BatchNorm>() != nullptr;
    };
    if (std::none_of(network.layers.begin(), network.layers.end(), has_weights))
        fail(Fault::bad_input, "train: the network has no weights to train");
}

}  // namespace ranvier
