#include "ranvier/recipe/stage_folder.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ranvier {
namespace {

namespace fs = std::filesystem;

class StageFolderTest : public testing::Test {
protected:
    StageFolderTest() {
        std::string pattern = (fs::temp_directory_path() / "ranvier-stage-XXXXXX").string();
        root_ = ::mkdtemp(pattern.data());
    }
    ~StageFolderTest() override { fs::remove_all(root_); }

    fs::path root_;
};

TEST(TextHash, KnownValues) {
    EXPECT_EQ(text_hash(""), "cbf29ce484222325");
    EXPECT_EQ(text_hash("a"), "af63dc4c8601ec8c");  // FNV-1a's published test vector
}

TEST_F(StageFolderTest, IsDoneOnlyForTheSameHash) {
    const StageFolder folder(root_ / "01-train", text_hash("a"));
    EXPECT_FALSE(folder.done());
    folder.begin();
    EXPECT_FALSE(folder.done());
    folder.finish();
    EXPECT_TRUE(folder.done());
    EXPECT_FALSE(StageFolder(root_ / "01-train", text_hash("b")).done());
}

TEST_F(StageFolderTest, AnInterruptedStageKeepsItsCheckpointAndNothingElse) {
    const StageFolder folder(root_ / "01-train", text_hash("a"));
    folder.begin();
    write_file(folder.checkpoint(), "state");
    write_file(folder.path() / "checkpoint.Ab12Cd", "half");
    write_file(folder.network(), "half");
    folder.begin();
    EXPECT_EQ(read_file(folder.checkpoint()), "state");
    EXPECT_FALSE(fs::exists(folder.network()));
    EXPECT_FALSE(fs::exists(folder.path() / "checkpoint.Ab12Cd"));
    folder.finish();
    EXPECT_FALSE(fs::exists(folder.checkpoint()));
}

TEST_F(StageFolderTest, AnotherStagesCheckpointIsRemoved) {
    const StageFolder old(root_ / "01-train", text_hash("a"));
    old.begin();
    write_file(old.checkpoint(), "state");
    write_file(old.last_good(), "weights");
    const StageFolder changed(root_ / "01-train", text_hash("b"));
    changed.begin();
    EXPECT_FALSE(fs::exists(changed.checkpoint()));
    EXPECT_EQ(read_file(root_ / "01-train-last_good.safetensors"), "weights");
}

TEST_F(StageFolderTest, OnlyOneProcessMayWorkInAFolder) {
    const FolderLock lock(root_);
    try {
        const FolderLock second(root_);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::io);
    }
}

}  // namespace
}  // namespace ranvier
