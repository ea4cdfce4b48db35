#include "ranvier/train/spiking_executor.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/train/executor.hpp"

#include <torch/csrc/autograd/custom_function.h>

namespace ranvier {

namespace {

/// Carries a run from the way there to the way back.
struct RunHolder : torch::CustomClassHolder {
    explicit RunHolder(std::unique_ptr<SpikingRun> owned) : run(std::move(owned)) {}
    std::unique_ptr<SpikingRun> run;
};

/// The whole network through all its timesteps, as one function of pixels and parameters.
struct ThroughTime : torch::autograd::Function<ThroughTime> {
    static torch::Tensor forward(torch::autograd::AutogradContext* context,
                                 const c10::intrusive_ptr<RunHolder>& holder,
                                 const torch::Tensor& pixels, at::TensorList parameters) {
        context->saved_data["run"] = torch::IValue::make_capsule(holder);
        context->saved_data["of_pixels"] = pixels.requires_grad();
        (void)parameters;  // named here so that LibTorch asks for their gradients
        return holder->run->forward();
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto holder = context->saved_data["run"].toCapsule();
        auto* run = static_cast<RunHolder*>(holder.get())->run.get();
        const bool of_pixels = context->saved_data["of_pixels"].toBool();
        SpikingRun::Gradients result = run->backward(
            gradients[0], of_pixels ? SpikingRun::Wanted::both : SpikingRun::Wanted::parameters);
        torch::autograd::variable_list all = {{}, result.pixels};
        all.insert(all.end(), result.parameters.begin(), result.parameters.end());
        return all;
    }
};

}  // namespace

SpikingExecutor::SpikingExecutor(const Network& network, const SpikeTraining& training,
                                 torch::Dtype dtype, torch::Device device, Precision precision)
    : model_(network, training, dtype, device, precision) {}

void SpikingExecutor::require_images(const torch::Tensor& pixels, const SpikingPass& pass) const {
    const Shape& shape = model_.shapes.front();
    const std::vector<std::int64_t> image = {shape.channels, shape.height, shape.width};
    if (pass.frames.defined()) {
        const std::int64_t steps = model_.network.timing.steps;
        if (pass.frames.dim() != 5 || pass.frames.size(0) != steps ||
            pass.frames.sizes().slice(2) != at::IntArrayRef(image))
            fail(Fault::bad_input, "train: frames have shape [{}]; the network takes [{}, n, {}]",
                 fmt::join(pass.frames.sizes(), ", "), steps, fmt::join(image, ", "));
        return;
    }
    if (pixels.dim() != 4 || pixels.sizes().slice(1) != at::IntArrayRef(image) ||
        pixels.size(0) == 0)
        fail(Fault::bad_input, "train: images have shape [{}]; the network takes [n, {}], n > 0",
             fmt::join(pixels.sizes(), ", "), fmt::join(image, ", "));
}

torch::Tensor SpikingExecutor::forward(const torch::Tensor& pixels, const SpikingPass& pass) {
    require_images(pixels, pass);
    const bool gradients = at::GradMode::is_enabled();
    auto run = std::make_unique<SpikingRun>(model_, pixels.defined() ? pixels.detach() : pixels,
                                            pass, gradients);
    const SpikingRun* seen = run.get();
    const auto holder = c10::make_intrusive<RunHolder>(std::move(run));
    torch::Tensor logits;
    if (gradients) {
        std::vector<torch::Tensor> parameters;
        for (const NamedTensor& parameter : model_.parameters)
            parameters.push_back(parameter.tensor);
        // With frames there are no pixels; a gradient cannot be of nothing.
        logits = ThroughTime::apply(holder, pixels.defined() ? pixels : torch::zeros({0}),
                                    at::TensorList(parameters));
    } else {
        logits = holder->run->forward();
    }
    spikes_ = seen->spikes();
    return logits;
}

NumericalFault SpikingExecutor::find_fault(const torch::Tensor& pixels, const Pass& pass) const {
    const torch::NoGradGuard no_grad;
    SpikingPass looking;
    looking.pass = pass;
    looking.find_fault = true;
    SpikingRun run(model_, pixels, looking, false);
    (void)run.forward();
    return run.fault();
}

torch::Tensor SpikingExecutor::forward(const torch::Tensor& pixels, const Pass& pass) {
    SpikingPass spiking;
    spiking.pass = pass;
    return forward(pixels, spiking);
}

void SpikingExecutor::limit_neurons() {
    const torch::NoGradGuard no_grad;
    for (std::size_t l = 0; l < model_.places.size(); ++l) {
        if (model_.places[l].leak >= 0) model_.neurons[l].leak.clamp_(0, 1);
        if (model_.places[l].threshold < 0) continue;
        const auto lowest = model_.neurons[l].threshold.min().item<double>();
        if (!(lowest > 0))
            fail(Fault::bad_input,
                 "the threshold of layer '{}' became {}; it must stay above 0: lower the "
                 "learning rate, or leave thresholds as they are (train_threshold = false)",
                 model_.network.layers[l].name, lowest);
    }
}

void SpikingExecutor::write_back(Network& network) const {
    const auto vector = [](const torch::Tensor& tensor) { return to_ranvier(tensor).values; };
    for (std::size_t l = 0; l < model_.places.size(); ++l) {
        Layer& layer = network.layers.at(l);
        if (layer.operation.index() != model_.network.layers[l].operation.index())
            fail(Fault::internal, "train: layer '{}' is not the one that was trained", layer.name);
        if (auto* conv = layer.as<Convolution>()) {
            conv->format = {};
            conv->weight = to_ranvier(model_.weight[l]);
            if (model_.bias[l].defined()) conv->bias = to_ranvier(model_.bias[l]);
        } else if (auto* linear = layer.as<Linear>()) {
            linear->format = {};
            linear->weight = to_ranvier(model_.weight[l]);
            if (model_.bias[l].defined()) linear->bias = to_ranvier(model_.bias[l]);
        } else if (auto* activation = layer.as<Activation>()) {
            activation->neuron.threshold = vector(model_.neurons[l].threshold);
            activation->neuron.leak = vector(model_.neurons[l].leak).at(0);
        }
    }
}

}  // namespace ranvier
