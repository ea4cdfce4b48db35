#include "ranvier/convert/weight_fit.hpp"

#include "ranvier/base/random.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <cmath>
#include <rapidcheck.h>

namespace ranvier {
namespace {

Matrix random_matrix(std::size_t rows, std::size_t columns, Random& random) {
    Matrix matrix(rows, columns);
    for (float& v : matrix.values) v = random.normal();
    return matrix;
}

TEST(WeightFit, RidgeByHand) {
    Matrix inputs(2, 1), target(2, 1);
    inputs.values = {1, 2};
    target.values = {3, 4};
    // Gram 5, moment 11.
    EXPECT_NEAR(ridge(inputs, target, 0).values[0], 11.0 / 5, 1e-5);
    EXPECT_NEAR(ridge(inputs, target, 1).values[0], 11.0 / 10, 1e-5);
}

/// At the minimum the gradient, inputs^T (inputs D - target) + lambda m D, is zero.
TEST(WeightFit, TheGradientIsZeroAtTheSolution) {
    testing::check_property([] {
        Random random(*rc::gen::inRange<std::uint64_t>(0, 1U << 30), 0);
        const auto n = *rc::gen::inRange<std::size_t>(1, 60);
        const auto k = *rc::gen::inRange<std::size_t>(1, 20);
        const auto m = *rc::gen::inRange<std::size_t>(1, 5);
        Matrix inputs = random_matrix(n, k, random);
        Matrix target = random_matrix(n, m, random);
        Matrix by = ridge(inputs, target, 0.1);
        double diagonal = 0;
        for (const float v : inputs.values) diagonal += double{v} * v / static_cast<double>(k);
        for (std::size_t i = 0; i < k; ++i)
            for (std::size_t o = 0; o < m; ++o) {
                double gradient = 0.1 * diagonal * by.at(i, o);
                for (std::size_t r = 0; r < n; ++r) {
                    double fitted = -target.at(r, o);
                    for (std::size_t p = 0; p < k; ++p)
                        fitted += double{inputs.at(r, p)} * by.at(p, o);
                    gradient += inputs.at(r, i) * fitted;
                }
                RC_ASSERT(std::abs(gradient) < 1e-3 * (1 + diagonal));
            }
    });
}

TEST(WeightFit, HeldOutRowsDecide) {
    Random random(1, 0);
    Matrix inputs = random_matrix(500, 8, random);
    Matrix linear(500, 2), noise = random_matrix(500, 2, random);
    for (std::size_t r = 0; r < 500; ++r) {
        linear.at(r, 0) = 2 * inputs.at(r, 3);
        linear.at(r, 1) = inputs.at(r, 0) - inputs.at(r, 7);
    }
    Matrix found = ridge_by_held_out(inputs, linear);
    EXPECT_NEAR(found.at(3, 0), 2, 1e-2);
    EXPECT_NEAR(found.at(7, 1), -1, 1e-2);
    EXPECT_NEAR(found.at(1, 0), 0, 1e-2);
    // Nothing to be learned from few rows of noise: the correction stays small or is none.
    Matrix few = random_matrix(20, 8, random), target = random_matrix(20, 1, random);
    double size = 0;
    for (const float v : ridge_by_held_out(few, target).values) size += double{v} * v;
    EXPECT_LT(size, 1);
}

}  // namespace
}  // namespace ranvier
