#include "ranvier/train/loss_watch.hpp"

#include <algorithm>
#include <cmath>

namespace ranvier {

LossWatch::LossWatch(int n_classes) : uninformed_(std::log(std::max(n_classes, 2))) {}

void LossWatch::add(double loss) {
    if (first_ < 0) restore(loss);
    mean_ += (loss - mean_) / 100;
}

double LossWatch::limit() const {
    return 10 * std::max(uninformed_, first_);
}

}  // namespace ranvier
