// The NIR reader on arbitrary bytes: a graph, and a sound network or an Error. Defects of the HDF5
// library show here too; those known are kept from it (nir/hdf5_texts.cpp).
#include "ranvier/nir/nir_file.hpp"
#include "ranvier/nir/to_network.hpp"

#include "target.hpp"

/// The HDF5 library forgets memory of its own when it gives up on a damaged file.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libhdf5";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return ranvier::fuzz::expect_answer([&] {
        const ranvier::NirModel model =
            ranvier::read_nir_bytes(ranvier::fuzz::as_text(data, size), "fuzz.nir");
        (void)ranvier::network_from_nir(model, {}, "fuzz.nir");
    });
}
