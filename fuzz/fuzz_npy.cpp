// Any bytes as frames: an Error(bad_input) or Error(unsupported), or whole frames, nothing else.
#include "ranvier/base/error.hpp"
#include "ranvier/data/npy_frames.hpp"

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::istringstream in(std::string(data, data + size));
    try {
        ranvier::NpyFrames frames(in, "fuzz", {1, 2, 2});
        std::vector<float> frame(4);
        while (frames.read(frame)) {
        }
    } catch (const ranvier::Error& error) {
        if (error.fault() != ranvier::Fault::bad_input &&
            error.fault() != ranvier::Fault::unsupported)
            throw;
    }
    return 0;
}
