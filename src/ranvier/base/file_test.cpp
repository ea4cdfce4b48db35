#include "ranvier/base/file.hpp"

#include "ranvier/base/error.hpp"

#include <climits>
#include <gtest/gtest.h>

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace ranvier {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "ranvier.XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder = name;
    }
    void TearDown() override { fs::remove_all(folder); }

    [[nodiscard]] std::size_t n_files() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
    }

    fs::path folder;
};

template <typename Work>
void expect_fault(Fault fault, const std::string& says, Work&& work) {
    try {
        work();
        ADD_FAILURE() << "nothing was thrown; expected: " << says;
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), fault) << error.what();
        EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
    }
}

TEST_F(Files, WhatIsWrittenIsRead) {
    const std::string zeros("a\0b\r\n\xFF", 6);
    for (const std::string& content : {std::string(), zeros, std::string(200'000, 'x')}) {
        write_file(folder / "file", content);
        EXPECT_EQ(read_file(folder / "file"), content);
    }
    EXPECT_EQ(n_files(), 1U) << "no temporary file stays behind";
}

TEST_F(Files, DevicesAreNotRead) {
    expect_fault(Fault::io, "is a device; name a file", [] { (void)read_file("/dev/zero"); });
}

TEST_F(Files, MissingFoldersAreMade) {
    write_file(folder / "a/b/file", "content");
    EXPECT_EQ(read_file(folder / "a/b/file"), "content");
}

TEST_F(Files, OthersMayRead) {
    write_file(folder / "file", "content");
    EXPECT_EQ(fs::status(folder / "file").permissions(), static_cast<fs::perms>(0644));
}

TEST_F(Files, ReadingRefuses) {
    expect_fault(Fault::io, "no such file", [&] { (void)read_file(folder / "missing"); });
    expect_fault(Fault::io, "is a directory", [&] { (void)read_file(folder); });
    write_file(folder / "file", "12345");
    EXPECT_EQ(read_file(folder / "file", 5), "12345");
    expect_fault(Fault::bad_input, "larger than the 4 bytes",
                 [&] { (void)read_file(folder / "file", 4); });
}

TEST_F(Files, WritingRefuses) {
    expect_fault(Fault::io, "is a directory", [&] { write_file(folder, "x"); });
    write_file(folder / "file", "x");
    expect_fault(Fault::io, "folder cannot be made",
                 [&] { write_file(folder / "file/inside", "x"); });
}

// The disk is "full" after 4 KiB: a limit on the size of files, so that write() itself fails.
TEST_F(Files, AFailureLeavesTheOldFileAndNothingElse) {
    write_file(folder / "file", "old");
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{4096, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string content(100'000, 'x');
    expect_fault(Fault::io, "cannot be written", [&] { write_file(folder / "file", content); });
    expect_fault(Fault::io, "cannot be written", [&] { write_file(folder / "new", content); });
    setrlimit(RLIMIT_FSIZE, &before);
    (void)std::signal(SIGXFSZ, handler);
    EXPECT_EQ(read_file(folder / "file"), "old");
    EXPECT_EQ(n_files(), 1U);
}

TEST_F(Files, WhatAKilledWriterLeftIsRemoved) {
    for (const char* name : {"file", "file.unfinished-ab12CD", "file.backup", "other"})
        write_file(folder / name, "content");
    remove_unfinished(folder / "file");
    for (const char* name : {"file", "file.backup", "other"})
        EXPECT_TRUE(fs::exists(folder / name));
    EXPECT_FALSE(fs::exists(folder / "file.unfinished-ab12CD"));
}

TEST_F(Files, TheLongestNameCanBeWrittenAndCleanedUpAfter) {
    const std::string name(NAME_MAX, 'n');
    write_file(folder / name, "content");
    EXPECT_EQ(read_file(folder / name), "content");
    // As long as a name may be, and begun like the file's.
    write_file(folder / (std::string(NAME_MAX - 18, 'n') + ".unfinished-ab12CD"), "part");
    remove_unfinished(folder / name);
    EXPECT_EQ(n_files(), 1U);
    expect_fault(Fault::io, "too long", [&] { write_file(folder / (name + "n"), "content"); });
    EXPECT_EQ(n_files(), 1U);
}

TEST_F(Files, AReaderSeesTheOldOrTheNewContentOnly) {
    const std::string old_content(300'000, 'o'), new_content(400'000, 'n');
    write_file(folder / "file", old_content);
    std::jthread writer([&] {
        for (int k = 0; k < 50; ++k)
            write_file(folder / "file", k % 2 == 0 ? new_content : old_content);
    });
    for (int k = 0; k < 50; ++k) {
        const std::string seen = read_file(folder / "file");
        ASSERT_TRUE(seen == old_content || seen == new_content) << seen.size() << " bytes";
    }
}

// A pipe stands for /dev/stdout and the like, which a failing test must not damage.
TEST_F(Files, PipesAreWrittenToAndNotReplaced) {
    const fs::path pipe = folder / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    std::string seen;
    std::jthread reader([&] { seen = read_file(pipe); });
    write_file(pipe, "through");
    reader.join();
    EXPECT_EQ(seen, "through");
    EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST_F(Files, ASymbolicLinkStaysALink) {
    write_file(folder / "file", "old");
    fs::create_symlink(folder / "file", folder / "link");
    write_file(folder / "link", "new");
    EXPECT_TRUE(fs::is_symlink(folder / "link"));
    EXPECT_EQ(read_file(folder / "file"), "new");
}

}  // namespace
}  // namespace ranvier
