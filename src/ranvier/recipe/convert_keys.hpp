#pragma once

#include "ranvier/recipe/conversion.hpp"

#include <functional>
#include <optional>
#include <string>

namespace ranvier {

/// How keys and their values are written where they were given.
enum class KeyStyle {
    command_line,  ///< --input-rate, --input poisson
    toml,          ///< input_rate, input = "poisson"
    python,        ///< input_rate, input='poisson'
};

/// A key that does nothing in a conversion.
struct UnusedKey {
    std::string key;    ///< as given: "--input-rate"
    std::string needs;  ///< what it has an effect with: "--input poisson"
};

/// The first given key that the conversion does not use, so that nobody takes it for a setting of
/// what came out. Keys that no conversion ignores (steps, weights, calibrate, ...) are none.
/// @param request  all keys read, the preset's included.
/// @param given    whether the user gave a key, by its name in recipes.
[[nodiscard]] std::optional<UnusedKey> unused_key(const ConvertRequest& request, KeyStyle style,
                                                  const std::function<bool(const char*)>& given);

/// "--input-rate" for input_rate; "--no-threshold-shift" for threshold_shift.
[[nodiscard]] std::string option_name(const std::string& key);

/// For programs without lines to name.
/// @throws Error(usage) naming the key and what it needs.
void require_used_keys(const ConvertRequest& request, KeyStyle style,
                       const std::function<bool(const char*)>& given);

}  // namespace ranvier
