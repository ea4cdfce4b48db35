#include "ranvier/base/error.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/train/checkpoint.hpp"
#include "ranvier/train/hash.hpp"

#include <algorithm>

namespace ranvier {

namespace {

/// JSON wants UTF-8, which the name of a file need not be.
std::string ascii(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7E; }, '?');
    return text;
}

std::string network_hash(const Network& network) {
    Network plain = network;
    plain.notes.clear();
    Hash hash;
    hash.add(encode_network(plain));
    return hash.text();
}

std::string data_hash(const Samples& samples) {
    Hash hash;
    std::vector<int> labels;
    for (std::size_t i = 0; i < samples.size(); ++i) labels.push_back(samples.label(i));
    hash.add_values(labels);
    std::vector<float> pixels(static_cast<std::size_t>(samples.shape().size()));
    const std::size_t n_images = std::min<std::size_t>(samples.size(), 16);
    for (std::size_t k = 0; k < n_images; ++k) {
        samples.read(k * samples.size() / n_images, pixels);
        hash.add_values(pixels);
    }
    return hash.text();
}

std::string optimizer_text(const TrainOptions& o) {
    if (o.optimizer == OptimizerKind::sgd) return fmt::format("sgd, momentum {}", o.momentum);
    return fmt::format("adam, betas {} and {}{}", o.beta1, o.beta2, o.amsgrad ? ", amsgrad" : "");
}

std::string weight_decay_text(const TrainOptions& o) {
    if (o.weight_decay_epochs == 0) return fmt::format("{}", o.weight_decay);
    return fmt::format("{} for {} epochs", o.weight_decay, o.weight_decay_epochs);
}

std::string schedule_text(const TrainOptions& o) {
    switch (o.schedule) {
        case ScheduleKind::constant:
            break;
        case ScheduleKind::step:
            return fmt::format("step at [{}], every {}, gamma {}", fmt::join(o.milestones, ", "),
                               o.step_every, o.gamma);
        case ScheduleKind::cosine:
            return fmt::format("cosine over {} epochs", o.epochs);
        case ScheduleKind::one_cycle:
            return fmt::format("one cycle over {} epochs, warm-up {}, divisors {} and {}", o.epochs,
                               o.warm_up, o.start_divisor, o.final_divisor);
    }
    return "constant";
}

std::string spikes_text(const Network& network, const SpikeTraining& s) {
    if (!network.spiking()) return "none";
    const char* surrogate = s.surrogate.kind == SurrogateKind::linear ? "linear"
                            : s.surrogate.kind == SurrogateKind::stdb ? "stdb"
                                                                      : "exponential";
    return fmt::format("surrogate {} {} {}, threshold {}, leak {}, dropout {}", surrogate,
                       s.surrogate.scale, s.surrogate.decay, s.threshold ? "trained" : "fixed",
                       s.leak ? "trained" : "fixed", s.dropout);
}

/// What is trained beside the cross entropy of float weights.
std::string method_text(const TrainOptions& o) {
    std::string text = o.binary_weights == BinaryWeights::none ? "float" : "binary inner weights";
    if (o.synop_loss == SynopPenalty::none) return text;
    return fmt::format("{}, penalty on {}, target {}, factor {}, weight {}", text,
                       o.synop_loss == SynopPenalty::fan_out ? "SynOps" : "activations",
                       o.synop_target, o.synop_factor, o.synop_weight);
}

}  // namespace

Fingerprint fingerprint(const Network& network, const Samples& samples,
                        const TrainOptions& options) {
    return {{"network", network_hash(network)},
            {"data", fmt::format("{}: {} samples, content {}", ascii(samples.describe()),
                                 samples.size(), data_hash(samples))},
            {"optimizer", optimizer_text(options)},
            {"learning rate", fmt::format("{}", options.learning_rate)},
            {"weight decay", weight_decay_text(options)},
            {"schedule", schedule_text(options)},
            {"method", method_text(options)},
            {"spikes", spikes_text(network, options.spikes)},
            {"precision", options.precision == Precision::float32 ? "float32" : "bfloat16"},
            {"batch", fmt::format("{}", options.batch)},
            {"augmentation", fmt::format("shift {}, flip {}", options.shift, options.flip)},
            {"seed", fmt::format("{}", options.seed)}};
}

void require_same_everywhere(const Fingerprint& run, ProcessGroup& processes) {
    for (const auto& [what, here] : run) {
        const std::string there = processes.from_first(here);
        if (there != here)
            fail(Fault::bad_input,
                 "train: process {} of {} was started for another training: its {} is '{}', that "
                 "of process 0 is '{}'; start all with the same recipe, options and data",
                 processes.rank(), processes.size(), what, here, there);
    }
}

void require_same_run(const Checkpoint& checkpoint, const Fingerprint& run,
                      const std::filesystem::path& path) {
    for (const auto& [what, wanted] : run) {
        const auto found = checkpoint.run.find(what);
        const std::string other = found == checkpoint.run.end() ? "unknown" : found->second;
        if (other != wanted)
            fail(Fault::bad_input,
                 "{}: belongs to another training: its {} is '{}', here it is '{}'; name another "
                 "checkpoint file, or delete this one to train from the beginning",
                 path.string(), what, other, wanted);
    }
}

}  // namespace ranvier
