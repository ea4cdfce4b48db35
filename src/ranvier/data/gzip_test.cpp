#include "ranvier/data/gzip.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/test_files.hpp"

#include <gtest/gtest.h>

#include <rapidcheck.h>

namespace ranvier {
namespace {

TEST(Gunzip, GivesBackWhatWasPacked) {
    EXPECT_TRUE(rc::check([](const std::string& content) {
        RC_ASSERT(gunzip(gzip_of(content), content.size() + 1, "x") == content);
    }));
}

TEST(Gunzip, StopsAtTheLimit) {
    const std::string bomb = gzip_of(std::string(50 << 20, '\0'));
    ASSERT_LT(bomb.size(), 100000U);
    EXPECT_EQ(gunzip(bomb, 1000, "x").size(), 1000U);
}

TEST(Gunzip, ReadsMembersInARow) {
    EXPECT_EQ(gunzip(gzip_of("one ") + gzip_of("two"), 100, "x"), "one two");
}

TEST(Gunzip, RefusesEveryTruncation) {
    const std::string packed = gzip_of("some text to be packed, packed, packed");
    for (std::size_t n = 0; n < packed.size(); ++n)
        EXPECT_THROW((void)gunzip(packed.substr(0, n), 1000, "x"), Error) << n;
}

TEST(Gunzip, RefusesDamage) {
    std::string packed = gzip_of("some text to be packed");
    packed[packed.size() - 6] ^= 1;  // in the checksum
    expect_error(Fault::bad_input, {"file.gz: the gzip data are damaged"},
                 [&] { (void)gunzip(packed, 1000, "file.gz"); });
    EXPECT_THROW((void)gunzip("no gzip at all", 1000, "x"), Error);
}

}  // namespace
}  // namespace ranvier
