#include "ranvier/data/digits.hpp"

#include "ranvier/base/parallel.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace ranvier {
namespace {

DataOptions drawn(Split split, std::size_t n, std::uint64_t seed = 1) {
    DataOptions options;
    options.split = split;
    options.n_digits = n;
    options.seed = seed;
    return options;
}

TEST(Digits, TwoOpeningsAreEqual) {
    const auto one = open_digits(drawn(Split::train, 50));
    const auto two = open_digits(drawn(Split::train, 50));
    EXPECT_EQ(read_batch(*one, 0, 50), read_batch(*two, 0, 50));
    const auto other = open_digits(drawn(Split::train, 50, 2));
    EXPECT_NE(read_batch(*one, 0, 50), read_batch(*other, 0, 50));
}

TEST(Digits, AnImageDoesNotDependOnTheNumberDrawn) {
    const auto few = open_digits(drawn(Split::test, 7));
    const DigitSamples many(1, Split::test, 1000000);  // these are drawn when read
    EXPECT_EQ(read_batch(*few, 0, 7), read_batch(many, 0, 7));
    for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(few->label(i), many.label(i));
    std::vector<float> pixels(784);
    EXPECT_NO_THROW(many.read(999999, pixels));
    EXPECT_THROW(many.read(1000000, pixels), Error);
}

TEST(Digits, NoImageComesTwice) {
    std::set<std::array<std::uint8_t, 784>> seen;
    for (const Split split : {Split::train, Split::test})
        for (const std::uint64_t seed : {1U, 2U}) {
            const DigitSamples samples(seed, split, 500);
            for (std::size_t i = 0; i < 500; ++i) seen.insert(samples.draw(i));
        }
    EXPECT_EQ(seen.size(), 2000U);
}

TEST(Digits, ManyThreadsReadWhatOneReads) {
    const DigitSamples samples(3, Split::train, 200);
    const Tensor expected = read_batch(samples, 0, 200);
    std::vector<float> found(expected.size());
    parallel_for(200, 8, [&](std::size_t i, std::size_t) {
        samples.read(i, std::span(found).subspan(i * 784, 784));
    });
    EXPECT_EQ(found, expected.values);
}

TEST(Digits, TenInARowHoldEachDigit) {
    const DigitSamples samples(1, Split::train, 1000);
    std::set<std::vector<int>> orders;
    for (std::size_t block = 0; block < 100; ++block) {
        std::vector<int> labels;
        for (std::size_t i = 0; i < 10; ++i) labels.push_back(samples.label(10 * block + i));
        orders.insert(labels);
        EXPECT_EQ(std::set<int>(labels.begin(), labels.end()).size(), 10U);
    }
    EXPECT_GT(orders.size(), 95U);  // of 10! orders; fewer would be a pattern
}

TEST(Digits, CountsAndLimits) {
    DataOptions options;
    EXPECT_EQ(open_digits(options)->size(), 2000U);
    options.limit = 30;
    EXPECT_EQ(open_digits(options)->size(), 30U);
    EXPECT_EQ(open_digits(options)->describe(), "digits test, drawn with seed 1, 30");
    options.split = Split::train;
    options.limit = 20000;
    EXPECT_EQ(open_digits(options)->size(), 10000U);
    EXPECT_EQ(open_digits(options)->shape(), (Shape{1, 28, 28}));
}

/// Multinomial logistic regression by plain stochastic gradient descent, the rate falling to 0.
class LinearClassifier {
public:
    void train(const Samples& samples, int n_epochs) {
        Random random(1, 0);
        const std::size_t n_steps = samples.size() * static_cast<std::size_t>(n_epochs);
        std::vector<float> x(784);
        for (std::size_t step = 0; step < n_steps; ++step) {
            const std::size_t i = random.below(static_cast<std::uint32_t>(samples.size()));
            samples.read(i, x);
            const float rate = 0.02F * (1 - static_cast<float>(step) / static_cast<float>(n_steps));
            std::array<float, 10> p = scores(x);
            const float peak = *std::max_element(p.begin(), p.end());
            float sum = 0;
            for (float& v : p) sum += v = std::exp(v - peak);
            for (std::size_t k = 0; k < 10; ++k) {
                const bool is_label = k == static_cast<std::size_t>(samples.label(i));
                const float slope = rate * (p[k] / sum - (is_label ? 1.0F : 0.0F));
                for (std::size_t j = 0; j < 784; ++j) weight_[k][j] -= slope * x[j];
                bias_[k] -= slope;
            }
        }
    }
    /// In percent.
    [[nodiscard]] double accuracy(const Samples& samples) const {
        std::vector<float> x(784);
        int n_correct = 0;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            samples.read(i, x);
            const std::array<float, 10> s = scores(x);
            n_correct += std::max_element(s.begin(), s.end()) - s.begin() == samples.label(i);
        }
        return 100.0 * n_correct / static_cast<double>(samples.size());
    }

private:
    [[nodiscard]] std::array<float, 10> scores(const std::vector<float>& x) const {
        std::array<float, 10> s = bias_;
        for (std::size_t k = 0; k < 10; ++k)
            for (std::size_t j = 0; j < 784; ++j) s[k] += weight_[k][j] * x[j];
        return s;
    }

    std::array<std::array<float, 784>, 10> weight_{};
    std::array<float, 10> bias_{};
};

TEST(Digits, AreTooHardForALinearClassifierAndNotNoise) {
    const auto train = open_digits(drawn(Split::train, 10000));
    const auto test = open_digits(drawn(Split::test, 2000));
    LinearClassifier classifier;
    classifier.train(*train, 20);
    const double accuracy = classifier.accuracy(*test);
    RecordProperty("accuracy_percent", std::to_string(accuracy));
    EXPECT_LT(accuracy, 90);
    EXPECT_GT(accuracy, 50);
    EXPECT_GT(classifier.accuracy(*train), accuracy);  // trained well enough to start overfitting
}

}  // namespace
}  // namespace ranvier
