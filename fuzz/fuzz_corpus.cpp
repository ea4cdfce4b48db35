// Any bytes as the files of a text corpus, of the arrangement that the first byte chooses.
#include "ranvier/data/text_corpus.hpp"

#include "target.hpp"

namespace {

/// Content before and behind the first byte 0; without one, all of it twice.
std::pair<std::string_view, std::string_view> halves(std::string_view bytes) {
    const std::size_t cut = bytes.find('\0');
    if (cut == std::string_view::npos) return {bytes, bytes};
    return {bytes.substr(0, cut), bytes.substr(cut + 1)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const ranvier::fuzz::Folder folder;
    if (size == 0) return 0;
    const auto [first, second] = halves(ranvier::fuzz::as_text(data + 1, size - 1));
    const char* name = "r8";
    if (data[0] % 3 == 0) {
        folder.write("R8/train.txt", first);
        folder.write("R8/test.txt", second);
    } else if (data[0] % 3 == 1) {
        name = "mr";
        for (const char* part : {"train", "test"}) {
            folder.write(std::string("mr/text_") + part + ".txt", first);
            folder.write(std::string("mr/label_") + part + ".txt", second);
        }
    } else {
        name = "20ng";
        folder.write("20ng.txt", first);
        folder.write("20ng/a/1", second);
    }
    return ranvier::fuzz::expect_answer([&] {
        try {
            (void)ranvier::load_text_corpus(folder.path(), name);
        } catch (const ranvier::Error& error) {
            // A list may name files that are not there.
            if (error.fault() != ranvier::Fault::io) throw;
        }
    });
}
