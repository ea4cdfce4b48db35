#include "ranvier/recipe/stream.hpp"

#include "ranvier/base/latency_histogram.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/base/timed_frames.hpp"
#include "ranvier/energy/ledger.hpp"
#include "ranvier/engine/replay.hpp"
#include "ranvier/engine/stream.hpp"
#include "ranvier/recipe/version.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <chrono>
#include <cmath>
#include <string>
#include <vector>

namespace ranvier {

namespace {

/// Steps a stream and gathers its result.
class Recorder {
public:
    Recorder(const Network& network, const RunContext& context, const StreamObserver& observer)
        : network_(network),
          stream_(network, {.n_threads = context.n_threads}),
          observer_(observer),
          spikes_(stream_.spike_counts()) {
        result_.seed = context.seed;
        result_.threads = thread_count(context.n_threads);
        result_.engine = "fast";
        result_.command_line = context.command_line;
        result_.versions = versions();
    }

    StreamResult& result() { return result_; }
    /// Spikes of the input that the events of the present sample are.
    void count_input(std::span<const TimedSample::Value> events) {
        if (!input_is_sparse(network_)) return;
        spikes_[0].resize(static_cast<std::size_t>(network_.input().shape.size()));
        count_events(events, spikes_[0]);
    }
    [[nodiscard]] std::uint64_t step_of_sample() const { return stream_.steps(); }

    /// @return whether the stream goes on.
    bool step(std::span<const float> frame, bool last, int label) {
        stream_.step(frame);
        latency_.add(stream_.last_step_us());
        return observer_({result_.samples, stream_.steps(), last, label, stream_.prediction(),
                          stream_.logits(), stream_.last_step_us()});
    }

    /// What the present sample did counts, and it is forgotten.
    void end_sample(int label) {
        const SpikeCounts counts = stream_.spike_counts();
        for (std::size_t l = 0; l < counts.size(); ++l)
            for (std::size_t i = 0; i < counts[l].size(); ++i) spikes_[l][i] += counts[l][i];
        sample_steps_ += stream_.steps();
        ++result_.samples;
        result_.prediction = stream_.prediction();
        result_.logits.assign(stream_.logits().begin(), stream_.logits().end());
        if (label >= 0 && result_.prediction == static_cast<std::size_t>(label)) ++result_.correct;
        stream_.reset();
    }

    StreamResult finish() {
        const auto n = static_cast<double>(result_.samples);
        result_.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
        result_.steps = latency_.n();
        result_.latency_us = {latency_.mean_us(), latency_.percentile_us(0.5),
                              latency_.percentile_us(0.95), latency_.max_us()};
        if (latency_.mean_us() > 0) result_.frames_per_second = 1e6 / latency_.mean_us();
        if (result_.samples == 0) return result_;
        result_.timesteps = static_cast<double>(sample_steps_) / n;
        result_.accuracy = static_cast<double>(result_.correct) / n;
        result_.accuracy_error = std::sqrt(result_.accuracy * (1 - result_.accuracy) / n);
        SimulationResult run;
        run.samples = result_.samples;
        run.spikes = std::move(spikes_);
        const Ledger ledger = spiking_ledger(network_, run, {});
        result_.spikes = ledger.spikes;
        result_.synops = ledger.synops;
        return result_;
    }

private:
    const Network& network_;
    Stream stream_;
    const StreamObserver& observer_;
    SpikeCounts spikes_;  ///< of whole samples
    std::uint64_t sample_steps_ = 0;
    LatencyHistogram latency_;
    StreamResult result_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace

namespace {

/// One image for some steps. @return whether the stream goes on.
bool stream_image(Recorder& recorder, const Samples& samples, std::size_t index, int n_steps,
                  std::span<float> image) {
    samples.read(index, image);
    const int label = samples.label(index);
    bool goes_on = true;
    int t = 0;
    while (goes_on && t < n_steps) {
        ++t;
        goes_on = recorder.step(image, t == n_steps, label);
    }
    if (t == n_steps) recorder.end_sample(label);
    return goes_on;
}

/// One recording, a timestep after the other, as stream_image.
bool stream_recording(Recorder& recorder, const Samples& samples, std::size_t index, int steps) {
    TimedFrames frames(samples.read_timed(index), static_cast<std::size_t>(samples.shape().size()));
    const std::size_t n_steps = steps > 0 ? static_cast<std::size_t>(steps) : frames.steps();
    const int label = samples.label(index);
    bool goes_on = true;
    std::size_t t = 0;
    while (goes_on && t < n_steps) {
        ++t;
        bool same = false;
        goes_on = recorder.step(frames.next(same), t == n_steps, label);
    }
    if (t < n_steps) return goes_on;
    recorder.count_input(frames.shown());
    recorder.end_sample(label);
    return goes_on;
}

}  // namespace

StreamResult stream_samples(const Network& network, const Samples& samples, int steps,
                            const RunContext& context, const StreamObserver& observer) {
    Recorder recorder(network, context, observer);
    require_matching(network, samples);
    if (samples.size() == 0)
        fail(Fault::bad_input, "stream: {} has no samples; choose another --data or --split",
             samples.describe());
    StreamResult& result = recorder.result();
    result.data = samples.describe();
    result.labelled = true;
    const int n_steps = steps > 0 ? steps : network.timing.steps;
    std::vector<float> image(static_cast<std::size_t>(samples.shape().size()));
    bool goes_on = true;
    for (std::size_t i = 0; goes_on && i < samples.size(); ++i)
        goes_on = samples.timed() ? stream_recording(recorder, samples, i, steps)
                                  : stream_image(recorder, samples, i, n_steps, image);
    result.data = samples.describe();  // again: it says what was found while reading
    return recorder.finish();
}

StreamResult stream_frames(const Network& network, NpyFrames& frames,
                           const FrameStreamRequest& request, const RunContext& context,
                           const StreamObserver& observer) {
    Recorder recorder(network, context, observer);
    recorder.result().data = fmt::format("frames of {}", frames.name());
    std::vector<float> frame(static_cast<std::size_t>(network.input().shape.size()));
    std::uint64_t n = 0;
    bool goes_on = true;
    while (goes_on && (request.steps == 0 || n < request.steps) && frames.read(frame)) {
        if (request.divide_by != 1)
            for (float& value : frame) value /= request.divide_by;
        const bool last =
            request.reset_every > 0 && recorder.step_of_sample() + 1 == request.reset_every;
        goes_on = recorder.step(frame, last, -1);
        ++n;
        if (last) recorder.end_sample(-1);
    }
    if (n == 0)
        fail(Fault::bad_input, "{}: there is no frame in it; write frames with numpy.save",
             frames.name());
    // A stream that is never reset is one sample; what is left of a span is none, unless alone.
    if (recorder.step_of_sample() > 0 &&
        (request.reset_every == 0 || recorder.result().samples == 0))
        recorder.end_sample(-1);
    return recorder.finish();
}

}  // namespace ranvier
