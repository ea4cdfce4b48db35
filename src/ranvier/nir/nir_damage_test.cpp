// Files that are cut, changed or made to deceive: an Error, or a graph, and no more memory than the
// file's size allows.
#include "ranvier/base/error.hpp"
#include "ranvier/nir/hdf5.hpp"
#include "ranvier/nir/nir_file.hpp"
#include "ranvier/nir/nir_test_graphs.hpp"
#include "ranvier/nir/to_network.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace ranvier {
namespace {

using hdf5::Id;

std::string sound_file() {
    return nir_bytes(testing::nir_chain(testing::nir_lif("lif", 0.001F, 1)));
}

/// A graph or an Error of bad input or of something unsupported.
void read_anything(const std::string& bytes) {
    try {
        (void)network_from_nir(read_nir_bytes(bytes, "file"), {}, "file");
    } catch (const Error& error) {
        EXPECT_NE(error.fault(), Fault::internal) << error.what();
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
}

/// A sound file after `change` has worked on its groups.
std::string changed(const std::function<void(const Id& file, const Id& lif)>& change) {
    const hdf5::Session session;
    const std::string bytes = sound_file();
    const Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fapl_core(access.get(), 1 << 16, false);
    H5Pset_file_image(access.get(), const_cast<char*>(bytes.data()), bytes.size());
    const Id file(H5Fopen("memory", H5F_ACC_RDWR, access.get()), H5Fclose);
    const Id lif(H5Gopen2(file.get(), "/node/nodes/lif", H5P_DEFAULT), H5Gclose);
    change(file, lif);
    return hdf5::image_of(file);
}

std::string error_of(const std::string& bytes) {
    try {
        (void)read_nir_bytes(bytes, "file");
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing";
}

TEST(NirDamage, EveryTruncationIsRefused) {
    const std::string bytes = sound_file();
    for (std::size_t n = 0; n < bytes.size(); n += 97) {
        EXPECT_NE(error_of(bytes.substr(0, n)), "nothing") << n << " of " << bytes.size();
        read_anything(bytes.substr(0, n));
    }
}

TEST(NirDamage, ChangedBytesAreReadOrRefused) {
    const std::string bytes = sound_file();
    Random random(1, 0);
    for (int k = 0; k < 3000; ++k) {
        std::string damaged = bytes;
        for (std::uint32_t n = 1 + random.below(4); n > 0; --n)
            damaged[random.below(static_cast<std::uint32_t>(damaged.size()))] =
                static_cast<char>(random.below(3) == 0 ? 0xff : random.below(256));
        read_anything(damaged);
    }
}

TEST(NirDamage, NoiseIsRefused) {
    EXPECT_NE(error_of("").find("is no NIR file"), std::string::npos);
    EXPECT_NE(error_of("\x89HDF\r\n\x1a\n").find("is no NIR file"), std::string::npos);
    EXPECT_NE(error_of(std::string(5000, 'x')).find("is no NIR file"), std::string::npos);
}

TEST(NirDamage, AnArrayThatIsNotThereTakesNoMemory) {
    const std::string bytes = changed([](const Id&, const Id& lif) {
        const hsize_t size = hsize_t{1} << 40;
        const Id space(H5Screate_simple(1, &size, nullptr), H5Sclose);
        const Id list(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
        H5Pset_alloc_time(list.get(), H5D_ALLOC_TIME_LATE);
        const Id set(H5Dcreate2(lif.get(), "huge", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT,
                                list.get(), H5P_DEFAULT),
                     H5Dclose);
        ASSERT_TRUE(static_cast<bool>(set));
    });
    EXPECT_NE(error_of(bytes).find("more than a file of this size can hold"), std::string::npos)
        << error_of(bytes);
}

/// A packed array of zeros.
std::string with_packed_zeros(hsize_t size, hsize_t chunk) {
    return changed([&](const Id&, const Id& lif) {
        const Id space(H5Screate_simple(1, &size, nullptr), H5Sclose);
        const Id list(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
        H5Pset_chunk(list.get(), 1, &chunk);
        H5Pset_shuffle(list.get());
        H5Pset_deflate(list.get(), 9);
        const Id set(H5Dcreate2(lif.get(), "zeros", H5T_IEEE_F32LE, space.get(), H5P_DEFAULT,
                                list.get(), H5P_DEFAULT),
                     H5Dclose);
        const std::vector<float> zeros(size);
        ASSERT_GE(
            H5Dwrite(set.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros.data()), 0);
    });
}

TEST(NirDamage, PackedArraysAreReadUpToALimit) {
    const NirModel model = read_nir_bytes(with_packed_zeros(100'000, 1000), "file");
    const NirNode& lif = *std::ranges::find(model.graph.nodes, "lif", &NirNode::name);
    EXPECT_EQ(lif.parameters.at("zeros").size(), 100'000U);
    EXPECT_NE(error_of(with_packed_zeros(10'000'000, 10'000'000)).find("more than a file"),
              std::string::npos);
}

TEST(NirDamage, AChunkThatUnpacksToMoreThanItSaysIsRefused) {
    // The same packed bytes, in an array that says that it is shorter: the chunk's size is 4 bytes
    // in the dataset's header.
    std::string bytes = with_packed_zeros(1'000'000, 1'000'000);
    const auto four = [](std::uint32_t v) {
        return std::string(reinterpret_cast<const char*>(&v), 4);
    };
    std::size_t n = 0;
    for (std::size_t at = 0; (at = bytes.find(four(1'000'000), at)) != std::string::npos; ++at, ++n)
        bytes.replace(at, 4, four(1000));
    ASSERT_GT(n, 0U);
    EXPECT_NE(error_of(bytes), "nothing");
    EXPECT_NE(error_of(bytes).find("packed data that are damaged"), std::string::npos)
        << error_of(bytes);
}

TEST(NirDamage, LinksToOtherPlacesAreRefused) {
    for (const bool external : {false, true}) {
        const std::string bytes = changed([&](const Id&, const Id& lif) {
            if (external)
                H5Lcreate_external("/etc/hostname", "/x", lif.get(), "far", H5P_DEFAULT,
                                   H5P_DEFAULT);
            else
                H5Lcreate_soft("/node", lif.get(), "far", H5P_DEFAULT, H5P_DEFAULT);
        });
        EXPECT_NE(error_of(bytes).find("is a link to another place"), std::string::npos)
            << error_of(bytes);
    }
}

TEST(NirDamage, ACircleOfGroupsEnds) {
    const std::string bytes = changed([](const Id& file, const Id& lif) {
        H5Lcreate_hard(file.get(), "/node/nodes/lif", lif.get(), "again", H5P_DEFAULT, H5P_DEFAULT);
        H5Lcreate_hard(file.get(), "/node/nodes", lif.get(), "all", H5P_DEFAULT, H5P_DEFAULT);
    });
    const std::string error = error_of(bytes);
    EXPECT_TRUE(error.find("inside of another") != std::string::npos ||
                error.find("more objects") != std::string::npos)
        << error;
}

TEST(NirDamage, OtherKindsOfDataAreRefused) {
    const std::string bytes = changed([](const Id&, const Id& lif) {
        const Id type(H5Tcreate(H5T_COMPOUND, 4), H5Tclose);
        H5Tinsert(type.get(), "x", 0, H5T_NATIVE_INT);
        const Id space(H5Screate(H5S_SCALAR), H5Sclose);
        const Id set(H5Dcreate2(lif.get(), "pair", type.get(), space.get(), H5P_DEFAULT,
                                H5P_DEFAULT, H5P_DEFAULT),
                     H5Dclose);
    });
    EXPECT_NE(error_of(bytes).find("is of a kind that NIR does not have"), std::string::npos);
}

TEST(NirDamage, ThousandsOfNodesAreRead) {
    NirModel model = testing::nir_chain(testing::nir_lif("lif", 0.001F, 1));
    model.graph.edges.pop_back();
    std::string last = "lif";
    for (int k = 0; k < 5000; ++k) {
        const std::string name = fmt::format("scale{:05}", k);
        model.graph.nodes.push_back(
            testing::nir_node(name, "Scale", {{"scale", testing::nir_floats({2})}}));
        model.graph.edges.push_back({last, name});
        last = name;
    }
    model.graph.edges.push_back({last, "output"});
    std::ranges::sort(model.graph.nodes, {}, &NirNode::name);
    const NirModel back = read_nir_bytes(nir_bytes(model), "file");
    EXPECT_EQ(back, model);
    EXPECT_EQ(network_from_nir(back, {}, "file").layers.size(), 4U + 4999U);
}

}  // namespace
}  // namespace ranvier
