#include "ranvier/train/heartbeats.hpp"

#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <vector>

namespace ranvier {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

struct Heartbeats::State {
    Add add;
    int rank = 0;
    std::chrono::milliseconds period{};

    std::mutex mutex;  ///< guards everything below; never held during `add`
    std::condition_variable stopping;
    bool stop = false;
    bool store_gone = false;
    bool ended = false;  ///< the thread will not touch the store again
    Clock::time_point contact = Clock::now();
    std::vector<std::int64_t> beats;       ///< [size] as last seen
    std::vector<Clock::time_point> moved;  ///< [size] when it last differed

    void look(int other) {
        const std::int64_t seen = add(fmt::format("beat/{}", other), other == rank ? 1 : 0);
        const std::lock_guard lock(mutex);
        contact = Clock::now();
        const auto k = static_cast<std::size_t>(other);
        if (seen != beats[k]) moved[k] = contact;
        beats[k] = seen;
    }

    bool wait_for_next() {
        std::unique_lock lock(mutex);
        return !stopping.wait_for(lock, period, [this] { return stop; });
    }

    void run() {
        try {
            do {
                for (int other = 0; other < static_cast<int>(beats.size()); ++other) look(other);
            } while (wait_for_next());
        } catch (const std::exception&) {
            const std::lock_guard lock(mutex);
            store_gone = true;
        }
        const std::lock_guard lock(mutex);
        ended = true;
    }
};

Heartbeats::Heartbeats(Add add, int rank, int size, std::chrono::milliseconds period)
    : state_(std::make_shared<State>()) {
    state_->add = std::move(add);
    state_->rank = rank;
    state_->period = period;
    state_->beats.assign(static_cast<std::size_t>(size), 0);
    state_->moved.assign(static_cast<std::size_t>(size), Clock::now());
    thread_ = std::thread([state = state_] { state->run(); });
}

Heartbeats::~Heartbeats() {
    constexpr auto an_answer_takes = std::chrono::seconds(1);
    const auto deadline = Clock::now() + an_answer_takes;
    {
        const std::lock_guard lock(state_->mutex);
        state_->stop = true;
    }
    state_->stopping.notify_all();
    const auto ended = [this] {
        const std::lock_guard lock(state_->mutex);
        return state_->ended;
    };
    while (!ended() && Clock::now() < deadline)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    // A store on a machine that vanished can keep its caller for many minutes.
    ended() ? thread_.join() : thread_.detach();
}

std::optional<int> Heartbeats::lost(std::chrono::milliseconds silence) const {
    const std::lock_guard lock(state_->mutex);
    if (state_->store_gone) return 0;
    for (std::size_t other = 0; other < state_->moved.size(); ++other)
        if (static_cast<int>(other) != state_->rank &&
            state_->contact - state_->moved[other] > silence)
            return static_cast<int>(other);
    if (Clock::now() - state_->contact > silence) return 0;
    return std::nullopt;
}

}  // namespace ranvier
