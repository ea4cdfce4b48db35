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

TEST(ScheduledRate, HandCheckedCases) {
    TrainOptions o;
    o.learning_rate = 0.8;
    o.epochs = 10;
    o.milestones = {3, 5};
    o.gamma = 0.5;
    const auto rate = [&](ScheduleKind kind, double progress) {
        o.schedule = kind;
        return scheduled_rate(o, progress);
    };
    EXPECT_EQ(rate(ScheduleKind::constant, 9.5), 0.8);
    EXPECT_EQ(rate(ScheduleKind::step, 2.99), 0.8);
    EXPECT_EQ(rate(ScheduleKind::step, 3), 0.4);
    EXPECT_EQ(rate(ScheduleKind::step, 9), 0.2);
    EXPECT_EQ(rate(ScheduleKind::cosine, 0), 0.8);
    EXPECT_NEAR(rate(ScheduleKind::cosine, 5), 0.4, 1e-12);
    EXPECT_NEAR(rate(ScheduleKind::cosine, 2.5), 0.4 * (1 + std::sqrt(0.5)), 1e-12);
    EXPECT_NEAR(rate(ScheduleKind::cosine, 10), 0, 1e-12);
}

}  // namespace
}  // namespace ranvier
