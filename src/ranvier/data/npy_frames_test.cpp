#include "ranvier/data/npy_frames.hpp"

#include "ranvier/data/npy_header.hpp"
#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <cstring>
#include <sstream>

namespace ranvier {
namespace {

constexpr Shape shape{2, 1, 3};

std::string little(std::uint64_t value, int n) {
    std::string bytes;
    for (int i = 0; i < n; ++i, value >>= 8) bytes += static_cast<char>(value & 0xff);
    return bytes;
}

/// A file as numpy.save writes it, with any header.
std::string npy_of(const std::string& header, const std::string& values, int version = 1) {
    return fmt::format("\x93NUMPY{}{}{}{}{}\n{}", static_cast<char>(version), '\0',
                       little(header.size() + 1, version == 1 ? 2 : 4), header, "", values);
}
std::string header_of(const std::string& descr, const std::string& dims,
                      const std::string& order = "False") {
    return fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': ({}), }}   ", descr, order,
                       dims);
}
std::string floats(const std::vector<float>& values) {
    std::string bytes(values.size() * 4, '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

std::vector<std::vector<float>> read_all(NpyFrames& frames) {
    std::vector<std::vector<float>> all;
    std::vector<float> frame(static_cast<std::size_t>(shape.size()));
    while (frames.read(frame)) all.push_back(frame);
    return all;
}
std::vector<std::vector<float>> read_stream(const std::string& bytes) {
    std::istringstream in(bytes);
    NpyFrames frames(in, "input", shape);
    return read_all(frames);
}

const std::vector<float> two_frames = {1, 2, 3, 4, 5, 6, -0.5F, 0, 1e9F, 7, 8, 9};
const std::vector<std::vector<float>> two = {{1, 2, 3, 4, 5, 6}, {-0.5F, 0, 1e9F, 7, 8, 9}};

TEST(NpyFrames, ReadsFloatsOfBothVersions) {
    for (const int version : {1, 2})
        EXPECT_EQ(read_stream(npy_of(header_of("<f4", "2, 2, 1, 3"), floats(two_frames), version)),
                  two);
}

TEST(NpyFrames, ReadsBytes) {
    const auto frames = read_stream(npy_of(header_of("|u1", "1, 2, 1, 3"), "\1\2\xff\4\5\6"));
    EXPECT_EQ(frames, (std::vector<std::vector<float>>{{1, 2, 255, 4, 5, 6}}));
}

TEST(NpyFrames, ReadsArraysBehindOneAnother) {
    const std::string first = floats({two_frames.begin(), two_frames.begin() + 6});
    const std::string second = floats({two_frames.begin() + 6, two_frames.end()});
    EXPECT_EQ(read_stream(npy_of(header_of("<f4", "2, 1, 3"), first) +
                          npy_of(header_of("<f4", "0, 2, 1, 3"), "") +
                          npy_of(header_of("<f4", "1, 2, 1, 3"), second)),
              two);
    EXPECT_TRUE(read_stream("").empty());
}

TEST(NpyFrames, ReadsFiles) {
    const TemporaryFolder folder;
    const auto path =
        folder.write("a.npy", npy_of(header_of("<f4", "2, 2, 1, 3"), floats(two_frames)));
    NpyFrames frames(path, shape);
    EXPECT_EQ(read_all(frames), two);
    EXPECT_THROW(NpyFrames(folder.path(), shape), Error);
    EXPECT_THROW(NpyFrames(folder.path() / "none.npy", shape), Error);
}

void expect_refused(const std::string& bytes, Fault fault, const std::string& says) {
    const TemporaryFolder folder;
    const auto path = folder.write("bad.npy", bytes);
    const auto check = [&](auto&& read) {
        try {
            read();
            ADD_FAILURE() << "read: " << says;
        } catch (const Error& error) {
            EXPECT_EQ(error.fault(), fault) << error.what();
            EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
        }
    };
    check([&] { (void)read_stream(bytes); });
    check([&] {
        NpyFrames frames(path, shape);
        (void)read_all(frames);
    });
}

TEST(NpyFrames, RefusesWhatIsNoArray) {
    const std::string good = npy_of(header_of("<f4", "2, 2, 1, 3"), floats(two_frames));
    expect_refused("not an array at all", Fault::bad_input, "there is no .npy array");
    expect_refused(good.substr(0, 4), Fault::bad_input, "ends within");
    expect_refused(good.substr(0, 9), Fault::bad_input, "ends within");
    expect_refused(good + "tail", Fault::bad_input, "ends within the .npy header before frame 2");
    expect_refused(good + "a longer tail", Fault::bad_input, "where frame 2 must begin");
    for (const char* header :
         {"", "{}", "{'descr': '<f4'}", "['descr']", "{'descr': '<f4", "{'descr': 4}",
          "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 3)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 3), 'more': 1}",
          "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 1, 3)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, -3)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 99999999999999999999)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': 3}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2 1 3)}",
          "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 3)} and more"})
        expect_refused(npy_of(header, floats(two_frames)), Fault::bad_input, ".npy header");
}

TEST(NpyFrames, RefusesOtherTypesOrdersAndShapes) {
    const std::string values = floats(two_frames);
    expect_refused(npy_of(header_of("<f8", "2, 1, 3"), values), Fault::unsupported, "'<f8'");
    expect_refused(npy_of(header_of(">f4", "2, 1, 3"), values), Fault::unsupported, "'>f4'");
    expect_refused(npy_of(header_of("|O", "2, 1, 3"), values), Fault::unsupported, "'|O'");
    expect_refused(npy_of(header_of("<f4", "2, 1, 3", "True"), values), Fault::unsupported,
                   "Fortran");
    expect_refused(npy_of(header_of("<f4", "2, 1, 3"), values, 3), Fault::unsupported, "version 3");
    for (const char* dims : {"", "6,", "2, 3", "3, 2, 1, 4", "1, 1, 2, 1, 3", "2, 1, 4"})
        expect_refused(npy_of(header_of("<f4", dims), values), Fault::bad_input, "2x1x3");
}

/// Headers that declare more than there is, up to sizes whose products overflow.
TEST(NpyFrames, RefusesMoreThanThereIs) {
    for (const char* n : {"3", "1000000000000", "9223372036854775807"}) {
        const std::string bytes =
            npy_of(header_of("<f4", fmt::format("{}, 2, 1, 3", n)), floats(two_frames));
        std::istringstream in(bytes);
        NpyFrames piped(in, "input", shape);
        std::vector<float> frame(6);
        EXPECT_TRUE(piped.read(frame));  // from a pipe, frames come before the end is known
        EXPECT_TRUE(piped.read(frame));
        EXPECT_THROW((void)piped.read(frame), Error);
        const TemporaryFolder folder;
        NpyFrames filed(folder.write("a.npy", bytes), shape);
        EXPECT_THROW((void)filed.read(frame), Error);
    }
    std::string huge = npy_of(header_of("<f4", "2, 1, 3"), "", 2);
    huge.replace(8, 4, "\xff\xff\xff\xff");
    expect_refused(huge, Fault::bad_input, "4294967295");
}

TEST(NpyFrames, DamagedBytesGiveFramesOrAnError) {
    const std::string good = npy_of(header_of("<f4", "2, 2, 1, 3"), floats(two_frames));
    testing::check_property(
        [&](const std::vector<std::pair<std::uint8_t, char>>& changes, std::uint8_t length) {
            std::string bytes = good.substr(0, std::max<std::size_t>(length, 1));
            for (const auto& [at, value] : changes) bytes[at % bytes.size()] = value;
            try {
                for (const auto& frame : read_stream(bytes)) RC_ASSERT(frame.size() == 6U);
            } catch (const Error& error) {
                RC_ASSERT(error.fault() != Fault::internal);
            }
        });
}

TEST(NpyHeader, KeysComeInAnyOrderAndBothQuotes) {
    const NpyHeader header =
        parse_npy_header("{ \"shape\":(),'fortran_order' : True,\"descr\": '<i2'}\n", "somewhere");
    EXPECT_EQ(header.descr, "<i2");
    EXPECT_TRUE(header.fortran_order);
    EXPECT_TRUE(header.shape.empty());
}

}  // namespace
}  // namespace ranvier
