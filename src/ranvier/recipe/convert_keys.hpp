#pragma once

#include "ranvier/recipe/conversion.hpp"
#include "ranvier/recipe/key_use.hpp"

#include <functional>
#include <optional>

namespace ranvier {

/// The first given key that the conversion does not use, so that nobody takes it for a setting of
/// what came out. Keys that no conversion ignores (steps, weights, calibrate, ...) are none.
/// @param request  all keys read, the preset's included.
/// @param given    whether the user gave a key, by its name in recipes.
[[nodiscard]] std::optional<UnusedKey> unused_key(const ConvertRequest& request, KeyStyle style,
                                                  const std::function<bool(const char*)>& given);

/// For programs without lines to name.
/// @throws Error(usage) naming the key and what it needs.
void require_used_keys(const ConvertRequest& request, KeyStyle style,
                       const std::function<bool(const char*)>& given);

}  // namespace ranvier
