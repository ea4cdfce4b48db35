#include "ranvier/data/text_words.hpp"

#include <array>
#include <cctype>
#include <unordered_set>
#include <utility>

namespace ranvier {

namespace {

/// In this order; each runs over the result of those before.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> replacements = {{
    {"'s", " 's"},
    {"'ve", " 've"},
    {"n't", " n't"},
    {"'re", " 're"},
    {"'d", " 'd"},
    {"'ll", " 'll"},
    {",", " , "},
    {"!", " ! "},
    {"(", " \\( "},
    {")", " \\) "},
    {"?", " \\? "},
}};

std::string replace_all(const std::string& text, std::string_view what, std::string_view by) {
    std::string result;
    std::size_t from = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, from)) {
        result.append(text, from, at - from).append(by);
        from = at + what.size();
    }
    return result.append(text, from);
}

bool is_kept(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("(),!?'`").find(c) != std::string_view::npos;
}

}  // namespace

std::vector<std::string> split_words(std::string_view text) {
    std::string clean(text);
    for (char& c : clean)
        if (static_cast<unsigned char>(c) >= 128 || !is_kept(c)) c = ' ';
    for (const auto& [what, by] : replacements) clean = replace_all(clean, what, by);
    std::vector<std::string> words;
    bool inside = false;
    for (const char c : clean) {
        if (c != ' ' && !inside) words.emplace_back();
        inside = c != ' ';
        if (inside) words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return words;
}

bool is_stop_word(const std::string& word) {
    // Contractions are whole where they stand in capitals: split_words looks for small letters.
    static const std::unordered_set<std::string> list = {
        "i",          "me",      "my",       "myself",  "we",       "our",        "ours",
        "ourselves",  "you",     "your",     "yours",   "yourself", "yourselves", "he",
        "him",        "his",     "himself",  "she",     "her",      "hers",       "herself",
        "it",         "its",     "itself",   "they",    "them",     "their",      "theirs",
        "themselves", "what",    "which",    "who",     "whom",     "this",       "that",
        "these",      "those",   "am",       "is",      "are",      "was",        "were",
        "be",         "been",    "being",    "have",    "has",      "had",        "having",
        "do",         "does",    "did",      "doing",   "a",        "an",         "the",
        "and",        "but",     "if",       "or",      "because",  "as",         "until",
        "while",      "of",      "at",       "by",      "for",      "with",       "about",
        "against",    "between", "into",     "through", "during",   "before",     "after",
        "above",      "below",   "to",       "from",    "up",       "down",       "in",
        "out",        "on",      "off",      "over",    "under",    "again",      "further",
        "then",       "once",    "here",     "there",   "when",     "where",      "why",
        "how",        "all",     "any",      "both",    "each",     "few",        "more",
        "most",       "other",   "some",     "such",    "no",       "nor",        "not",
        "only",       "own",     "same",     "so",      "than",     "too",        "very",
        "s",          "t",       "can",      "will",    "just",     "don",        "should",
        "now",        "d",       "ll",       "m",       "o",        "re",         "ve",
        "y",          "ain",     "aren",     "couldn",  "didn",     "doesn",      "hadn",
        "hasn",       "haven",   "isn",      "ma",      "mightn",   "mustn",      "needn",
        "shan",       "shouldn", "wasn",     "weren",   "won",      "wouldn",     "you're",
        "you've",     "you'll",  "you'd",    "she's",   "it's",     "that'll",    "don't",
        "should've",  "aren't",  "couldn't", "didn't",  "doesn't",  "hadn't",     "hasn't",
        "haven't",    "isn't",   "mightn't", "mustn't", "needn't",  "shan't",     "shouldn't",
        "wasn't",     "weren't", "won't",    "wouldn't"};
    return list.contains(word);
}

}  // namespace ranvier
