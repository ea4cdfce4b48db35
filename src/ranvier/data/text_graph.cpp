#include "ranvier/data/text_graph.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

namespace ranvier {

namespace {

struct Entry {
    std::int32_t column;
    float value;
};

/// Rows of entries in any order -> compressed rows with ascending columns.
SparseMatrix compress(std::int64_t n_columns, std::vector<std::vector<Entry>>& rows) {
    SparseMatrix matrix{static_cast<std::int64_t>(rows.size()), n_columns, {0}, {}, {}};
    std::size_t n_entries = 0;
    for (const auto& row : rows) n_entries += row.size();
    matrix.column.reserve(n_entries);
    matrix.value.reserve(n_entries);
    for (auto& row : rows) {
        std::sort(row.begin(), row.end(),
                  [](const Entry& a, const Entry& b) { return a.column < b.column; });
        for (const Entry& entry : row) {
            matrix.column.push_back(entry.column);
            matrix.value.push_back(entry.value);
        }
        matrix.row_start.push_back(static_cast<std::int64_t>(matrix.column.size()));
        row = {};  // memory is needed for the matrix
    }
    return matrix;
}

/// max(A, A^T) + I, row by row.
std::vector<std::vector<Entry>> symmetrized(const SparseMatrix& edges) {
    std::vector<std::vector<Entry>> rows(static_cast<std::size_t>(edges.n_rows));
    for (std::size_t r = 0; r < rows.size(); ++r) {
        rows[r].push_back({static_cast<std::int32_t>(r), 1.0F});
        for (auto k = static_cast<std::size_t>(edges.row_start[r]);
             k < static_cast<std::size_t>(edges.row_start[r + 1]); ++k) {
            rows[r].push_back({edges.column[k], edges.value[k]});
            rows[static_cast<std::size_t>(edges.column[k])].push_back(
                {static_cast<std::int32_t>(r), edges.value[k]});
        }
    }
    for (std::size_t r = 0; r < rows.size(); ++r) {
        auto& row = rows[r];
        std::sort(row.begin(), row.end(), [](const Entry& a, const Entry& b) {
            return std::pair(a.column, -a.value) < std::pair(b.column, -b.value);
        });
        const auto end = std::unique(row.begin(), row.end(), [](const Entry& a, const Entry& b) {
            return a.column == b.column;
        });
        row.erase(end, row.end());
    }
    return rows;
}

}  // namespace

TextNodes::TextNodes(const TextCorpus& corpus)
    : n_words(static_cast<std::int64_t>(corpus.vocabulary.size())) {
    for (const TextDocument& document : corpus.documents)
        ++(document.split == Split::train ? n_train : n_test);
    std::int64_t next_train = 0;
    std::int64_t next_test = n_train + n_words;
    for (const TextDocument& document : corpus.documents)
        of_document.push_back(document.split == Split::train ? next_train++ : next_test++);
}

SparseMatrix text_edges(const TextCorpus& corpus, const WindowCounts& counts) {
    const TextNodes nodes(corpus);
    std::vector<std::vector<Entry>> rows(static_cast<std::size_t>(nodes.size()));
    const auto n_windows = static_cast<double>(counts.n_windows);
    const SparseMatrix& pairs = counts.pairs;
    for (std::size_t i = 0; i < static_cast<std::size_t>(pairs.n_rows); ++i)
        for (auto k = static_cast<std::size_t>(pairs.row_start[i]);
             k < static_cast<std::size_t>(pairs.row_start[i + 1]); ++k) {
            const auto j = static_cast<std::size_t>(pairs.column[k]);
            const double pmi =
                std::log((double{pairs.value[k]} / n_windows) /
                         (counts.containing[i] / n_windows * counts.containing[j] / n_windows));
            if (!(pmi > 0)) continue;
            const std::int64_t a = nodes.of_word(static_cast<std::int32_t>(i));
            const std::int64_t b = nodes.of_word(pairs.column[k]);
            const auto value = static_cast<float>(pmi);
            rows[static_cast<std::size_t>(a)].push_back({static_cast<std::int32_t>(b), value});
            rows[static_cast<std::size_t>(b)].push_back({static_cast<std::int32_t>(a), value});
        }
    const auto n_documents = static_cast<double>(corpus.documents.size());
    for (std::size_t d = 0; d < corpus.documents.size(); ++d) {
        std::unordered_map<std::int32_t, int> times;
        for (const std::int32_t word : corpus.documents[d].words) ++times[word];
        auto& row = rows[static_cast<std::size_t>(nodes.of_document[d])];
        for (const auto& [word, count] : times) {
            const double idf =
                std::log(n_documents / counts.document_frequency[static_cast<std::size_t>(word)]);
            row.push_back(
                {static_cast<std::int32_t>(nodes.of_word(word)), static_cast<float>(count * idf)});
        }
    }
    return compress(nodes.size(), rows);
}

SparseMatrix normalized_adjacency(const SparseMatrix& edges) {
    if (edges.n_rows != edges.n_columns)
        fail(Fault::bad_input, "adjacency: {} rows and {} columns; a graph has as many of each",
             edges.n_rows, edges.n_columns);
    auto rows = symmetrized(edges);
    std::vector<double> scale;
    for (const auto& row : rows) {
        double degree = 0;
        for (const Entry& entry : row) degree += entry.value;
        scale.push_back(degree > 0 ? 1 / std::sqrt(degree) : 0);
    }
    for (std::size_t r = 0; r < rows.size(); ++r)
        for (Entry& entry : rows[r])
            entry.value = static_cast<float>(entry.value * scale[r] *
                                             scale[static_cast<std::size_t>(entry.column)]);
    return compress(edges.n_columns, rows);
}

TextGraph make_text_graph(const TextCorpus& corpus, std::uint64_t seed, int n_threads) {
    TextGraph graph;
    const WindowCounts counts = count_windows(corpus, 20, n_threads);
    graph.adjacency = normalized_adjacency(text_edges(corpus, counts));
    const TextNodes nodes(corpus);
    graph.label.assign(static_cast<std::size_t>(nodes.size()), -1);
    for (std::size_t d = 0; d < corpus.documents.size(); ++d) {
        const std::int64_t node = nodes.of_document[d];
        graph.label[static_cast<std::size_t>(node)] = corpus.documents[d].label;
        (corpus.documents[d].split == Split::train ? graph.train : graph.test).push_back(node);
    }
    Random random(seed, 0x7e47);
    for (std::size_t i = graph.train.size(); i > 1; --i)
        std::swap(graph.train[i - 1], graph.train[random.below(static_cast<std::uint32_t>(i))]);
    const std::size_t kept = graph.train.size() - graph.train.size() / 10;
    graph.validation.assign(graph.train.begin() + static_cast<std::ptrdiff_t>(kept),
                            graph.train.end());
    graph.train.resize(kept);
    graph.classes = corpus.classes;
    graph.description = fmt::format(
        "text:{}, {} train ({} of them for validation), {} test documents, {} words, {} edges{}",
        corpus.name, nodes.n_train, graph.validation.size(), nodes.n_test, nodes.n_words,
        graph.adjacency.n_entries(), corpus.remark.empty() ? "" : "; " + corpus.remark);
    return graph;
}

}  // namespace ranvier
