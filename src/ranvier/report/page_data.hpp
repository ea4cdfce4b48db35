#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace ranvier {

/// What one stage of a run left.
struct StageRecord {
    std::string name;
    std::string kind;               ///< train, convert, ...
    nlohmann::ordered_json result;  ///< its result.json; may have `epochs` and `diagnosis`
};

/// A run to report: what its files hold, unchecked.
struct RunRecord {
    std::string name;
    std::string source;             ///< where it was read from
    nlohmann::ordered_json result;  ///< of a recipe, an evaluation, a sweep, a conversion, ...
    std::vector<StageRecord> stages{};
    /// By the title of an evaluation that has none itself: the `crossbars` of its network.
    std::map<std::string, nlohmann::ordered_json> crossbars{};
    std::vector<std::string> notes{};  ///< sentences for the reader: what is missing, and why
};

/// What the page shows, as JSON: of each run its evaluations with the numbers as they stand in the
/// files, what they are compared with, the stages' training curves and diagnoses; and which results
/// lie on the Pareto fronts of accuracy against energy and against latency, over all results on the
/// same data. Absent keys stay absent; nothing is made up.
///
/// An evaluation is compared with the first float network of its own run, else of the other runs,
/// that has the same data and as many multiply-accumulates.
/// @param runs     at least one; a `result` that is null has no evaluation of its own.
/// @param version  of the program. @param command  that writes the page.
/// @throws Error(bad_input) naming run and key if a value has another type than it should, or if
///         there is nothing to show.
[[nodiscard]] nlohmann::ordered_json page_data(std::span<const RunRecord> runs,
                                               const std::string& version,
                                               const std::string& command);

/// The title of the evaluation that speaks for a run (headline_in says which). Empty: there is
/// none.
/// @throws as page_data.
[[nodiscard]] std::string headline_of(const RunRecord& run);

}  // namespace ranvier
