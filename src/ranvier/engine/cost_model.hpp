#pragma once

namespace ranvier {

/// Nanoseconds of the inner loops on this machine, one core.
struct CostModel {
    double float_row = 0;       ///< one event, 64 outputs
    double int8_row = 0;        ///< the same, integers
    double bit_row = 0;         ///< the same, weights of +-1, up to 512 outputs
    double popcount_word = 0;   ///< 32 inputs, 64 outputs, one step
    double popcount_start = 0;  ///< one step of 64 outputs, whatever the inputs
    double dense_row = 0;       ///< one input, 64 outputs, one step of four
    double list = 0;            ///< collecting the events of one tap in one step
};

/// Measured once in a few milliseconds, at first use. Choices made by it change times, never
/// results.
[[nodiscard]] const CostModel& machine_costs();

}  // namespace ranvier
