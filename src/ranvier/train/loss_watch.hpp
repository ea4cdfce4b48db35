#pragma once

namespace ranvier {

/// Tells a network that is being ruined from one that has a bad batch, by the cross entropy. A
/// ruined network need not have a loss that is no number: the outputs of a spiking one are spikes
/// times weights, which are finite as long as the weights are.
///
///     limit = 10 max(ln(classes), the first batch's)
///     mean <- mean + (a batch's - mean) / 100, from the first batch's
class LossWatch {
public:
    /// @param n_classes  at least 1.
    explicit LossWatch(int n_classes);

    /// @param loss  of a batch, finite.
    void add(double loss);
    /// Whether a network with this loss is worth keeping.
    [[nodiscard]] bool sound(double loss) const { return loss <= limit(); }
    /// Whether the mean is above the limit.
    [[nodiscard]] bool diverged() const { return !sound(mean_); }

    [[nodiscard]] double limit() const;
    [[nodiscard]] double mean() const { return mean_; }
    /// The first batch's; below 0: none yet.
    [[nodiscard]] double first() const { return first_; }
    /// Goes on with a training whose first batch had this loss.
    void restore(double first) { first_ = mean_ = first; }

private:
    double uninformed_;  ///< ln(classes): all classes alike
    double first_ = -1, mean_ = -1;
};

}  // namespace ranvier
