// Any bytes as a batch of CIFAR-10, or of CIFAR-100, as the first byte says.
#include "ranvier/data/cifar.hpp"
#include "ranvier/data/dataset.hpp"
#include "ranvier/data/memory_samples.hpp"

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const ranvier::fuzz::Folder folder;
    if (size == 0) return 0;
    const auto file = folder.write("batch.bin", ranvier::fuzz::as_text(data + 1, size - 1));
    const auto& set = data[0] % 2 == 0 ? ranvier::cifar10() : ranvier::cifar100();
    return ranvier::fuzz::expect_answer(
        [&] { (void)ranvier::open_cifar(set, file, ranvier::DataOptions{}); });
}
