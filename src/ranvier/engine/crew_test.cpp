#include "ranvier/engine/crew.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ranvier {
namespace {

using namespace std::chrono_literals;

TEST(Crew, DoesEveryIndexOnce) {
    for (const auto patience : {0us, 50us})
        for (const std::size_t workers : {1U, 2U, 5U}) {
            Crew crew(workers, patience);
            EXPECT_EQ(crew.size(), workers);
            for (std::size_t round = 0; round < 500; ++round) {
                std::vector<std::atomic<int>> done(round % 20);
                crew.for_each(done.size(), [&](std::size_t index, std::size_t worker) {
                    ASSERT_LT(worker, workers);
                    ++done[index];
                });
                for (const auto& n : done) ASSERT_EQ(n, 1);
            }
        }
}

TEST(Crew, WorkersAreNotTwiceAtOnce) {
    Crew crew(3, 20us);
    std::vector<std::atomic<int>> inside(3);
    crew.for_each(2000, [&](std::size_t, std::size_t worker) {
        ASSERT_EQ(++inside[worker], 1);
        --inside[worker];
    });
}

TEST(Crew, ThrowsTheFirstExceptionAndGoesOnAfterwards) {
    Crew crew(2);
    for (int round = 0; round < 100; ++round) {
        EXPECT_THROW(crew.for_each(50,
                                   [](std::size_t index, std::size_t) {
                                       if (index % 7 == 3) throw std::runtime_error("no");
                                   }),
                     std::runtime_error);
        std::atomic<int> n = 0;
        crew.for_each(50, [&](std::size_t, std::size_t) { ++n; });
        EXPECT_EQ(n, 50);
    }
}

}  // namespace
}  // namespace ranvier
