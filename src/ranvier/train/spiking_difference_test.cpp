// Gradients through time against difference quotients.
#include "ranvier/train/spiking_executor.hpp"
#include "ranvier/train/spiking_test_networks.hpp"

#include <gtest/gtest.h>

#include <map>

namespace ranvier {
namespace {

/// Three samples of five outputs, weighed unequally.
torch::Tensor weighed(const torch::Tensor& logits) {
    return (logits * torch::linspace(-1, 1, 15, torch::kFloat64).view({3, 5})).sum();
}

/// Changes one element of a parameter or of the pixels by +h and -h.
double quotient(Unrolled& network, const torch::Tensor& pixels, const torch::Tensor& changed,
                std::int64_t at, double h) {
    const torch::NoGradGuard no_grad;
    torch::Tensor element = changed.detach().view(-1)[at];
    const double value = element.item<double>();
    element.fill_(value + h);
    const double up = weighed(network.forward(pixels)).item<double>();
    element.fill_(value - h);
    const double down = weighed(network.forward(pixels)).item<double>();
    element.fill_(value);
    return (up - down) / (2 * h);
}

TEST(SpikingDifference, OfTheNetworkWhoseSpikesAreHeldIsTheGradientOfEveryParameter) {
    std::map<std::string, int> compared;  // kinds of parameters whose gradient is not 0
    for (std::uint64_t seed = 0; seed < 24; ++seed) {
        SCOPED_TRACE(seed);
        const Network network = random_spiking_network(seed, seed % 2 == 0);
        SpikeTraining training;
        training.surrogate = random_surrogate(seed / 2);
        SpikingExecutor executor(network, training, torch::kFloat64);
        torch::Tensor pixels =
            random_pixels(seed, 3, false).to(torch::kFloat64).set_requires_grad(true);
        weighed(executor.forward(pixels)).backward();

        Unrolled unrolled(network, training.surrogate);
        torch::Tensor same_pixels = pixels.detach().clone();
        const torch::NoGradGuard no_grad;
        (void)unrolled.forward(same_pixels);
        unrolled.hold = true;
        const auto compare = [&](const std::string& name, const torch::Tensor& gradient,
                                 const torch::Tensor& changed) {
            const torch::Tensor flat = gradient.contiguous().view(-1);
            for (const std::int64_t at : {std::int64_t{0}, flat.numel() / 2, flat.numel() - 1}) {
                // Third derivatives are at most some thousands: h^2 of them, and rounding by 1/h.
                const double found = quotient(unrolled, same_pixels, changed, at, 1e-5);
                const double expected = flat[at].item<double>();
                EXPECT_NEAR(found, expected, 1e-6 * (1 + std::abs(expected))) << name << ", " << at;
                if (std::abs(expected) > 1e-3) ++compared[name.substr(name.find('.') + 1)];
            }
        };
        compare("pixels", pixels.grad(), same_pixels);
        for (std::size_t l = 0; l < network.layers.size(); ++l)
            for (const auto& [what, tensors] :
                 {std::pair{"weight", &unrolled.weights}, std::pair{"bias", &unrolled.biases},
                  std::pair{"threshold", &unrolled.thresholds}, std::pair{"leak", &unrolled.leaks}})
                for (const NamedTensor& parameter : executor.parameters())
                    if (parameter.name == network.layers[l].name + "." + what)
                        compare(parameter.name, parameter.tensor.grad(), (*tensors)[l]);
    }
    for (const char* kind : {"pixels", "weight", "bias", "threshold", "leak"})
        EXPECT_GT(compared[kind], 20) << kind;
}

/// Behind the last spikes the network itself is differentiable, and linear: any difference will do.
TEST(SpikingDifference, OfTheNetworkItselfIsTheGradientOfTheReadout) {
    for (const bool delayed : {false, true}) {
        Network network = random_spiking_network(5, delayed);
        network.timing.steps = 4;
        const torch::Tensor pixels = random_pixels(5, 3, true).to(torch::kFloat64);
        const auto loss = [&](const Network& changed) {
            SpikingExecutor executor(changed, {}, torch::kFloat64);
            const torch::NoGradGuard no_grad;
            return weighed(executor.forward(pixels)).item<double>();
        };
        SpikingExecutor executor(network, {}, torch::kFloat64);
        weighed(executor.forward(pixels)).backward();
        const std::size_t fc = network.layers.size() - 2;
        const double before = loss(network);
        int n_compared = 0;
        for (const NamedTensor& parameter : executor.parameters()) {
            if (!parameter.name.starts_with("fc.")) continue;
            const torch::Tensor gradient = parameter.tensor.grad().contiguous().view(-1);
            for (std::int64_t at = 0; at < gradient.numel(); ++at) {
                Network changed = network;
                auto* linear = changed.layers[fc].as<Linear>();
                Tensor& values = parameter.name == "fc.bias" ? linear->bias : linear->weight;
                values.values[static_cast<std::size_t>(at)] += 0.5F;
                EXPECT_NEAR(gradient[at].item<double>(), (loss(changed) - before) / 0.5, 1e-9);
                ++n_compared;
            }
        }
        EXPECT_EQ(n_compared, 5 * 36 + 5);
    }
}

}  // namespace
}  // namespace ranvier
