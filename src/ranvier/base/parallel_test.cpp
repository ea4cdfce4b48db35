#include "ranvier/base/parallel.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace ranvier {
namespace {

TEST(ThreadCount, ZeroMeansAllCores) {
    EXPECT_EQ(thread_count(3), 3);
    EXPECT_EQ(thread_count(0), std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
}

TEST(ParallelFor, EveryIndexOnceAndWorkersInRange) {
    for (const std::size_t n : {0, 1, 2, 3, 7, 1000})
        for (const int n_threads : {0, 1, 2, 5, 64}) {
            std::vector<std::atomic<int>> visits(n);
            std::atomic<bool> in_range = true;
            parallel_for(n, n_threads, [&](std::size_t index, std::size_t worker) {
                ++visits.at(index);
                if (worker >= static_cast<std::size_t>(thread_count(n_threads))) in_range = false;
            });
            EXPECT_TRUE(in_range);
            EXPECT_TRUE(std::all_of(visits.begin(), visits.end(), [](int v) { return v == 1; }))
                << n << " indices on " << n_threads << " threads";
        }
}

// So that callers may give each worker its own buffers without a lock.
TEST(ParallelFor, AWorkerIsNeverInTwoCallsAtOnce) {
    std::vector<std::atomic<int>> inside(4);
    std::atomic<bool> alone = true;
    parallel_for(2000, 4, [&](std::size_t, std::size_t worker) {
        if (++inside.at(worker) != 1) alone = false;
        std::this_thread::yield();
        --inside.at(worker);
    });
    EXPECT_TRUE(alone);
}

TEST(ParallelFor, TheFirstErrorEndsTheLoopAndComesBack) {
    for (const int n_threads : {1, 4}) {
        std::atomic<int> calls = 0;
        try {
            parallel_for(1'000'000, n_threads, [&](std::size_t index, std::size_t) {
                ++calls;
                if (index == 10) fail(Fault::bad_input, "image {}", index);
                if (index > 10) std::this_thread::sleep_for(std::chrono::microseconds(100));
            });
            FAIL() << "nothing was thrown";
        } catch (const Error& error) {
            EXPECT_STREQ(error.what(), "image 10");
        }
        EXPECT_LT(calls, 1'000'000);
    }
}

}  // namespace
}  // namespace ranvier
