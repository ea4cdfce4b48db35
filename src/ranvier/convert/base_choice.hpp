#pragma once

namespace ranvier {

/// How activations are distributed and coded, for the expected error of a one-spike code.
struct CodeErrorOptions {
    double mean = 0;              ///< of the Gaussian
    double deviation = 1;         ///< of the Gaussian, > 0
    bool threshold_shift = true;  ///< round to the nearest phase value, not down
    int first_phase = 1;          ///< phases are worth base^-first_phase, ...: 1 (ours) or 0
};

/// Mean absolute percentage error of the one-spike code, in percent (One-Spike, equation 5):
///
///     100 * integral over (0, 1) of |x - code(x)| / x * f(x) dx
///
/// f is the density of the Gaussian, restricted to (0, 1) with total 1. The paper's mean and
/// deviation are lost in the text; 0 and 1 give its optima (docs/methods/one_spike.md).
///
/// @param base   Q > 1. @param steps  T >= 1 phases.
/// @throws Error(bad_input) for arguments out of range.
/// @note Error of the integration below 1e-9. Values below 1e-12 count as silent.
[[nodiscard]] double code_error(double base, int steps, const CodeErrorOptions& options = {});

/// The base with the least code_error for `steps` phases, to three digits of base - 1.
/// At most 16, the largest that `convert` takes.
/// @note Some milliseconds for usual `steps`: 240 bases in geometric steps of base - 1, then
///       smaller steps around the best.
[[nodiscard]] float best_base(int steps, const CodeErrorOptions& options = {});

}  // namespace ranvier
