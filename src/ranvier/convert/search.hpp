#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/convert/convert.hpp"

#include <cstddef>
#include <vector>

namespace ranvier {

/// What one setting does to a network's decisions on images that it was not calibrated on.
struct TriedSetting {
    ConvertOptions options;
    /// Share of the images whose decision differs from the float network's. Needs no labels; the
    /// accuracy cannot fall by more.
    double changed = 0;
    double standard_error = 0;  ///< of `changed`
    /// Upper end of the 95 % interval of `changed` (Wilson's), which is not 0 where nothing
    /// changed.
    double upper_bound = 0;
    double accuracy_loss = 0;  ///< by the labels, for information; may be negative
    double seconds = 0;        ///< conversion and trial
};

struct SearchResult {
    Network network;  ///< of the last setting tried
    std::vector<TriedSetting> tried;
    bool found = false;  ///< the last one tried is good enough
};

/// Settings from cheap to dear, each otherwise as `options`: fewer timesteps first, and for equal
/// timesteps less tuning first. one_spike: T = 8, 12, 16, 24, 32 with the base of least expected
/// error; rate: 16, 32, 64, 128, 256 steps.
[[nodiscard]] std::vector<ConvertOptions> settings_by_cost(const ConvertOptions& options);

/// How many of the first samples search_conversion calibrates on; the rest is held out.
[[nodiscard]] std::size_t calibrating_part(const Samples& calibration);

/// Converts with one setting after the other on the first four fifths of `calibration` and tries
/// each on the last fifth, until no more than `max_changed` of its decisions change.
/// @param max_changed  in [0, 1].
/// @throws Error(bad_input) if there are fewer than 100 samples; Error(unsupported) for graphs.
[[nodiscard]] SearchResult search_conversion(const Network& network, const Samples& calibration,
                                             const std::vector<ConvertOptions>& settings,
                                             double max_changed,
                                             Progress& progress = no_progress());

}  // namespace ranvier
