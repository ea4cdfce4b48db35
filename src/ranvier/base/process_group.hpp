#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace ranvier {

/// The processes that share one piece of work: one program, started several times with another
/// `rank` each (base/launch.hpp). Every process of a group calls the same members in the same
/// order. This class is a group of one, in which nothing happens; train/process_group.hpp connects
/// several.
class ProcessGroup {
public:
    virtual ~ProcessGroup() = default;

    [[nodiscard]] virtual int rank() const noexcept { return 0; }
    [[nodiscard]] virtual int size() const noexcept { return 1; }
    /// Among the processes of this machine.
    [[nodiscard]] virtual int local_rank() const noexcept { return 0; }
    /// Process 0 decides, writes files and prints.
    [[nodiscard]] bool first() const noexcept { return rank() == 0; }

    /// Replaces each value by its sum over all processes: the same bits in every process; for
    /// integers exact. All give equally many.
    /// @throws Error(io) naming the process that was lost, as all members below.
    virtual void sum(std::span<std::uint64_t> /*values*/) {}
    virtual void sum(std::span<double> /*values*/) {}

    /// Process 0's text, in every process; that of the others is ignored. Process 0 may take its
    /// time before it calls.
    [[nodiscard]] virtual std::string from_first(std::string text) { return text; }

    /// Waits until all processes have come this far. The last call.
    virtual void finish() {}
};

/// For callers that work alone.
[[nodiscard]] inline ProcessGroup& single_process() {
    static ProcessGroup alone;
    return alone;
}

/// [begin, end) of process `rank`'s part of `n` things that are dealt out in blocks of `block`;
/// the parts follow one another and differ by at most one block, and process 0's is not smaller
/// than any other.
/// @param block  > 0. @param rank  in [0, size).
[[nodiscard]] constexpr std::pair<std::size_t, std::size_t> part_of(std::size_t n,
                                                                    std::size_t block, int rank,
                                                                    int size) noexcept {
    const std::size_t n_blocks = (n + block - 1) / block;
    const auto bound = [&](int r) {
        const auto n_parts = static_cast<std::size_t>(size);
        const std::size_t blocks = (n_blocks * static_cast<std::size_t>(r) + n_parts - 1) / n_parts;
        return blocks * block < n ? blocks * block : n;
    };
    return {bound(rank), bound(rank + 1)};
}

}  // namespace ranvier
