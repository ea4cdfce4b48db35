#pragma once

#include "ranvier/report/evaluation.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace ranvier {

/// The result as JSON, keys in a fixed order. The keys are part of the program's interface; what
/// each means stands in docs/energy.md and at EvaluationResult. Numbers that are not finite become
/// null.
[[nodiscard]] nlohmann::ordered_json to_json(const EvaluationResult& result);

/// The reverse, for results that an earlier run left. Keys that are absent keep their default.
/// @param name  stands in messages, usually the file's name.
/// @throws Error(bad_input) if `text` is no such JSON.
[[nodiscard]] EvaluationResult evaluation_from_json(const std::string& text,
                                                    const std::string& name);

/// Indented text that ends with a newline; invalid UTF-8 is replaced.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& json);

}  // namespace ranvier
