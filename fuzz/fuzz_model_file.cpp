// Any bytes as a model file: an Error(bad_input) or a sound network, nothing else.
#include "ranvier/base/error.hpp"
#include "ranvier/net/model_file.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const ranvier::Network network = ranvier::decode_network(
            std::string_view(reinterpret_cast<const char*>(data), size), "fuzz");
        (void)ranvier::encode_network(network);  // throws unless the network is sound
    } catch (const ranvier::Error& error) {
        if (error.fault() != ranvier::Fault::bad_input) throw;
    }
    return 0;
}
