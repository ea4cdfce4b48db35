#include "ranvier/data/text_graph.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/text_words.hpp"

#include <gtest/gtest.h>

#include "tests/support/npy.hpp"
#include "tests/support/property.hpp"
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <rapidcheck.h>
#include <set>

namespace ranvier {
namespace {

using testing::oracle;
using testing::read_npy;

using Words = std::vector<std::string>;

TEST(TextWords, AreSplitByHand) {
    EXPECT_EQ(split_words("It's  GOOD, isn't it?"),
              (Words{"it", "'s", "good", ",", "is", "n't", "it", "\\?"}));
    EXPECT_EQ(split_words("We'll (say) \xe9t\xc3\xa9 3.5!"),
              (Words{"we", "'ll", "\\(", "say", "\\)", "t", "3", "5", "!"}));
    EXPECT_EQ(split_words(" \n\t"), Words{});
    EXPECT_TRUE(is_stop_word("the"));
    EXPECT_FALSE(is_stop_word("would"));
    // In capitals a contraction stays one word, and is a stop word as such.
    EXPECT_EQ(split_words("DON'T don't"), (std::vector<std::string>{"don't", "do", "n't"}));
    EXPECT_TRUE(is_stop_word("don't"));
}

TextCorpus tiny_corpus() {
    return make_corpus(
        "tiny",
        {{"b a b", "x", Split::train}, {"a c", "y", Split::train}, {"c c c b", "x", Split::test}},
        true);
}

TEST(TextCorpus, RareAndEmptyWordsGo) {
    const TextCorpus corpus = make_corpus(
        "n", {{"the w w w w w v", "a", Split::train}, {"v the", "b", Split::test}}, false);
    EXPECT_EQ(corpus.vocabulary, Words{"w"});
    EXPECT_EQ(corpus.documents[0].words.size(), 5U);
    EXPECT_TRUE(corpus.documents[1].words.empty());
    EXPECT_EQ(corpus.classes, (Words{"a", "b"}));
    EXPECT_EQ(corpus.documents[1].label, 1);
}

TEST(TextGraph, WindowsByHand) {
    const TextCorpus corpus = tiny_corpus();  // words a b c
    const WindowCounts counts = count_windows(corpus, 2, 1);
    EXPECT_EQ(counts.n_windows, 2U + 1U + 3U);
    EXPECT_EQ(counts.containing, (std::vector<std::uint32_t>{3, 3, 4}));
    EXPECT_EQ(counts.document_frequency, (std::vector<std::uint32_t>{2, 2, 2}));
    EXPECT_EQ(counts.pairs.row_start, (std::vector<std::int64_t>{0, 2, 3, 3}));
    EXPECT_EQ(counts.pairs.column, (std::vector<std::int32_t>{1, 2, 2}));
    EXPECT_EQ(counts.pairs.value, (std::vector<float>{2, 1, 1}));  // ab twice, ac, bc
}

TEST(TextGraph, AdjacencyByHand) {
    const TextCorpus corpus = tiny_corpus();
    const SparseMatrix edges = text_edges(corpus, count_windows(corpus, 2, 1));
    // Nodes: documents 0 1, words a b c = 2 3 4, test document 5.
    ASSERT_EQ(edges.n_rows, 6);
    const auto idf = static_cast<float>(std::log(1.5));
    const auto ab = static_cast<float>(std::log(2.0 * 6 / (3 * 3)));  // the others are negative
    EXPECT_EQ(edges.column, (std::vector<std::int32_t>{2, 3, 2, 4, 3, 2, 3, 4}));
    const std::vector<float> values = {idf, 2 * idf, idf, idf, ab, ab, idf, 3 * idf};
    for (std::size_t k = 0; k < values.size(); ++k) EXPECT_NEAR(edges.value[k], values[k], 1e-6);
    const SparseMatrix a = normalized_adjacency(edges);
    EXPECT_EQ(a.row_start, (std::vector<std::int64_t>{0, 3, 6, 10, 14, 17, 20}));
    const double degree0 = 1 + 3 * idf;
    const double degree_b = 1 + 2 * idf + ab + idf;
    EXPECT_NEAR(a.value[0], 1 / degree0, 1e-6);
    EXPECT_NEAR(a.value[2], 2 * idf / std::sqrt(degree0 * degree_b), 1e-6);
}

/// Counting as the definition says it, window by window.
TEST(TextGraph, CountsAreThoseOfAllWindows) {
    testing::check_property([] {
        const int window = *rc::gen::inRange(1, 6);
        TextCorpus corpus{"random", "", {"x"}, {"a", "b", "c", "d"}, {}};
        const int n_documents = *rc::gen::inRange(0, 5);
        for (int d = 0; d < n_documents; ++d)
            corpus.documents.push_back(
                {*rc::gen::container<std::vector<std::int32_t>>(rc::gen::inRange(0, 4)), 0,
                 Split::train});
        std::map<std::pair<int, int>, float> pairs;
        std::vector<std::uint32_t> containing(4);
        std::uint64_t n_windows = 0;
        for (const TextDocument& document : corpus.documents) {
            const auto n = static_cast<int>(document.words.size());
            for (int s = 0; s < std::max(1, n - window + 1); ++s) {
                ++n_windows;
                std::set<int> seen;
                for (int p = s; p < std::min(s + window, n); ++p) {
                    const int a = document.words[static_cast<std::size_t>(p)];
                    seen.insert(a);
                    for (int q = s; q < p; ++q) {
                        const int b = document.words[static_cast<std::size_t>(q)];
                        if (a != b) ++pairs[{std::min(a, b), std::max(a, b)}];
                    }
                }
                for (const int w : seen) ++containing[static_cast<std::size_t>(w)];
            }
        }
        const WindowCounts counts = count_windows(corpus, window, 2);
        RC_ASSERT(counts.n_windows == n_windows);
        RC_ASSERT(counts.containing == containing);
        std::map<std::pair<int, int>, float> got;
        for (int r = 0; r < 4; ++r)
            for (auto k = counts.pairs.row_start[static_cast<std::size_t>(r)];
                 k < counts.pairs.row_start[static_cast<std::size_t>(r) + 1]; ++k)
                got[{r, counts.pairs.column[static_cast<std::size_t>(k)]}] =
                    counts.pairs.value[static_cast<std::size_t>(k)];
        RC_ASSERT(got == pairs);
    });
}

TEST(TextGraph, ATenthOfTheTrainDocumentsIsForValidation) {
    std::vector<RawDocument> documents;
    for (int d = 0; d < 25; ++d)
        documents.push_back({"w", d % 2 == 0 ? "a" : "b", d < 21 ? Split::train : Split::test});
    const TextCorpus corpus = make_corpus("n", documents, true);
    const TextGraph graph = make_text_graph(corpus, 1);
    EXPECT_EQ(graph.train.size(), 19U);
    EXPECT_EQ(graph.validation.size(), 2U);
    EXPECT_EQ(graph.test, (std::vector<std::int64_t>{22, 23, 24, 25}));
    EXPECT_EQ(graph.label[21], -1);  // the word
    EXPECT_EQ(graph.label[22], 1);
    EXPECT_EQ(make_text_graph(corpus, 1).validation, graph.validation);
    EXPECT_NE(make_text_graph(corpus, 2).train, graph.train);
}

float entry(const SparseMatrix& matrix, std::int64_t row, std::int64_t column) {
    const auto begin = matrix.column.begin() + matrix.row_start[static_cast<std::size_t>(row)];
    const auto end = matrix.column.begin() + matrix.row_start[static_cast<std::size_t>(row) + 1];
    const auto found = std::lower_bound(begin, end, static_cast<std::int32_t>(column));
    return found == end || *found != column
               ? 0.0F
               : matrix.value[static_cast<std::size_t>(found - matrix.column.begin())];
}

class TextOracle : public ::testing::TestWithParam<const char*> {};

TEST_P(TextOracle, GraphAgrees) {
    const std::string name = GetParam();
    const std::string folder = "textgcn_" + name;
    RANVIER_NEEDS_ORACLE(folder);
    const std::filesystem::path text =
        std::filesystem::path(RANVIER_SOURCE_DIR) / "build" / "data" / "text";
    if (!std::filesystem::exists(text)) GTEST_SKIP() << "needs build/data/text";
    const auto load = [&](const std::string& what) {
        return read_npy(oracle(folder) / (what + ".npy")).values;
    };
    const TextCorpus corpus = load_text_corpus(text, name);
    const auto counts = load("counts_nodes_nnz_vocab_train_test_windows_realtrain_pairs");
    const WindowCounts windows = count_windows(corpus);
    const TextNodes nodes(corpus);
    const SparseMatrix edges = text_edges(corpus, windows);
    EXPECT_EQ(static_cast<float>(nodes.size()), counts[0]);
    EXPECT_EQ(static_cast<float>(edges.n_entries()), counts[1]);
    EXPECT_EQ(static_cast<float>(nodes.n_words), counts[2]);
    EXPECT_EQ(static_cast<float>(nodes.n_train), counts[3]);
    EXPECT_EQ(static_cast<float>(nodes.n_test), counts[4]);
    EXPECT_EQ(static_cast<float>(windows.n_windows), counts[5]);
    EXPECT_EQ(static_cast<float>(make_text_graph(corpus, 1).train.size()), counts[6]);
    EXPECT_EQ(static_cast<float>(2 * windows.pairs.n_entries()), counts[7]);

    const auto word = load("word_id");
    const auto containing = load("word_window_freq");
    const auto frequency = load("word_doc_freq");
    for (std::size_t k = 0; k < word.size(); ++k) {
        const auto w = static_cast<std::size_t>(word[k]);
        EXPECT_EQ(static_cast<float>(windows.containing[w]), containing[k]);
        EXPECT_EQ(static_cast<float>(windows.document_frequency[w]), frequency[k]);
    }
    const auto row = load("row");
    const auto column = load("col");
    const auto value = load("value");
    const auto normalized = load("value_normalized");
    const SparseMatrix adjacency = normalized_adjacency(edges);
    ASSERT_EQ(row.size(), 600U);
    for (std::size_t k = 0; k < row.size(); ++k) {
        const auto r = static_cast<std::int64_t>(row[k]);
        const auto c = static_cast<std::int64_t>(column[k]);
        EXPECT_NEAR(entry(edges, r, c), value[k], 1e-5F * std::abs(value[k]) + 1e-6F);
        EXPECT_NEAR(entry(adjacency, r, c), normalized[k], 1e-5F * normalized[k] + 1e-8F);
    }
    EXPECT_EQ(static_cast<float>(adjacency.n_entries()), load("nnz_normalized")[0]);
}

INSTANTIATE_TEST_SUITE_P(Corpora, TextOracle, ::testing::Values("r8", "mr"));

TEST(TextCorpus, CleanTextIsThatOfTheAuthors) {
    const std::filesystem::path text =
        std::filesystem::path(RANVIER_SOURCE_DIR) / "build" / "data" / "text";
    if (!std::filesystem::exists(text)) GTEST_SKIP() << "needs build/data/text";
    for (const auto& [name, file] : {std::pair{"r8", "R8.clean.txt"}, {"mr", "mr.clean.txt"}}) {
        const TextCorpus corpus = load_text_corpus(text, name);
        std::string clean;
        for (const TextDocument& document : corpus.documents) {
            for (std::size_t k = 0; k < document.words.size(); ++k)
                clean += (k > 0 ? " " : "") +
                         corpus.vocabulary[static_cast<std::size_t>(document.words[k])];
            clean += '\n';
        }
        std::string expected = read_file(text / "corpus" / file);
        if (!expected.ends_with('\n')) expected += '\n';
        EXPECT_TRUE(clean == expected) << name;
    }
}

TEST(TextCorpus, DamagedFilesGiveOneError) {
    const auto folder = std::filesystem::temp_directory_path() / "ranvier_text_test";
    std::filesystem::remove_all(folder);
    EXPECT_THROW((void)load_text_corpus(folder, "r8"), Error);
    write_file(folder / "R8/train.txt", "earn\tsome words\nno tab here\n");
    write_file(folder / "R8/test.txt", "earn\tother\n");
    try {
        (void)load_text_corpus(folder, "r8");
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("line 2"), std::string::npos) << error.what();
    }
    write_file(folder / "mr/text_train.txt", "a\nb\n");
    write_file(folder / "mr/label_train.txt", "1\n");
    EXPECT_THROW((void)load_text_corpus(folder, "mr"), Error);
    write_file(folder / "20ng.txt", "data/../../secret\ttrain\tx\n");
    EXPECT_THROW((void)load_text_corpus(folder, "20ng"), Error);
    write_file(folder / "20ng/a/1", "some words");
    write_file(folder / "20ng.txt", "data/20ng/a/1\ttrain\tx\n");
    EXPECT_EQ(load_text_corpus(folder, "20ng").documents.size(), 1U);
    write_file(folder / "20ng.txt", "data/20ng/a/1\ttrain\tx\n20ng/./a/1\ttrain\tx\n");
    EXPECT_THROW((void)load_text_corpus(folder, "20ng"), Error);
    EXPECT_THROW((void)load_text_corpus(folder, "r9"), Error);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ranvier
