#include "ranvier/train/fast_convolution.hpp"

#include "ranvier/train/onednn_convolution.hpp"

#include <gtest/gtest.h>
#include <torch/autograd.h>

#include <cstdlib>

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

torch::Tensor rounded(const torch::Tensor& x) {
    return x.to(torch::kBFloat16).to(torch::kFloat32);
}

TEST(FastConvolution, MultipliesRoundedFactors) {
    for (const Case& c : cases())
        for (const bool spikes : {false, true}) {
            const Problem p = problem_of(c, spikes);
            const torch::Tensor x = wide(rounded(p.x)), weight = wide(rounded(p.weight));
            const torch::Tensor y = convolve(p.op, p.x, p.weight, p.bias, Precision::bfloat16);
            EXPECT_LT(error(y, convolve(p.op, x, weight, wide(p.bias))), 1e-6);
            const torch::Tensor g = torch::randn(y.sizes()).contiguous(channels_last);
            const WeightedGradients of =
                convolution_gradients(p.op, g, p.x, p.weight, {}, Precision::bfloat16);
            const WeightedGradients right =
                convolution_gradients(p.op, wide(rounded(g)), x, weight, {});
            EXPECT_LT(error(of.input, right.input), 1e-6);
            EXPECT_LT(error(of.weight, right.weight), 1e-6);
            EXPECT_LT(error(of.bias, wide(g).sum({0, 2, 3})), 1e-6);
        }
}

/// Large enough for Winograd's method; with channels that fill no block of oneDNN's, too, and with
/// padding that LibTorch has to do.
std::vector<Case> large_cases() {
    const Window padded = {
        .kernel_h = 3, .kernel_w = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
    return {{5, 64, 80, 16, padded},
            {5, 70, 65, 15, padded},
            {7, 64, 64, 15, {.kernel_h = 3, .kernel_w = 3}},
            {1, 64, 64, 35, {.kernel_h = 3, .kernel_w = 3, .pad_bottom = 1, .pad_right = 1}},
            {1, 64, 64, 35, {.kernel_h = 3, .kernel_w = 3, .pad_top = 1, .pad_left = 1}},
            {1,
             64,
             64,
             35,
             {.kernel_h = 3,
              .kernel_w = 3,
              .pad_top = 2,
              .pad_left = 2,
              .pad_bottom = 2,
              .pad_right = 2}}};
}

// Else the other tests would only compare LibTorch with itself.
TEST(FastConvolution, OneDnnDoesIt) {
    if (!__builtin_cpu_supports("avx512bw") || std::getenv("DNNL_MAX_CPU_ISA") != nullptr)
        GTEST_SKIP() << "needs AVX-512";
    const Problem p = problem_of(large_cases()[0], false);
    ASSERT_TRUE(wants_fast(p.op, p.x, p.weight, Precision::float32));
    const ConvolutionSizes sizes = {5, {64, 16, 16}, {80, 16, 16}, p.op.window};
    const torch::Tensor y = torch::empty({5, 80, 16, 16}).contiguous(channels_last),
                        w = p.weight.contiguous(channels_last), x = torch::empty_like(p.x),
                        dw = torch::empty_like(w);
    EXPECT_TRUE(onednn_convolve(sizes, Precision::float32, p.x.data_ptr<float>(),
                                w.data_ptr<float>(), nullptr, y.data_ptr<float>()));
    EXPECT_TRUE(onednn_gradients(sizes, Precision::float32,
                                 {y.data_ptr<float>(), p.x.data_ptr<float>(), w.data_ptr<float>()},
                                 x.data_ptr<float>(), dw.data_ptr<float>()));
}

// 5e-6 was the largest that was seen; Winograd's transforms lose a few bits.
TEST(FastConvolution, InFloat32IsWithinAFewRoundings) {
    for (const Case& c : large_cases())
        for (const bool spikes : {false, true}) {
            const Problem p = problem_of(c, spikes);
            const torch::Tensor x = wide(p.x), weight = wide(p.weight);
            const torch::Tensor y = convolve(p.op, p.x, p.weight, p.bias);
            EXPECT_LT(error(y, convolve(p.op, x, weight, wide(p.bias))), 1e-5);
            EXPECT_LT(error(convolve(p.op, p.x, p.weight, {}), convolve(p.op, x, weight, {})),
                      1e-5);
            const torch::Tensor g = torch::randn(y.sizes()).contiguous(channels_last);
            const WeightedGradients of = convolution_gradients(p.op, g, p.x, p.weight, {});
            const WeightedGradients right = convolution_gradients(p.op, wide(g), x, weight, {});
            EXPECT_LT(error(of.input, right.input), 1e-5);
            EXPECT_LT(error(of.weight, right.weight), 1e-5);
            EXPECT_LT(error(of.bias, right.bias), 1e-6);
            for (const bool input : {false, true}) {  // one alone
                const WeightedGradients one =
                    convolution_gradients(p.op, g, p.x, p.weight, {input, !input, false});
                EXPECT_EQ(one.input.defined(), input);
                EXPECT_EQ(one.weight.defined(), !input);
                EXPECT_TRUE(
                    torch::equal(input ? one.input : one.weight, input ? of.input : of.weight));
            }
        }
}

TEST(FastConvolution, IsPartOfLibTorchsGraph) {
    Problem p = problem_of(cases()[0], false);
    p.x = rounded(p.x);  // nothing is left to round
    p.weight = rounded(p.weight);
    for (torch::Tensor leaf : {p.x, p.weight, p.bias}) leaf.set_requires_grad(true);
    const auto gradients = [&](Precision precision) {
        torch::Tensor y = convolve(p.op, p.x, p.weight, p.bias, precision);
        y = torch::relu_(y);  // as the executor does it
        torch::manual_seed(5);
        return torch::autograd::grad({(y * rounded(torch::randn(y.sizes()))).sum()},
                                     {p.x, p.weight, p.bias});
    };
    const auto found = gradients(Precision::bfloat16), plain = gradients(Precision::float32);
    for (std::size_t k = 0; k < plain.size(); ++k)
        EXPECT_LT(error(found[k], wide(plain[k])), 1e-5) << k;
    const torch::Tensor y = convolve(p.op, p.x.detach(), p.weight, {}, Precision::bfloat16);
    EXPECT_TRUE(torch::autograd::grad({y.sum()}, {p.weight})[0].defined());
}

TEST(FastConvolution, IsPartOfItInFloat32Too) {
    const Problem p = problem_of(large_cases()[0], false);
    const auto gradients = [&](torch::ScalarType type) {
        std::vector<torch::Tensor> leaves;
        for (const torch::Tensor& tensor : {p.x, p.weight, p.bias})
            leaves.push_back(tensor.to(type).set_requires_grad(true));
        const torch::Tensor y = convolve(p.op, leaves[0], leaves[1], leaves[2]);
        torch::manual_seed(5);
        return torch::autograd::grad({(y * torch::randn(y.sizes()).to(type)).sum()}, leaves);
    };
    const auto found = gradients(torch::kFloat32), exact = gradients(torch::kFloat64);
    for (std::size_t k = 0; k < exact.size(); ++k) EXPECT_LT(error(found[k], exact[k]), 1e-5) << k;
}

TEST(FastConvolution, LinearLayersToo) {
    torch::manual_seed(4);
    const torch::Tensor x = torch::randn({6, 20, 1, 1}), weight = torch::randn({5, 20}),
                        bias = torch::randn({5}), g = torch::randn({6, 5, 1, 1});
    const torch::Tensor wide_x = wide(rounded(x)), wide_weight = wide(rounded(weight));
    EXPECT_LT(error(apply_linear(x, weight, bias, Precision::bfloat16),
                    apply_linear(wide_x, wide_weight, wide(bias))),
              1e-6);
    const WeightedGradients of = linear_gradients(g, x, weight, {}, Precision::bfloat16),
                            right = linear_gradients(wide(rounded(g)), wide_x, wide_weight, {});
    EXPECT_LT(error(of.input, right.input), 1e-6);
    EXPECT_LT(error(of.weight, right.weight), 1e-6);
}

TEST(FastConvolution, NumbersThatAreNotFiniteStaySo) {
    const Problem p = problem_of(cases()[0], false);
    p.x[0][0][4][4] = std::numeric_limits<float>::infinity();
    EXPECT_FALSE(
        convolve(p.op, p.x, p.weight, p.bias, Precision::bfloat16).isfinite().all().item<bool>());
}

}  // namespace
}  // namespace ranvier
