#include "ranvier/train/executor.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_reference.hpp"
#include "ranvier/train/dropout.hpp"
#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/tensor_group.hpp"

#include <algorithm>

namespace ranvier {

namespace {

/// Whether LibTorch's gradient of a layer does without the layer's output.
bool forgets_output(const Layer& layer) {
    return layer.as<Convolution>() != nullptr || layer.as<Linear>() != nullptr ||
           layer.as<BatchNorm>() != nullptr;
}

}  // namespace

/// One layer's output from its inputs: one overload per operation.
struct Executor::Apply {
    const Weights& own;
    const std::vector<torch::Tensor>& in;
    const Shape& out;
    const Pass& pass;
    Precision precision;
    std::size_t layer;
    bool overwrites;  ///< an activation may put its result where its input is

    torch::Tensor operator()(const Input&) const {
        torch::Tensor x = in[0];
        if (own.largest.defined()) x = instead(x, torch::minimum(x, own.largest));
        if (own.mean.defined()) x = x - own.mean;
        if (own.variance.defined()) x = x / own.variance;
        if (own.slope.defined()) x = instead(x * own.slope, (x * own.slope).clamp(-1, 1));
        return x.contiguous(channels_last);
    }
    torch::Tensor operator()(const Convolution& op) const {
        return convolve(op, in[0], own.weight, own.bias, precision);
    }
    torch::Tensor operator()(const Linear&) const {
        return apply_linear(in[0], own.weight, own.bias, precision);
    }
    torch::Tensor operator()(const BatchNorm& op) const {
        constexpr double momentum = 0.1;  // PyTorch's default
        const BatchPart& part = pass.part;
        if (pass.training && part.processes->size() > 1)
            return shared_batch_norm(*part.processes, in[0], part.n_whole,
                                     {own.weight, own.bias, own.mean, own.variance}, momentum,
                                     static_cast<double>(op.epsilon));
        return torch::batch_norm(in[0], own.weight, own.bias, own.mean, own.variance, pass.training,
                                 momentum, static_cast<double>(op.epsilon), false);
    }
    torch::Tensor operator()(const AveragePool& op) const { return pool_average(op, in[0], out); }
    torch::Tensor operator()(const MaxPool& op) const { return pool_maximum(op, in[0], out); }
    torch::Tensor operator()(const GlobalAveragePool&) const { return in[0].mean({2, 3}, true); }
    torch::Tensor operator()(const Add&) const {
        torch::Tensor sum = in[0];
        for (std::size_t k = 1; k < in.size(); ++k) sum = sum + in[k];
        return sum;
    }
    torch::Tensor operator()(const Concat&) const { return torch::cat(in, 1); }
    torch::Tensor operator()(const Flatten&) const { return as_image(in[0].flatten(1)); }
    torch::Tensor operator()(const Shortcut& op) const { return take_shortcut(op, in[0]); }
    torch::Tensor operator()(const Dropout& op) const {
        if (!pass.training || op.probability == 0) return in[0];
        const torch::Tensor mask =
            torch::empty({in[0].size(0), out.channels, out.height, out.width}, torch::kFloat32);
        const std::int64_t first = pass.part.first * out.size();
        constexpr std::int64_t grain = 1 << 14;
        at::parallel_for(0, mask.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
            fill_dropout_mask(
                op.probability,
                {pass.seed, pass.iteration, layer, static_cast<std::uint64_t>(first + begin)},
                {mask.data_ptr<float>() + begin, static_cast<std::size_t>(end - begin)});
        });
        return in[0] * mask.to(in[0].options());
    }
    torch::Tensor operator()(const Activation& op) const {
        if (op.neuron.kind == NeuronKind::sign) return sign(in[0]);
        if (op.neuron.spiking()) return rate(in[0]);
        torch::Tensor x = in[0];
        x = overwrites ? torch::relu_(x) : torch::relu(x);
        if (op.neuron.kind == NeuronKind::relu) return x;
        return instead(x, x.floor());  // exact: floor(x) - x needs no more digits than x
    }
    /// The constructor refuses networks that have one.
    template <typename GraphLayer>
    torch::Tensor operator()(const GraphLayer&) const {
        fail(Fault::internal, "train: a layer on a graph among image layers");
    }
    torch::Tensor operator()(const Output&) const { return in[0]; }

    /// The value y with the gradient of x (straight-through).
    static torch::Tensor instead(const torch::Tensor& x, const torch::Tensor& y) {
        return x + (y - x).detach();
    }
    [[nodiscard]] torch::Tensor rate(const torch::Tensor& x) const {
        const torch::Tensor unbounded = torch::relu(x * own.slope - own.leaked);
        return own.largest.defined() ? torch::minimum(unbounded, own.largest) : unbounded;
    }
    /// XNOR-Net, section 3.2: -1 below 0, else +1; the gradient passes where |x| <= 1.
    static torch::Tensor sign(const torch::Tensor& x) {
        const torch::Tensor bounded = x.clamp(-1, 1);
        return instead(bounded, torch::where(x < 0, -torch::ones_like(x), torch::ones_like(x)));
    }
};

Executor::Executor(const Network& network, torch::Dtype dtype, torch::Device device,
                   Precision precision, SpikingLayers spiking)
    : network_(network),
      shapes_(infer_shapes(network)),
      options_(torch::TensorOptions(dtype).device(device)),
      precision_(precision) {
    if (spiking == SpikingLayers::refused) require_float_neurons(network);
    for (const Layer& layer : network.layers)
        if (adjacency_of(layer) != nullptr)
            fail(Fault::unsupported,
                 "train: layer '{}' works on a graph; train_text_gcn trains such networks",
                 layer.name);
    weights_.resize(network.layers.size());
    for (std::size_t l = 0; l < network.layers.size(); ++l) load(network.layers[l], weights_[l]);
    const auto readers = consumers(network);
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        const Layer& layer = network.layers[l];
        last_reader_.push_back(readers[l].empty() ? network.layers.size() : readers[l].back());
        overwrites_.push_back(layer.as<Activation>() != nullptr &&
                              readers[layer.inputs[0]].size() == 1 &&
                              forgets_output(network.layers[layer.inputs[0]]));
    }
}

void Executor::load(const Layer& layer, Weights& own) {
    const auto add = [&](std::vector<NamedTensor>& list, const char* what, const Tensor& source) {
        if (source.empty()) return torch::Tensor();
        torch::Tensor tensor = row_major(source, options_);
        if (tensor.dim() == 4) tensor = tensor.contiguous(channels_last);
        list.push_back({layer.name + "." + what, tensor});
        return tensor.set_requires_grad(&list == &parameters_);
    };
    if (const auto* conv = layer.as<Convolution>()) {
        own.weight = add(parameters_, "weight", conv->weight);
        own.bias = add(parameters_, "bias", conv->bias);
    } else if (const auto* linear = layer.as<Linear>()) {
        own.weight = add(parameters_, "weight", linear->weight);
        own.bias = add(parameters_, "bias", linear->bias);
    } else if (const auto* norm = layer.as<BatchNorm>()) {
        own.weight = add(parameters_, "scale", norm->scale);
        own.bias = add(parameters_, "shift", norm->shift);
        own.mean = add(statistics_, "mean", norm->mean);
        own.variance = add(statistics_, "variance", norm->variance);
    } else if (const auto* input = layer.as<Input>()) {
        if (!input->mean.empty()) own.mean = per_channel(input->mean, options_);
        if (!input->std.empty()) own.variance = per_channel(input->std, options_);
        // Spikes of Poisson input are so many for a normalized pixel of 1, but one a step at most.
        if (network_.spiking() && network_.timing.input == InputCoding::poisson)
            own.slope = per_channel({network_.timing.input_rate}, options_);
        if (network_.spiking() && network_.timing.input == InputCoding::one_spike_phase)
            own.largest = per_channel({1 / network_.timing.input_base}, options_);
    } else if (const auto* activation = layer.as<Activation>()) {
        if (activation->neuron.spiking()) load_rate(activation->neuron, own);
    }
}

void Executor::load_rate(const Neuron& neuron, Weights& own) const {
    own.largest = per_channel(neuron.amplitude, options_);
    own.slope = own.largest / per_channel(neuron.threshold, options_);
    const bool leaky =
        neuron.kind == NeuronKind::leaky_delayed || neuron.kind == NeuronKind::leaky_same_step;
    own.leaked = own.largest * (leaky ? (1 - neuron.leak) / 2 : 0.0F);
    if (neuron.kind == NeuronKind::multi_spike) own.largest.reset();
    if (neuron.kind == NeuronKind::one_spike) own.largest = own.largest / neuron.base;
}

torch::Tensor Executor::forward(const torch::Tensor& pixels, const Pass& pass) {
    const Shape& shape = shapes_.front();
    if (pixels.dim() != 4 || Shape{pixels.size(1), pixels.size(2), pixels.size(3)} != shape)
        fail(Fault::bad_input, "train: images have shape [{}]; the network takes [n, {}, {}, {}]",
             fmt::join(pixels.sizes(), ", "), shape.channels, shape.height, shape.width);
    std::vector<torch::Tensor> values(network_.layers.size());
    if (pass.activations != nullptr) pass.activations->assign(values.size(), {});
    for (std::size_t l = 0; l < values.size(); ++l) {
        const Layer& layer = network_.layers[l];
        std::vector<torch::Tensor> in;
        for (const std::size_t source : layer.inputs) in.push_back(values[source]);
        if (l == 0) in.push_back(pixels.to(options_));
        values[l] =
            std::visit(Apply{weights_[l], in, shapes_[l], pass, precision_, l, overwrites_[l] != 0},
                       layer.operation);
        if (pass.activations != nullptr && layer.as<Activation>() != nullptr)
            (*pass.activations)[l] = values[l];
        for (const std::size_t source : layer.inputs)
            if (last_reader_[source] == l) values[source].reset();
    }
    return values.back().flatten(1);
}

void Executor::write_back(Network& network) const {
    const auto store = [](const torch::Tensor& source, Tensor& target) {
        if (source.defined()) target = to_ranvier(source);
    };
    for (std::size_t l = 0; l < weights_.size(); ++l) {
        const Weights& own = weights_[l];
        Layer& layer = network.layers.at(l);
        if (layer.operation.index() != network_.layers[l].operation.index())
            fail(Fault::internal, "train: layer '{}' is not the one that was trained", layer.name);
        if (auto* conv = layer.as<Convolution>()) {
            conv->format = {};
            store(own.weight, conv->weight);
            store(own.bias, conv->bias);
        } else if (auto* linear = layer.as<Linear>()) {
            linear->format = {};
            store(own.weight, linear->weight);
            store(own.bias, linear->bias);
        } else if (auto* norm = layer.as<BatchNorm>()) {
            store(own.weight, norm->scale);
            store(own.bias, norm->shift);
            store(own.mean, norm->mean);
            store(own.variance, norm->variance);
        }
    }
}

Tensor to_ranvier(const torch::Tensor& tensor) {
    const torch::Tensor plain = tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
    const float* begin = plain.data_ptr<float>();
    return {plain.sizes().vec(), std::vector<float>(begin, begin + plain.numel())};
}

void copy_into(const torch::Tensor& target, const Tensor& source) {
    const torch::NoGradGuard no_grad;
    target.copy_(row_major(source, torch::kFloat32));
}

}  // namespace ranvier
