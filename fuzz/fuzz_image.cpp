// Any bytes as an image file, named as one of the formats that are read; the first byte chooses.
#include "ranvier/data/image_file.hpp"

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const ranvier::fuzz::Folder folder;
    static constexpr const char* names[] = {"a.png", "a.jpg", "a.bmp", "a.ppm"};
    if (size == 0) return 0;
    const auto file = folder.write(names[data[0] % 4], ranvier::fuzz::as_text(data + 1, size - 1));
    return ranvier::fuzz::expect_answer(
        [&] { (void)ranvier::load_image(file, data[0] / 4 % 2 == 0 ? 1 : 3); });
}
