#include "ranvier/train/input_gradient.hpp"

#include "ranvier/base/error.hpp"

#include <torch/autograd.h>

namespace ranvier {

namespace {

/// N1 that resets by subtraction fires at u >= v where N3 without leak fires at u > v.
Network with_gradients(Network network) {
    for (Layer& layer : network.layers)
        if (auto* activation = layer.as<Activation>())
            if (Neuron& neuron = activation->neuron;
                neuron.kind == NeuronKind::integrate_fire && neuron.reset == Reset::subtract) {
                neuron.kind = NeuronKind::leaky_same_step;
                neuron.leak = 1;
            }
    return network;
}

/// Membranes of many steps would fill the memory.
SpikeTraining without_training(const Surrogate& surrogate, int steps) {
    constexpr int many_steps = 64;
    return {.surrogate = surrogate,
            .threshold = false,
            .leak = false,
            .checkpoint_steps = steps > many_steps ? many_steps / 2 : 0};
}

/// The network for the way through time; null where its rates are to be followed.
std::unique_ptr<SpikingModel> model_through_time(const Network& network, const Surrogate& surrogate,
                                                 torch::Device device, SpikeGradient kind) {
    if (!network.spiking() || kind == SpikeGradient::rate) return nullptr;
    try {
        return std::make_unique<SpikingModel>(with_gradients(network),
                                              without_training(surrogate, network.timing.steps),
                                              torch::kFloat32, device);
    } catch (const Error& error) {
        if (error.fault() != Fault::unsupported) throw;
        if (kind == SpikeGradient::automatic) return nullptr;
        fail(Fault::unsupported,
             "attack: there is no gradient through time, which a surrogate asks for too: {}; or "
             "follow the rates (gradient rate), or craft the images on another network "
             "(crafted_on, --crafted-on)",
             error.what());
    }
}

std::unique_ptr<Executor> with_rates(const Network& network, torch::Device device) {
    try {
        auto executor = std::make_unique<Executor>(network, torch::kFloat32, device,
                                                   Precision::float32, SpikingLayers::as_rates);
        for (const NamedTensor& parameter : executor->parameters())
            parameter.tensor.set_requires_grad(false);
        return executor;
    } catch (const Error& error) {
        if (error.fault() != Fault::unsupported) throw;
        fail(Fault::unsupported,
             "attack: there is no gradient to follow: {}; or craft the images on another network "
             "(crafted_on, --crafted-on)",
             error.what());
    }
}

}  // namespace

InputGradient::InputGradient(const Network& network, const Surrogate& surrogate,
                             torch::Device device, SpikeGradient kind)
    : kind_(SpikeGradient::automatic),
      spiking_(model_through_time(network, surrogate, device, kind)) {
    if (spiking_) {
        kind_ = SpikeGradient::through_time;
        return;
    }
    if (network.spiking()) kind_ = SpikeGradient::rate;
    float_ = with_rates(network, device);
}

torch::Tensor InputGradient::operator()(const torch::Tensor& pixels, const torch::Tensor& labels,
                                        const SpikingPass& pass) const {
    if (spiking_) return through_time(pixels, labels, pass);
    const at::AutoGradMode with_gradients(true);
    const torch::Tensor x = pixels.detach().set_requires_grad(true);
    const torch::Tensor loss =
        torch::cross_entropy_loss(float_->forward(x), labels, {}, at::Reduction::Sum);
    return torch::autograd::grad({loss}, {x})[0].detach().contiguous();
}

torch::Tensor InputGradient::through_time(const torch::Tensor& pixels, const torch::Tensor& labels,
                                          const SpikingPass& pass) const {
    const torch::NoGradGuard no_grad;
    SpikingRun run(*spiking_, pixels, pass, true);
    const auto steps = static_cast<double>(spiking_->network.timing.steps);
    torch::Tensor gradient = torch::softmax(run.forward() / steps, 1);  // of the cross entropy
    gradient.scatter_add_(1, labels.unsqueeze(1),
                          torch::full({labels.size(0), 1}, -1.0, gradient.options()));
    return run.backward(gradient / steps, SpikingRun::Wanted::pixels).pixels.contiguous();
}

}  // namespace ranvier
