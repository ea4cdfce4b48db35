#include "ranvier/train/spiking_model.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/train/layer_operations.hpp"

#include <algorithm>
#include <cmath>

namespace ranvier {

namespace {

bool is_rate_input(InputCoding coding) {
    return coding == InputCoding::direct || coding == InputCoding::poisson;
}

void require_options(const SpikeTraining& o) {
    const auto above_0 = [](double value) { return std::isfinite(value) && value > 0; };
    if (!above_0(o.surrogate.scale) || !above_0(o.surrogate.decay))
        fail(Fault::bad_input,
             "train: the surrogate has scale {} and decay {}; both must be finite and > 0",
             o.surrogate.scale, o.surrogate.decay);
    if (!(o.dropout >= 0 && o.dropout < 1))
        fail(Fault::bad_input, "train: dropout is {}; allowed is 0 up to, but not, 1", o.dropout);
    if (o.checkpoint_steps < 0)
        fail(Fault::bad_input, "train: checkpoint_steps is {}; allowed is 0 (keep all) or more",
             o.checkpoint_steps);
    if (o.silent_batches < 1)
        fail(Fault::bad_input, "train: silent_batches is {}; allowed is 1 or more",
             o.silent_batches);
}

/// Why a layer cannot be trained through time, and what to do; null if it can.
const char* refusal(const Layer& layer) {
    if (layer.as<MaxPool>() != nullptr)
        return "a max pool has no gradient through time; use average pools";
    if (layer.as<BatchNorm>() != nullptr)
        return "fold batch norms before the conversion (stage fold_batch_norm)";
    if (layer.as<Dropout>() != nullptr)
        return "take it out of the network and give fine_tune its own dropout";
    if (adjacency_of(layer) != nullptr) return "graph networks are not trained through time";
    const auto* activation = layer.as<Activation>();
    if (activation == nullptr) return nullptr;
    const NeuronKind kind = activation->neuron.kind;
    if (kind == NeuronKind::leaky_same_step && activation->neuron.reset == Reset::zero)
        return "neurons that reset to zero have no gradient here; only reset by subtraction has";
    if (kind == NeuronKind::leaky_delayed || kind == NeuronKind::leaky_same_step) return nullptr;
    return "only leaky_delayed and leaky_same_step neurons have gradients; convert with neuron = "
           "\"leaky_same_step\" (presets hybrid, diet and iir do)";
}

void require_trainable(const Network& network) {
    if (!network.spiking())
        fail(Fault::unsupported,
             "train: the network is not a spiking one; convert it first (ranvier convert)");
    const Timing& timing = network.timing;
    if (timing.propagation == Propagation::delayed || !is_rate_input(timing.input))
        fail(Fault::unsupported,
             "train: only networks with same_step propagation and direct or poisson input are "
             "trained through time; convert with those");
    for (const Layer& layer : network.layers)
        if (const char* reason = refusal(layer))
            fail(Fault::unsupported, "train: layer '{}' ({}): {}", layer.name,
                 operation_name(layer.operation), reason);
}

/// Spikes into weights alone are dropped: not those into a pool, and not a block's output, which a
/// shortcut reads too (the authors' programs).
bool takes_dropout(const Network& network, const std::vector<std::vector<std::size_t>>& readers,
                   std::size_t l) {
    const Layer& layer = network.layers[l];
    if (layer.as<Activation>() == nullptr || readers[l].size() != 1) return false;
    if (network.layers[layer.inputs[0]].as<Add>() != nullptr) return false;
    std::size_t reader = readers[l][0];
    while (network.layers[reader].as<Flatten>() != nullptr && readers[reader].size() == 1)
        reader = readers[reader][0];
    return has_synapses(network.layers[reader]);
}

}  // namespace

SpikingModel::SpikingModel(const Network& given, const SpikeTraining& how, torch::Dtype dtype,
                           torch::Device device, Precision precision_of_products)
    : network(given),
      training(how),
      options(torch::dtype(dtype).device(device)),
      precision(precision_of_products),
      shapes(infer_shapes(given)) {
    require_options(training);
    require_trainable(network);
    const std::size_t n = network.layers.size();
    const auto readers = consumers(network);
    weight.resize(n);
    bias.resize(n);
    neurons.resize(n);
    places.resize(n);
    for (std::size_t l = 0; l < n; ++l) {
        const Layer& layer = network.layers[l];
        load(l);
        const bool neuron = layer.as<Activation>() != nullptr;
        bool all_constant = l > 0 || network.timing.input == InputCoding::direct;
        bool any_trainable = neuron || weight[l].defined();
        for (const std::size_t source : layer.inputs) {
            all_constant = all_constant && constant[source];
            any_trainable = any_trainable || trainable[source];
        }
        constant.push_back(all_constant && !neuron && layer.as<Output>() == nullptr);
        trainable.push_back(any_trainable);
        drops.push_back(training.dropout > 0 && takes_dropout(network, readers, l));
        n_readers.push_back(readers[l].size());
        last_reader.push_back(readers[l].empty() ? n : readers[l].back());
    }
}

int SpikingModel::add_parameter(std::size_t l, const char* what, const torch::Tensor& tensor) {
    parameters.push_back(
        {fmt::format("{}.{}", network.layers[l].name, what), tensor.set_requires_grad(true)});
    return static_cast<int>(parameters.size()) - 1;
}

void SpikingModel::load(std::size_t l) {
    const Layer& layer = network.layers[l];
    const auto load_weights = [&](const Tensor& w, const Tensor& b) {
        weight[l] = row_major(w, options);
        if (weight[l].dim() == 4) weight[l] = weight[l].contiguous(channels_last);
        places[l].weight = add_parameter(l, "weight", weight[l]);
        if (b.empty()) return;
        bias[l] = row_major(b, options);
        places[l].bias = add_parameter(l, "bias", bias[l]);
    };
    const auto vector = [&](const std::vector<float>& values) {
        return row_major(Tensor({static_cast<std::int64_t>(values.size())}, values), options);
    };
    if (const auto* conv = layer.as<Convolution>()) load_weights(conv->weight, conv->bias);
    if (const auto* linear = layer.as<Linear>()) load_weights(linear->weight, linear->bias);
    if (const auto* input = layer.as<Input>()) {
        if (!input->mean.empty()) mean = per_channel(input->mean, options);
        std::vector<float> factor = input->std;
        for (float& value : factor) value = 1.0F / value;  // as the simulator does it
        if (!factor.empty()) scale = per_channel(factor, options);
    }
    const auto* activation = layer.as<Activation>();
    if (activation == nullptr) return;
    const Neuron& neuron = activation->neuron;
    neurons[l] = {neuron.kind == NeuronKind::leaky_delayed, training.surrogate,
                  vector(neuron.threshold), vector(neuron.amplitude), vector({neuron.leak})};
    if (training.threshold)
        places[l].threshold = add_parameter(l, "threshold", neurons[l].threshold);
    if (training.leak) places[l].leak = add_parameter(l, "leak", neurons[l].leak);
}

}  // namespace ranvier
