#include "ranvier/data/text_corpus.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/data/text_words.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

namespace ranvier {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t max_bytes = std::uint64_t{1} << 30;
constexpr int least_count = 5;  ///< of a word that is kept

void for_each_line(const fs::path& file,
                   const std::function<void(std::string_view line, std::size_t number)>& visit) {
    const std::string content = read_file(file, max_bytes);
    std::string_view rest = content;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        visit(line, number);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
}

/// One document a line, "label TAB text".
void read_labelled_lines(const fs::path& file, Split split, std::vector<RawDocument>& documents) {
    for_each_line(file, [&](std::string_view line, std::size_t number) {
        const std::size_t tab = line.find('\t');
        if (tab == std::string_view::npos || tab == 0)
            fail(Fault::bad_input, "{}: line {} is not \"label TAB text\"", file.string(), number);
        documents.push_back(
            {std::string(line.substr(tab + 1)), std::string(line.substr(0, tab)), split});
    });
}

/// One text a line, and its label in the same line of another file.
void read_texts_and_labels(const fs::path& texts, const fs::path& labels, Split split,
                           std::vector<RawDocument>& documents) {
    const std::size_t first = documents.size();
    for_each_line(texts, [&](std::string_view line, std::size_t) {
        documents.push_back({std::string(line), {}, split});
    });
    std::size_t n_labels = 0;
    for_each_line(labels, [&](std::string_view line, std::size_t) {
        if (first + n_labels < documents.size())
            documents[first + n_labels].label = std::string(line);
        ++n_labels;
    });
    if (first + n_labels != documents.size())
        fail(Fault::bad_input, "{} has {} texts, but {} has {} labels", texts.string(),
             documents.size() - first, labels.string(), n_labels);
}

/// A list of "data/PATH TAB split TAB label"; each document is a file.
void read_listed_files(const fs::path& folder, const fs::path& list,
                       std::vector<RawDocument>& documents) {
    std::set<fs::path> seen;
    for_each_line(list, [&](std::string_view line, std::size_t number) {
        const std::size_t tab = line.find('\t');
        const std::size_t second = tab == std::string_view::npos ? tab : line.find('\t', tab + 1);
        if (second == std::string_view::npos)
            fail(Fault::bad_input, "{}: line {} is not \"path TAB split TAB label\"", list.string(),
                 number);
        std::string_view path = line.substr(0, tab);
        if (path.starts_with("data/")) path.remove_prefix(5);
        const fs::path relative = fs::path(path).lexically_normal();
        if (relative.is_absolute() || relative.empty() || *relative.begin() == "..")
            fail(Fault::bad_input, "{}: line {}: '{}' leads out of the folder", list.string(),
                 number, path);
        // Each once, so that a short list cannot make much of one long file.
        if (!seen.insert(relative).second)
            fail(Fault::bad_input, "{}: line {}: '{}' is listed twice; remove one of the lines",
                 list.string(), number, path);
        const bool test =
            line.substr(tab + 1, second - tab - 1).find("test") != std::string_view::npos;
        documents.push_back({read_file(folder / relative, max_bytes),
                             std::string(line.substr(second + 1)),
                             test ? Split::test : Split::train});
    });
}

using Words = std::vector<std::vector<std::string>>;

void remove_rare_words(Words& documents) {
    std::unordered_map<std::string, int> counts;
    for (const auto& words : documents)
        for (const std::string& word : words) ++counts[word];
    for (auto& words : documents)
        std::erase_if(words, [&](const std::string& word) {
            return is_stop_word(word) || counts[word] < least_count;
        });
}

/// The distinct texts of `from`, sorted.
std::vector<std::string> sorted_set(const std::set<std::string>& from) {
    return {from.begin(), from.end()};
}

std::int32_t index_of(const std::vector<std::string>& sorted, const std::string& word) {
    return static_cast<std::int32_t>(std::lower_bound(sorted.begin(), sorted.end(), word) -
                                     sorted.begin());
}

}  // namespace

TextCorpus make_corpus(std::string name, const std::vector<RawDocument>& documents,
                       bool keep_all_words) {
    Words words;
    std::set<std::string> classes, vocabulary;
    for (const RawDocument& document : documents) {
        words.push_back(split_words(document.text));
        classes.insert(document.label);
    }
    if (!keep_all_words) remove_rare_words(words);
    for (const auto& of_one : words) vocabulary.insert(of_one.begin(), of_one.end());

    TextCorpus corpus{std::move(name), {}, sorted_set(classes), sorted_set(vocabulary), {}};
    std::unordered_map<std::string, std::int32_t> place;
    for (std::size_t w = 0; w < corpus.vocabulary.size(); ++w)
        place.emplace(corpus.vocabulary[w], static_cast<std::int32_t>(w));
    for (std::size_t d = 0; d < documents.size(); ++d) {
        TextDocument document{{}, index_of(corpus.classes, documents[d].label), documents[d].split};
        for (const std::string& word : words[d]) document.words.push_back(place.at(word));
        corpus.documents.push_back(std::move(document));
    }
    return corpus;
}

const std::vector<std::string>& text_corpus_names() {
    static const std::vector<std::string> names = {"r8", "r52", "mr", "ohsumed", "20ng"};
    return names;
}

TextCorpus load_text_corpus(const fs::path& folder, const std::string& name) {
    std::vector<RawDocument> documents;
    bool rebuilt = false;
    if (name == "r8") {
        read_labelled_lines(folder / "R8/train.txt", Split::train, documents);
        read_labelled_lines(folder / "R8/test.txt", Split::test, documents);
    } else if (name == "r52") {
        const fs::path original = folder / "R52/train.txt";
        rebuilt = !fs::exists(original);
        read_labelled_lines(rebuilt ? folder / "R52/train.reconstructed.txt" : original,
                            Split::train, documents);
        read_labelled_lines(folder / "R52/test.txt", Split::test, documents);
    } else if (name == "mr") {
        for (const auto& [part, split] : {std::pair{"train", Split::train}, {"test", Split::test}})
            read_texts_and_labels(folder / "mr" / fmt::format("text_{}.txt", part),
                                  folder / "mr" / fmt::format("label_{}.txt", part), split,
                                  documents);
    } else if (name == "ohsumed" || name == "20ng") {
        read_listed_files(folder, folder / (name + ".txt"), documents);
    } else {
        fail(Fault::usage, "text corpus '{}' is not known; known: {}", name,
             fmt::join(text_corpus_names(), ", "));
    }
    TextCorpus corpus = make_corpus(name, documents, name == "mr");
    if (rebuilt) corpus.remark = "its training text is a reconstruction";
    return corpus;
}

}  // namespace ranvier
