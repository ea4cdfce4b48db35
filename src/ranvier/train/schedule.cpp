#include "ranvier/train/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ranvier {

namespace {

/// From `begin` (share 0) to `end` (share 1) along half a cosine.
double half_cosine(double begin, double end, double share) {
    return end + (begin - end) / 2 * (1 + std::cos(std::numbers::pi * share));
}

double stepped_rate(const TrainOptions& o, double epochs_done) {
    const auto passed = [&](int milestone) { return milestone <= epochs_done; };
    auto n = static_cast<double>(std::count_if(o.milestones.begin(), o.milestones.end(), passed));
    if (o.step_every > 0) n += std::floor(epochs_done / o.step_every);
    return o.learning_rate * std::pow(o.gamma, n);
}

double one_cycle_rate(const TrainOptions& o, double iteration, double n_iterations) {
    const double first = o.learning_rate / o.start_divisor;
    const double top = o.warm_up * n_iterations - 1;  // the iteration with the highest rate
    if (iteration < top) return half_cosine(first, o.learning_rate, iteration / top);
    const double rest = n_iterations - 1 - top;
    return half_cosine(o.learning_rate, first / o.final_divisor,
                       rest > 0 ? (iteration - top) / rest : 0);
}

}  // namespace

double scheduled_rate(const TrainOptions& options, std::uint64_t iteration,
                      std::uint64_t n_batches) {
    const double epochs_done = static_cast<double>(iteration) / static_cast<double>(n_batches);
    switch (options.schedule) {
        case ScheduleKind::constant:
            break;
        case ScheduleKind::step:
            return stepped_rate(options, epochs_done);
        case ScheduleKind::cosine:
            return half_cosine(options.learning_rate, 0, epochs_done / options.epochs);
        case ScheduleKind::one_cycle:
            return one_cycle_rate(options, static_cast<double>(iteration),
                                  static_cast<double>(n_batches) * options.epochs);
    }
    return options.learning_rate;
}

double scheduled_weight_decay(const TrainOptions& options, std::uint64_t epoch) {
    const auto last = static_cast<std::uint64_t>(options.weight_decay_epochs);
    return last > 0 && epoch >= last ? 0 : options.weight_decay;
}

}  // namespace ranvier
