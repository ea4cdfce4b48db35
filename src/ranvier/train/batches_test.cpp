#include "ranvier/train/batches.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/train/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace ranvier {
namespace {

TEST(Shuffled, IsAPermutationThatDependsOnSeedAndEpoch) {
    for (const std::size_t n : {0U, 1U, 2U, 7U, 1000U}) {
        std::vector<std::size_t> order = shuffled(n, 3, 1);
        std::sort(order.begin(), order.end());
        std::vector<std::size_t> all(n);
        std::iota(all.begin(), all.end(), std::size_t{0});
        EXPECT_EQ(order, all);
    }
    EXPECT_EQ(shuffled(100, 3, 1), shuffled(100, 3, 1));
    EXPECT_NE(shuffled(100, 3, 1), shuffled(100, 4, 1));
    EXPECT_NE(shuffled(100, 3, 1), shuffled(100, 3, 2));
}

TEST(Shuffled, EveryOrderOfThreeOccursEquallyOften) {
    std::map<std::vector<std::size_t>, int> seen;
    for (std::uint64_t epoch = 0; epoch < 6000; ++epoch) ++seen[shuffled(3, 1, epoch)];
    ASSERT_EQ(seen.size(), 6U);
    // 6000 draws with probability 1/6: standard deviation 29.
    for (const auto& [order, count] : seen) EXPECT_NEAR(count, 1000, 4 * 29);
}

TEST(BatchRange, DealsAllSamplesEvenly) {
    for (const std::size_t n : {1U, 2U, 63U, 64U, 65U, 130U, 1001U})
        for (const std::size_t batch : {1U, 2U, 7U, 64U, 5000U}) {
            std::size_t next = 0;
            const std::size_t smallest = n / batch_count(n, batch);
            for (std::size_t b = 0; b < batch_count(n, batch); ++b) {
                const auto [begin, end] = batch_range(n, batch, b);
                EXPECT_EQ(begin, next);
                EXPECT_LE(end - begin, batch);
                EXPECT_TRUE(end - begin == smallest || end - begin == smallest + 1);
                next = end;
            }
            EXPECT_EQ(next, n);
        }
    EXPECT_EQ(batch_range(65, 64, 0), (std::pair<std::size_t, std::size_t>{0, 33}));
}

TEST(ReadTrainingBatch, IsTheSameOnAnyNumberOfThreads) {
    std::vector<float> values(20 * 3 * 5 * 4);
    std::iota(values.begin(), values.end(), 1.0F);
    std::vector<int> labels(20);
    std::iota(labels.begin(), labels.end(), 0);
    const MemorySamples samples({{3, 5, 4}, 20, labels, values, "numbers"});
    const std::vector<std::size_t> indices = {4, 19, 0, 7, 7, 12};
    const auto read = [&](int n_threads, std::uint64_t epoch) {
        std::vector<float> pixels(indices.size() * 60);
        std::vector<std::int64_t> got(indices.size());
        read_training_batch({samples, {2, true}, 1, n_threads}, epoch, indices, pixels, got);
        EXPECT_EQ(got, (std::vector<std::int64_t>{4, 19, 0, 7, 7, 12}));
        return pixels;
    };
    EXPECT_EQ(read(1, 0), read(3, 0));
    EXPECT_NE(read(1, 0), read(1, 1));
    const std::vector<float> pixels = read(2, 0);
    EXPECT_TRUE(std::equal(pixels.begin() + 180, pixels.begin() + 240, pixels.begin() + 240));
}

/// The rate at `progress` epochs of eight iterations each.
double rate_at(TrainOptions options, ScheduleKind kind, double progress) {
    options.schedule = kind;
    return scheduled_rate(options, static_cast<std::uint64_t>(progress * 8), 8);
}

TEST(ScheduledRate, HandCheckedCases) {
    TrainOptions o;
    o.learning_rate = 0.8;
    o.epochs = 10;
    o.milestones = {3, 5};
    o.gamma = 0.5;
    EXPECT_EQ(rate_at(o, ScheduleKind::constant, 9.5), 0.8);
    EXPECT_EQ(rate_at(o, ScheduleKind::step, 2.99), 0.8);
    EXPECT_EQ(rate_at(o, ScheduleKind::step, 3), 0.4);
    EXPECT_EQ(rate_at(o, ScheduleKind::step, 9), 0.2);
    EXPECT_EQ(rate_at(o, ScheduleKind::cosine, 0), 0.8);
    EXPECT_NEAR(rate_at(o, ScheduleKind::cosine, 5), 0.4, 1e-12);
    EXPECT_NEAR(rate_at(o, ScheduleKind::cosine, 2.5), 0.4 * (1 + std::sqrt(0.5)), 1e-12);
    EXPECT_NEAR(rate_at(o, ScheduleKind::cosine, 10), 0, 1e-12);
}

TEST(ScheduledRate, StepsEverySoManyEpochs) {
    TrainOptions o;
    o.learning_rate = 0.8;
    o.epochs = 100;
    o.gamma = 0.5;
    o.step_every = 30;
    EXPECT_EQ(rate_at(o, ScheduleKind::step, 29.9), 0.8);
    EXPECT_EQ(rate_at(o, ScheduleKind::step, 30), 0.4);
    EXPECT_EQ(rate_at(o, ScheduleKind::step, 99), 0.1);
    o.milestones = {40};
    EXPECT_EQ(rate_at(o, ScheduleKind::step, 40), 0.2);
}

TEST(ScheduledRate, OneCycleAsWrittenDownByHand) {
    TrainOptions o;
    o.schedule = ScheduleKind::one_cycle;
    o.learning_rate = 0.8;
    o.epochs = 2;
    o.warm_up = 0.4;
    const auto rate = [&](std::uint64_t iteration) { return scheduled_rate(o, iteration, 5); };
    // Ten iterations: the fourth (4 = 0.4 * 10) is the highest, the tenth the last.
    const double first = 0.8 / 25;
    const double last = first / 1e4;
    EXPECT_NEAR(rate(0), first, 1e-15);
    EXPECT_NEAR(rate(1), 0.8 - (0.8 - first) * 0.75, 1e-15);  // (1 + cos 60 degrees) / 2 = 0.75
    EXPECT_NEAR(rate(3), 0.8, 1e-15);
    EXPECT_NEAR(rate(6), (0.8 + last) / 2, 1e-15);
    EXPECT_NEAR(rate(9), last, 1e-15);
    o.warm_up = 0;
    EXPECT_LT(rate(0), 0.8);  // as PyTorch: the highest rate would be one iteration before
    o.warm_up = 1;
    EXPECT_NEAR(rate(9), 0.8, 1e-15);
    o.epochs = 1;
    EXPECT_TRUE(std::isfinite(scheduled_rate(o, 0, 1)));
    o.warm_up = 0.3;
    EXPECT_NEAR(scheduled_rate(o, 0, 1), last, 1e-15);
}

TEST(ScheduledWeightDecay, EndsAfterItsEpochs) {
    TrainOptions o;
    o.weight_decay = 5e-4;
    EXPECT_EQ(scheduled_weight_decay(o, 1000), 5e-4);
    o.weight_decay_epochs = 30;
    EXPECT_EQ(scheduled_weight_decay(o, 29), 5e-4);
    EXPECT_EQ(scheduled_weight_decay(o, 30), 0);
}

}  // namespace
}  // namespace ranvier
