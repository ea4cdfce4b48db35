#include "ranvier/recipe/training_keys.hpp"

namespace ranvier {

namespace {

constexpr double most_dropout = 0.999;  // of 1, nothing would be left

constexpr double huge = 1e30;  ///< no limit but finite

void read_betas(TableReader& reader, TrainOptions& options) {
    if (!reader.has("betas")) return;
    std::vector<double> betas;
    reader.read("betas", betas);
    if (betas.size() != 2)
        fail(Fault::bad_input, "{}: has {} values; two are needed, for instance [0.9, 0.999]",
             reader.place("betas"), betas.size());
    options.beta1 = betas[0];
    options.beta2 = betas[1];
}

/// Refuses what would have no effect beside the other keys.
void refuse_idle_keys(TableReader& reader, const TrainOptions& options) {
    const bool sgd = options.optimizer == OptimizerKind::sgd;
    reader.require_use("momentum", sgd, "optimizer = \"sgd\"");
    for (const char* key : {"betas", "amsgrad"})
        reader.require_use(key, !sgd, "optimizer = \"adam\"");
    const bool step = options.schedule == ScheduleKind::step;
    for (const char* key : {"milestones", "step_every", "gamma"})
        reader.require_use(key, step, "schedule = \"step\"");
    for (const char* key : {"warm_up", "start_divisor", "final_divisor"})
        reader.require_use(key, options.schedule == ScheduleKind::one_cycle,
                           "schedule = \"one_cycle\"");
    reader.require_use("schedule", !step || !options.milestones.empty() || options.step_every > 0,
                       "milestones or step_every with it, which say when the rate changes");
    reader.require_use("weight_decay_epochs",
                       options.weight_decay > 0 || options.weight_decay_epochs == 0,
                       "weight_decay");
}

void refuse_idle_synop_keys(TableReader& reader, const TrainOptions& options) {
    for (const char* key : {"synop_target", "synop_factor", "synop_weight"})
        reader.require_use(key, options.synop_loss != SynopPenalty::none,
                           "synop_loss = \"fan_out\" or \"activations\"");
    reader.require_use("synop_factor", options.synop_target == 0,
                       "synop_target to be left out, which says the target itself");
}

/// What training a float and a spiking network have in common.
void read_training(TableReader& reader, TrainStage& stage) {
    TrainOptions& options = stage.options;
    reader.read_integer("epochs", options.epochs, 1, 100'000);
    reader.read_integer("batch", options.batch, 1, 1 << 20);
    reader.read_name("optimizer", options.optimizer);
    reader.read("learning_rate", options.learning_rate, 0, huge);
    reader.read("momentum", options.momentum, 0, 1);
    read_betas(reader, options);
    reader.read("amsgrad", options.amsgrad);
    reader.read("weight_decay", options.weight_decay, 0, huge);
    reader.read_integer("weight_decay_epochs", options.weight_decay_epochs, 0);
    reader.read_name("schedule", options.schedule);
    reader.read("milestones", options.milestones, 0);
    reader.read_integer("step_every", options.step_every, 0);
    reader.read("warm_up", options.warm_up, 0, 1);
    reader.read("start_divisor", options.start_divisor, 1, huge);
    reader.read("final_divisor", options.final_divisor, 1, huge);
    reader.read("gamma", options.gamma, 0, huge);
    reader.read_integer("shift", options.shift, 0, 1 << 12);
    reader.read("flip", options.flip);
    reader.read_name("device", options.device);
    reader.read_name("precision", options.precision);
    reader.read_integer("checkpoint_every", options.checkpoint_every, 1);
    reader.read("checkpoint_seconds", options.checkpoint_seconds, 0, huge);
    reader.read_integer("evaluate_every", options.evaluate_every, 0);
    reader.read_integer("limit", stage.limit, 0);
    refuse_idle_keys(reader, options);
}

/// What the activations become, if anything.
std::optional<NeuronKind> read_neuron(TableReader& reader) {
    std::string word;
    reader.read("neuron", word);
    if (word.empty()) return std::nullopt;
    for (const NeuronKind kind : {NeuronKind::relu, NeuronKind::quantized_relu})
        if (word == name_of(kind)) return kind;
    fail(Fault::bad_input,
         "{}: is '{}'; activations can become 'relu' or 'quantized_relu' for a training (networks "
         "with sign activations are architectures of their own, such as vgg7_xnor)",
         reader.place("neuron"), word);
}

}  // namespace

TrainStage read_train(TableReader& reader) {
    TrainStage stage;
    TrainOptions& options = stage.options;
    read_training(reader, stage);
    reader.read_name("binary_weights", options.binary_weights);
    reader.read_name("synop_loss", options.synop_loss);
    reader.read("synop_target", options.synop_target, 0, huge);
    reader.read("synop_factor", options.synop_factor, 0, huge);
    reader.read("synop_weight", options.synop_weight, 0, huge);
    refuse_idle_synop_keys(reader, options);
    stage.neuron = read_neuron(reader);
    double dropout = -1;  // as it is
    reader.read("dropout", dropout, 0, most_dropout);
    if (dropout >= 0) stage.dropout = dropout;
    return stage;
}

TrainStage read_fine_tune(TableReader& reader) {
    TrainStage stage;
    TrainOptions& options = stage.options;
    options.optimizer = OptimizerKind::adam;
    options.learning_rate = 1e-4;
    options.amsgrad = true;
    read_training(reader, stage);
    SpikeTraining& spikes = options.spikes;
    reader.read_integer("steps", stage.steps, 1, 4096);
    double leak = -1;  // as they are
    reader.read("leak", leak, 0, 1);
    if (leak >= 0) stage.leak = leak;
    reader.read_name("surrogate", spikes.surrogate.kind);
    if (spikes.surrogate.kind == SurrogateKind::exponential) spikes.surrogate.decay = 1;
    reader.read("surrogate_scale", spikes.surrogate.scale, 0, huge);
    reader.read("surrogate_decay", spikes.surrogate.decay, 0, huge);
    reader.require_use("surrogate_decay", spikes.surrogate.kind != SurrogateKind::linear,
                       "surrogate = \"stdb\" or \"exponential\"");
    reader.read("train_threshold", spikes.threshold);
    reader.read("train_leak", spikes.leak);
    double dropout = 0;
    reader.read("dropout", dropout, 0, most_dropout);
    spikes.dropout = static_cast<float>(dropout);
    reader.read_integer("checkpoint_steps", spikes.checkpoint_steps, 0, 4096);
    reader.read_integer("silent_batches", spikes.silent_batches, 1);
    return stage;
}

}  // namespace ranvier
