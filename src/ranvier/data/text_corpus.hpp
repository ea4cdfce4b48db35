#pragma once

#include "ranvier/data/dataset.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ranvier {

struct TextDocument {
    std::vector<std::int32_t> words;  ///< indices into the vocabulary, in reading order
    int label = 0;                    ///< index into the classes
    Split split = Split::train;
};

/// Documents with classes, cleaned. The vocabulary is sorted by bytes.
struct TextCorpus {
    std::string name;
    std::string remark;  ///< what a user should know of the data
    std::vector<std::string> classes;
    std::vector<std::string> vocabulary;
    std::vector<TextDocument> documents;  ///< in the order of the files
};

/// A document as it stands in a file.
struct RawDocument {
    std::string text;
    std::string label;
    Split split = Split::train;
};

/// Splits documents into words. Unless `keep_all_words`, stop words go, and words that are
/// found fewer than 5 times. Classes are sorted by name.
[[nodiscard]] TextCorpus make_corpus(std::string name, const std::vector<RawDocument>& documents,
                                     bool keep_all_words);

/// The words behind "text:" that name a corpus: r8, r52, mr, ohsumed, 20ng.
[[nodiscard]] const std::vector<std::string>& text_corpus_names();

/// One of the corpora of Text-GCN (Yao et al. 2019) from the folder that holds R8/, R52/, mr/,
/// ohsumed_single_23/, 20ng/ and the lists of documents 20ng.txt and ohsumed.txt, as that paper's
/// repository lays them out. Movie Review (mr) keeps all its words, as there.
/// @throws Error(usage) for an unknown name; Error(io, bad_input) naming file and line.
[[nodiscard]] TextCorpus load_text_corpus(const std::filesystem::path& folder,
                                          const std::string& name);

}  // namespace ranvier
