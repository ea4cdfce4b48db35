// Any bytes as a model file: a sound network or an Error.
#include "ranvier/net/model_file.hpp"

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return ranvier::fuzz::expect_answer([&] {
        const ranvier::Network network =
            ranvier::decode_network(ranvier::fuzz::as_text(data, size), "fuzz");
        (void)ranvier::encode_network(network);  // throws unless the network is sound
    });
}
