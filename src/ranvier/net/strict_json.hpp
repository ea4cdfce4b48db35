#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ranvier {

/// Parses JSON from an untrusted file: at most 32 levels deep, no key twice in one object.
/// @param where  stands in messages.
/// @throws Error(bad_input)
[[nodiscard]] nlohmann::json parse_strict_json(std::string_view text, const std::string& where);

/// `value` for a message: as JSON in ASCII, cut off where it is long.
[[nodiscard]] std::string excerpt(const nlohmann::json& value);

/// The shortest JSON text of `value`.
/// @throws Error(bad_input) if a text in it is not UTF-8, as names from other formats may be.
[[nodiscard]] std::string dump_json(const nlohmann::json& value, const std::string& where);

}  // namespace ranvier
