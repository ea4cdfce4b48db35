#include "ranvier/recipe/saved_run.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace ranvier {
namespace {

namespace fs = std::filesystem;

class SavedRun : public ::testing::Test {
protected:
    SavedRun()
        : folder_(fs::path(::testing::TempDir()) / ("saved_run_" + std::to_string(::getpid()))) {
        fs::remove_all(folder_);
    }
    ~SavedRun() override { fs::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const {
        write_file(folder_ / name, text);
    }

    /// A finished run of two stages, beside a folder that an older recipe left.
    void write_finished() const {
        write("run/result.json",
              R"({"stages": [{"do": "train", "name": "train"}, {"do": "evaluate", "name": "a-b"}],
                  "a-b": {"accuracy": 0.5}})");
        write("run/01-train/result.json",
              R"({"epochs": [{"epoch": 1}], "stage": {"do": "train", "name": "train"}})");
        write("run/02-a-b/result.json",
              R"({"accuracy": 0.5, "stage": {"do": "evaluate", "name": "a-b"}})");
        write("run/02-old/result.json", R"({"stage": {"do": "evaluate", "name": "old"}})");
    }

    fs::path folder_;
};

TEST_F(SavedRun, OfAFolderHasTheStagesThatItsResultLists) {
    write_finished();
    for (const fs::path& path : {folder_ / "run", folder_ / "run/", folder_ / "run/result.json"}) {
        const RunRecord run = load_run(path);
        EXPECT_EQ(run.name, "run") << path;
        ASSERT_EQ(run.stages.size(), 2U);
        EXPECT_EQ(run.stages[0].kind, "train");
        EXPECT_EQ(run.stages[1].name, "a-b");
        EXPECT_TRUE(run.notes.empty());
    }
}

TEST_F(SavedRun, UnfinishedHasWhatIsDoneSoFar) {
    write_finished();
    fs::remove(folder_ / "run/result.json");
    fs::remove_all(folder_ / "run/02-old");
    write("run/03-more/curves.csv", "epoch,loss,test_loss\n1,0.5,\n2,0.25,x\n");
    const RunRecord run = load_run(folder_ / "run");
    ASSERT_EQ(run.stages.size(), 3U);
    EXPECT_EQ(run.result["a-b"]["accuracy"], 0.5);
    EXPECT_EQ(run.stages[2].result["epochs"].dump(),
              R"([{"epoch":1.0,"loss":0.5},{"epoch":2.0,"loss":0.25}])");
    ASSERT_EQ(run.notes.size(), 1U);
    EXPECT_NE(run.notes[0].find("not finished"), std::string::npos);
}

TEST_F(SavedRun, OfAFileIsNamedAfterIt) {
    write("snn.json", R"({"accuracy": 0.5})");
    const RunRecord run = load_run(folder_ / "snn.json");
    EXPECT_EQ(run.name, "snn");
    EXPECT_TRUE(run.stages.empty());
}

TEST_F(SavedRun, ANetworkThatCannotBeMappedLeavesANote) {
    write_finished();
    write("run/02-a-b/network.safetensors", "no network");
    const RunRecord run = load_run(folder_ / "run", CrossbarOptions{});
    EXPECT_TRUE(run.crossbars.empty());
    ASSERT_EQ(run.notes.size(), 1U);
    EXPECT_NE(run.notes[0].find("Hardware mapping left out"), std::string::npos);
}

TEST_F(SavedRun, RefusesWhatIsNone) {
    fs::create_directories(folder_ / "empty");
    write("broken.json", "{");
    write("odd/result.json", R"({"stages": [7]})");
    write("odd2/result.json", R"({"stages": [{"name": "x"}]})");
    write("odd2/01-x/result.json", R"({"stage": 7})");
    for (const char* name : {"empty", "broken.json", "odd", "odd2", "missing"})
        EXPECT_THROW((void)load_run(folder_ / name), Error) << name;
}

}  // namespace
}  // namespace ranvier
