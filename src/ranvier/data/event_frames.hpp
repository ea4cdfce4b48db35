#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/base/shape.hpp"
#include "ranvier/data/event_recording.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ranvier {

/// What becomes of an event's sign.
enum class Polarity {
    ignore,        ///< every event counts 1
    on,            ///< only events that became brighter count
    off,           ///< only events that became darker count
    two_channels,  ///< brighter in channel 0, darker in channel 1
    signed_sum,    ///< brighter counts 1, darker -1
};

/// How events become frames. Events outside of the crop and those that `polarity` leaves out are
/// dropped before anything is counted.
struct EventFrames {
    Polarity polarity = Polarity::ignore;
    std::size_t events = 3000;    ///< a frame sums so many events in a row; 0: see window_us
    std::uint64_t window_us = 0;  ///< with events 0: a frame sums so much time; 0: all of it
    std::uint64_t bin_us = 1000;  ///< one timestep of a replay
    int crop_width = 0;           ///< the middle of the sensor, pixels; 0: all of it
    int crop_height = 0;
    int downsample =
        0;  ///< a frame's pixel sums a square of so many pixels' side; 0: the set's own
    std::size_t per_recording = 1;  ///< frames from each recording, from its start; 0: all
};

/// An event where it falls in a frame.
struct PlacedEvent {
    std::uint64_t t_us = 0;
    std::uint32_t place = 0;  ///< index in [channels][height][width]
    float value = 0;          ///< 1, or -1 (signed_sum)
};

/// Shape of the frames of a sensor.
/// @throws Error(usage) if the crop is larger than the sensor, the result not a whole number of
///         squares, or anything out of range.
[[nodiscard]] Shape frame_shape(const EventFrames& frames, int width, int height);

/// The events that count, in order.
/// @param width, height  of the sensor that the frames are meant for.
/// @throws Error(bad_input) naming `name` if the recording is of another sensor or an event lies
///         outside.
[[nodiscard]] std::vector<PlacedEvent> place_events(const EventRecording& recording,
                                                    const EventFrames& frames, int width,
                                                    int height, const std::string& name);

/// The spans of events that make a frame each, one behind the other from the first event on; by
/// time, each begins with the first event behind the span before, so that none is empty. What is
/// left at the end and fills none is dropped, unless it is all there is; without any event there is
/// one empty span. At most `frames.per_recording`, if that is not 0.
[[nodiscard]] std::vector<std::span<const PlacedEvent>> frame_windows(
    std::span<const PlacedEvent> events, const EventFrames& frames);

/// Sums events into a frame, which is overwritten.
void accumulate(std::span<const PlacedEvent> events, std::span<float> frame);

/// The same events spread over timesteps of `bin_us`, the first of which begins with the first
/// event.
/// @throws Error(bad_input) naming `name` if that are more than a million timesteps.
[[nodiscard]] TimedSample timesteps(std::span<const PlacedEvent> events, std::uint64_t bin_us,
                                    const std::string& name);

/// "frames of 3000 events, polarity ignored, 2x2 pixels summed".
[[nodiscard]] std::string to_string(const EventFrames& frames);

}  // namespace ranvier
