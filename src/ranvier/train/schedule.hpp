#pragma once

#include "ranvier/train/trainer.hpp"

#include <cstdint>

namespace ranvier {

/// The learning rate of one iteration. With p = iteration / n_batches, the epochs done:
///
///     constant   rate
///     step       rate * gamma^k,  k = milestones <= p, plus floor(p / step_every)
///     cosine     rate * (1 + cos(pi * p / epochs)) / 2, so that it ends just above 0
///     one_cycle  from rate / start_divisor up to rate in the first warm_up of all iterations, then
///                down to rate / (start_divisor * final_divisor), both along half a cosine; the
///                same numbers as PyTorch's OneCycleLR(anneal_strategy="cos", three_phase=False,
///                cycle_momentum=False): the momentum stays what it is
///
/// @param iteration  from 0, below options.epochs * n_batches.
/// @param n_batches  iterations of an epoch.
/// @see one_cycle: Smith and Topin 2018, arXiv:1708.07120.
[[nodiscard]] double scheduled_rate(const TrainOptions& options, std::uint64_t iteration,
                                    std::uint64_t n_batches);

/// The weight decay in `epoch`, from 0: none once weight_decay_epochs are done.
[[nodiscard]] double scheduled_weight_decay(const TrainOptions& options, std::uint64_t epoch);

}  // namespace ranvier
