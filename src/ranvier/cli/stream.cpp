#include "ranvier/recipe/stream.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/cli/shared_options.hpp"
#include "ranvier/report/json.hpp"

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

namespace ranvier {

namespace {

struct StreamArguments {
    std::string network;
    std::string frames;
    std::string json;
    std::size_t limit = 0;
    int steps = 0;
    std::uint64_t reset_every = 0;
    float divide_by = 1;
    std::optional<std::uint64_t> every;
    DataArguments data;
    RunArguments run;
};

/// Where frames come from is said once, and what belongs to the other source not at all.
void require_one_source(const StreamArguments& options) {
    const bool images = !options.data.set.empty();
    if (images != options.frames.empty())
        fail(Fault::usage,
             "stream: give either --frames FILE (- for standard input) or --data SET, {}",
             images ? "not both" : "to say where frames come from");
    if (images && (options.reset_every > 0 || options.divide_by != 1))
        fail(Fault::usage,
             "stream: --reset-every and --divide-by are for --frames; images of --data are shown "
             "one by one, with pixels in [0, 1]");
    if (!(options.divide_by > 0))
        fail(Fault::usage, "stream: --divide-by is {}; it must be > 0", options.divide_by);
}

std::string step_text(const StreamStep& step, bool with_sample) {
    const std::string sample = with_sample ? fmt::format("sample {} ", step.sample) : std::string();
    const char* verdict = step.label < 0                                            ? ""
                          : static_cast<std::size_t>(step.label) == step.prediction ? " (right)"
                                                                                    : " (wrong)";
    return fmt::format("{}step {}: class {}{}, sum {:.6g}, {:.1f} us\n", sample, step.step,
                       step.prediction, verdict, step.logits[step.prediction], step.latency_us);
}

/// Prints what the user wants to see; an interrupt ends the stream, not the program.
StreamObserver printer(const StreamArguments& options) {
    const bool images = !options.data.set.empty();
    const std::uint64_t every = options.every.value_or(images ? 0 : 1);
    const bool ends = images && !options.every;  // by default, a line for each image
    const bool with_sample = images || options.reset_every > 0;
    return [=](const StreamStep& step) {
        if ((every > 0 && step.step % every == 0) || (ends && step.last))
            print(step_text(step, with_sample));
        return !interrupted();
    };
}

StreamResult run_stream(const Network& network, const StreamArguments& options,
                        const RunContext& context) {
    if (options.frames.empty()) {
        DataOptions data = options.data.options(options.limit, options.run.seed);
        data.shape = network.input().shape;
        StreamResult result =
            stream_samples(network, *open_dataset(data), options.steps, context, printer(options));
        result.data_set = options.data.set;
        result.split = options.data.split;
        return result;
    }
    const FrameStreamRequest request{static_cast<std::uint64_t>(options.steps), options.reset_every,
                                     options.divide_by};
    const Shape& shape = network.input().shape;
    if (options.frames != "-") {
        NpyFrames frames(options.frames, shape);
        return stream_frames(network, frames, request, context, printer(options));
    }
    std::ios::sync_with_stdio(false);
    NpyFrames frames(std::cin, "standard input", shape);
    return stream_frames(network, frames, request, context, printer(options));
}

void run(const StreamArguments& options, const CommandLine& line) {
    require_one_source(options);
    StreamResult result = run_stream(load_imported(options.network), options,
                                     options.run.context(line, no_progress()));
    result.network_file = options.network;
    if (!options.json.empty()) write_file(options.json, json_text(to_json(result)));
    print(stream_text(result));
    if (interrupted()) throw Interrupted{};
}

}  // namespace

void add_stream(CLI::App& app, const CommandLine& line) {
    auto options = std::make_shared<StreamArguments>();
    CLI::App* command = app.add_subcommand(
        "stream", "A rate-coded network fed frame by frame, and its latency per timestep");
    command->add_option("network", options->network, "Model file, spiking, rate-coded")
        ->required()
        ->type_name("FILE");
    command
        ->add_option("--frames", options->frames,
                     "Frames, one per timestep: .npy arrays T x C x H x W or C x H x W of float32 "
                     "or uint8, one or several behind one another; -: from standard input, as they "
                     "come")
        ->type_name("FILE");
    command
        ->add_option("--divide-by", options->divide_by,
                     "Of --frames: divide every value by this, 255 for pixels of 8 bits; event "
                     "counts go in as they are")
        ->capture_default_str()
        ->type_name("X");
    options->data.add_to(*command, Split::test, false);
    command->add_option("--limit", options->limit, "Only the first so many images; 0: all")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str()
        ->type_name("N");
    command
        ->add_option("--steps", options->steps,
                     "Timesteps that each image of --data is shown; 0: the network's own. Event "
                     "recordings are replayed: cut or prolonged to so many; 0: as long as they "
                     "are. Of --frames: end after so many; 0: with the input")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str()
        ->type_name("N");
    command
        ->add_option("--reset-every", options->reset_every,
                     "Of --frames: forget all frames after every so many; 0: never")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str()
        ->type_name("N");
    command
        ->add_option("--every", options->every,
                     "Print the prediction after every so many timesteps, 0: not at all; without "
                     "it: every frame of --frames, every image of --data at its end")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    command->add_option("--json", options->json, "Also write the result to this file")
        ->type_name("FILE");
    options->run.add_threads(*command);
    options->run.add_seed(*command);
    command->footer(
        "The latency is the time from having a frame to having the output, the first step "
        "included. An interrupt (Ctrl-C) ends the stream; its result is printed.\n"
        "Examples:\n"
        "  ranvier stream rate.safetensors --data digits --limit 20 --json stream.json\n"
        "  ranvier stream rate.safetensors --frames frames.npy --every 4 --threads 1\n"
        "  ranvier stream rate.safetensors --frames - --reset-every 8 < frames.npy\n");
    command->callback([options, &line] { run(*options, line); });
}

}  // namespace ranvier
