#include "ranvier/net/text_gcn.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"

namespace ranvier {

Network text_gcn(std::shared_ptr<const SparseMatrix> adjacency, Tensor embedding, Tensor output) {
    if (adjacency == nullptr || output.dims.size() != 2)
        fail(Fault::bad_input, "text_gcn: needs a graph and output weights [n_classes][hidden]");
    const Adjacency graph{std::move(adjacency)};
    Convolution classes;
    output.dims = {output.dims[0], output.dims[1], 1, 1};
    classes.weight = std::move(output);

    Network network;
    const auto add = [&](const char* name, Operation operation) {
        Layer layer{name, {}, std::move(operation)};
        if (!network.layers.empty()) layer.inputs = {network.layers.size() - 1};
        network.layers.push_back(std::move(layer));
    };
    add("nodes", Input{{1, graph.matrix->n_rows, 1}, {}, {}});
    add("edges", EdgeValues{graph});
    add("edges_relu", Activation{});
    add("embedding", NodeEmbedding{graph, std::move(embedding)});
    add("embedding_relu", Activation{});
    add("propagation", GraphPropagation{graph});
    add("propagation_relu", Activation{});
    add("classes", std::move(classes));
    add("output", Output{});
    (void)infer_shapes(network);
    return network;
}

}  // namespace ranvier
