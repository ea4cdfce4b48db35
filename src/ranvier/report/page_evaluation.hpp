#pragma once

#include "ranvier/report/json_copier.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace ranvier {

/// What the page shows of one result: its numbers as they stand, `method` in words, `latency` and
/// `energy_ratio`. What an attack left has an `attack` with all its `rows`, each the accuracy with
/// (`accuracy`) and without (`clean_accuracy`) the attack of a method, epsilon, timesteps and leak.
/// @param from  an object. @param run  names it in messages.
/// @throws Error(bad_input) naming run, title and key if a value has another type than it should.
[[nodiscard]] nlohmann::ordered_json page_evaluation(const nlohmann::ordered_json& from,
                                                     const std::string& title,
                                                     const std::string& run);

/// The `crossbars` of a result.
void copy_crossbars(const Copier& copier);

/// What an evaluation did in a word or two: "one-spike", "rate, early exit, int8 weights". This and
/// what follows take what page_evaluation made.
[[nodiscard]] std::string method_of(const nlohmann::ordered_json& evaluation);

[[nodiscard]] bool is_float(const nlohmann::ordered_json& evaluation);

/// What an attack left: its accuracy is on images that were made to deceive.
[[nodiscard]] bool attacked(const nlohmann::ordered_json& evaluation);

/// "float32", "int8", ...
[[nodiscard]] std::string weights_of(const nlohmann::ordered_json& evaluation);

/// The number at `key`, if there is one above 0.
[[nodiscard]] std::optional<double> positive(const nlohmann::ordered_json& json, const char* key);

}  // namespace ranvier
