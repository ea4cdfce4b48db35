#include "ranvier/data/event_sensor.hpp"

#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

EventSensorOptions quiet() {
    return {.width = 2,
            .height = 1,
            .threshold = 0.5F,
            .threshold_spread = 0,
            .refractory_us = 0,
            .noise_hz = 0};
}

std::vector<Event> watch(const EventSensorOptions& options,
                         const std::vector<std::pair<std::uint64_t, std::vector<float>>>& scenes) {
    EventSensor sensor(options, Random(1, 1));
    sensor.begin(scenes[0].second);
    std::vector<Event> events;
    for (std::size_t i = 1; i < scenes.size(); ++i)
        sensor.advance(scenes[i].first, scenes[i].second, events);
    return events;
}

TEST(EventSensor, HandCheckedCrossings) {
    // Pixel 0 rises by 1.25 in 1000 us: it passes 0.5 at 400 us and 1.0 at 800 us. Pixel 1 falls by
    // 0.5 in as much: its threshold is reached at the very end.
    EXPECT_EQ(watch(quiet(), {{0, {0, 0}}, {1000, {1.25F, -0.5F}}}),
              (std::vector<Event>{{400, 0, 0, true}, {800, 0, 0, true}, {1000, 1, 0, false}}));
}

TEST(EventSensor, TheMemoryMovesByTheThreshold) {
    // 0.75 leaves the memory at 0.5: back at 0.25 nothing happens, at 0 the pixel gets darker.
    EXPECT_EQ(watch(quiet(), {{0, {0, 0}}, {100, {0.75F, 0}}, {200, {0.25F, 0}}, {300, {0, 0}}}),
              (std::vector<Event>{{67, 0, 0, true}, {300, 0, 0, false}}));
}

TEST(EventSensor, ARefractoryPixelMissesChanges) {
    EventSensorOptions options = quiet();
    options.refractory_us = 500;
    EXPECT_EQ(watch(options, {{0, {0, 0}}, {1000, {1.25F, 0}}, {2000, {1.75F, 0}}}),
              (std::vector<Event>{{400, 0, 0, true}, {1500, 0, 0, true}}));
}

TEST(EventSensor, AStillSceneMakesNoiseOnly) {
    EventSensorOptions options{.width = 64, .height = 64};
    const std::vector<float> scene(64 * 64, 0.3F);
    options.noise_hz = 0;
    EXPECT_TRUE(watch(options, {{0, scene}, {1'000'000, scene}}).empty());
    options.noise_hz = 2;  // 8192 expected in a second, standard deviation 91
    const auto events = watch(options, {{0, scene}, {400'000, scene}, {1'000'000, scene}});
    EXPECT_NEAR(static_cast<double>(events.size()), 8192, 5 * 91);
    for (std::size_t i = 1; i < events.size(); ++i) EXPECT_LE(events[i - 1].t_us, events[i].t_us);
}

TEST(EventSensor, ThresholdsDiffer) {
    EventSensorOptions options{
        .width = 100, .height = 100, .threshold_spread = 0.03F, .noise_hz = 0};
    const std::vector<float> dark(10'000, 0.0F), bright(10'000, 0.3F);
    // The mean threshold is 0.3: half of the pixels see the change.
    const auto events = watch(options, {{0, dark}, {1000, bright}});
    EXPECT_NEAR(static_cast<double>(events.size()), 5000, 5 * 50);
}

TEST(EventSensor, UnusableOptionsAreRefused) {
    EventSensorOptions options;
    options.threshold = 0;
    expect_error(Fault::usage, {"threshold 0"}, [&] { EventSensor(options, Random(1, 1)); });
}

}  // namespace
}  // namespace ranvier
