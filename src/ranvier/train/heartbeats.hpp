#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace ranvier {

/// Tells from outside of any collective operation which processes of a group are alive: each adds
/// to a counter of its own in a store that process 0 keeps, and watches the others' counters. A
/// thread does both, so that a store that does not answer keeps nobody else waiting.
class Heartbeats {
public:
    /// Adds to the store's counter of that name (0 at first) and returns the sum. May throw if the
    /// store is out of reach; called from the thread only.
    using Add = std::function<std::int64_t(const std::string& key, std::int64_t value)>;

    Heartbeats(Add add, int rank, int size, std::chrono::milliseconds period);
    ~Heartbeats();
    Heartbeats(const Heartbeats&) = delete;
    Heartbeats& operator=(const Heartbeats&) = delete;

    /// A process whose counter stood still for `silence` before our last look; process 0 if the
    /// store is gone or did not answer for so long.
    [[nodiscard]] std::optional<int> lost(std::chrono::milliseconds silence) const;

private:
    struct State;
    std::shared_ptr<State> state_;  ///< the thread's too, which may outlive this object
    std::thread thread_;
};

}  // namespace ranvier
