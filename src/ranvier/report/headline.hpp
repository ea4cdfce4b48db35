#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>

namespace ranvier {

/// The evaluation that speaks for a run.
struct Headline {
    std::size_t evaluation = 0;  ///< its place in the list
    /// Spiking results that only accuracy and energy had to tell apart, itself among them: on the
    /// same data, with or without a float network there as it is. 0: it was not chosen by accuracy.
    std::size_t among = 0;
};

/// Of the spiking results that no attack was made on, in this order of importance: one with a float
/// network of the same run beside it (reference_in), on the test split, of the most samples, the
/// most accurate, of the least energy. Accuracies on other data are not compared before that: 2000
/// images of a training set say less than 10000 of the test set. Other runs do not count, so that a
/// run has one verdict wherever it is shown.
///
/// Without such a result the last one that was not attacked, else the last.
/// @param evaluations  of one run, as page_evaluation made them.
[[nodiscard]] std::optional<Headline> headline_in(const nlohmann::ordered_json& evaluations);

/// The place of the float network in `evaluations` that `evaluation` is compared with: the first on
/// the same data with as many multiply-accumulates, one with float32 weights before others.
[[nodiscard]] std::optional<std::size_t> reference_in(const nlohmann::ordered_json& evaluation,
                                                      const nlohmann::ordered_json& evaluations);

}  // namespace ranvier
