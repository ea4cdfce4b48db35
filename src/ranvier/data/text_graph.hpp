#pragma once

#include "ranvier/base/sparse_matrix.hpp"
#include "ranvier/data/text_corpus.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ranvier {

/// Window counts of a corpus (Text-GCN; methods.md section 10, item 11): a window of 20 words moves
/// over each document by one word at a time, a shorter document is one window.
struct WindowCounts {
    std::uint64_t n_windows = 0;
    std::vector<std::uint32_t> containing;          ///< [n_words] windows with the word in them
    std::vector<std::uint32_t> document_frequency;  ///< [n_words] documents with the word in them
    /// Upper triangle: row < column; pairs of positions within a window, summed over windows.
    SparseMatrix pairs;
};

/// @param window  in words, >= 1. Same result on any number of threads.
[[nodiscard]] WindowCounts count_windows(const TextCorpus& corpus, int window = 20,
                                         int n_threads = 0);

/// Nodes are the train documents, the words, the test documents, in this order.
struct TextNodes {
    explicit TextNodes(const TextCorpus& corpus);
    std::int64_t n_train = 0, n_words = 0, n_test = 0;
    std::vector<std::int64_t> of_document;  ///< [n_documents]
    [[nodiscard]] std::int64_t of_word(std::int32_t word) const { return n_train + word; }
    [[nodiscard]] std::int64_t size() const { return n_train + n_words + n_test; }
};

/// Edges: between two words their pointwise mutual information over windows where it is positive,
///
///     ln(pairs * windows / (containing_i * containing_j)),
///
/// and from a document to each of its words the tf-idf weight, count * ln(documents / document
/// frequency). Documents and windows of train and test alike.
[[nodiscard]] SparseMatrix text_edges(const TextCorpus& corpus, const WindowCounts& counts);

/// D^-1/2 (max(A, A^T) + I) D^-1/2 with D the row sums of the bracket. Entries with value 0 stay.
[[nodiscard]] SparseMatrix normalized_adjacency(const SparseMatrix& edges);

/// A corpus as one graph, ready for a graph network that tells the documents' classes.
struct TextGraph {
    std::string description;
    SparseMatrix adjacency;                             ///< normalized, [n_nodes][n_nodes]
    std::vector<int> label;                             ///< [n_nodes]; -1: a word
    std::vector<std::int64_t> train, validation, test;  ///< nodes
    std::vector<std::string> classes;
};

/// @param seed  names which tenth of the train documents is for validation.
[[nodiscard]] TextGraph make_text_graph(const TextCorpus& corpus, std::uint64_t seed,
                                        int n_threads = 0);

}  // namespace ranvier
