#pragma once

#include "ranvier/train/trainer.hpp"

namespace ranvier {

/// The learning rate after `progress` epochs (fractional: it is asked for every iteration).
///
///     constant   rate
///     step       rate * gamma^(number of milestones <= progress)
///     cosine     rate * (1 + cos(pi * progress / epochs)) / 2, so that it ends just above 0
///
/// @param progress  in [0, options.epochs).
[[nodiscard]] double scheduled_rate(const TrainOptions& options, double progress);

}  // namespace ranvier
