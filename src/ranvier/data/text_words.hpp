#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ranvier {

/// Splits text into words as Text-GCN does: bytes other than letters, digits and ( ) , ! ? ' ` are
/// spaces, English contractions are cut off ("it's": "it", "'s"), punctuation is a word of its own,
/// brackets and question marks with a backslash before them; then lower case.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);

/// One of the English words that say little about a text (the, of, ...), by NLTK's list.
[[nodiscard]] bool is_stop_word(const std::string& word);

}  // namespace ranvier
