// Classifies images with a spiking network: classify MODEL [FOLDER|digits [N]]
//
//     ranvier convert net.safetensors -o snn.safetensors --calibrate 100 --data digits
//     classify snn.safetensors digits 20
//
// FOLDER holds t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, as MNIST comes.
#include "ranvier/base/error.hpp"
#include "ranvier/data/digits.hpp"
#include "ranvier/data/idx.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/net/model_file.hpp"

#include <algorithm>
#include <cstdio>

namespace {

void classify(const char* model, const std::string& source, std::size_t n_images) {
    const ranvier::Network network = ranvier::load_network(model);
    ranvier::DataOptions options;
    options.root = source;
    options.limit = n_images;
    std::unique_ptr<ranvier::Samples> images = ranvier::open_digits(options);
    if (source != "digits")
        images = ranvier::open_idx_set({"images", "", "yann.lecun.com"}, options);

    const auto engine = ranvier::make_fast_engine(network);
    const ranvier::SimulationResult result =
        engine->run(*images, {.keep_logits = true}, ranvier::no_progress());

    const auto n_out = static_cast<std::ptrdiff_t>(result.logits.dims[1]);
    for (std::size_t i = 0; i < result.samples; ++i) {
        const auto logits = result.logits.values.begin() + static_cast<std::ptrdiff_t>(i) * n_out;
        fmt::print("image {}: class {}, label {}\n", i,
                   std::max_element(logits, logits + n_out) - logits, images->label(i));
    }
    fmt::print("{} of {} right, {} timesteps\n", result.correct(), result.samples, result.steps);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc < 2)
            ranvier::fail(ranvier::Fault::usage, "use: classify MODEL [FOLDER|digits [N]]");
        classify(argv[1], argc > 2 ? argv[2] : "digits", argc > 3 ? std::stoul(argv[3]) : 10);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "classify: error: {}\n", error.what());
        return 1;
    }
}
