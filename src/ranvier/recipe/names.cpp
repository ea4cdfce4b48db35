#include "ranvier/recipe/names.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/ranges.h>

namespace ranvier {

namespace {

/// Optimal string alignment distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replace = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

constexpr std::size_t max_word = 64;  ///< longer words are no misspellings; bounds the cost

}  // namespace

std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
    if (word.size() > max_word) return {};
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(word.size() / 2, 1) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t found = distance(word, candidate);
        if (found < best_distance) {
            best = candidate;
            best_distance = found;
        }
    }
    return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
    const std::string nearest = nearest_name(word, candidates);
    if (!nearest.empty()) return fmt::format("; did you mean '{}'?", nearest);
    return fmt::format("; known: {}", fmt::join(candidates, ", "));
}

float base_named(const std::string& word, const std::string& where) {
    if (word == "auto") return 0;
    float base = 0;
    const char* end = word.data() + word.size();
    const auto read = std::from_chars(word.data(), end, base);
    if (read.ec != std::errc() || read.ptr != end || !(base > 1 && base <= 16))
        fail(Fault::bad_input,
             "{}: is '{}'; it must be a number greater than 1 and at most 16, or auto", where,
             word);
    return base;
}

}  // namespace ranvier
