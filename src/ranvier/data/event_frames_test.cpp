#include "ranvier/data/event_frames.hpp"

#include "ranvier/base/random.hpp"
#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <numeric>

namespace ranvier {
namespace {

using testing::check_property;

/// Four events of a sensor of 4 x 2 pixels.
EventRecording small_recording() {
    EventRecording recording;
    recording.width = 4;
    recording.height = 2;
    recording.events = {
        {100, 0, 0, true}, {150, 1, 1, false}, {1099, 3, 0, true}, {1100, 0, 0, false}};
    return recording;
}

std::vector<float> frame_of(const EventFrames& frames) {
    const Shape shape = frame_shape(frames, 4, 2);
    std::vector<float> frame(static_cast<std::size_t>(shape.size()), -7.0F);
    accumulate(place_events(small_recording(), frames, 4, 2, "r"), frame);
    return frame;
}

TEST(EventFrames, EveryPolarity) {
    using Frame = std::vector<float>;
    EXPECT_EQ(frame_of({.polarity = Polarity::ignore}), (Frame{2, 0, 0, 1, 0, 1, 0, 0}));
    EXPECT_EQ(frame_of({.polarity = Polarity::on}), (Frame{1, 0, 0, 1, 0, 0, 0, 0}));
    EXPECT_EQ(frame_of({.polarity = Polarity::off}), (Frame{1, 0, 0, 0, 0, 1, 0, 0}));
    EXPECT_EQ(frame_of({.polarity = Polarity::signed_sum}), (Frame{0, 0, 0, 1, 0, -1, 0, 0}));
    EXPECT_EQ(frame_of({.polarity = Polarity::two_channels}),
              (Frame{1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0}));
}

TEST(EventFrames, DownsamplingSumsSquares) {
    EXPECT_EQ(frame_shape({.downsample = 2}, 128, 128), (Shape{1, 64, 64}));
    EXPECT_EQ(frame_of({.downsample = 2}), (std::vector<float>{3, 1}));
}

TEST(EventFrames, TheCropIsInTheMiddle) {
    EXPECT_EQ(frame_of({.crop_width = 2}), (std::vector<float>{0, 0, 1, 0}));
    EXPECT_EQ(frame_shape({.crop_width = 256, .crop_height = 256, .downsample = 4}, 346, 260),
              (Shape{1, 64, 64}));
}

TEST(EventFrames, UnusableOptionsAreRefused) {
    expect_error(Fault::usage, {"5 x 2", "4 x 2"},
                 [] { (void)frame_shape({.crop_width = 5}, 4, 2); });
    expect_error(Fault::usage, {"side 3", "--downsample"},
                 [] { (void)frame_shape({.downsample = 3}, 4, 2); });
    expect_error(Fault::usage, {"--bin-us"}, [] { (void)frame_shape({.bin_us = 0}, 4, 2); });
}

TEST(EventFrames, AnotherSensorIsRefused) {
    expect_error(Fault::bad_input, {"file.aedat", "4 x 2", "34 x 34"},
                 [] { (void)place_events(small_recording(), {}, 34, 34, "file.aedat"); });
    EventRecording unknown = small_recording();
    unknown.width = unknown.height = 0;
    expect_error(Fault::bad_input, {"file.dat", "event 2", "column 3, row 0", "2 x 2"},
                 [&] { (void)place_events(unknown, {}, 2, 2, "file.dat"); });
}

std::vector<std::size_t> sizes(const EventFrames& frames) {
    const auto events = place_events(small_recording(), frames, 4, 2, "r");
    std::vector<std::size_t> n;
    for (const auto window : frame_windows(events, frames)) n.push_back(window.size());
    return n;
}

TEST(EventFrames, WindowsByCountAndByTime) {
    using Sizes = std::vector<std::size_t>;
    EXPECT_EQ(sizes({.events = 2, .per_recording = 0}), (Sizes{2, 2}));
    EXPECT_EQ(sizes({.events = 3, .per_recording = 0}), (Sizes{3}));  // the rest fills none
    EXPECT_EQ(sizes({.events = 3000, .per_recording = 0}), (Sizes{4}));
    EXPECT_EQ(sizes({.events = 1, .per_recording = 2}), (Sizes{1, 1}));
    EXPECT_EQ(sizes({.events = 1}), (Sizes{1}));
    EXPECT_EQ(sizes({.events = 0}), (Sizes{4}));
    EXPECT_EQ(sizes({.events = 0, .window_us = 50, .per_recording = 0}), (Sizes{1, 1}));
    EXPECT_EQ(sizes({.events = 0, .window_us = 1000, .per_recording = 0}), (Sizes{3}));
    EXPECT_EQ(frame_windows({}, {.per_recording = 0}).size(), 1U);
}

TEST(EventFrames, TimestepsBeginWithTheFirstEvent) {
    const EventFrames frames{.polarity = Polarity::signed_sum};
    const auto events = place_events(small_recording(), frames, 4, 2, "r");
    const TimedSample sample = timesteps(events, 1000, "r");
    ASSERT_EQ(sample.steps, 2U);
    ASSERT_EQ(sample.values.size(), 4U);
    EXPECT_EQ(sample.values[2].step, 0U);  // 999 us later
    EXPECT_EQ(sample.values[3].step, 1U);  // 1000 us later
    EXPECT_EQ(sample.values[1].place, 5U);
    EXPECT_EQ(sample.values[1].value, -1.0F);
    EXPECT_EQ(timesteps({}, 1000, "r").steps, 1U);
}

TEST(EventFrames, TooManyTimestepsAreRefused) {
    const std::vector<PlacedEvent> events = {{0, 0, 1}, {1'000'000'000, 0, 1}};
    expect_error(Fault::bad_input, {"r.bin", "1000000000 us", "--bin-us"},
                 [&] { (void)timesteps(events, 1000, "r.bin"); });
    EXPECT_EQ(timesteps(events, 1001, "r.bin").steps, 999'001U);
}

TEST(EventFrames, ReplayHoldsTheEventsOfTheFrame) {
    check_property([](std::uint32_t seed) {
        Random random(seed, 4);
        EventRecording recording;
        recording.width = 12;
        recording.height = 8;
        std::uint64_t t = 0;
        for (std::uint32_t n = random.below(300); n > 0; --n) {
            t += random.below(700);
            recording.events.push_back({t, static_cast<std::uint16_t>(random.below(12)),
                                        static_cast<std::uint16_t>(random.below(8)),
                                        random.below(2) == 0});
        }
        EventFrames frames;
        frames.polarity = static_cast<Polarity>(random.below(5));
        frames.events = random.below(60);
        frames.window_us = random.below(2) * 5000;
        frames.downsample = static_cast<int>(1 + random.below(2));
        frames.per_recording = random.below(3);
        const auto events = place_events(recording, frames, 12, 8, "r");
        for (const auto window : frame_windows(events, frames)) {
            std::vector<float> frame(static_cast<std::size_t>(frame_shape(frames, 12, 8).size()));
            accumulate(window, frame);
            const TimedSample sample = timesteps(window, 1 + random.below(3000), "r");
            std::vector<float> replayed(frame.size());
            std::uint32_t last = 0;
            for (const auto& value : sample.values) {
                RC_ASSERT(value.step >= last);
                RC_ASSERT(value.step < sample.steps);
                last = value.step;
                replayed[value.place] += value.value;
            }
            RC_ASSERT(frame == replayed);
            RC_ASSERT(sample.values.size() == window.size());
        }
    });
}

}  // namespace
}  // namespace ranvier
