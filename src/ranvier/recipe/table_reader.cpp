#include "ranvier/recipe/table_reader.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace ranvier {

namespace {

std::string shown(const toml::node& node) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    node.visit([&text](const auto& value) { text << value; });
    std::string line = text.str().substr(0, 60);
    for (char& c : line)
        if (c == '\n') c = ' ';
    return line;
}

/// An integer is a number too: `percentile = 100`.
std::optional<double> number(const toml::node& node) {
    if (const auto* integer = node.as_integer()) return static_cast<double>(integer->get());
    if (const auto* real = node.as_floating_point()) return real->get();
    return std::nullopt;
}

}  // namespace

const toml::node* TableReader::find(const char* key) {
    known_.emplace_back(key);
    return table_.get(key);
}

bool TableReader::has(const char* key) {
    return find(key) != nullptr;
}

std::string TableReader::place(const char* key) const {
    const toml::node* node = table_.get(key);
    const auto line = (node != nullptr ? node->source() : table_.source()).begin.line;
    if (line == 0) return fmt::format("{}: {}: {}", file_, where_, key);
    return fmt::format("{}:{}: {}: {}", file_, line, where_, key);
}

void TableReader::read(const char* key, std::string& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (!node->is_string())
        fail(Fault::bad_input, "{}: is {}; it must be text in quotes", place(key), shown(*node));
    value = node->as_string()->get();
}

void TableReader::read(const char* key, bool& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (!node->is_boolean())
        fail(Fault::bad_input, "{}: is {}; it must be true or false", place(key), shown(*node));
    value = node->as_boolean()->get();
}

void TableReader::read(const char* key, double& value, double low, double high) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const std::optional<double> found = number(*node);
    if (!found || !(*found >= low && *found <= high))
        fail(Fault::bad_input, "{}: is {}; it must be a number from {} to {}", place(key),
             shown(*node), low, high);
    value = *found;
}

void TableReader::read_base(const char* key, float& value) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const std::optional<double> found = number(*node);
    const auto* text = node->as_string();
    value = base_named(found             ? fmt::format("{}", *found)
                       : text != nullptr ? text->get()
                                         : shown(*node),
                       place(key));
}

bool TableReader::read_words(const char* key, std::vector<std::string>& words) {
    const toml::node* node = find(key);
    if (node == nullptr) return false;
    words.clear();
    const auto add = [&](const toml::node& element) {
        const std::optional<double> found = number(element);
        const auto* text = element.as_string();
        if (!found && text == nullptr)
            fail(Fault::bad_input, "{}: holds {}; it must be text, a number, or a list of these",
                 place(key), shown(element));
        words.push_back(found ? fmt::format("{}", *found) : text->get());
    };
    if (const auto* list = node->as_array())
        for (const toml::node& element : *list) add(element);
    else
        add(*node);
    return true;
}

void TableReader::read_int64(const char* key, std::int64_t& value, std::int64_t low,
                             std::int64_t high) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    const auto* found = node->as_integer();
    if (found == nullptr || found->get() < low || found->get() > high)
        fail(Fault::bad_input, "{}: is {}; it must be a whole number from {} to {}", place(key),
             shown(*node), low, high);
    value = found->get();
}

void TableReader::read(const char* key, std::vector<float>& values) {
    if (!has(key)) return;
    std::vector<double> wide;
    read(key, wide);
    values.assign(wide.begin(), wide.end());
}

void TableReader::read(const char* key, std::vector<double>& values) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (!node->is_array())
        fail(Fault::bad_input, "{}: is {}; it must be a list of numbers", place(key), shown(*node));
    values.clear();
    for (const toml::node& element : *node->as_array()) {
        const std::optional<double> found = number(element);
        if (!found || !std::isfinite(*found))
            fail(Fault::bad_input, "{}: holds {}; it must be a list of numbers", place(key),
                 shown(element));
        values.push_back(*found);
    }
}

void TableReader::read(const char* key, std::vector<int>& values, int low) {
    const toml::node* node = find(key);
    if (node == nullptr) return;
    if (!node->is_array())
        fail(Fault::bad_input, "{}: is {}; it must be a list of whole numbers", place(key),
             shown(*node));
    values.clear();
    for (const toml::node& element : *node->as_array()) {
        const auto* found = element.as_integer();
        if (found == nullptr || found->get() < low ||
            found->get() > std::numeric_limits<int>::max())
            fail(Fault::bad_input, "{}: holds {}; it must be a whole number from {}", place(key),
                 shown(element), low);
        values.push_back(static_cast<int>(found->get()));
    }
}

void TableReader::require_use(const char* key, bool used, const char* needs) const {
    if (used || table_.get(key) == nullptr) return;
    fail(Fault::bad_input, "{}: has no effect here; it needs {}; leave it out, or change that",
         place(key), needs);
}

void TableReader::finish() const {
    for (const auto& [key, node] : table_) {
        const std::string word(key.str());
        if (std::ranges::find(known_, word) != known_.end()) continue;
        fail(Fault::bad_input, "{}:{}: {}: unknown key '{}'{}", file_, node.source().begin.line,
             where_, word, suggestion(word, known_));
    }
}

}  // namespace ranvier
