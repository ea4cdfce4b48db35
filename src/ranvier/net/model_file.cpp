#include "ranvier/net/model_file.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/net/graph_json.hpp"
#include "ranvier/net/shapes.hpp"

namespace ranvier {

namespace {

constexpr const char* graph_key = "ranvier";

}  // namespace

std::string encode_network(const Network& network, FloatStorage storage) {
    (void)infer_shapes(network);
    Safetensors content{{}, {{graph_key, encode_graph(network)}}};
    collect_weights(network, content);
    return encode_safetensors(content, storage);
}

Network decode_network(std::string_view bytes, const std::string& name) {
    Safetensors content = decode_safetensors(bytes, name);
    const auto graph = content.metadata.find(graph_key);
    if (graph == content.metadata.end())
        fail(Fault::bad_input,
             "{}: holds weights but no network; export the trained model to ONNX and use `ranvier "
             "import`",
             name);
    Network network = decode_graph(graph->second, name + ": graph");
    distribute_weights(network, content, name);
    with_context(name, [&] { (void)infer_shapes(network); });
    return network;
}

void save_network(const Network& network, const std::filesystem::path& path, FloatStorage storage) {
    write_file(path, encode_network(network, storage));
}

Network load_network(const std::filesystem::path& path) {
    return decode_network(read_file(path), path.string());
}

}  // namespace ranvier
