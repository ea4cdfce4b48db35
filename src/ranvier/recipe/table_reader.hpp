#pragma once

#include "ranvier/recipe/names.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <toml++/toml.h>
#include <vector>

namespace ranvier {

/// Reads the keys of one TOML table. The keys asked for are the known ones, so that `finish` can
/// refuse all others without a second list of names.
class TableReader {
public:
    /// @param file   stands in messages.
    /// @param where  likewise, "[network]" or "stage 'train'".
    TableReader(const toml::table& table, std::string file, std::string where)
        : table_(table), file_(std::move(file)), where_(std::move(where)) {}

    [[nodiscard]] bool has(const char* key);
    void read(const char* key, std::string& value);
    void read(const char* key, bool& value);
    void read(const char* key, std::vector<float>& values);
    void read(const char* key, std::vector<double>& values);
    void read(const char* key, std::vector<int>& values, int low);
    /// @param low, high  the values allowed.
    void read(const char* key, double& value, double low, double high);
    /// Text or numbers, one or a list of them, as text. @return whether the key is there.
    [[nodiscard]] bool read_words(const char* key, std::vector<std::string>& words);
    /// A number, or text as base_named reads it.
    void read_base(const char* key, float& value);
    template <typename Integer>
    void read_integer(const char* key, Integer& value, std::int64_t low,
                      std::int64_t high = std::numeric_limits<std::int32_t>::max()) {
        std::int64_t wide = static_cast<std::int64_t>(value);
        read_int64(key, wide, low, high);
        value = static_cast<Integer>(wide);
    }
    template <typename Enum>
    void read_name(const char* key, Enum& value) {
        std::string word = name_of(value);
        read(key, word);
        value = value_named<Enum>(word, place(key));
    }
    /// Says that a key is known although it is read elsewhere.
    void know(const char* key) { known_.emplace_back(key); }

    /// @throws Error(bad_input) if `key` is there and would do nothing, since it is not `used`.
    /// @param needs  what it has an effect with: "optimizer = \"sgd\"".
    void require_use(const char* key, bool used, const char* needs) const;

    /// @throws Error(bad_input) for the first key that was never asked for.
    void finish() const;

    /// "recipe.toml:12: stage 'train': epochs".
    [[nodiscard]] std::string place(const char* key) const;

private:
    const toml::node* find(const char* key);
    void read_int64(const char* key, std::int64_t& value, std::int64_t low, std::int64_t high);

    const toml::table& table_;
    std::string file_;
    std::string where_;
    std::vector<std::string> known_;
};

}  // namespace ranvier
