#pragma once

#include "ranvier/base/random.hpp"
#include "ranvier/data/event_recording.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

/// Properties of a simulated sensor; the defaults are those of a DVS128 in rough terms.
/// @see Lichtsteiner et al. 2008, doi:10.1109/JSSC.2007.914337.
struct EventSensorOptions {
    int width = 128;
    int height = 128;
    float threshold = 0.3F;          ///< change of the logarithm of intensity that makes an event
    float threshold_spread = 0.01F;  ///< its standard deviation from pixel to pixel
    std::uint64_t refractory_us = 1000;  ///< a pixel is blind so long after its event
    float noise_hz = 0.1F;               ///< events per pixel and second without any cause
    friend bool operator==(const EventSensorOptions&, const EventSensorOptions&) = default;
};

/// A sensor each of whose pixels remembers the logarithm of its intensity and sends an event when
/// it has changed by the threshold; the memory then moves by the threshold. A change that falls
/// into the pixel's refractory time moves the memory but is not seen. Between two given scenes the
/// logarithm changes linearly, so one step may make several events of one pixel.
/// @see Rebecq et al. 2018, ESIM (CoRL), section 3.
class EventSensor {
public:
    /// @param random  thresholds and noise; everything follows from it and the scenes.
    /// @throws Error(usage) for options that no sensor can have.
    EventSensor(const EventSensorOptions& options, Random random);

    /// The scene at time 0: no events. @param log_intensity  [height][width], finite.
    void begin(std::span<const float> log_intensity);
    /// The scene at `t_us`, later than the one before: appends the events since then, by time.
    void advance(std::uint64_t t_us, std::span<const float> log_intensity,
                 std::vector<Event>& events);

private:
    void watch(std::size_t pixel, std::uint64_t t_us, float value, std::vector<Event>& events);
    void add_noise(std::uint64_t t_us, std::vector<Event>& events);
    void draw_next_noise();

    EventSensorOptions options_;
    Random random_;
    std::vector<float> threshold_;               ///< [pixels]
    std::vector<float> memory_;                  ///< [pixels]
    std::vector<float> value_;                   ///< [pixels] of the scene before
    std::vector<std::uint64_t> blind_until_us_;  ///< [pixels]
    std::uint64_t now_us_ = 0;
    double next_noise_us_ = 0;
};

}  // namespace ranvier
