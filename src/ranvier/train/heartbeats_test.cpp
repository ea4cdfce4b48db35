#include "ranvier/train/heartbeats.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>

namespace ranvier {
namespace {

using namespace std::chrono_literals;

/// Counters as a store would keep them.
class Counters {
public:
    std::int64_t add(const std::string& key, std::int64_t value) {
        if (gone) throw std::runtime_error("connection closed");
        while (stuck) std::this_thread::sleep_for(1ms);
        const std::lock_guard lock(mutex_);
        return values_[key] += value;
    }
    std::atomic<bool> gone = false;
    std::atomic<bool> stuck = false;

private:
    std::mutex mutex_;
    std::map<std::string, std::int64_t> values_;
};

Heartbeats::Add through(Counters& counters) {
    return [&counters](const std::string& key, std::int64_t value) {
        return counters.add(key, value);
    };
}

/// Who is found lost within two seconds.
std::optional<int> found_lost(const Heartbeats& beats) {
    for (int k = 0; k < 200; ++k) {
        if (const auto lost = beats.lost(300ms)) return lost;
        std::this_thread::sleep_for(10ms);
    }
    return std::nullopt;
}

TEST(Heartbeats, NobodyIsLostWhileAllBeat) {
    Counters counters;
    const Heartbeats first(through(counters), 0, 2, 10ms);
    const Heartbeats second(through(counters), 1, 2, 10ms);
    for (int k = 0; k < 60; ++k) {
        EXPECT_EQ(first.lost(300ms), std::nullopt);
        EXPECT_EQ(second.lost(300ms), std::nullopt);
        std::this_thread::sleep_for(10ms);
    }
}

TEST(Heartbeats, AProcessThatStopsIsNamed) {
    Counters counters;
    const Heartbeats first(through(counters), 0, 3, 10ms);
    const Heartbeats second(through(counters), 1, 3, 10ms);
    auto third = std::make_unique<Heartbeats>(through(counters), 2, 3, 10ms);
    std::this_thread::sleep_for(50ms);
    third.reset();
    EXPECT_EQ(found_lost(first), 2);
    EXPECT_EQ(found_lost(second), 2);
}

TEST(Heartbeats, AProcessThatNeverBeatIsNamed) {
    Counters counters;
    const Heartbeats first(through(counters), 0, 2, 10ms);
    EXPECT_EQ(found_lost(first), 1);
}

TEST(Heartbeats, AStoreThatIsGoneIsProcess0) {
    Counters counters;
    const Heartbeats second(through(counters), 1, 2, 10ms);
    counters.gone = true;
    EXPECT_EQ(found_lost(second), 0);
}

TEST(Heartbeats, AStoreThatDoesNotAnswerIsProcess0) {
    Counters counters;
    Heartbeats::Add add = through(counters);
    const Heartbeats first(add, 0, 2, 10ms);
    const Heartbeats second(add, 1, 2, 10ms);
    std::this_thread::sleep_for(50ms);
    counters.stuck = true;
    EXPECT_EQ(found_lost(second), 0);
    counters.stuck = false;
}

}  // namespace
}  // namespace ranvier
