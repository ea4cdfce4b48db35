#include "ranvier/train/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ranvier {

double scheduled_rate(const TrainOptions& options, double progress) {
    const auto passed = [progress](int milestone) { return milestone <= progress; };
    switch (options.schedule) {
        case ScheduleKind::constant:
            break;
        case ScheduleKind::step:
            return options.learning_rate *
                   std::pow(options.gamma, std::count_if(options.milestones.begin(),
                                                         options.milestones.end(), passed));
        case ScheduleKind::cosine:
            return options.learning_rate *
                   (1 + std::cos(std::numbers::pi * progress / options.epochs)) / 2;
    }
    return options.learning_rate;
}

}  // namespace ranvier
