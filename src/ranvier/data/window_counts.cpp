// How often words stand near each other: the counting part of text_graph.hpp.
#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/data/text_graph.hpp"

#include <algorithm>
#include <unordered_map>

namespace ranvier {

namespace {

/// Positions, windows and their numbers in one document of `length` words.
struct Windows {
    std::int64_t length, window;

    [[nodiscard]] std::int64_t count() const { return std::max<std::int64_t>(1, last() + 1); }
    /// First position of the last window.
    [[nodiscard]] std::int64_t last() const { return std::max<std::int64_t>(0, length - window); }
    /// Windows that hold both positions p <= q are those that begin in [q - window + 1, p].
    [[nodiscard]] std::int64_t with_both(std::int64_t p, std::int64_t q) const {
        return std::min(p, last()) - std::max<std::int64_t>(q - window + 1, 0) + 1;
    }
};

void count_presence(const TextDocument& document, int window, WindowCounts& counts) {
    const Windows windows{static_cast<std::int64_t>(document.words.size()), window};
    counts.n_windows += static_cast<std::uint64_t>(windows.count());
    // For each word the first window that has not been counted for it yet.
    std::unordered_map<std::int32_t, std::int64_t> next;
    for (std::int64_t q = 0; q < windows.length; ++q) {
        const auto word = static_cast<std::size_t>(document.words[static_cast<std::size_t>(q)]);
        const auto [known, is_new] = next.emplace(document.words[static_cast<std::size_t>(q)], 0);
        if (is_new) ++counts.document_frequency[word];
        const std::int64_t first = std::max({known->second, q - window + 1, std::int64_t{0}});
        const std::int64_t last = std::min(q, windows.last());
        if (last < first) continue;
        counts.containing[word] += static_cast<std::uint32_t>(last - first + 1);
        known->second = last + 1;
    }
}

/// Counted pairs whose lower word lies in [first, last), ordered by (row, column).
struct PairBlock {
    std::vector<std::int64_t> row_length;  ///< [last - first]
    std::vector<std::int32_t> column;
    std::vector<float> value;
};

PairBlock count_pairs(const TextCorpus& corpus, int window, std::int32_t first, std::int32_t last) {
    // Sorted and summed whenever the list has grown, so that memory follows the distinct pairs.
    using Pair = std::pair<std::uint64_t, std::uint64_t>;  // (row, column), count
    std::vector<Pair> pairs;
    std::size_t limit = std::size_t{1} << 22;
    const auto merge = [&] {
        std::sort(pairs.begin(), pairs.end());
        std::size_t kept = 0;
        for (std::size_t k = 0; k < pairs.size(); ++k) {
            if (kept > 0 && pairs[kept - 1].first == pairs[k].first)
                pairs[kept - 1].second += pairs[k].second;
            else
                pairs[kept++] = pairs[k];
        }
        pairs.resize(kept);
        limit = std::max(limit, 2 * kept);
    };
    for (const TextDocument& document : corpus.documents) {
        const Windows windows{static_cast<std::int64_t>(document.words.size()), window};
        for (std::int64_t p = 0; p < windows.length; ++p)
            for (std::int64_t q = p + 1; q < std::min(p + window, windows.length); ++q) {
                const std::int32_t a = document.words[static_cast<std::size_t>(p)];
                const std::int32_t b = document.words[static_cast<std::size_t>(q)];
                const std::int32_t low = std::min(a, b);
                if (a == b || low < first || low >= last) continue;
                pairs.emplace_back((static_cast<std::uint64_t>(low) << 32) |
                                       static_cast<std::uint32_t>(std::max(a, b)),
                                   static_cast<std::uint64_t>(windows.with_both(p, q)));
            }
        if (pairs.size() >= limit) merge();
    }
    merge();
    PairBlock block{std::vector<std::int64_t>(static_cast<std::size_t>(last - first)), {}, {}};
    for (const auto& [key, count] : pairs) {
        ++block.row_length[static_cast<std::size_t>(static_cast<std::int32_t>(key >> 32) - first)];
        block.column.push_back(static_cast<std::int32_t>(key & 0xffffffffU));
        block.value.push_back(static_cast<float>(count));
    }
    return block;
}

}  // namespace

WindowCounts count_windows(const TextCorpus& corpus, int window, int n_threads) {
    if (window < 1) fail(Fault::usage, "window is {}; it must be at least 1 word", window);
    const auto n_words = static_cast<std::int32_t>(corpus.vocabulary.size());
    WindowCounts counts;
    counts.containing.resize(corpus.vocabulary.size());
    counts.document_frequency.resize(corpus.vocabulary.size());
    for (const TextDocument& document : corpus.documents) count_presence(document, window, counts);

    // Each block walks over all documents and keeps what belongs to it: little memory per thread,
    // and the same result however many there are.
    constexpr std::int32_t n_blocks = 16;
    std::vector<PairBlock> blocks(n_blocks);
    parallel_for(n_blocks, n_threads, [&](std::size_t b, std::size_t) {
        const auto k = static_cast<std::int64_t>(b);
        blocks[b] = count_pairs(corpus, window, static_cast<std::int32_t>(n_words * k / n_blocks),
                                static_cast<std::int32_t>(n_words * (k + 1) / n_blocks));
    });
    counts.pairs.n_rows = counts.pairs.n_columns = n_words;
    for (PairBlock& block : blocks) {
        for (const std::int64_t length : block.row_length)
            counts.pairs.row_start.push_back(counts.pairs.row_start.back() + length);
        counts.pairs.column.insert(counts.pairs.column.end(), block.column.begin(),
                                   block.column.end());
        counts.pairs.value.insert(counts.pairs.value.end(), block.value.begin(), block.value.end());
        block = {};
    }
    return counts;
}

}  // namespace ranvier
