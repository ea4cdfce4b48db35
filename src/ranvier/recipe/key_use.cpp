#include "ranvier/recipe/key_use.hpp"

#include "ranvier/base/error.hpp"

#include <algorithm>
#include <fmt/ranges.h>

namespace ranvier {

std::string option_name(const std::string& key) {
    const bool switched_off = key == "threshold_shift" || key == "random_start";
    std::string name = "--" + (switched_off ? "no_" + key : key);
    std::ranges::replace(name, '_', '-');
    return name;
}

std::string key_text(const std::string& key, KeyStyle style) {
    return style == KeyStyle::command_line ? option_name(key) : key;
}

std::string need_text(const std::string& key, const std::vector<std::string>& values,
                      KeyStyle style) {
    const std::string written = key_text(key, style);
    if (values.empty()) return fmt::format("{} to be left out", written);
    std::vector<std::string> quoted = values;
    for (std::string& value : quoted) {
        if (style == KeyStyle::toml) value = fmt::format("\"{}\"", value);
        if (style == KeyStyle::python) value = fmt::format("'{}'", value);
    }
    const char* between = style == KeyStyle::toml ? " = " : style == KeyStyle::python ? "=" : " ";
    return fmt::format("{}{}{}", written, between, fmt::join(quoted, " or "));
}

void refuse_unused(const char* what, const std::optional<UnusedKey>& unused) {
    if (unused)
        fail(Fault::usage, "{}: {} has no effect here; it needs {}; leave it out, or change that",
             what, unused->key, unused->needs);
}

}  // namespace ranvier
