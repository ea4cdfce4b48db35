#include "ranvier/train/graph_trainer.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/kernels/sparse_rows.hpp"
#include "ranvier/net/text_gcn.hpp"
#include "ranvier/train/dropout.hpp"
#include "ranvier/train/executor.hpp"
#include "ranvier/train/optimizer.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

namespace ranvier {

namespace {

constexpr std::uint64_t hidden_layer = 4;  ///< text_gcn's embedding_relu: names the dropout masks

torch::Tensor multiply(const SparseMatrix& graph, const torch::Tensor& dense, int n_threads) {
    const torch::Tensor rows = dense.contiguous();
    torch::Tensor result = torch::empty_like(rows);
    constexpr std::size_t slice = 128;  // rows differ much in length
    const auto n = static_cast<std::size_t>(graph.n_rows);
    parallel_for((n + slice - 1) / slice, n_threads, [&](std::size_t k, std::size_t) {
        gather_rows(graph, graph.value, rows.data_ptr<float>(),
                    static_cast<std::size_t>(rows.size(1)), static_cast<std::int64_t>(k * slice),
                    static_cast<std::int64_t>(std::min(n, (k + 1) * slice)),
                    result.data_ptr<float>());
    });
    return result;
}

/// A X for a symmetric A, so that the gradient is A times the result's.
struct SymmetricProduct : torch::autograd::Function<SymmetricProduct> {
    static torch::Tensor forward(torch::autograd::AutogradContext* context,
                                 const torch::Tensor& dense, const SparseMatrix* graph,
                                 std::int64_t n_threads) {
        context->saved_data["graph"] = reinterpret_cast<std::int64_t>(graph);
        context->saved_data["threads"] = n_threads;
        return multiply(*graph, dense, static_cast<int>(n_threads));
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto* graph =
            reinterpret_cast<const SparseMatrix*>(context->saved_data["graph"].toInt());
        return {multiply(*graph, gradients[0],
                         static_cast<int>(context->saved_data["threads"].toInt())),
                torch::Tensor(), torch::Tensor()};
    }
};

/// Uniform in +-sqrt(6 / (rows + columns)).
torch::Tensor glorot(std::int64_t n_rows, std::int64_t n_columns, std::uint64_t seed,
                     std::uint64_t stream) {
    torch::Tensor tensor = torch::empty({n_rows, n_columns});
    const float limit = std::sqrt(6.0F / static_cast<float>(n_rows + n_columns));
    Random random(seed, stream);
    float* values = tensor.data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = random.uniform(-limit, limit);
    return tensor.set_requires_grad(true);
}

/// Labelled nodes of one part, as tensors.
struct Part {
    Part(const TextGraph& graph, const std::vector<std::int64_t>& of)
        : nodes(torch::tensor(of, torch::kInt64)) {
        std::vector<std::int64_t> of_nodes;
        for (const std::int64_t node : of)
            of_nodes.push_back(graph.label[static_cast<std::size_t>(node)]);
        labels = torch::tensor(of_nodes, torch::kInt64);
    }
    [[nodiscard]] torch::Tensor loss(const torch::Tensor& logits) const {
        const torch::Tensor picked = logits.index_select(0, nodes).log_softmax(1);
        return -picked.gather(1, labels.unsqueeze(1)).mean();
    }
    [[nodiscard]] double accuracy(const torch::Tensor& logits) const {
        return logits.index_select(0, nodes)
            .argmax(1)
            .eq(labels)
            .to(torch::kFloat64)
            .mean()
            .item<double>();
    }
    torch::Tensor nodes, labels;
};

class GcnTraining {
public:
    GcnTraining(const TextGraph& graph, const GraphTrainOptions& options)
        : graph_(graph),
          options_(options),
          train_(graph, graph.train),
          validation_(graph, graph.validation),
          embedding_(glorot(graph.adjacency.n_rows, options.hidden, options.seed, 0x6c0)),
          output_(glorot(options.hidden, static_cast<std::int64_t>(graph.classes.size()),
                         options.seed, 0x6c1)),
          optimizer_(adam(options),
                     {{"embedding.weight", embedding_}, {"classes.weight", output_}}),
          membrane_(product(embedding_)) {}

    GraphEpoch epoch(int number) {
        const auto began = std::chrono::steady_clock::now();
        GraphEpoch result;
        result.epoch = number;
        optimizer_.zero_gradients();
        const torch::Tensor logits = classify(membrane_.relu() * dropout_mask(number));
        const torch::Tensor loss = train_.loss(logits);
        loss.backward();
        result.loss = loss.item<double>();
        if (!std::isfinite(result.loss))
            fail(Fault::bad_input,
                 "train: the loss is {} in epoch {}; use a smaller learning_rate than {}",
                 result.loss, number, options_.learning_rate);
        result.accuracy = train_.accuracy(logits.detach());
        optimizer_.step(options_.learning_rate, 0, static_cast<std::uint64_t>(number));
        // The next epoch's first product; without dropout it serves the validation too.
        membrane_ = product(embedding_);
        const torch::NoGradGuard no_grad;
        const torch::Tensor now = classify(membrane_.detach().relu());
        if (!graph_.validation.empty()) {
            result.validation_loss = validation_.loss(now).item<double>();
            result.validation_accuracy = validation_.accuracy(now);
        }
        result.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        return result;
    }

    [[nodiscard]] Network network() const {
        return text_gcn(std::make_shared<const SparseMatrix>(graph_.adjacency),
                        to_ranvier(embedding_), to_ranvier(output_.t()));
    }

private:
    static TrainOptions adam(const GraphTrainOptions& options) {
        TrainOptions result;
        result.optimizer = OptimizerKind::adam;
        result.learning_rate = options.learning_rate;
        return result;
    }
    [[nodiscard]] torch::Tensor product(const torch::Tensor& dense) const {
        return SymmetricProduct::apply(dense, &graph_.adjacency, std::int64_t{options_.n_threads});
    }
    [[nodiscard]] torch::Tensor classify(const torch::Tensor& hidden) const {
        return product(hidden.mm(output_));
    }
    [[nodiscard]] torch::Tensor dropout_mask(int number) const {
        torch::Tensor mask = torch::empty({graph_.adjacency.n_rows, options_.hidden});
        fill_dropout_mask(static_cast<float>(options_.dropout),
                          {options_.seed, static_cast<std::uint64_t>(number), hidden_layer},
                          {mask.data_ptr<float>(), static_cast<std::size_t>(mask.numel())});
        return mask;
    }

    const TextGraph& graph_;
    GraphTrainOptions options_;
    Part train_, validation_;
    torch::Tensor embedding_, output_;  ///< [n_nodes][hidden], [hidden][n_classes]
    Optimizer optimizer_;
    torch::Tensor membrane_;  ///< A W0
};

void require_usable(const TextGraph& graph, const GraphTrainOptions& options) {
    const auto require = [](bool usable, const char* what, auto found, const char* allowed) {
        if (!usable) fail(Fault::usage, "train: {} is {}; allowed is {}", what, found, allowed);
    };
    require(options.hidden >= 1 && options.hidden <= 1 << 16, "hidden", options.hidden,
            "1 to 65536");
    require(options.epochs >= 1 && options.epochs < 1 << 24, "epochs", options.epochs, "1 to 2^24");
    require(std::isfinite(options.learning_rate) && options.learning_rate > 0, "learning_rate",
            options.learning_rate, "a number > 0");
    require(options.dropout >= 0 && options.dropout < 1, "dropout", options.dropout,
            "0 up to, but not, 1");
    require(options.patience >= 0, "patience", options.patience, "0 (never stop) or more");
    if (graph.train.empty() || graph.classes.empty())
        fail(Fault::bad_input, "train: {} has no labelled train documents", graph.description);
}

/// Validation loss above the mean of the `patience` before it.
bool got_worse(const std::vector<GraphEpoch>& epochs, int patience) {
    const auto n = static_cast<std::size_t>(patience);
    if (patience == 0 || epochs.size() <= n + 1) return false;
    const double sum =
        std::accumulate(epochs.end() - static_cast<std::ptrdiff_t>(n) - 1, epochs.end() - 1, 0.0,
                        [](double s, const GraphEpoch& e) { return s + e.validation_loss; });
    return epochs.back().validation_loss > sum / static_cast<double>(n);
}

}  // namespace

GraphTrainResult train_text_gcn(const TextGraph& graph, const GraphTrainOptions& options,
                                Progress& progress) {
    require_usable(graph, options);
    at::set_num_threads(thread_count(options.n_threads));
    GcnTraining training(graph, options);
    GraphTrainResult result;
    progress.start("train", "epochs", static_cast<std::uint64_t>(options.epochs));
    for (int number = 1; number <= options.epochs; ++number) {
        result.epochs.push_back(training.epoch(number));
        const GraphEpoch& epoch = result.epochs.back();
        progress.advance(1);
        progress.note(fmt::format("loss {:.4f} validation loss {:.4f} accuracy {:.2f} %",
                                  epoch.loss, epoch.validation_loss,
                                  100 * epoch.validation_accuracy));
        if (!graph.validation.empty() && got_worse(result.epochs, options.patience)) break;
    }
    progress.finish();
    result.network = training.network();
    result.network.notes["source"] =
        fmt::format("trained here: {}, {} epochs, seed {}", graph.description, result.epochs.size(),
                    options.seed);
    return result;
}

}  // namespace ranvier
