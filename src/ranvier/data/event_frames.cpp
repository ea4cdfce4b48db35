#include "ranvier/data/event_frames.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>

namespace ranvier {

namespace {

constexpr std::uint64_t max_timesteps = 1'000'000;

/// The part of the sensor that frames show.
struct Crop {
    int left, top, width, height;
};

Crop crop_of(const EventFrames& frames, int width, int height) {
    const int w = frames.crop_width > 0 ? frames.crop_width : width;
    const int h = frames.crop_height > 0 ? frames.crop_height : height;
    return {(width - w) / 2, (height - h) / 2, w, h};
}

int square_of(const EventFrames& frames) {
    return frames.downsample > 0 ? frames.downsample : 1;
}

bool counts(Polarity polarity, bool on) {
    return polarity == Polarity::on ? on : polarity != Polarity::off || !on;
}

void require_sensor(const EventRecording& recording, int width, int height,
                    const std::string& name) {
    if (recording.width != 0 && (recording.width != width || recording.height != height))
        fail(Fault::bad_input,
             "{}: is of a sensor of {} x {} pixels, but the data set's is {} x {}; all recordings "
             "must be of the same sensor",
             name, recording.width, recording.height, width, height);
    for (std::size_t i = 0; i < recording.events.size(); ++i)
        if (const Event& event = recording.events[i]; event.x >= width || event.y >= height)
            fail(Fault::bad_input,
                 "{}: event {} is at column {}, row {}; the sensor is {} x {} pixels", name, i,
                 event.x, event.y, width, height);
}

}  // namespace

Shape frame_shape(const EventFrames& frames, int width, int height) {
    const Crop crop = crop_of(frames, width, height);
    const int square = square_of(frames);
    if (crop.width > width || crop.height > height)
        fail(Fault::usage, "events: a crop of {} x {} pixels is wanted, but the sensor has {} x {}",
             crop.width, crop.height, width, height);
    if (crop.width % square != 0 || crop.height % square != 0)
        fail(Fault::usage,
             "events: {} x {} pixels cannot be divided into squares of side {}; choose another "
             "--downsample or a --crop that can",
             crop.width, crop.height, square);
    if (frames.bin_us == 0)
        fail(Fault::usage, "events: a timestep of 0 us; --bin-us must be at least 1");
    return {frames.polarity == Polarity::two_channels ? 2 : 1, crop.height / square,
            crop.width / square};
}

std::vector<PlacedEvent> place_events(const EventRecording& recording, const EventFrames& frames,
                                      int width, int height, const std::string& name) {
    require_sensor(recording, width, height, name);
    const Shape shape = frame_shape(frames, width, height);
    const Crop crop = crop_of(frames, width, height);
    const int square = square_of(frames);
    std::vector<PlacedEvent> placed;
    placed.reserve(recording.events.size());
    for (const Event& event : recording.events) {
        const int x = event.x - crop.left, y = event.y - crop.top;
        if (x < 0 || y < 0 || x >= crop.width || y >= crop.height) continue;
        if (!counts(frames.polarity, event.on)) continue;
        const std::int64_t channel = frames.polarity == Polarity::two_channels && !event.on ? 1 : 0;
        const std::int64_t place = (channel * shape.height + y / square) * shape.width + x / square;
        const bool negative = frames.polarity == Polarity::signed_sum && !event.on;
        placed.push_back({event.t_us, static_cast<std::uint32_t>(place), negative ? -1.0F : 1.0F});
    }
    return placed;
}

namespace {

/// How many of the first events belong to one frame, and whether they fill it.
struct Taken {
    std::size_t n = 0;
    bool full = false;
};

Taken take(std::span<const PlacedEvent> events, const EventFrames& frames) {
    if (frames.events > 0)
        return {std::min(frames.events, events.size()), events.size() >= frames.events};
    if (frames.window_us == 0 || events.empty()) return {events.size(), false};
    const auto behind =
        std::partition_point(events.begin(), events.end(), [&](const PlacedEvent& event) {
            return event.t_us - events.front().t_us < frames.window_us;
        });
    return {static_cast<std::size_t>(behind - events.begin()), behind != events.end()};
}

}  // namespace

std::vector<std::span<const PlacedEvent>> frame_windows(std::span<const PlacedEvent> events,
                                                        const EventFrames& frames) {
    std::vector<std::span<const PlacedEvent>> windows;
    while (windows.empty() || !events.empty()) {
        const Taken taken = take(events, frames);
        if (!taken.full && !windows.empty()) break;
        windows.push_back(events.first(taken.n));
        events = events.subspan(taken.n);
        if (windows.size() == frames.per_recording) break;
    }
    return windows;
}

void accumulate(std::span<const PlacedEvent> events, std::span<float> frame) {
    std::fill(frame.begin(), frame.end(), 0.0F);
    for (const PlacedEvent& event : events) frame[event.place] += event.value;
}

TimedSample timesteps(std::span<const PlacedEvent> events, std::uint64_t bin_us,
                      const std::string& name) {
    TimedSample sample;
    sample.steps = 1;
    if (events.empty()) return sample;
    const std::uint64_t begin = events.front().t_us;
    const std::uint64_t last = (events.back().t_us - begin) / bin_us;
    if (last >= max_timesteps)
        fail(Fault::bad_input,
             "{}: its events span {} us, more than {} timesteps of {} us; is the file damaged? "
             "Otherwise choose fewer --events or a larger --bin-us",
             name, events.back().t_us - begin, max_timesteps, bin_us);
    sample.steps = static_cast<std::size_t>(last) + 1;
    sample.values.reserve(events.size());
    for (const PlacedEvent& event : events)
        sample.values.push_back(
            {static_cast<std::uint32_t>((event.t_us - begin) / bin_us), event.place, event.value});
    return sample;
}

std::string to_string(const EventFrames& frames) {
    static constexpr const char* polarities[] = {"polarity ignored", "on events", "off events",
                                                 "on and off in two channels", "signed"};
    std::string text = frames.events > 0      ? fmt::format("frames of {} events", frames.events)
                       : frames.window_us > 0 ? fmt::format("frames of {} us", frames.window_us)
                                              : std::string("whole recordings");
    text += fmt::format(", {}", polarities[static_cast<std::size_t>(frames.polarity)]);
    if (frames.crop_width > 0 || frames.crop_height > 0)
        text += fmt::format(", crop {}x{}", frames.crop_width, frames.crop_height);
    if (const int square = square_of(frames); square > 1)
        text += fmt::format(", {}x{} pixels summed", square, square);
    return text;
}

}  // namespace ranvier
