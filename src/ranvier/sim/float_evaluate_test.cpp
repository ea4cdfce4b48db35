#include "ranvier/base/error.hpp"
#include "ranvier/sim/float_engine.hpp"
#include "ranvier/sim/float_reference.hpp"
#include "ranvier/sim/float_test_networks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

namespace ranvier {
namespace {

/// Random images with given labels.
class RandomSamples : public Samples {
public:
    RandomSamples(const Network& network, std::vector<int> labels, int n_classes)
        : images_(random_images(network, labels.size(), 1)),
          shape_(network.input().shape),
          labels_(std::move(labels)),
          n_classes_(n_classes) {}

    [[nodiscard]] std::size_t size() const override { return labels_.size(); }
    [[nodiscard]] Shape shape() const override { return shape_; }
    [[nodiscard]] int n_classes() const override { return n_classes_; }
    [[nodiscard]] int label(std::size_t index) const override { return labels_[index]; }
    void read(std::size_t index, std::span<float> pixels) const override {
        std::copy_n(images_.values.begin() + static_cast<std::ptrdiff_t>(index * pixels.size()),
                    pixels.size(), pixels.begin());
    }
    [[nodiscard]] std::string describe() const override { return "random images"; }

    [[nodiscard]] std::span<const float> image(std::size_t index) const {
        const auto size = static_cast<std::size_t>(shape_.size());
        return std::span(images_.values).subspan(index * size, size);
    }

private:
    Tensor images_;
    Shape shape_;
    std::vector<int> labels_;
    int n_classes_;
};

struct CountingProgress : Progress {
    std::atomic<std::uint64_t> total = 0, done = 0;
    bool finished = false;
    void start(std::string_view, std::string_view unit, std::uint64_t n) override {
        EXPECT_EQ(unit, "images");
        total = n;
    }
    void advance(std::uint64_t n) override { done += n; }
    void finish() override { finished = true; }
};

Network small_network() {
    Network network;
    network.layers = {{"in", {}, Input{{2, 4, 4}, {0.5F, 0.5F}, {0.25F, 0.25F}}},
                      {"flat", {0}, Flatten{}},
                      {"linear", {1}, Linear{random_tensor({5, 32}, 1, 1), {}}},
                      {"out", {2}, Output{}}};
    return network;
}

/// The index of the largest output of each image, by the reference.
std::vector<int> reference_answers(const Network& network, std::size_t n) {
    const RandomSamples samples(network, std::vector<int>(n), 5);
    std::vector<int> answers;
    for (std::size_t k = 0; k < n; ++k) {
        const auto logits = reference_forward(network, samples.image(k)).back();
        answers.push_back(
            static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    }
    return answers;
}

TEST(EvaluateFloat, CountsRightAnswersWithAPartialLastBatch) {
    const Network network = small_network();
    std::vector<int> labels = reference_answers(network, 23);
    for (const std::size_t wrong : {0U, 9U, 22U}) labels[wrong] = (labels[wrong] + 1) % 5;
    const RandomSamples samples(network, labels, 5);

    CountingProgress progress;
    const FloatResult result = evaluate_float(
        network, samples, {.n_threads = 2, .batch = 10, .keep_logits = true}, progress);

    EXPECT_EQ(result.samples, 23U);
    EXPECT_EQ(result.correct, 20U);
    EXPECT_GT(result.seconds, 0);
    EXPECT_EQ(progress.total, 23U);
    EXPECT_EQ(progress.done, 23U);
    EXPECT_TRUE(progress.finished);
    ASSERT_EQ(result.logits.dims, (std::vector<std::int64_t>{23, 5}));
    const auto last = reference_forward(network, samples.image(22)).back();
    for (std::size_t k = 0; k < 5; ++k)
        EXPECT_NEAR(result.logits.values[22 * 5 + k], last[k], 1e-4F);
}

TEST(EvaluateFloat, TheLowestIndexWinsATie) {
    Network network = small_network();
    auto& weight = std::get<Linear>(network.layers[2].operation).weight;
    std::fill(weight.values.begin(), weight.values.end(), 0.0F);
    const RandomSamples samples(network, {0, 1, 0, 4}, 5);
    EXPECT_EQ(evaluate_float(network, samples, {}).correct, 2U);
}

void expect_refusal(const Network& network, const Samples& samples, const char* first,
                    const char* second) {
    try {
        require_matching(network, samples);
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::bad_input);
        const std::string message = error.what();
        EXPECT_NE(message.find(first), std::string::npos) << message;
        EXPECT_NE(message.find(second), std::string::npos) << message;
    }
}

TEST(EvaluateFloat, RefusesSamplesThatDoNotFit) {
    const Network network = small_network();
    Network other = network;
    other.input().shape = {2, 2, 8};
    expect_refusal(network, RandomSamples(other, {0}, 5), "2x2x8", "2x4x4");
    expect_refusal(network, RandomSamples(network, {0}, 6), "6 classes", "5 outputs");
    EXPECT_NO_THROW(require_matching(network, RandomSamples(network, {0}, 4)));
    EXPECT_THROW(
        static_cast<void>(evaluate_float(network, RandomSamples(network, {0}, 5), {.batch = 0})),
        Error);
}

}  // namespace
}  // namespace ranvier
