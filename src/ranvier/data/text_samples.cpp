#include "ranvier/data/text_samples.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/memory_samples.hpp"

#include <algorithm>

namespace ranvier {

namespace {

constexpr std::string_view prefix = "text:";

class TextSamples final : public Samples {
public:
    TextSamples(const TextCorpus& corpus, const DataOptions& options)
        : n_classes_(static_cast<int>(corpus.classes.size())) {
        const TextNodes nodes(corpus);
        n_nodes_ = nodes.size();
        for (std::size_t d = 0; d < corpus.documents.size(); ++d) {
            const bool full = options.limit > 0 && labels_.node.size() == options.limit;
            if (corpus.documents[d].split != options.split || full) continue;
            labels_.node.push_back(nodes.of_document[d]);
            labels_.label.push_back(corpus.documents[d].label);
        }
        description_ =
            fmt::format("text:{} {}, {} documents of a graph of {} nodes{}{}", corpus.name,
                        options.split == Split::train ? "train" : "test", labels_.node.size(),
                        n_nodes_, corpus.remark.empty() ? "" : "; ", corpus.remark);
    }
    [[nodiscard]] std::size_t size() const override { return 1; }
    [[nodiscard]] Shape shape() const override { return {1, n_nodes_, 1}; }
    [[nodiscard]] int n_classes() const override { return n_classes_; }
    [[nodiscard]] int label(std::size_t /*index*/) const override { return -1; }
    void read(std::size_t index, std::span<float> pixels) const override {
        require_readable(*this, index, pixels.size());
        std::fill(pixels.begin(), pixels.end(), 1.0F);
    }
    [[nodiscard]] const NodeLabels* node_labels() const override { return &labels_; }
    [[nodiscard]] std::string describe() const override { return description_; }

private:
    int n_classes_;
    std::int64_t n_nodes_ = 0;
    NodeLabels labels_;
    std::string description_;
};

}  // namespace

TextGraph open_text_graph(const DataOptions& options, int n_threads) {
    if (!options.set.starts_with(prefix))
        fail(Fault::usage, "data set '{}' is no text corpus; known are text:{}", options.set,
             fmt::join(text_corpus_names(), ", text:"));
    const TextCorpus corpus =
        load_text_corpus(options.root / "text", options.set.substr(prefix.size()));
    return make_text_graph(corpus, options.seed, n_threads);
}

std::unique_ptr<Samples> open_text_samples(const std::string& name, const DataOptions& options) {
    return std::make_unique<TextSamples>(load_text_corpus(options.root / "text", name), options);
}

}  // namespace ranvier
