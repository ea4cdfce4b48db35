#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ranvier {

/// Parses JSON from an untrusted file: at most 32 levels deep, no key twice in one object.
/// @param where  stands in messages.
/// @throws Error(bad_input)
[[nodiscard]] nlohmann::json parse_strict_json(std::string_view text, const std::string& where);

}  // namespace ranvier
