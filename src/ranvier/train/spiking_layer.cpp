#include "ranvier/train/spiking_layer.hpp"

#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/spiking_neuron.hpp"

#include <ATen/Parallel.h>
#include <algorithm>
#include <vector>

namespace ranvier {

namespace {

/// One value per channel, in the layer's type.
torch::Tensor widened(const torch::Tensor& values, std::int64_t channels) {
    return values.detach().expand({channels}).contiguous();
}

/// The plain view of a layer that the loops work on; keeps what it points to.
template <typename Real>
struct View {
    explicit View(const SpikingLayer& layer)
        : threshold(widened(layer.neurons.threshold, layer.membrane.size(1))),
          amplitude(widened(layer.neurons.amplitude, layer.membrane.size(1))) {
        steps.delayed = layer.neurons.delayed;
        steps.surrogate = layer.neurons.surrogate;
        steps.channels = static_cast<std::size_t>(layer.membrane.size(1));
        steps.n_steps = static_cast<std::size_t>(layer.n_steps);
        steps.size = static_cast<std::size_t>(layer.membrane.numel()) / (steps.n_steps + 1);
        steps.leak = layer.neurons.leak.detach().template item<Real>();
        steps.threshold = threshold.template data_ptr<Real>();
        steps.amplitude = amplitude.template data_ptr<Real>();
        steps.membrane = layer.membrane.template data_ptr<Real>();
    }
    torch::Tensor threshold, amplitude;
    NeuronSteps<Real> steps;
};

/// The same parts on any number of threads, so that sums over them are the same too.
struct Parts {
    explicit Parts(std::size_t size, std::size_t n_channels)
        : channels(n_channels),
          places(size / n_channels),
          n(std::clamp<std::size_t>(size >> 14, 1, std::min<std::size_t>(places, 64))) {}

    template <typename Work>  ///< work(part, first element, end)
    void run(const Work& work) const {
        at::parallel_for(0, static_cast<std::int64_t>(n), 1, [&](std::int64_t a, std::int64_t b) {
            for (auto p = static_cast<std::size_t>(a); p < static_cast<std::size_t>(b); ++p)
                work(p, places * p / n * channels, places * (p + 1) / n * channels);
        });
    }
    std::size_t channels, places, n;
};

std::uint8_t* since_of(const torch::Tensor& since) {
    return since.defined() ? since.data_ptr<std::uint8_t>() : nullptr;
}

/// Sums per channel as those of the layer's parameter, which has one value or one per channel.
torch::Tensor like_parameter(const torch::Tensor& per_channel_sums, const torch::Tensor& like) {
    return like.numel() == 1 ? per_channel_sums.sum().reshape({1}) : per_channel_sums;
}

torch::Tensor channelwise(const torch::Tensor& values) {
    return values.detach().view({1, -1, 1, 1});
}

template <typename Real>
torch::Tensor run_on_cpu(SpikingLayer& layer, const torch::Tensor& currents, bool constant,
                         std::uint64_t* n_spikes) {
    const View<Real> view(layer);
    const NeuronSteps<Real>& steps = view.steps;
    torch::Tensor spikes = currents;
    if (constant) {
        std::vector<std::int64_t> sizes = currents.sizes().vec();
        sizes[0] *= layer.n_steps;
        spikes = torch::empty(sizes, currents.options(), channels_last);
    }
    const Parts parts(steps.size, steps.channels);
    std::vector<std::vector<std::uint64_t>> counts(parts.n,
                                                   std::vector<std::uint64_t>(steps.n_steps));
    parts.run([&](std::size_t part, std::size_t begin, std::size_t end) {
        run_neurons(steps, currents.data_ptr<Real>(), constant, spikes.data_ptr<Real>(),
                    counts[part].data(), since_of(layer.since), begin, end);
    });
    for (const auto& part : counts)
        for (std::size_t t = 0; t < steps.n_steps; ++t) n_spikes[t] += part[t];
    return spikes;
}

template <typename Real>
torch::Tensor spikes_on_cpu(const SpikingLayer& layer) {
    const View<Real> view(layer);
    std::vector<std::int64_t> sizes = layer.membrane.sizes().vec();
    sizes[0] = sizes[0] / (layer.n_steps + 1) * layer.n_steps;
    torch::Tensor spikes = torch::empty(sizes, layer.membrane.options(), channels_last);
    Parts(view.steps.size, view.steps.channels)
        .run([&](std::size_t, std::size_t begin, std::size_t end) {
            read_spikes(view.steps, spikes.data_ptr<Real>(), begin, end);
        });
    return spikes;
}

template <typename Real>
SpikingLayer::Gradients backward_on_cpu(const SpikingLayer& layer, const torch::Tensor& gradients,
                                        const torch::Tensor& carry) {
    const View<Real> view(layer);
    const NeuronSteps<Real>& steps = view.steps;
    const Parts parts(steps.size, steps.channels);
    std::vector<NeuronGradients> sums(parts.n,
                                      NeuronGradients{std::vector<double>(steps.channels), 0});
    parts.run([&](std::size_t part, std::size_t begin, std::size_t end) {
        run_neurons_backward(steps, gradients.data_ptr<Real>(), carry.data_ptr<Real>(),
                             since_of(layer.since), sums[part], begin, end);
    });
    torch::Tensor threshold =
        torch::zeros({static_cast<std::int64_t>(steps.channels)}, torch::kFloat64);
    torch::Tensor leak = torch::zeros({1}, torch::kFloat64);
    for (const NeuronGradients& part : sums) {
        for (std::size_t c = 0; c < steps.channels; ++c)
            threshold.data_ptr<double>()[c] += part.threshold[c];
        leak.data_ptr<double>()[0] += part.leak;
    }
    return {gradients, like_parameter(threshold, layer.neurons.threshold), leak};
}

}  // namespace

torch::Tensor SpikingLayer::run(const torch::Tensor& given, bool constant,
                                std::uint64_t* n_spikes) {
    const torch::Tensor currents = given.contiguous(channels_last);
    if (!currents.is_cpu()) return run_by_operators(currents, constant, n_spikes);
    return currents.scalar_type() == torch::kFloat64
               ? run_on_cpu<double>(*this, currents, constant, n_spikes)
               : run_on_cpu<float>(*this, currents, constant, n_spikes);
}

torch::Tensor SpikingLayer::spikes() const {
    if (!membrane.is_cpu()) return spikes_by_operators();
    return membrane.scalar_type() == torch::kFloat64 ? spikes_on_cpu<double>(*this)
                                                     : spikes_on_cpu<float>(*this);
}

SpikingLayer::Gradients SpikingLayer::backward(const torch::Tensor& given,
                                               const torch::Tensor& carry) {
    const torch::Tensor gradients = given.contiguous(channels_last);
    if (!gradients.is_cpu()) return backward_by_operators(gradients, carry);
    return gradients.scalar_type() == torch::kFloat64
               ? backward_on_cpu<double>(*this, gradients, carry)
               : backward_on_cpu<float>(*this, gradients, carry);
}

torch::Tensor SpikingLayer::slot(std::int64_t index) const {
    return membrane.narrow(0, index * n_samples(), n_samples());
}

torch::Tensor SpikingLayer::fired(std::int64_t step) const {
    const torch::Tensor u = deciding(step);
    return (u / channelwise(neurons.threshold) - 1 > 0).to(u.scalar_type());
}

torch::Tensor SpikingLayer::entering(std::int64_t step) const {
    const torch::Tensor u = slot(step);
    if (neurons.delayed) return u;
    const torch::Tensor v = channelwise(neurons.threshold);
    return u - v * (u / v - 1 > 0).to(u.scalar_type());
}

torch::Tensor SpikingLayer::slope(std::int64_t step, const torch::Tensor& steps_since) const {
    const Surrogate& s = neurons.surrogate;
    if (s.kind == SurrogateKind::stdb) {
        const torch::Tensor steps = steps_since.to(torch::kFloat32);
        const torch::Tensor slope =
            s.scale * torch::exp(-steps).to(torch::kFloat64).pow(s.decay);  // float32 underflow
        return torch::where(steps_since == no_spike_yet, torch::zeros_like(slope), slope)
            .to(membrane.scalar_type());
    }
    const torch::Tensor z = deciding(step) / channelwise(neurons.threshold) - 1;
    return s.kind == SurrogateKind::linear ? s.scale * (1 - z.abs()).clamp_min(0)
                                           : s.scale * torch::exp(-s.decay * z.abs());
}

namespace {

torch::Tensor moved_on(const torch::Tensor& since, const torch::Tensor& fired) {
    const torch::Tensor next = since.to(torch::kInt64).add(1).clamp_max(std::int64_t{no_spike_yet});
    return torch::where(fired > 0, torch::ones_like(next), next).to(torch::kUInt8);
}

}  // namespace

torch::Tensor SpikingLayer::run_by_operators(const torch::Tensor& currents, bool constant,
                                             std::uint64_t* n_spikes) {
    const torch::Tensor v = channelwise(neurons.threshold);
    const torch::Tensor leak = neurons.leak.detach();
    const std::int64_t n = n_samples();
    std::vector<torch::Tensor> spikes;
    for (std::int64_t t = 0; t < n_steps; ++t) {
        const torch::Tensor current = constant ? currents : currents.narrow(0, t * n, n);
        const torch::Tensor u = leak * entering(t) + current;
        if (neurons.delayed)
            slot(t + 1).copy_(u - v * fired(t));
        else
            slot(t + 1).copy_(u);
        const torch::Tensor s = fired(t);
        if (since.defined()) since.copy_(moved_on(since, s));
        n_spikes[t] += static_cast<std::uint64_t>(s.sum(torch::kFloat64).item<double>());
        spikes.push_back(s * channelwise(neurons.amplitude));
    }
    return torch::cat(spikes).contiguous(channels_last);
}

torch::Tensor SpikingLayer::spikes_by_operators() const {
    std::vector<torch::Tensor> spikes;
    for (std::int64_t t = 0; t < n_steps; ++t)
        spikes.push_back(fired(t) * channelwise(neurons.amplitude));
    return torch::cat(spikes).contiguous(channels_last);
}

SpikingLayer::Gradients SpikingLayer::backward_by_operators(const torch::Tensor& gradients,
                                                            const torch::Tensor& carry) {
    const torch::Tensor v = channelwise(neurons.threshold);
    const torch::Tensor leak = neurons.leak.detach();
    const std::int64_t n = n_samples();
    std::vector<torch::Tensor> steps_since(static_cast<std::size_t>(n_steps));
    for (std::int64_t t = 0; t < n_steps && since.defined(); ++t) {
        const auto k = static_cast<std::size_t>(t);
        steps_since[k] = t == 0 ? since : moved_on(steps_since[k - 1], fired(t - 1));
    }
    const auto options = torch::dtype(torch::kFloat64).device(membrane.device());
    torch::Tensor threshold_sums = torch::zeros({membrane.size(1)}, options);
    torch::Tensor leak_sum = torch::zeros({1}, options);
    for (std::int64_t t = n_steps - 1; t >= 0; --t) {
        torch::Tensor gradient = gradients.narrow(0, t * n, n);
        const torch::Tensor pull = gradient * channelwise(neurons.amplitude) *
                                   slope(t, steps_since[static_cast<std::size_t>(t)]) / v;
        const torch::Tensor g = neurons.delayed ? carry.clone() : carry + pull;
        threshold_sums -=
            (pull * deciding(t) / v + carry * fired(t)).sum({0, 2, 3}, false, torch::kFloat64);
        leak_sum += (g * entering(t)).sum(torch::kFloat64);
        carry.copy_(neurons.delayed ? leak * g + pull : leak * g);
        gradient.copy_(g);
    }
    return {gradients, like_parameter(threshold_sums, neurons.threshold), leak_sum};
}

}  // namespace ranvier
