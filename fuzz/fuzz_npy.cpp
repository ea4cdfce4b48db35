// Any bytes as frames of a stream.
#include "ranvier/data/npy_frames.hpp"

#include "target.hpp"
#include <sstream>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::istringstream in{std::string(ranvier::fuzz::as_text(data, size))};
    return ranvier::fuzz::expect_answer([&] {
        ranvier::NpyFrames frames(in, "fuzz", {1, 2, 2});
        std::vector<float> frame(4);
        while (frames.read(frame)) {
        }
    });
}
