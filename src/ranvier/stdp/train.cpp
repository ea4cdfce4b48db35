#include "ranvier/stdp/train.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/base/random_order.hpp"
#include "ranvier/stdp/checkpoint.hpp"

#include <chrono>
#include <functional>

namespace ranvier {

namespace {

class Clock {
public:
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void require_fit(const StdpModel& model, const Samples& samples) {
    if (samples.node_labels() != nullptr)
        fail(Fault::unsupported, "stdp: {} is a graph; give a set of images", samples.describe());
    if (samples.shape() != model.input)
        fail(Fault::bad_input,
             "stdp: images are {}, the network takes {}; use the set it was made for",
             to_string(samples.shape()), to_string(model.input));
    if (samples.size() == 0) fail(Fault::bad_input, "stdp: there are no images");
}

/// Calls work(worker, image, response) for all samples, weights frozen.
void respond_to_all(
    const StdpModel& model, const Samples& samples, std::uint32_t epoch, int n_threads,
    Progress& progress,
    const std::function<void(std::size_t, std::size_t, const StdpResponse&)>& work) {
    std::vector<StdpRunner> runners(static_cast<std::size_t>(thread_count(n_threads)),
                                    StdpRunner(model));
    std::vector<std::vector<float>> pixels(runners.size(), std::vector<float>(model.n_inputs()));
    parallel_for(samples.size(), n_threads, [&](std::size_t image, std::size_t worker) {
        samples.read(image, pixels[worker]);
        const Showing showing{model.seed, epoch, static_cast<std::uint32_t>(image), 0};
        work(worker, image, runners[worker].respond(model, pixels[worker], showing));
        progress.advance(1);
    });
    progress.finish();
}

/// Down from here: the order of images in each epoch. No showing has these streams.
constexpr std::uint64_t order_stream = ~std::uint64_t{2};

/// Trains image by image from where it stands.
class Trainer {
public:
    Trainer(StdpTraining& training, const Samples& samples, const StdpTrainOptions& options)
        : training_(training),
          samples_(samples),
          options_(options),
          runner_(training.model),
          pixels_(training.model.n_inputs()) {}

    void train_next() {
        const std::uint64_t done = training_.counts.images;
        const Showing showing = next_image(done);
        training_.counts.add(runner_.learn(training_.model, pixels_, showing));
        ++training_.trained_here;
        if (training_.counts.images % options_.prune.interval == 0)
            prune(training_.model, options_.prune, false);
    }

    /// The images that would come next.
    void settle(Progress& progress) {
        for (std::uint64_t k = 0; k < options_.settle_images; ++k) {
            const Showing showing = next_image(training_.counts.images + k);
            (void)runner_.settle(training_.model, pixels_, showing);
            progress.advance(1);
        }
    }

private:
    Showing next_image(std::uint64_t number) {
        const std::uint64_t epoch = number / samples_.size();
        if (order_.empty() || epoch != order_epoch_)
            order_ = random_order(samples_.size(), {training_.model.seed, order_stream - epoch});
        order_epoch_ = epoch;
        const std::size_t image = order_[number % samples_.size()];
        samples_.read(image, pixels_);
        return {training_.model.seed, static_cast<std::uint32_t>(epoch),
                static_cast<std::uint32_t>(image), 0};
    }

    StdpTraining& training_;
    const Samples& samples_;
    const StdpTrainOptions& options_;
    StdpRunner runner_;
    std::vector<float> pixels_;
    std::vector<std::size_t> order_;  ///< of the images, in this epoch
    std::uint64_t order_epoch_ = 0;
};

}  // namespace

void StdpCounts::add(const StdpResponse& response) {
    add(StdpCounts{1, response.shows, response.input_spikes, response.synaptic_events,
                   response.excitatory_spikes, response.inhibitory_spikes,
                   response.conducting_events});
}

void StdpCounts::add(const StdpCounts& other) {
    images += other.images;
    shows += other.shows;
    input_spikes += other.input_spikes;
    synaptic_events += other.synaptic_events;
    excitatory_spikes += other.excitatory_spikes;
    inhibitory_spikes += other.inhibitory_spikes;
    conducting_events += other.conducting_events;
}

StdpTraining train_stdp(StdpModel model, const Samples& samples, const StdpTrainOptions& options,
                        Progress& progress) {
    require_fit(model, samples);
    require_usable(options.prune, model.options.law.w_max);
    StdpTraining training{std::move(model), {}, 0, 0};
    const std::string identity = training_identity(training.model, samples, options);
    if (!options.checkpoint.empty()) load_checkpoint(options.checkpoint, identity, training);
    const std::uint64_t total = samples.size() * static_cast<std::uint64_t>(options.epochs);
    progress.start("stdp", "images", total + options.settle_images);
    progress.advance(training.counts.images);
    const Clock clock;
    Trainer trainer(training, samples, options);
    while (training.counts.images < total) {
        trainer.train_next();
        progress.advance(1);
        if (!options.checkpoint.empty() && training.counts.images % options.checkpoint_every == 0)
            save_checkpoint(options.checkpoint, identity, training);
    }
    training.seconds = clock.seconds();
    prune(training.model, options.prune, true);
    trainer.settle(progress);
    progress.finish();
    return training;
}

ClassResponses class_responses(const StdpModel& model, const Samples& samples, int n_threads,
                               Progress& progress) {
    require_fit(model, samples);
    const auto n_classes = static_cast<std::size_t>(samples.n_classes());
    std::vector<ClassResponses> parts(static_cast<std::size_t>(thread_count(n_threads)),
                                      {model.n_neurons(), n_classes});
    progress.start("stdp: label neurons", "images", samples.size());
    respond_to_all(model, samples, label_epoch, n_threads, progress,
                   [&](std::size_t worker, std::size_t image, const StdpResponse& response) {
                       parts[worker].add(static_cast<std::size_t>(samples.label(image)),
                                         response.spikes);
                   });
    for (std::size_t p = 1; p < parts.size(); ++p) parts[0].add(parts[p]);
    return parts[0];
}

StdpEvaluation evaluate_stdp(const StdpModel& model, const Voting& voting, const Samples& samples,
                             int n_threads, Progress& progress) {
    require_fit(model, samples);
    std::vector<StdpEvaluation> parts(static_cast<std::size_t>(thread_count(n_threads)));
    progress.start("stdp: evaluate", "images", samples.size());
    const Clock clock;
    respond_to_all(model, samples, test_epoch, n_threads, progress,
                   [&](std::size_t worker, std::size_t image, const StdpResponse& response) {
                       parts[worker].counts.add(response);
                       const auto label = static_cast<std::size_t>(samples.label(image));
                       parts[worker].correct += voting.decide(response.spikes) == label ? 1 : 0;
                   });
    for (std::size_t p = 1; p < parts.size(); ++p) {
        parts[0].correct += parts[p].correct;
        parts[0].counts.add(parts[p].counts);
    }
    parts[0].seconds = clock.seconds();
    return parts[0];
}

}  // namespace ranvier
