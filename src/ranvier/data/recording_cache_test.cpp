#include "ranvier/data/recording_cache.hpp"

#include "ranvier/base/parallel.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <atomic>
#include <stdexcept>

namespace ranvier {
namespace {

PlacedRecording recording(std::size_t number, std::size_t n_events) {
    PlacedRecording placed{std::vector<PlacedEvent>(n_events), {}};
    for (PlacedEvent& event : placed.events) event.t_us = number;
    placed.windows = {placed.events};
    return placed;
}

TEST(RecordingCache, ReadsOnceWhatFits) {
    RecordingCache cache;
    int reads = 0;
    for (int turn = 0; turn < 3; ++turn)
        for (std::size_t number = 0; number < 5; ++number) {
            const auto found = cache.get(number, [&] {
                ++reads;
                return recording(number, 10);
            });
            EXPECT_EQ(found->windows[0][9].t_us, number);
        }
    EXPECT_EQ(reads, 5);
}

TEST(RecordingCache, LetsGoOfWhatWasUsedLongestAgo) {
    RecordingCache cache(2500 * sizeof(PlacedEvent));  // two of 1,000 events
    std::vector<std::size_t> reads;
    const auto use = [&](std::size_t number) {
        const auto found = cache.get(number, [&] {
            reads.push_back(number);
            return recording(number, 1000);
        });
        EXPECT_EQ(found->events[0].t_us, number);
    };
    for (const std::size_t number : {0, 1, 0, 2, 0, 1}) use(number);  // 2 takes the place of 1
    EXPECT_EQ(reads, (std::vector<std::size_t>{0, 1, 2, 1}));
}

TEST(RecordingCache, OneThatIsLargerThanAllIsStillRead) {
    RecordingCache cache(1);
    int reads = 0;
    const auto large = [&] {
        ++reads;
        return recording(7, 100);
    };
    const auto held = cache.get(7, large);
    (void)cache.get(8, [] { return recording(8, 1); });
    EXPECT_EQ(held->events[0].t_us, 7U) << "what is held stays";
    EXPECT_EQ(cache.get(7, large)->events.size(), 100U);
    EXPECT_EQ(reads, 2);
}

TEST(RecordingCache, AFailureIsNotKept) {
    RecordingCache cache;
    const auto fails = []() -> PlacedRecording { throw std::runtime_error("cannot be read"); };
    EXPECT_THROW((void)cache.get(3, fails), std::runtime_error);
    EXPECT_EQ(cache.get(3, [] { return recording(3, 2); })->events.size(), 2U);
}

TEST(RecordingCache, ThreadsShareAReading) {
    RecordingCache cache;
    std::atomic<int> reads = 0;
    parallel_for(200, 4, [&](std::size_t i, std::size_t) {
        const auto found = cache.get(i / 50, [&] {
            ++reads;
            return recording(i / 50, 100);
        });
        EXPECT_EQ(found->events[99].t_us, i / 50);
    });
    EXPECT_EQ(reads, 4);
}

TEST(RecordingCache, NeverGivesAnotherRecording) {
    testing::check_property("any order, any size", [] {
        RecordingCache cache(*rc::gen::inRange<std::size_t>(0, 40) * sizeof(PlacedEvent));
        for (const std::size_t number :
             *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 6))) {
            const auto found = cache.get(number, [&] { return recording(number, 1 + 3 * number); });
            RC_ASSERT(found->events.size() == 1 + 3 * number);
            RC_ASSERT(found->events[0].t_us == number);
        }
    });
}

}  // namespace
}  // namespace ranvier
