#pragma once

#include "ranvier/convert/diagnose.hpp"
#include "ranvier/convert/search.hpp"
#include "ranvier/recipe/stages.hpp"

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ranvier {

struct ConvertRequest {
    ConvertOptions options;
    DataOptions data;  ///< the calibration set; `limit` is the number of samples
    /// Percent of decisions that may change: settings are tried from cheap to dear
    /// (settings_by_cost) until one changes no more.
    std::optional<double> max_loss;
    bool diagnose = false;  ///< compare layer by layer, on calibration images
};

struct ConvertOutcome {
    Network network;
    std::vector<TriedSetting> tried;  ///< with max_loss; the last one was taken
    std::optional<Diagnosis> diagnosis;
};

/// @throws Error as convert and open_dataset; Error(unsupported) if no setting keeps max_loss,
///         naming the best one.
[[nodiscard]] ConvertOutcome run_convert(const Network& network, const ConvertRequest& request,
                                         const RunContext& context);

/// Notes, tried settings and diagnosis.
[[nodiscard]] nlohmann::ordered_json conversion_json(const ConvertOutcome& outcome);

/// The same as tables for the terminal; empty if nothing was tried or diagnosed.
[[nodiscard]] std::string conversion_text(const ConvertOutcome& outcome);

}  // namespace ranvier
