#pragma once

#include "ranvier/base/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace ranvier {

/// Copies members of one object into another, if they are there. One of another type than it should
/// have is refused: Error(bad_input) that names `where` and the key.
class Copier {
public:
    using Json = nlohmann::ordered_json;

    Copier(const Json& from, Json& to, std::string where)
        : from_(from), to_(to), where_(std::move(where)) {
        if (!from.is_object()) refuse("the value", from, "an object");
    }

    void number(const char* key) const {
        if (const Json* value = find(key)) to_[key] = checked_number(*value, key);
    }

    void text(const char* key) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (!value->is_string()) refuse(key, *value, "a text");
        to_[key] = *value;
    }

    void numbers(const char* key) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (!value->is_array()) refuse(key, *value, "a list of numbers");
        Json list = Json::array();
        for (const Json& entry : *value) list.push_back(checked_number(entry, key));
        if (!list.empty()) to_[key] = std::move(list);
    }

    /// A list of objects, each copied by `copy(copier)`. An empty list is left out.
    template <typename Copy>
    void objects(const char* key, const Copy& copy) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (!value->is_array()) refuse(key, *value, "a list");
        Json list = Json::array();
        for (const Json& entry : *value) {
            Json made = Json::object();
            copy(Copier(entry, made, fmt::format("{}, {}[{}]", where_, key, list.size())));
            list.push_back(std::move(made));
        }
        if (!list.empty()) to_[key] = std::move(list);
    }

    template <typename Copy>
    void object(const char* key, const Copy& copy) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        Json made = Json::object();
        copy(Copier(*value, made, fmt::format("{}, {}", where_, key)));
        to_[key] = std::move(made);
    }

    /// An object of texts.
    void texts(const char* key) const {
        object(key, [](const Copier& copier) {
            for (const auto& item : copier.from_.items()) copier.text(item.key().c_str());
        });
    }

private:
    [[nodiscard]] const Json* find(const char* key) const {
        const auto found = from_.find(key);
        return found == from_.end() || found->is_null() ? nullptr : &*found;
    }

    [[nodiscard]] const Json& checked_number(const Json& value, const char* key) const {
        if (!value.is_number()) refuse(key, value, "a number");
        return value;
    }

    [[noreturn]] void refuse(const char* key, const Json& value, const char* allowed) const {
        fail(Fault::bad_input, "report: {}: {} is a {}; it must be {}", where_, key,
             value.type_name(), allowed);
    }

    const Json& from_;
    Json& to_;
    std::string where_;
};

}  // namespace ranvier
