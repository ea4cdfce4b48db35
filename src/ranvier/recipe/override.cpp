#include "ranvier/recipe/override.hpp"

#include "ranvier/recipe/names.hpp"

#include <optional>

namespace ranvier {

namespace {

/// The table that a section's name means, or none; collects the names there are.
toml::table* find_section(toml::table& root, const std::string& section,
                          std::vector<std::string>& known) {
    for (const char* key : {"network", "data"}) {
        known.emplace_back(key);
        if (section == key)
            if (toml::node* node = root.get(key); node != nullptr) return node->as_table();
    }
    toml::node* stages = root.get("stage");
    if (stages == nullptr || !stages->is_array_of_tables()) return nullptr;
    for (toml::node& stage : *stages->as_array()) {
        known.push_back(stage_name(*stage.as_table()));
        if (section == known.back()) return stage.as_table();
    }
    return nullptr;
}

void assign(toml::table& table, const std::string& key, const std::string& value) {
    try {
        toml::table parsed = toml::parse("value = " + value);
        if (parsed.size() == 1) {
            table.insert_or_assign(key, std::move(*parsed.get("value")));
            return;
        }
    } catch (const toml::parse_error&) {
        // Text without quotes, such as mnist or build/data.
    }
    table.insert_or_assign(key, value);
}

}  // namespace

std::string stage_name(const toml::table& table) {
    for (const char* key : {"name", "do"})
        if (const toml::node* node = table.get(key); node != nullptr && node->is_string())
            return node->as_string()->get();
    return {};
}

void override_key(toml::table& root, const std::string& assignment, const std::string& file) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
        fail(Fault::usage, "--set {}: must be KEY=VALUE, for instance train.epochs=3", assignment);
    const std::string path = assignment.substr(0, equals);
    const std::string value = assignment.substr(equals + 1);
    const std::size_t dot = path.find('.');
    if (dot == std::string::npos) {
        if (path != "seed")
            fail(Fault::bad_input,
                 "--set {}: '{}' is no key of the recipe itself; write SECTION.KEY=VALUE",
                 assignment, path);
        return assign(root, path, value);
    }
    std::vector<std::string> known;
    toml::table* table = find_section(root, path.substr(0, dot), known);
    if (table == nullptr)
        fail(Fault::bad_input, "--set {}: {} has no section or stage '{}'{}", assignment, file,
             path.substr(0, dot), suggestion(path.substr(0, dot), known));
    assign(*table, path.substr(dot + 1), value);
}

}  // namespace ranvier
