#include "ranvier/net/strict_json.hpp"

#include "ranvier/base/error.hpp"

#include <set>
#include <vector>

namespace ranvier {

using nlohmann::json;

json parse_strict_json(std::string_view text, const std::string& where) {
    constexpr int max_depth = 32;
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    const auto check = [&](int depth, json::parse_event_t event, const json& value) {
        if (depth > max_depth)
            fail(Fault::bad_input, "{}: JSON nested deeper than {} levels", where, max_depth);
        if (event == json::parse_event_t::object_start) keys.emplace_back();
        if (event == json::parse_event_t::object_end) keys.pop_back();
        if (event == json::parse_event_t::key &&
            !keys.back().insert(value.get<std::string>()).second)
            fail(Fault::bad_input, "{}: key '{}' stands twice in one object", where,
                 value.get<std::string>());
        return true;
    };
    try {
        return json::parse(text, check);
    } catch (const json::exception& error) {
        fail(Fault::bad_input, "{}: not valid JSON ({})", where, error.what());
    }
}

std::string excerpt(const json& value) {
    constexpr std::size_t longest = 80;
    std::string text = value.dump(-1, ' ', true);
    if (text.size() > longest) text.replace(longest, std::string::npos, "...");
    return text;
}

std::string dump_json(const json& value, const std::string& where) {
    try {
        return value.dump();
    } catch (const json::exception& error) {
        fail(Fault::bad_input, "{}: cannot be written as JSON ({})", where, error.what());
    }
}

}  // namespace ranvier
