#include "ranvier/train/split_convolution.hpp"

#include "ranvier/train/matrix_units.hpp"

#include <gtest/gtest.h>
#include <torch/autograd.h>

namespace ranvier {
namespace {

// Where the processor has no matrix units, these hold for what stands in for them.

struct Case {
    std::int64_t n, c, k, size;
    Window window;
    std::int64_t groups = 1;
};

std::vector<Case> cases() {
    return {
        {3,
         3,
         8,
         9,
         {.kernel_h = 3,
          .kernel_w = 3,
          .pad_top = 1,
          .pad_left = 1,
          .pad_bottom = 1,
          .pad_right = 1}},
        {2,
         16,
         24,
         7,
         {.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_top = 1, .pad_left = 1}},
        {5, 33, 10, 1, {}},
        {2,
         5,
         7,
         8,
         {.kernel_h = 2, .kernel_w = 3, .pad_left = 2, .pad_right = 1, .dilation_h = 2}},
        {2, 8, 8, 6, {.kernel_h = 3, .kernel_w = 3}, 4},
    };
}

struct Problem {
    Convolution op;
    torch::Tensor x, weight, bias;
};

Problem problem_of(const Case& c, bool spikes) {
    torch::manual_seed(3);
    Problem p;
    p.op.window = c.window;
    p.op.groups = c.groups;
    p.x = torch::randn({c.n, c.c, c.size, c.size});
    if (spikes) p.x = (p.x > 0.8).to(torch::kFloat32) * 0.75;
    p.x = p.x.contiguous(channels_last);
    p.weight = torch::randn({c.k, c.c / c.groups, c.window.kernel_h, c.window.kernel_w});
    p.bias = torch::randn({c.k});
    return p;
}

/// Largest difference from float64's result, as a part of its largest value.
double error(const torch::Tensor& found, const torch::Tensor& exact) {
    EXPECT_EQ(found.sizes(), exact.sizes());
    EXPECT_EQ(found.scalar_type(), torch::kFloat32);
    return ((found - exact).abs().max() / exact.abs().max()).item<double>();
}

torch::Tensor wide(const torch::Tensor& x) {
    return x.to(torch::kFloat64);
}

torch::Tensor to_bfloat16_and_back(const torch::Tensor& x) {
    return x.to(torch::kBFloat16).to(torch::kFloat32);
}

void expect_split(const Case& c, bool spikes, int parts, double there, double back) {
    const Problem p = problem_of(c, spikes);
    const auto factor = [&](const torch::Tensor& x) {
        return wide(parts == 1 ? to_bfloat16_and_back(x) : x);
    };
    const torch::Tensor exact = convolve(p.op, factor(p.x), factor(p.weight), wide(p.bias));
    const torch::Tensor y = split_convolve(p.op, p.x, p.weight, p.bias, parts);
    EXPECT_LT(error(y, exact), there);
    const torch::Tensor g = torch::randn(y.sizes()).contiguous(channels_last);
    const WeightedGradients of = split_convolution_gradients(p.op, g, p.x, p.weight, {}, parts);
    const WeightedGradients right =
        convolution_gradients(p.op, factor(g), factor(p.x), factor(p.weight), {});
    EXPECT_LT(error(of.input, right.input), back);
    EXPECT_LT(error(of.weight, right.weight), back);
    EXPECT_LT(error(of.bias, wide(g).sum({0, 2, 3})), 1e-6);
}

TEST(SplitConvolution, ThreePartsAreFloat32) {
    for (const Case& c : cases())
        for (const bool spikes : {false, true}) expect_split(c, spikes, 3, 1e-6, 1e-6);
}

TEST(SplitConvolution, OnePartIsTheProductOfRoundedFactors) {
    for (const Case& c : cases())
        for (const bool spikes : {false, true}) expect_split(c, spikes, 1, 1e-6, 1e-6);
}

TEST(SplitConvolution, IsPartOfLibTorchsGraph) {
    const Problem p = problem_of(cases()[0], false);
    for (torch::Tensor leaf : {p.x, p.weight, p.bias}) leaf.set_requires_grad(true);
    const auto gradients = [&](int parts) {
        torch::Tensor y = convolve(p.op, p.x, p.weight, p.bias, parts);
        y = torch::relu_(y);  // as the executor does it
        return torch::autograd::grad({(y * y).sum()}, {p.x, p.weight, p.bias});
    };
    const auto split = gradients(3), plain = gradients(0);
    for (std::size_t k = 0; k < plain.size(); ++k)
        EXPECT_LT(error(split[k], wide(plain[k])), 1e-5) << k;
    const torch::Tensor y = convolve(p.op, p.x.detach(), p.weight, {}, 1);
    EXPECT_TRUE(torch::autograd::grad({y.sum()}, {p.weight})[0].defined());
}

TEST(SplitConvolution, LinearLayersToo) {
    torch::manual_seed(4);
    const torch::Tensor x = torch::randn({6, 20, 1, 1}), weight = torch::randn({5, 20}),
                        bias = torch::randn({5}), g = torch::randn({6, 5, 1, 1});
    EXPECT_LT(
        error(apply_linear(x, weight, bias, 3), apply_linear(wide(x), wide(weight), wide(bias))),
        1e-6);
    const WeightedGradients of = linear_gradients(g, x, weight, {}, 3),
                            right = linear_gradients(wide(g), wide(x), wide(weight), {});
    EXPECT_LT(error(of.input, right.input), 1e-6);
    EXPECT_LT(error(of.weight, right.weight), 1e-6);
}

TEST(SplitConvolution, NumbersThatAreNotFiniteStaySo) {
    const Problem p = problem_of(cases()[0], false);
    p.x[0][0][4][4] = std::numeric_limits<float>::infinity();
    EXPECT_FALSE(split_convolve(p.op, p.x, p.weight, p.bias, 1).isfinite().all().item<bool>());
    EXPECT_FALSE(split_convolve(p.op, p.x, p.weight, p.bias, 3).isfinite().all().item<bool>());
}

TEST(SplitConvolution, IsChosenOnRequest) {
    EXPECT_EQ(parts_for(Precision::float32), 0);
    EXPECT_EQ(parts_for(Precision::bfloat16), 1);
}

}  // namespace
}  // namespace ranvier
