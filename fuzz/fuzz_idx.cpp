// Any bytes as an idx file, plain or compressed, of images or of labels as the first byte says.
#include "ranvier/data/idx.hpp"

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const ranvier::fuzz::Folder folder;
    if (size == 0) return 0;
    const auto file = folder.write("x-idx-ubyte", ranvier::fuzz::as_text(data + 1, size - 1));
    return ranvier::fuzz::expect_answer(
        [&] { (void)ranvier::read_idx(file, data[0] % 2 == 0 ? 3 : 1); });
}
