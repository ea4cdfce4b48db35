#pragma once

#include <filesystem>
#include <string>

namespace ranvier {

/// 16 hexadecimal digits that stand for `text` (FNV-1a, 64 bits): tells changed recipes from
/// unchanged ones, protects against nothing else.
[[nodiscard]] std::string text_hash(const std::string& text);

/// The folder that a stage leaves its work in, and how far the work has come.
class StageFolder {
public:
    /// @param hash  of everything the stage depends on.
    StageFolder(std::filesystem::path path, std::string hash)
        : path_(std::move(path)), hash_(std::move(hash)) {}

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path network() const { return path_ / "network.safetensors"; }
    [[nodiscard]] std::filesystem::path result() const { return path_ / "result.json"; }
    /// A checkpoint that the stage may continue from.
    [[nodiscard]] std::filesystem::path checkpoint() const { return path_ / "checkpoint"; }

    /// The last good weights of a training that failed. Beside the folder, since a stage with other
    /// keys begins by removing that.
    [[nodiscard]] std::filesystem::path last_good() const {
        return path_.string() + "-last_good.safetensors";
    }

    /// Whether exactly this stage was finished here.
    [[nodiscard]] bool done() const;
    /// Makes the folder ready: what another stage or an interrupted run left is removed, but for a
    /// checkpoint of this very stage.
    void begin() const;
    /// Marks the stage as finished and removes its checkpoint.
    void finish() const;

private:
    std::filesystem::path path_;
    std::string hash_;
};

/// Keeps other processes from running a recipe in the same folder while it lives.
class FolderLock {
public:
    /// Makes the folder if it is missing. @throws Error(io).
    explicit FolderLock(const std::filesystem::path& folder);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    int descriptor_;
};

}  // namespace ranvier
