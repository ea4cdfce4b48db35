#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

// Which keys do something beside the others, for a request of any kind: recipes, the command line
// and Python refuse the same ones.
namespace ranvier {

/// How keys and their values are written where they were given.
enum class KeyStyle {
    command_line,  ///< --input-rate, --input poisson
    toml,          ///< input_rate, input = "poisson"
    python,        ///< input_rate, input='poisson'
};

/// A key that does nothing in a request.
struct UnusedKey {
    std::string key;    ///< as given: "--input-rate"
    std::string needs;  ///< what it has an effect with: "--input poisson"
};

/// What a key has an effect with: another key's value, or that the other is left out.
template <typename Request>
struct Need {
    const char* key;
    std::vector<std::string> values;  ///< one of them; none: left out
    bool (*met)(const Request&);
};

template <typename Request>
struct KeyUse {
    const char* key;
    std::vector<Need<Request>> needs;  ///< all of them
};

/// "--input-rate" for input_rate; "--no-threshold-shift" for threshold_shift.
[[nodiscard]] std::string option_name(const std::string& key);

/// A key as it was given. @param key  its name in recipes.
[[nodiscard]] std::string key_text(const std::string& key, KeyStyle style);

/// "--input poisson"; without values "--input to be left out".
[[nodiscard]] std::string need_text(const std::string& key, const std::vector<std::string>& values,
                                    KeyStyle style);

/// The first given key with a need that is not met.
/// @param given  whether the user gave a key, by its name in recipes.
template <typename Request>
[[nodiscard]] std::optional<UnusedKey> first_unused(const std::vector<KeyUse<Request>>& uses,
                                                    const Request& request, KeyStyle style,
                                                    const std::function<bool(const char*)>& given) {
    for (const KeyUse<Request>& use : uses) {
        if (!given(use.key)) continue;
        for (const Need<Request>& need : use.needs)
            if (!need.met(request))
                return UnusedKey{key_text(use.key, style), need_text(need.key, need.values, style)};
    }
    return std::nullopt;
}

/// For programs without lines to name.
/// @param what  that does not use it: "convert".
/// @throws Error(usage) naming the key and what it needs, if there is one.
void refuse_unused(const char* what, const std::optional<UnusedKey>& unused);

}  // namespace ranvier
