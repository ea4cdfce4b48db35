#pragma once

#include "ranvier/base/samples.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace ranvier {

/// A timed sample as one frame per timestep.
class TimedFrames {
public:
    /// @param n_values  of a frame.
    TimedFrames(TimedSample sample, std::size_t n_values)
        : sample_(std::move(sample)), frame_(n_values) {}

    [[nodiscard]] std::size_t steps() const noexcept { return sample_.steps; }

    /// The next timestep's sums, [channels][height][width]; zeros behind the last one.
    /// @param same  becomes whether both this frame and the one before are zeros.
    [[nodiscard]] std::span<const float> next(bool& same) {
        const std::size_t begin = next_value_;
        for (const std::uint32_t place : touched_) frame_[place] = 0;
        const bool was_empty = touched_.empty() && step_ > 0;
        touched_.clear();
        const auto& values = sample_.values;
        for (; next_value_ < values.size() && values[next_value_].step <= step_; ++next_value_) {
            frame_[values[next_value_].place] += values[next_value_].value;
            touched_.push_back(values[next_value_].place);
        }
        ++step_;
        same = was_empty && begin == next_value_;
        return frame_;
    }

    /// The events shown so far, the sample's first ones.
    [[nodiscard]] std::span<const TimedSample::Value> shown() const noexcept {
        return std::span(sample_.values).first(next_value_);
    }

private:
    TimedSample sample_;
    std::vector<float> frame_;
    std::vector<std::uint32_t> touched_;  ///< places of the present frame that are not 0
    std::size_t next_value_ = 0;
    std::size_t step_ = 0;
};

}  // namespace ranvier
