#include "ranvier/data/event_sensor.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace ranvier {

EventSensor::EventSensor(const EventSensorOptions& options, Random random)
    : options_(options), random_(random) {
    const auto at_most = [](float value, float most) { return value >= 0 && value <= most; };
    const bool usable = options.width > 0 && options.height > 0 && options.width <= 1 << 14 &&
                        options.height <= 1 << 14 && options.threshold >= 0.01F &&
                        at_most(options.threshold, 10) && at_most(options.threshold_spread, 10) &&
                        at_most(options.noise_hz, 1e6F) && options.refractory_us <= 1'000'000'000;
    if (!usable)
        fail(Fault::usage,
             "event sensor: {} x {} pixels, threshold {} +- {}, refractory time {} us, {} noise "
             "events per pixel and second; sides must be 1 to 16384, the threshold 0.01 to 10 and "
             "its "
             "deviation 0 to 10 (of the logarithm of intensity), the time at most 1e9, the noise 0 "
             "to "
             "1e6",
             options.width, options.height, options.threshold, options.threshold_spread,
             options.refractory_us, options.noise_hz);
    const auto n =
        static_cast<std::size_t>(options.width) * static_cast<std::size_t>(options.height);
    threshold_.resize(n);
    for (float& threshold : threshold_) {
        const float drawn = options.threshold_spread > 0
                                ? options.threshold + options.threshold_spread * random_.normal()
                                : options.threshold;
        threshold = std::max(drawn, 0.1F * options.threshold);  // a pixel cannot fire for ever
    }
}

void EventSensor::begin(std::span<const float> log_intensity) {
    memory_.assign(log_intensity.begin(), log_intensity.end());
    value_ = memory_;
    blind_until_us_.assign(memory_.size(), 0);
    now_us_ = 0;
    next_noise_us_ = 0;
    draw_next_noise();
}

void EventSensor::advance(std::uint64_t t_us, std::span<const float> log_intensity,
                          std::vector<Event>& events) {
    const std::size_t first = events.size();
    for (std::size_t i = 0; i < value_.size(); ++i)
        if (log_intensity[i] != value_[i]) watch(i, t_us, log_intensity[i], events);
    add_noise(t_us, events);
    now_us_ = t_us;
    const auto by_time = [](const Event& event) {
        return std::tuple(event.t_us, event.y, event.x, event.on);
    };
    std::sort(events.begin() + static_cast<std::ptrdiff_t>(first), events.end(),
              [&](const Event& a, const Event& b) { return by_time(a) < by_time(b); });
}

void EventSensor::watch(std::size_t pixel, std::uint64_t t_us, float value,
                        std::vector<Event>& events) {
    const float before = value_[pixel];
    value_[pixel] = value;
    const bool on = value > before;
    const float step = on ? threshold_[pixel] : -threshold_[pixel];
    for (;;) {
        const float crossing = memory_[pixel] + step;
        if (on ? crossing > value : crossing < value) return;
        memory_[pixel] = crossing;
        // A crossing before the interval can only be one that a change of direction left over.
        const double share = std::clamp(
            (static_cast<double>(crossing) - before) / (static_cast<double>(value) - before), 0.0,
            1.0);
        const auto t = now_us_ + static_cast<std::uint64_t>(
                                     std::llround(share * static_cast<double>(t_us - now_us_)));
        if (t < blind_until_us_[pixel]) continue;
        blind_until_us_[pixel] = t + options_.refractory_us;
        const auto width = static_cast<std::size_t>(options_.width);
        events.push_back({t, static_cast<std::uint16_t>(pixel % width),
                          static_cast<std::uint16_t>(pixel / width), on});
    }
}

/// Waiting times between noise events of the whole sensor are exponential.
void EventSensor::draw_next_noise() {
    const double per_us =
        static_cast<double>(options_.noise_hz) * static_cast<double>(value_.size()) * 1e-6;
    next_noise_us_ =
        per_us > 0 ? next_noise_us_ - std::log1p(-static_cast<double>(random_.uniform())) / per_us
                   : std::numeric_limits<double>::infinity();
}

void EventSensor::add_noise(std::uint64_t t_us, std::vector<Event>& events) {
    while (next_noise_us_ < static_cast<double>(t_us)) {
        Event event;
        event.t_us = static_cast<std::uint64_t>(next_noise_us_);
        event.x =
            static_cast<std::uint16_t>(random_.below(static_cast<std::uint32_t>(options_.width)));
        event.y =
            static_cast<std::uint16_t>(random_.below(static_cast<std::uint32_t>(options_.height)));
        event.on = random_.below(2) == 1;
        events.push_back(event);
        draw_next_noise();
    }
}

}  // namespace ranvier
