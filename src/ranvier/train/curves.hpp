#pragma once

#include "ranvier/train/trainer.hpp"

#include <filesystem>
#include <vector>

namespace ranvier {

/// Now, in seconds since 1970.
[[nodiscard]] double unix_time();

/// The curves of a training as two files in a folder:
///
///     curves.csv                     a line per epoch; empty where nothing was measured
///     events.out.tfevents.0.ranvier  for TensorBoard: train/loss, train/accuracy,
///                                    train/learning_rate, train/images_per_second, test/loss,
///                                    test/accuracy, train/synops over the epochs, from 1
///
/// Both are written from the list of all epochs when a training begins or continues, so that a
/// resume leaves neither gaps nor doubles, whatever a kill left behind. Then the table is replaced
/// epoch by epoch, and the events are appended to, since TensorBoard keeps its file open.
class CurveFiles {
public:
    /// @param folder  empty: nothing is ever written.
    explicit CurveFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// @throws Error(io).
    void begin(const std::vector<EpochResult>& epochs) const;
    /// The last of `epochs` is new. @throws Error(io).
    void add_last(const std::vector<EpochResult>& epochs) const;

private:
    [[nodiscard]] std::filesystem::path table() const { return folder_ / "curves.csv"; }
    [[nodiscard]] std::filesystem::path events() const {
        return folder_ / "events.out.tfevents.0.ranvier";
    }
    std::filesystem::path folder_;
};

}  // namespace ranvier
