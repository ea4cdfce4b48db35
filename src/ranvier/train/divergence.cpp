#include "ranvier/train/divergence.hpp"

#include "ranvier/train/schedule.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <ranges>

namespace ranvier {

namespace {

bool is_finite(const torch::Tensor& tensor) {
    return tensor.isfinite().all().item<bool>();
}

double largest(const torch::Tensor& tensor) {
    return tensor.detach().abs().max().item<double>();
}

}  // namespace

std::string fault_text(const Network& network, const NumericalFault& fault) {
    const Layer& layer = network.layers[fault.layer];
    const std::string values =
        layer.as<Output>() != nullptr
            ? fmt::format("the sums of layer '{}', which adds up what layer '{}' sends,",
                          layer.name, network.layers[layer.inputs[0]].name)
            : fmt::format("the membranes of layer '{}'", layer.name);
    return fmt::format("{} are the first that are not finite, at timestep {} of {}", values,
                       fault.step + 1, network.timing.steps);
}

std::optional<std::string> unsound_gradient(const std::vector<NamedTensor>& parameters) {
    for (const NamedTensor& entry : std::views::reverse(parameters))
        if (entry.tensor.grad().defined() && !is_finite(entry.tensor.grad())) return entry.name;
    return std::nullopt;
}

std::optional<std::string> grown_most(const std::vector<NamedTensor>& now,
                                      const std::vector<NamedTensor>& before) {
    constexpr double smallest = 1e-3;  // biases begin at 0
    double most = 10;
    std::optional<std::string> text;
    for (std::size_t p = 0; p < now.size(); ++p) {
        const double was = largest(before[p].tensor), is = largest(now[p].tensor);
        const double growth = is / std::max(was, smallest);
        if (!(growth >= most)) continue;
        most = growth;
        text = fmt::format("'{}' has grown most: its largest value was {:.3g} and is {:.3g}",
                           now[p].name, was, is);
    }
    return text;
}

std::string divergence_advice(const TrainOptions& options, std::uint64_t n_steps,
                              std::uint64_t n_batches) {
    if (n_steps == 0)
        return "no step was made yet, so that the network came like this: begin with another one";
    const double rate = scheduled_rate(options, n_steps - 1, n_batches);
    return fmt::format("lower the learning rate (for instance from {:.2g} to {:.2g}{})", rate,
                       rate / 10, rate == options.learning_rate ? "" : ", as the schedule has it");
}

}  // namespace ranvier
