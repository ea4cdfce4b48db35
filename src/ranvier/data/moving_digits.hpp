#pragma once

#include "ranvier/data/dataset.hpp"
#include "ranvier/data/event_samples.hpp"
#include "ranvier/data/event_sensor.hpp"

#include <memory>
#include <optional>
#include <string>

namespace ranvier {

/// Simulated recordings of a digit that moves before an event sensor, to stand in for MNIST-DVS at
/// scale 16: 28 x 28 images, four sensor pixels to one of theirs, on a screen whose paper has a
/// tenth of the ink's brightness, circling slowly. Radius (4 to 8 pixels), turns per second (1 to
/// 2), direction, phase and place are drawn anew for each recording, which lasts a second.
class MovingDigits : public EventSource {
public:
    /// @param images  1x28x28, in [0, 1].
    /// @param seed, split  name the motions and the noise.
    /// @throws Error(usage) for a sensor that cannot be (EventSensor).
    MovingDigits(std::unique_ptr<const Samples> images, std::uint64_t seed, Split split,
                 const EventSensorOptions& sensor = {});

    [[nodiscard]] std::size_t size() const override { return images_->size(); }
    [[nodiscard]] int n_classes() const override { return images_->n_classes(); }
    [[nodiscard]] int label(std::size_t i) const override { return images_->label(i); }
    /// The same events in any order of calls and, up to `enough`, for any `enough`.
    [[nodiscard]] EventRecording record(std::size_t i, std::size_t enough) const override;
    [[nodiscard]] std::string name(std::size_t i) const override;
    [[nodiscard]] int width() const override { return sensor_.width; }
    [[nodiscard]] int height() const override { return sensor_.height; }
    [[nodiscard]] std::string describe() const override;

private:
    std::unique_ptr<const Samples> images_;
    std::uint64_t seed_;
    Split split_;
    EventSensorOptions sensor_;
};

/// moving-digits: from MNIST's images where the data root holds them, otherwise from the built-in
/// digits; moving-digits:mnist and moving-digits:digits insist. 128 x 128 pixels become 64 x 64,
/// unless said otherwise.
/// @throws Error as open_dataset.
[[nodiscard]] std::unique_ptr<Samples> open_moving_digits(const std::optional<std::string>& images,
                                                          const DataOptions& options);

}  // namespace ranvier
