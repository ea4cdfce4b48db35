#include "ranvier/train/optimizer.hpp"

#include <gtest/gtest.h>
#include <torch/optim.h>

namespace ranvier {
namespace {

struct Case {
    const char* name;
    OptimizerKind kind;
    double momentum;
    double weight_decay;
    double beta1 = 0.9;
    bool amsgrad = false;
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << c.name;
}

class OptimizerCases : public testing::TestWithParam<Case> {};

std::unique_ptr<torch::optim::Optimizer> torch_optimizer(const Case& c, const torch::Tensor& w) {
    if (c.kind == OptimizerKind::sgd)
        return std::make_unique<torch::optim::SGD>(
            std::vector{w},
            torch::optim::SGDOptions(0.1).momentum(c.momentum).weight_decay(c.weight_decay));
    return std::make_unique<torch::optim::Adam>(std::vector{w}, torch::optim::AdamOptions(0.1)
                                                                    .weight_decay(c.weight_decay)
                                                                    .betas({c.beta1, 0.999})
                                                                    .amsgrad(c.amsgrad));
}

/// Not convex, so that steps of all signs and sizes occur.
torch::Tensor loss_of(const torch::Tensor& w) {
    return (w.sin() * w).sum();
}

TEST_P(OptimizerCases, StepsAsTorchOptim) {
    const Case& c = GetParam();
    torch::Tensor start = torch::linspace(-3, 3, 13);
    torch::Tensor ours = start.clone().set_requires_grad(true);
    torch::Tensor theirs = start.clone().set_requires_grad(true);
    TrainOptions options;
    options.optimizer = c.kind;
    options.momentum = c.momentum;
    options.beta1 = c.beta1;
    options.amsgrad = c.amsgrad;
    Optimizer optimizer(options, {{"w", ours}});
    const auto reference = torch_optimizer(c, theirs);
    for (std::uint64_t t = 1; t <= 20; ++t) {
        optimizer.zero_gradients();
        loss_of(ours).backward();
        optimizer.step(0.1, c.weight_decay, t);
        reference->zero_grad();
        loss_of(theirs).backward();
        reference->step();
    }
    EXPECT_GT((ours - start).abs().max().item<double>(), 0.1);
    // Twenty steps of a few float roundings each, on values around 3 (spacing 2.4e-7).
    EXPECT_LT((ours - theirs).abs().max().item<double>(), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Kinds, OptimizerCases,
                         testing::Values(Case{"sgd", OptimizerKind::sgd, 0, 0},
                                         Case{"momentum", OptimizerKind::sgd, 0.9, 0.01},
                                         Case{"adam", OptimizerKind::adam, 0.9, 0},
                                         Case{"adam_decay", OptimizerKind::adam, 0, 0.01},
                                         Case{"amsgrad", OptimizerKind::adam, 0, 0.01, 0.9, true},
                                         Case{"amsgrad_without_mean", OptimizerKind::adam, 0, 0, 0,
                                              true}),
                         [](const auto& one) { return std::string(one.param.name); });

/// Three steps of one weight by the formulas of optimizer.hpp, with numbers in which the largest
/// mean square is not the last one.
TEST(Optimizer, AmsgradByHand) {
    TrainOptions options;
    options.optimizer = OptimizerKind::adam;
    options.beta1 = 0;
    options.beta2 = 0.5;
    options.amsgrad = true;
    const torch::Tensor w = torch::zeros(1).set_requires_grad(true);
    Optimizer optimizer(options, {{"w", w}});
    double expected = 0;
    // s: 8, 4.5, 2.75; its largest is 8 throughout.
    const double corrections[] = {1 - 0.5, 1 - 0.25, 1 - 0.125};
    const double gradients[] = {4, 1, 1};
    for (std::uint64_t t = 1; t <= 3; ++t) {
        optimizer.zero_gradients();
        (w * gradients[t - 1]).sum().backward();
        optimizer.step(0.1, 0, t);
        expected -= 0.1 * gradients[t - 1] / (std::sqrt(8 / corrections[t - 1]) + 1e-8);
        EXPECT_NEAR(w.item<double>(), expected, 1e-6);  // float rounding of values below 1
    }
}

TEST(Optimizer, StateHoldsWhatTheNextStepNeeds) {
    TrainOptions options;
    const NamedTensor w{"w", torch::zeros(3).set_requires_grad(true)};
    EXPECT_EQ(Optimizer(options, {w}).state().size(), 1U);
    EXPECT_EQ(Optimizer(options, {w}).state()[0].name, "w.momentum");
    options.momentum = 0;
    EXPECT_TRUE(Optimizer(options, {w}).state().empty());
    options.optimizer = OptimizerKind::adam;
    EXPECT_EQ(Optimizer(options, {w}).state().size(), 2U);
    options.amsgrad = true;
    EXPECT_EQ(Optimizer(options, {w}).state().size(), 3U);
}

}  // namespace
}  // namespace ranvier
