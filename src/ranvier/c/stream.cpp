// Timestep by timestep: ranvier_stream.
#include "ranvier/engine/stream.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/c/guard.hpp"
#include "ranvier/c/model.hpp"
#include "ranvier/c/statistics.hpp"
#include "ranvier/engine/replay.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace ranvier::c_api {

namespace {

constexpr int most_threads = 1024;

StreamOptions stream_options(const ranvier_stream_options& options) {
    if (options.n_threads < 0 || options.n_threads > most_threads)
        fail(Fault::usage, "stream: n_threads is {}; allowed is 0 to {}", options.n_threads,
             most_threads);
    return {.n_threads = options.n_threads, .count_spikes = options.no_statistics == 0};
}

/// One timestep's events; not owned.
struct EventSlice {
    std::span<const std::uint32_t> place;
    const float* value;  ///< [place.size()], or null: all 1
    [[nodiscard]] float value_of(std::size_t i) const { return value == nullptr ? 1.0F : value[i]; }
};

class OpenStream {
public:
    OpenStream(std::shared_ptr<const Model> model, const StreamOptions& options)
        : model_(std::move(model)),
          counted_(options.count_spikes),
          sparse_(input_is_sparse(model_->network())),
          stream_(model_->plan(), options),
          frame_(model_->n_inputs()),
          event_counts_(model_->n_inputs()) {}

    void reset() {
        stream_.reset();
        std::fill(event_counts_.begin(), event_counts_.end(), 0);
        only_events_ = true;
    }

    void step(std::span<const float> frame) {
        stream_.step(frame);
        only_events_ = false;
    }
    /// The last frame, or the last events, again.
    void step_again() {
        stream_.step();
        only_events_ = false;
    }

    void step(const EventSlice& events) {
        require_events(events);
        std::fill(frame_.begin(), frame_.end(), 0.0F);
        for (std::size_t i = 0; i < events.place.size(); ++i)
            frame_[events.place[i]] += events.value_of(i);
        stream_.step(frame_);
        for (const std::uint32_t place : events.place) ++event_counts_[place];
    }

    [[nodiscard]] const Stream& stream() const noexcept { return stream_; }
    [[nodiscard]] const Model& model() const noexcept { return *model_; }

    [[nodiscard]] ranvier_statistics statistics() const {
        const SimulationResult run = counts();
        ranvier_statistics statistics = statistics_of(ledger_of(model_->network(), run), run);
        statistics.steps = static_cast<double>(stream_.steps());
        return statistics;
    }
    [[nodiscard]] ranvier_layer_statistics statistics(std::size_t layer) const {
        return layer_statistics_of(ledger_of(model_->network(), counts()), model_->network(),
                                   layer);
    }

    std::mutex in_use;

private:
    void require_events(const EventSlice& events) const {
        for (std::size_t i = 0; i < events.place.size(); ++i) {
            if (events.place[i] >= frame_.size())
                fail(Fault::bad_input, "stream: event {} is at place {}; the input has {} places",
                     i, events.place[i], frame_.size());
            if (!std::isfinite(events.value_of(i)))
                fail(Fault::bad_input, "stream: event {} has the value {}; values must be finite",
                     i, events.value_of(i));
        }
    }

    /// What a run over one sample would have counted so far. Events are spikes of the input where
    /// those without an event send nothing, as in a replay (engine/replay.hpp).
    [[nodiscard]] SimulationResult counts() const {
        if (!counted_)
            fail(Fault::usage,
                 "stream: it was opened with no_statistics; open one without to count spikes");
        constexpr std::uint64_t most = std::numeric_limits<int>::max();
        SimulationResult run;
        run.samples = 1;
        run.steps = static_cast<int>(std::min(stream_.steps(), most));
        run.seconds = stream_.last_step_us() * 1e-6;
        run.spikes = stream_.spike_counts();
        if (only_events_ && sparse_ && stream_.steps() > 0) run.spikes[0] = event_counts_;
        return run;
    }

    std::shared_ptr<const Model> model_;
    bool counted_;
    bool sparse_;
    Stream stream_;
    std::vector<float> frame_;                 ///< [n_inputs] of the last slice of events
    std::vector<std::uint64_t> event_counts_;  ///< [n_inputs]
    bool only_events_ = true;                  ///< since the stream began or was reset
};

Handles<ranvier_stream, OpenStream>& streams() {
    static auto& all = *new Handles<ranvier_stream, OpenStream>;
    return all;
}

template <typename Work>
int with_stream(const ranvier_stream* handle, const Work& work) noexcept {
    return guard([&] { streams().use(handle, "stream", work); });
}

}  // namespace

}  // namespace ranvier::c_api

using namespace ranvier;  // what follows are C functions
using namespace ranvier::c_api;

int ranvier_open_stream(const ranvier_network* network, const ranvier_stream_options* options,
                        ranvier_stream** stream) {
    if (stream != nullptr) *stream = nullptr;
    return guard([&] {
        require_pointer(stream, "stream");
        const StreamOptions read = stream_options(read_options(options, "stream options"));
        *stream =
            streams().add(std::make_shared<OpenStream>(models().find(network, "network"), read));
    });
}

void ranvier_close_stream(ranvier_stream* stream) {
    (void)guard([&] { streams().remove(stream); });
}

int ranvier_reset_stream(ranvier_stream* stream) {
    return with_stream(stream, [](OpenStream& found) { found.reset(); });
}

int ranvier_step(ranvier_stream* stream, const float* frame, size_t n_values) {
    return with_stream(stream, [&](OpenStream& found) {
        if (frame == nullptr && n_values == 0) return found.step_again();
        require_pointer(frame, "frame");
        found.step(std::span(frame, n_values));
    });
}

int ranvier_step_events(ranvier_stream* stream, const uint32_t* place, const float* value,
                        size_t n_events) {
    return with_stream(stream, [&](OpenStream& found) {
        if (n_events > 0) require_pointer(place, "place");
        found.step(EventSlice{{place, n_events}, value});
    });
}

int ranvier_stream_logits(const ranvier_stream* stream, float* logits, size_t n_logits) {
    return with_stream(stream, [&](OpenStream& found) {
        require_pointer(logits, "logits");
        require_room(logits, n_logits, found.model().n_outputs(), "logits");
        std::copy_n(found.stream().logits().begin(), n_logits, logits);
    });
}

int ranvier_stream_prediction(const ranvier_stream* stream, size_t* prediction) {
    return with_stream(stream, [&](OpenStream& found) {
        require_pointer(prediction, "prediction");
        *prediction = found.stream().prediction();
    });
}

int ranvier_stream_statistics(const ranvier_stream* stream, ranvier_statistics* statistics) {
    return with_stream(stream, [&](OpenStream& found) {
        write_struct(statistics, found.statistics(), "statistics");
    });
}

int ranvier_stream_layer_statistics(const ranvier_stream* stream, size_t layer,
                                    ranvier_layer_statistics* statistics) {
    return with_stream(stream, [&](OpenStream& found) {
        write_struct(statistics, found.statistics(layer), "layer statistics");
    });
}
